//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key derived from the operator's master key.
//!
//! Format of a sealed value: `1 byte version | 4 bytes key id | 24 bytes nonce | ciphertext and tag`. The additional data
//! binds it to its team, project and name, so a value copied to another row does not open. The key id says which master
//! key sealed it: after a rotation the old key stays readable until everything was sealed again.

use aether_models::{ProjectId, TeamId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;
/// A master key has at least 256 bits: 32 characters of anything, or more.
const MASTER_MIN: usize = 32;

/// Sealing and opening failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// The master key is too short to be one.
    #[error("AETHER_SECRET_KEY has fewer than {MASTER_MIN} characters")]
    ShortKey,
    /// No key of this instance sealed the value.
    #[error("a sealed value belongs to another AETHER_SECRET_KEY")]
    UnknownKey,
    /// The value is damaged or was moved from elsewhere.
    #[error("a sealed value is damaged")]
    Damaged,
}

/// What a value is sealed for.
#[derive(Debug, Clone, Copy)]
pub struct SealContext<'a> {
    /// Owner.
    pub team: TeamId,
    /// Project it belongs to.
    pub project: ProjectId,
    /// Name of the variable, or a fixed word for other secrets (`repo_credentials`, `webhook_secret`).
    pub name: &'a str,
}

/// The operator's master keys: the present one seals, earlier ones only open.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<MasterKey>,
}

#[derive(Clone)]
struct MasterKey {
    id: [u8; KEY_ID_BYTES],
    master: Zeroizing<Vec<u8>>,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// Keys from the operator's settings.
    ///
    /// # Errors
    /// [`SecretsError::ShortKey`].
    pub fn new(master: &SecretString, previous: &[SecretString]) -> Result<Self, SecretsError> {
        let keys = std::iter::once(master)
            .chain(previous)
            .map(MasterKey::new)
            .collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// Seals a value for one place.
    ///
    /// # Errors
    /// [`SecretsError`]; only a value of many gigabytes can fail.
    pub fn seal(&self, context: &SealContext<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SecretsError> {
        let key = self.keys.first().ok_or(SecretsError::UnknownKey)?;
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: plaintext,
            aad: &additional_data(context),
        };
        let ciphertext = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SecretsError::Damaged)?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens a value that was sealed for this place.
    ///
    /// # Errors
    /// [`SecretsError`] when another key sealed it, or it was sealed for another place.
    pub fn open(&self, context: &SealContext<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
        let (header, ciphertext) = sealed
            .split_at_checked(HEADER_BYTES)
            .ok_or(SecretsError::Damaged)?;
        if header[0] != VERSION {
            return Err(SecretsError::Damaged);
        }
        let (id, nonce) = header[1..].split_at(KEY_ID_BYTES);
        let key = self
            .keys
            .iter()
            .find(|key| key.id == id)
            .ok_or(SecretsError::UnknownKey)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SecretsError::Damaged)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &additional_data(context),
        };
        key.cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| SecretsError::Damaged)
    }

    /// A key of its own for another purpose (`jwt`), derived from the present master key (RFC 5869).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let master = self.keys.first().map_or(&[][..], |key| &key.master);
        expand(master, purpose)
    }
}

impl MasterKey {
    fn new(master: &SecretString) -> Result<Self, SecretsError> {
        let master = Zeroizing::new(master.expose_secret().as_bytes().to_vec());
        if master.len() < MASTER_MIN {
            return Err(SecretsError::ShortKey);
        }
        let key = expand(&master, "seal");
        let digest = Sha256::digest(*expand(&master, "key id"));
        let mut id = [0_u8; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Ok(Self {
            id,
            cipher: XChaCha20Poly1305::new(&Key::from(*key)),
            master,
        })
    }
}

fn expand(master: &[u8], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0_u8; 32]);
    // 32 bytes are far below the limit of 255 hash lengths, the only way this can fail.
    let expanded = Hkdf::<Sha256>::new(Some(b"aether"), master).expand(purpose.as_bytes(), key.as_mut());
    debug_assert!(expanded.is_ok());
    key
}

fn additional_data(context: &SealContext<'_>) -> Vec<u8> {
    let mut data = Vec::with_capacity(32 + context.name.len());
    data.extend_from_slice(context.team.uuid().as_bytes());
    data.extend_from_slice(context.project.uuid().as_bytes());
    data.extend_from_slice(context.name.as_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(master: &str, previous: &[&str]) -> Keyring {
        let previous: Vec<_> = previous.iter().map(|&key| SecretString::from(key)).collect();
        Keyring::new(&SecretString::from(master), &previous).unwrap()
    }

    const OLD: &str = "an old master key of 32 characters or more";
    const NEW: &str = "a new master key of 32 characters or more";

    #[test]
    fn f37_a_rotated_key_still_opens_what_the_old_one_sealed() {
        let context = SealContext {
            team: TeamId::generate(),
            project: ProjectId::generate(),
            name: "TOKEN",
        };
        let sealed = ring(OLD, &[]).seal(&context, b"hunter2").unwrap();
        assert_eq!(
            ring(NEW, &[OLD]).open(&context, &sealed).unwrap().as_slice(),
            b"hunter2"
        );
        assert_eq!(
            ring(NEW, &[]).open(&context, &sealed).unwrap_err(),
            SecretsError::UnknownKey
        );
    }

    #[test]
    fn a_value_moved_to_another_row_does_not_open() {
        let context = SealContext {
            team: TeamId::generate(),
            project: ProjectId::generate(),
            name: "TOKEN",
        };
        let keyring = ring(OLD, &[]);
        let sealed = keyring.seal(&context, b"hunter2").unwrap();
        let elsewhere = SealContext {
            name: "OTHER",
            ..context
        };
        assert_eq!(
            keyring.open(&elsewhere, &sealed).unwrap_err(),
            SecretsError::Damaged
        );
        assert_eq!(
            keyring.open(&context, &sealed[..20]).unwrap_err(),
            SecretsError::Damaged
        );
    }

    #[test]
    fn input_104_a_short_master_key_is_refused() {
        let short = SecretString::from("x".repeat(31));
        assert_eq!(Keyring::new(&short, &[]).unwrap_err(), SecretsError::ShortKey);
    }

    #[test]
    fn keys_for_other_purposes_differ() {
        let keyring = ring(OLD, &[]);
        assert_ne!(*keyring.derive("jwt"), *keyring.derive("seal"));
    }
}
