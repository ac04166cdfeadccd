//! How a project reports to its Git provider: statuses on commits and comments on pull requests.

mod delete;
mod get;
mod put;

use aether_store::ProviderConnection;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use delete::delete_provider;
pub(crate) use get::get_provider;
pub(crate) use put::put_provider;

/// Name under which the token is sealed.
const PROVIDER_TOKEN: &str = "provider_token";

/// A connection to a Git provider. Its token is never shown again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderView {
    /// `github`, `gitlab`, `gitea` (Forgejo too) or `bitbucket`.
    #[schema(example = "github")]
    pub forge: String,
    /// Address of its interface.
    #[schema(example = "https://api.github.com")]
    pub api_url: String,
    /// Why the last report failed, if it did.
    pub last_error: Option<String>,
}

impl From<ProviderConnection> for ProviderView {
    fn from(connection: ProviderConnection) -> Self {
        Self {
            forge: connection.forge,
            api_url: connection.api_url,
            last_error: connection.last_error,
        }
    }
}
