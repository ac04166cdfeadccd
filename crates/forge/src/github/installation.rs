//! What GitHub tells an App about its installations and about repositories that move.

use serde::Deserialize;

use super::app::Installation;
use crate::WebhookError;

/// What became of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallationEvent {
    /// It is there, in this state: made, suspended, woken, or with other repositories.
    Present(Installation),
    /// It was taken away.
    Deleted {
        /// GitHub's id of it.
        installation: i64,
    },
}

/// How the repository of a delivery is called at present.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RepositoryName {
    /// GitHub's id of it.
    pub id: i64,
    /// Owner and name.
    pub full_name: String,
    /// Where it is cloned from.
    pub clone_url: String,
}

impl InstallationEvent {
    /// Reads a body whose signature was checked. None for every other event.
    ///
    /// # Errors
    /// [`WebhookError::Payload`].
    pub fn parse(event_name: &str, body: &[u8]) -> Result<Option<Self>, WebhookError> {
        #[derive(Deserialize)]
        struct Payload {
            action: String,
            installation: Installation,
        }
        if !matches!(event_name, "installation" | "installation_repositories") {
            return Ok(None);
        }
        let payload: Payload = serde_json::from_slice(body).map_err(|_| WebhookError::Payload)?;
        Ok(Some(
            if event_name == "installation" && payload.action == "deleted" {
                Self::Deleted {
                    installation: payload.installation.id,
                }
            } else {
                Self::Present(payload.installation)
            },
        ))
    }
}

impl RepositoryName {
    /// The repository that a body is about, when it is about one.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Payload {
            repository: RepositoryName,
        }
        let payload: Payload = serde_json::from_slice(body).ok()?;
        Some(payload.repository)
    }
}
