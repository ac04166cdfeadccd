//! Names that users give, as types that cannot hold a bad one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest DNS label (RFC 1035 section 2.3.4).
const LABEL_MAX: usize = 63;
/// Longest host name in text form.
const HOSTNAME_MAX: usize = 253;
/// Longest Git ref we take; Git's own limit is a path component of the file system.
const GIT_REF_MAX: usize = 255;
/// Longest project name, characters.
const PROJECT_NAME_MAX: usize = 100;

/// Labels that would look like the platform's own, or that other software gives a meaning to.
const RESERVED_SLUGS: &[&str] = &[
    "www",
    "api",
    "app",
    "apps",
    "admin",
    "dash",
    "dashboard",
    "aether",
    "mail",
    "smtp",
    "imap",
    "ftp",
    "ns1",
    "ns2",
    "localhost",
    "status",
    "static",
    "assets",
    "cdn",
    "auth",
    "login",
    "proxy",
    "internal",
    "metrics",
    "autoconfig",
    "autodiscover",
    "wpad",
    "isatap",
];

macro_rules! text_newtype {
    ($name:ident, $error:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .build()
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

/// The label of a project's host: lower-case letters, digits and single hyphens, at most 63 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// The text is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSlug {
    /// Other characters, too long, or hyphens in the wrong places.
    #[error(
        "use at most 63 lower-case letters, digits and single hyphens, with a letter or digit at the start and at the end"
    )]
    Form,
    /// Kept for the platform.
    #[error("this name is kept for the platform: {0}")]
    Reserved(String),
}

impl Slug {
    /// Makes a slug of a name or the last part of a repository's address.
    ///
    /// # Errors
    /// [`InvalidSlug`] when nothing usable is left of it, or what is left is reserved.
    pub fn from_name(name: &str) -> Result<Self, InvalidSlug> {
        let mut slug = String::with_capacity(name.len().min(LABEL_MAX));
        for character in name.chars().take(4 * LABEL_MAX) {
            if character.is_ascii_alphanumeric() {
                slug.push(character.to_ascii_lowercase());
            } else if !slug.ends_with('-') && !slug.is_empty() {
                slug.push('-');
            }
        }
        slug.truncate(LABEL_MAX);
        slug.trim_end_matches('-').parse()
    }

    /// This slug shortened so that `-<suffix>` fits behind it in one label.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> String {
        let room = LABEL_MAX.saturating_sub(suffix.len() + 1);
        let base = self.0.get(..room).unwrap_or(&self.0).trim_end_matches('-');
        format!("{base}-{suffix}")
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty()
            || text.len() > LABEL_MAX
            || !text.bytes().all(allowed)
            || text.starts_with('-')
            || text.ends_with('-')
            || text.contains("--")
        {
            return Err(InvalidSlug::Form);
        }
        if RESERVED_SLUGS.contains(&text) {
            return Err(InvalidSlug::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(Slug, InvalidSlug);

/// A host name in its ASCII form, lower case, without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hostname(String);

/// The text is no host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a host name (letters, digits and hyphens in labels of at most 63 characters, 253 in all)"
)]
pub struct InvalidHostname;

impl Hostname {
    /// `<label>.<self>`. The label must be one the caller has checked (a slug with a suffix).
    #[must_use]
    pub fn child(&self, label: &str) -> Self {
        Self(format!("{label}.{}", self.0))
    }
}

impl FromStr for Hostname {
    type Err = InvalidHostname;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| InvalidHostname)?;
        let label_is_valid = |label: &str| {
            !label.is_empty()
                && label.len() <= LABEL_MAX
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let last_is_numeric = ascii
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
        if ascii.len() > HOSTNAME_MAX || last_is_numeric || !ascii.split('.').all(label_is_valid) {
            return Err(InvalidHostname);
        }
        Ok(Self(ascii))
    }
}

text_newtype!(Hostname, InvalidHostname);

/// A branch, tag or commit to build, by the rules of `git check-ref-format`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GitRef(String);

/// The text names no Git ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the name of a branch, tag or commit")]
pub struct InvalidGitRef;

impl GitRef {
    /// It is a full object id, not a name.
    #[must_use]
    pub fn is_commit(&self) -> bool {
        matches!(self.0.len(), 40 | 64) && self.0.bytes().all(|b| b.is_ascii_hexdigit())
    }

    /// The name without `refs/heads/` or `refs/tags/`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0
            .strip_prefix("refs/heads/")
            .or_else(|| self.0.strip_prefix("refs/tags/"))
            .unwrap_or(&self.0)
    }
}

