//! Signatures over the raw body: HMAC-SHA-256 in the form `sha256=<64 lower-case hex digits>` that GitHub made common.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Shortest secret we sign with, bytes: a shorter one could be guessed from a single recorded delivery.
pub const SECRET_MIN: usize = 16;
/// Says which digest follows; SHA-1 (`sha1=`) is never accepted.
const PREFIX: &str = "sha256=";
/// Hex digits of a SHA-256.
const DIGITS: usize = 64;

/// What a provider and we share to sign deliveries.
#[derive(Clone)]
pub struct WebhookSecret(Vec<u8>);

/// The secret is too short to prove anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is at least {SECRET_MIN} bytes long")]
pub struct WeakSecret;

impl WebhookSecret {
    /// Takes a secret.
    ///
    /// # Errors
    /// [`WeakSecret`] when it is empty or short: an HMAC with an empty key can be made by anybody.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, WeakSecret> {
        let secret = secret.into();
        if secret.len() < SECRET_MIN {
            return Err(WeakSecret);
        }
        Ok(Self(secret))
    }

    /// The value of a signature header for `body`.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        format!(
            "{PREFIX}{}",
            hex::encode(self.digest(body).finalize().into_bytes())
        )
    }

    /// `header` is the signature of `body`. The comparison takes the same time wherever the two differ.
    #[must_use]
    pub fn verify(&self, header: &str, body: &[u8]) -> bool {
        header
            .strip_prefix(PREFIX)
            .is_some_and(|digits| self.verify_digits(digits, body))
    }

    /// `digits` is the signature of `body` without the prefix, as Gitea sends it.
    #[must_use]
    pub fn verify_digits(&self, digits: &str, body: &[u8]) -> bool {
        let Some(expected) = parse(digits) else {
            return false;
        };
        self.digest(body).verify_slice(&expected).is_ok()
    }

    /// `token` is this secret, as GitLab sends it. Digests are compared, so that neither length nor place of a difference
    /// can be measured.
    #[must_use]
    pub fn is(&self, token: &str) -> bool {
        let expected = self.digest(&self.0).finalize().into_bytes();
        self.digest(token.as_bytes()).verify_slice(&expected).is_ok()
    }

    fn digest(&self, body: &[u8]) -> Hmac<Sha256> {
        // HMAC takes keys of any length (RFC 2104 section 2); the fallback is never reached and signs with nothing known.
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| Hmac::new(&Default::default()));
        mac.update(body);
        mac
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

fn parse(digits: &str) -> Option<[u8; DIGITS / 2]> {
    if digits.len() != DIGITS || digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return None;
    }
    let mut digest = [0; DIGITS / 2];
    hex::decode_to_slice(digits, &mut digest).ok()?;
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"ref":"refs/heads/main"}"#;

    fn secret() -> WebhookSecret {
        WebhookSecret::new("0123456789abcdef").unwrap()
    }

    #[test]
    fn input_71_an_empty_or_short_secret_is_refused() {
        assert!(WebhookSecret::new("").is_err());
        assert!(WebhookSecret::new("short").is_err());
    }

    #[test]
    fn input_71_only_the_whole_lower_case_signature_is_taken() {
        let right = secret().sign(BODY);
        assert!(secret().verify(&right, BODY));
        for wrong in [
            String::new(),
            "sha256=".to_owned(),
            "sha256=00".to_owned(),
            right.to_uppercase(),
            right.replace("sha256=", "sha1="),
            right[7..].to_owned(),
            format!("{right}0"),
            right[..right.len() - 1].to_owned(),
            format!(" {right}"),
            format!("sha256={}", "g".repeat(64)),
        ] {
            assert!(!secret().verify(&wrong, BODY), "{wrong:?} was taken");
        }
    }

    #[test]
    fn input_71_the_hmac_of_an_empty_key_is_not_taken() {
        let mac = Hmac::<Sha256>::new_from_slice(b"").unwrap().chain_update(BODY);
        let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert!(!secret().verify(&header, BODY));
    }

    #[test]
    fn input_72_every_byte_of_the_body_counts() {
        let signature = secret().sign(BODY);
        for position in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[position] ^= 1;
            assert!(!secret().verify(&signature, &body));
        }
        assert!(!secret().verify(&signature, &[BODY, b"\n"].concat()));
    }

    #[test]
    fn the_signature_is_the_one_github_documents() {
        // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
        let secret = WebhookSecret::new("It's a Secret to Everybody").unwrap();
        assert_eq!(
            secret.sign(b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
