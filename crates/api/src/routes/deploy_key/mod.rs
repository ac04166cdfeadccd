//! A project's own SSH key: the public part is entered at the Git server, the private one never leaves the worker.

mod create;
mod forget_host;
mod generate;
mod get;

use aether_store::DeployKeyRecord;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use create::create_deploy_key;
pub(crate) use forget_host::forget_host_key;
pub(crate) use get::get_deploy_key;

/// Name under which the private part is sealed.
const DEPLOY_KEY: &str = "deploy_key";

/// A project's SSH key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeployKey)]
pub(crate) struct DeployKeyView {
    /// The public part, to be entered at the Git server with the right to read.
    #[schema(example = "ssh-ed25519 AAAA… aether")]
    pub public_key: String,
    /// The server's own key, as it was at the first visit; another one is not trusted.
    pub host_key: Option<String>,
    /// When the server was first visited.
    pub host_key_learned_at: Option<DateTime<Utc>>,
    /// When the key was made.
    pub created_at: DateTime<Utc>,
}

impl From<DeployKeyRecord> for DeployKeyView {
    fn from(record: DeployKeyRecord) -> Self {
        Self {
            public_key: record.public_key,
            host_key: record.host_key,
            host_key_learned_at: record.host_key_learned_at,
            created_at: record.created_at,
        }
    }
}