impl FromStr for GitRef {
    type Err = InvalidGitRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let component_is_valid = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && !part.ends_with('.')
                && std::path::Path::new(part)
                    .extension()
                    .is_none_or(|end| end != "lock")
        };
        let forbidden =
            |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\;|&$`'\"<>(){}!#".contains(c);
        if text.is_empty()
            || text.len() > GIT_REF_MAX
            || text == "@"
            || text.starts_with('-')
            || text.contains("..")
            || text.contains("@{")
            || text.contains(forbidden)
            || !text.split('/').all(component_is_valid)
        {
            return Err(InvalidGitRef);
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(GitRef, InvalidGitRef);

/// A project's name for people: letters and digits of any script, spaces, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectName(String);

/// The text is no project name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "use 1 to 100 letters, digits, spaces, hyphens, underscores and dots, beginning with a letter or digit"
)]
pub struct InvalidProjectName;

impl FromStr for ProjectName {
    type Err = InvalidProjectName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
        if text.chars().count() > PROJECT_NAME_MAX
            || !text.starts_with(char::is_alphanumeric)
            || text.ends_with(' ')
            || !text.chars().all(allowed)
        {
            return Err(InvalidProjectName);
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(ProjectName, InvalidProjectName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_69_reserved_and_malformed_slugs_are_refused() {
        for text in ["www", "api", "admin", "dash", "mail"] {
            assert_eq!(text.parse::<Slug>(), Err(InvalidSlug::Reserved(text.to_owned())));
        }
        for text in [
            "",
            "_acme-challenge",
            "a--b",
            "-a",
            "a-",
            "A",
            "a.b",
            "ä",
            &"a".repeat(64),
        ] {
            assert_eq!(text.parse::<Slug>(), Err(InvalidSlug::Form), "{text:?}");
        }
        assert!("a".parse::<Slug>().is_ok() && "a".repeat(63).parse::<Slug>().is_ok());
    }

    #[test]
    fn a_slug_is_made_of_a_repository_name() {
        assert_eq!(
            Slug::from_name("My_Cool Site.js").unwrap().as_str(),
            "my-cool-site-js"
        );
        assert_eq!(Slug::from_name("--x--y--").unwrap().as_str(), "x-y");
        assert!(Slug::from_name("..").is_err() && Slug::from_name("日本").is_err());
    }

    #[test]
    fn a_suffix_always_fits_into_one_label() {
        let slug: Slug = "a".repeat(63).parse().unwrap();
        assert_eq!(slug.with_suffix("12345").len(), 63);
        assert_eq!("x".parse::<Slug>().unwrap().with_suffix("1"), "x-1");
    }

    #[test]
    fn input_46_refs_that_git_would_misread_are_refused() {
        for text in [
            "--help",
            "-x",
            "a..b",
            "@{-1}",
            "refs/heads/x;id",
            "main^{/x}",
            "HEAD~1",
            "a b",
            "",
            "@",
            "a//b",
            ".a",
            "a.lock",
            "a\n",
            "$(id)",
            "`id`",
            &"a".repeat(300),
        ] {
            assert!(text.parse::<GitRef>().is_err(), "{text:?} was taken");
        }
        for text in [
            "main",
            "feature/x-1",
            "v1.2.3",
            "refs/heads/main",
            "0123456789012345678901234567890123456789",
        ] {
            assert!(text.parse::<GitRef>().is_ok(), "{text:?} was refused");
        }
    }

    #[test]
    fn input_68_host_names_are_normalised_or_refused() {
        assert_eq!(
            "EXAMPLE.com.".parse::<Hostname>().unwrap().as_str(),
            "example.com"
        );
        for text in [
            "",
            ".",
            "-a.com",
            "a..b",
            "a b",
            "a:80",
            "a/b",
            "127.0.0.1",
            "evil.com {\n}",
            "_x.com",
            "%00",
        ] {
            assert!(text.parse::<Hostname>().is_err(), "{text:?} was taken");
        }
        assert!(format!("{}.com", "a".repeat(64)).parse::<Hostname>().is_err());
    }

    #[test]
    fn input_24_names_with_shell_characters_are_refused() {
        for text in [
            "a`id`",
            "$(id)",
            "a;id",
            "a|id",
            "a\nid",
            "'\"",
            "",
            "   ",
            "\u{202e}x",
            "\0",
            "-a",
            &"x".repeat(10_000),
        ] {
            assert!(text.parse::<ProjectName>().is_err(), "{text:?} was taken");
        }
        assert!("Käse 2.0".parse::<ProjectName>().is_ok());
    }
}
