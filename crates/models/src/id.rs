//! Typed public ids (TypeID 0.3): `<prefix>_<26 characters of base32>`, a UUIDv7 behind a word that says what it names.
//!
//! Inside (Postgres, Redis, directories) an id is its UUID; outside (API, CLI, URLs) it is always the text form.
//! Source: <https://github.com/jetify-com/typeid/tree/main/spec>.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Crockford's base32, lower case, as the TypeID specification fixes it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five, the first group holding only three bits.
const SUFFIX_LENGTH: usize = 26;

/// What a kind of id is called in public.
pub trait IdKind {
    /// The word before the underscore, for example `prj`.
    const PREFIX: &'static str;
}

/// An id of the kind `K`.
pub struct Id<K: IdKind> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// The text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_… ")]
pub struct InvalidId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

impl<K: IdKind> Id<K> {
    /// A new id whose order follows the time it was made.
    #[must_use]
    pub fn generate() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }

    /// The id with this internal key.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self {
            uuid,
            kind: PhantomData,
        }
    }

    /// The internal key, for queries and directory names.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.uuid.as_u128();
        let mut text = [0_u8; SUFFIX_LENGTH];
        for (position, character) in text.iter_mut().enumerate() {
            let shift = 5 * (SUFFIX_LENGTH - 1 - position);
            *character = ALPHABET[((value >> shift) & 0x1f) as usize];
        }
        // The alphabet is ASCII, so the conversion cannot fail.
        let text = std::str::from_utf8(&text).map_err(|_| fmt::Error)?;
        write!(f, "{}_{text}", K::PREFIX)
    }
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = InvalidId { prefix: K::PREFIX };
        let suffix = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or_else(|| invalid.clone())?;
        // A first character above '7' would overflow 128 bits.
        if suffix.len() != SUFFIX_LENGTH || suffix.as_bytes()[0] > b'7' {
            return Err(invalid);
        }
        let mut value = 0_u128;
        for character in suffix.bytes() {
            let digit = ALPHABET
                .iter()
                .position(|&c| c == character)
                .ok_or_else(|| invalid.clone())?;
            value = (value << 5) | digit as u128;
        }
        Ok(Self::from_uuid(Uuid::from_u128(value)))
    }
}

// Written out because `derive` would ask the same of the marker type.
impl<K: IdKind> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: IdKind> Copy for Id<K> {}
impl<K: IdKind> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K: IdKind> Eq for Id<K> {}
impl<K: IdKind> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K: IdKind> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K: IdKind> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: IdKind> From<Uuid> for Id<K> {
    fn from(uuid: Uuid) -> Self {
        Self::from_uuid(uuid)
    }
}
impl<K: IdKind> From<Id<K>> for Uuid {
    fn from(id: Id<K>) -> Self {
        id.uuid
    }
}
impl<K: IdKind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: IdKind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: IdKind> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(format!("TypeID `{}_…`", K::PREFIX)))
            .pattern(Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX)))
            .build()
            .into()
    }
}
impl<K: IdKind + 'static> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Id_{}", K::PREFIX).into()
    }
}

macro_rules! id_kinds {
    ($($(#[$doc:meta])* $kind:ident, $alias:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $kind {}
        impl IdKind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        #[doc = concat!("Id of the form `", $prefix, "_…`.")]
        pub type $alias = Id<$kind>;
    )*};
}

id_kinds! {
    /// Names a [`crate::User`].
    UserKind, UserId, "usr";
    /// Names a [`crate::Team`].
    TeamKind, TeamId, "team";
    /// Names a [`crate::Project`].
    ProjectKind, ProjectId, "prj";
    /// Names an [`crate::Environment`].
    EnvironmentKind, EnvironmentId, "env";
    /// Names a [`crate::Deployment`].
    DeploymentKind, DeploymentId, "dep";
    /// Names a running copy of a server app.
    InstanceKind, InstanceId, "ins";
    /// Names a custom domain of a project.
    DomainKind, DomainId, "dom";
    /// Names an environment variable.
    EnvVarKind, EnvVarId, "var";
    /// Names an API token.
    TokenKind, TokenId, "tok";
    /// Names a signed-in session.
    SessionKind, SessionId, "ses";
    /// Names an invitation to a team.
    InvitationKind, InvitationId, "inv";
    /// Names a received webhook delivery.
    WebhookDeliveryKind, WebhookDeliveryId, "whd";
    /// Names a detection dry run.
    DetectionKind, DetectionId, "det";
    /// Names an uploaded folder.
    UploadKind, UploadId, "upl";
    /// Names a GitHub App of a team.
    GitHubAppKind, GitHubAppId, "gha";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_examples_round_trip() {
        let id: ProjectId = "prj_01h455vb4pex5vsknk084sn02q".parse().unwrap();
        assert_eq!(id.uuid().to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
        assert_eq!(id.to_string(), "prj_01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn input_29_other_prefixes_lengths_and_alphabets_are_refused() {
        for text in [
            "",
            "0",
            "-1",
            "../x",
            "prj_",
            "dep_01h455vb4pex5vsknk084sn02q",
            "prj_81h455vb4pex5vsknk084sn02q",
            "prj_01H455VB4PEX5VSKNK084SN02Q",
            "prj_01h455vb4pex5vsknk084sn02u",
            "prj_01h455vb4pex5vsknk084sn02q0",
            "01890a5d-ac96-774b-bcce-b302099a8057",
        ] {
            assert!(text.parse::<ProjectId>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn every_uuid_survives_the_text_form() {
        for value in [0, 1, u128::MAX, u128::MAX / 3] {
            let id = DeploymentId::from_uuid(Uuid::from_u128(value));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }
}
