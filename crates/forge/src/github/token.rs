//! Tokens of installations, kept until shortly before their end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

/// A token is not handed out any more when it ends within this time: a clone that begins with it has to end with it.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// What acts for an installation for about an hour.
#[derive(Debug, Clone)]
pub struct InstallationToken {
    /// The token.
    pub token: SecretString,
    /// Its end.
    pub expires_at: DateTime<Utc>,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenScope {
    /// Our id of the App.
    pub app: Uuid,
    /// The installation.
    pub installation: i64,
    /// The one repository it opens; none opens all of the installation's.
    pub repository: Option<i64>,
}

/// Tokens by what they are for. Nothing of it is ever written down.
#[derive(Debug, Default)]
pub struct TokenCache(Mutex<HashMap<TokenScope, InstallationToken>>);

impl TokenCache {
    /// A token that will last for a while yet.
    #[must_use]
    pub fn get(&self, scope: &TokenScope, now: DateTime<Utc>) -> Option<InstallationToken> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .get(scope)
            .filter(|token| token.expires_at - now > MARGIN)
            .cloned()
    }

    /// Keeps a token, and forgets those that have ended.
    pub fn put(&self, scope: TokenScope, token: InstallationToken, now: DateTime<Utc>) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, kept| kept.expires_at > now);
        tokens.insert(scope, token);
    }

    /// Forgets a token that was refused.
    pub fn forget(&self, scope: &TokenScope) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(scope);
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_token_is_handed_out_until_five_minutes_before_its_end() {
        let cache = TokenCache::default();
        let scope = TokenScope {
            app: Uuid::nil(),
            installation: 1,
            repository: None,
        };
        let start = DateTime::UNIX_EPOCH;
        let token = InstallationToken {
            token: "ghs_x".to_owned().into(),
            expires_at: start + TimeDelta::hours(1),
        };
        cache.put(scope, token, start);
        let at = |seconds| {
            let found = cache.get(&scope, start + TimeDelta::seconds(seconds));
            found.map(|token| token.token.expose_secret().to_owned())
        };
        assert_eq!(at(0).as_deref(), Some("ghs_x"));
        assert_eq!(at(55 * 60 - 1).as_deref(), Some("ghs_x"));
        assert_eq!(at(55 * 60), None);
        let narrower = TokenScope {
            repository: Some(7),
            ..scope
        };
        assert!(cache.get(&narrower, start).is_none());
        cache.forget(&scope);
        assert_eq!(at(0), None);
    }
}
