//! Secrets that we make and hand out once: 256 random bits in URL-safe text. Only their SHA-256 is stored; with that much
//! chance in them a slow hash would add nothing.

use aether_store::Keyring;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Begins every API token, so that secret scanners and people recognise one.
pub(crate) const API_TOKEN_PREFIX: &str = "aether_";
/// Bytes of chance in a secret.
const SECRET_BYTES: usize = 32;

/// A new secret behind `prefix`.
pub(crate) fn generate(prefix: &str) -> SecretString {
    let mut bytes = [0_u8; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)).into()
}

/// The secret that follows `old` when a session is renewed. It is always the same one: an answer that got lost on its way
/// (a page that was loaded again too soon) can be given once more, instead of leaving a browser with a secret of the past.
/// Only who has the instance's key can tell it.
pub(crate) fn successor(keyring: &Keyring, old: &SecretString) -> SecretString {
    let digest = hex::encode(digest(old));
    BASE64_URL_SAFE_NO_PAD
        .encode(keyring.derive(&format!("session refresh {digest}")))
        .into()
}

/// What is stored of a secret.
pub(crate) fn digest(secret: &SecretString) -> [u8; 32] {
    Sha256::digest(secret.expose_secret().as_bytes()).into()
}
