//! GitHub Apps of a team: made at GitHub by a click (the manifest flow), installed there, and used to pick repositories.
//!
//! ```text
//! POST manifest -> state bound to the session -> form page -> GitHub -> dashboard with code and state
//!     -> POST callback: state taken (once), code exchanged (once) -> sealed credentials
//! ```

mod callback;
mod delete;
mod form;
mod list;
mod manifest;
mod picked;
mod refresh;
mod repositories;

use aether_models::GitHubAppId;
use aether_store::{GitHubAppRecord, GitHubInstallation};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use callback::finish_github_app;
pub(crate) use delete::delete_github_app;
pub(crate) use form::get_github_app_form;
pub(crate) use list::list_github_apps;
pub(crate) use manifest::begin_github_app;
pub(crate) use picked::{GitHubRepositoryRef, Picked, pick};
pub(crate) use refresh::refresh_github_app;
pub(crate) use repositories::list_github_repositories;

use crate::error::ApiError;

/// A GitHub App of the team. Its secrets are never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GitHubApp)]
pub(crate) struct GitHubAppView {
    /// Its id.
    pub id: GitHubAppId,
    /// At which GitHub.
    #[schema(example = "https://github.com")]
    pub base_url: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub owner: String,
    /// Its page at GitHub.
    pub html_url: String,
    /// Where it is installed on an account, or given more repositories.
    pub install_url: String,
    /// GitHub tells this instance of pushes and pull requests; without it a project has to be polled.
    pub has_webhook: bool,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
    /// Where it is installed.
    pub installations: Vec<GitHubInstallationView>,
}

/// An account on whose repositories an App is installed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GitHubInstallation)]
pub(crate) struct GitHubInstallationView {
    /// GitHub's id of it.
    pub id: i64,
    /// The account.
    pub account: String,
    /// It is an organisation's.
    pub is_organization: bool,
    /// All repositories of the account, not only selected ones.
    pub all_repositories: bool,
    /// Where the account manages it.
    pub html_url: String,
    /// Since when the account has suspended it.
    pub suspended_at: Option<DateTime<Utc>>,
}

impl GitHubAppView {
    fn new(app: GitHubAppRecord, installations: Vec<GitHubInstallation>) -> Self {
        Self {
            id: app.id,
            base_url: app.base_url,
            name: app.name,
            owner: app.owner,
            install_url: format!("{}/installations/new", app.html_url),
            html_url: app.html_url,
            has_webhook: app.webhook_secret.is_some(),
            created_at: app.created_at,
            installations: installations.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<GitHubInstallation> for GitHubInstallationView {
    fn from(installation: GitHubInstallation) -> Self {
        Self {
            id: installation.installation_id,
            account: installation.account,
            is_organization: installation.account_kind == "Organization",
            all_repositories: installation.repository_selection == "all",
            html_url: installation.html_url,
            suspended_at: installation.suspended_at,
        }
    }
}

/// An installation as GitHub tells of it, as it is stored.
pub(crate) fn stored(installation: aether_forge::Installation) -> GitHubInstallation {
    GitHubInstallation {
        installation_id: installation.id,
        account: installation.account.login,
        account_kind: installation.account.kind,
        repository_selection: installation.repository_selection,
        html_url: installation.html_url,
        suspended_at: installation.suspended_at,
        changed_at: installation.updated_at,
    }
}

/// The state is unknown, used, too old, or somebody else's; which of these is nobody's business.
fn wrong_state() -> ApiError {
    ApiError::malformed(
        "invalid_state",
        "this connection was not begun here, was finished before, or took too long",
    )
    .hint("connect GitHub once more")
}
