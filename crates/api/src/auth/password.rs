//! Passwords: what is accepted, and Argon2id with the library's parameters (19 MiB, two passes, as OWASP asks).
//!
//! Hashing takes tens of milliseconds of CPU and 19 MiB, so it never runs on a runtime thread and never more than a few at
//! once. An unknown account costs the same as a known one: its password is checked against a hash that nobody knows the
//! password of (threats.md input 10).

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use super::generate;
use crate::error::{ApiError, ApiResult};

/// Shortest password, characters (NIST SP 800-63B section 3.1.1).
const PASSWORD_MIN: usize = 8;
/// Longest password, bytes: enough for any passphrase, too little to make hashing slow.
const PASSWORD_MAX: usize = 256;
/// Hashes at once; each takes a core and 19 MiB.
const HASHES_AT_ONCE: usize = 2;
/// How much of a long password the estimate looks at; its time grows faster than the length.
const ESTIMATED_MAX: usize = 64;

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    slots: Arc<Semaphore>,
    /// A hash that no password has, made by the first sign-in: it takes memory that an idle platform should not hold.
    nobodys: Arc<OnceLock<String>>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            nobodys: Arc::default(),
        }
    }

    /// The hash to store for a new password.
    pub(crate) async fn hash(&self, password: &SecretString) -> ApiResult<String> {
        let password = normalised(password);
        self.run(move || hash_now(password.expose_secret().as_bytes()))
            .await?
    }

    /// The password is the one behind `hash`; without a hash the answer is no, after the same time.
    pub(crate) async fn verify(&self, password: &SecretString, hash: Option<String>) -> ApiResult<bool> {
        let known = hash.is_some();
        let nobodys = Arc::clone(&self.nobodys);
        let password = normalised(password);
        let right = self
            .run(move || {
                // Made whether it is needed or not, so that the first answer tells nothing either.
                let nobodys = nobodys_hash(&nobodys);
                let hash = hash.as_deref().unwrap_or(nobodys);
                PasswordHash::new(hash).is_ok_and(|parsed| {
                    Argon2::default()
                        .verify_password(password.expose_secret().as_bytes(), &parsed)
                        .is_ok()
                })
            })
            .await?;
        Ok(right && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(ApiError::internal)?;
        let work = move || {
            let done = work();
            drop(slot);
            done
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(ApiError::internal)
    }
}

/// What is wrong with a new password.
pub(crate) fn objection(password: &SecretString, known_words: &[&str]) -> Option<String> {
    let too_long = || format!("A password has to be at most {PASSWORD_MAX} bytes long");
    // Looked at first: bringing megabytes into normal form takes its time.
    if password.expose_secret().len() > 4 * PASSWORD_MAX {
        return Some(too_long());
    }
    let text = normalised(password);
    let text = text.expose_secret();
    if text.chars().count() < PASSWORD_MIN {
        return Some(format!(
            "A password has to be at least {PASSWORD_MIN} characters long"
        ));
    }
    if text.len() > PASSWORD_MAX {
        return Some(too_long());
    }
    if text.contains('\0') {
        return Some("A password cannot contain a NUL character".to_owned());
    }
    let start: String = text.chars().take(ESTIMATED_MAX).collect();
    let too_easy = zxcvbn::zxcvbn(&start, known_words).score() < zxcvbn::Score::Two;
    too_easy.then(|| {
        "This password is too easy to guess. Use a longer one; several unrelated words work well".to_owned()
    })
}

/// One form for texts that look the same (NFKC, as NIST SP 800-63B asks), so that any keyboard signs in.
fn normalised(password: &SecretString) -> SecretString {
    password.expose_secret().nfkc().collect::<String>().into()
}

fn nobodys_hash(made: &OnceLock<String>) -> &str {
    // Without a hash the answer is still no, only sooner.
    made.get_or_init(|| hash_now(generate("").expose_secret().as_bytes()).unwrap_or_default())
}

fn hash_now(password: &[u8]) -> ApiResult<String> {
    let hash = Argon2::default()
        .hash_password(password)
        .map_err(ApiError::internal)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_11_short_common_and_odd_passwords_are_refused() {
        for text in [
            "seven77",
            "password",
            "12345678",
            "qwertyuiop",
            "mona@example.com",
            "long enough \0",
            &"x".repeat(1 << 20),
        ] {
            let objection = objection(&text.to_owned().into(), &["mona@example.com"]);
            assert!(objection.is_some(), "{text:.20?} was taken");
        }
        let sixty_four = "a quiet river under seven old bridges, and the boats go by slow";
        assert_eq!(objection(&sixty_four.to_owned().into(), &[]), None);
    }

    #[tokio::test]
    async fn input_11_the_same_text_in_another_normal_form_signs_in() {
        let passwords = Passwords::new();
        let hash = passwords
            .hash(&"caf\u{e9} corner table".to_owned().into())
            .await
            .unwrap();
        let decomposed = "cafe\u{301} corner table".to_owned().into();
        assert!(passwords.verify(&decomposed, Some(hash.clone())).await.unwrap());
        assert!(
            !passwords
                .verify(&"cafe corner table".to_owned().into(), Some(hash))
                .await
                .unwrap()
        );
        assert!(!passwords.verify(&decomposed, None).await.unwrap());
    }
}
