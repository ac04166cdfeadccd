//! What opens a private repository over HTTP.

use std::fmt;

use serde::{Deserialize, Serialize};

/// User name and password or token that stood in an address; kept sealed, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoCredentials {
    /// User name (often without a meaning, like `x-access-token`).
    pub username: String,
    /// Password or token.
    pub password: String,
}

impl RepoCredentials {
    /// A token of GitHub's, in the form its Git servers take: the name is a fixed word.
    #[must_use]
    pub fn github(token: &str) -> Self {
        Self {
            username: "x-access-token".to_owned(),
            password: token.to_owned(),
        }
    }
}

impl fmt::Debug for RepoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RepoCredentials(…)")
    }
}
