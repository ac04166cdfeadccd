//! Projects and what hangs on them directly.

mod create;
mod delete;
mod get;
mod instances;
mod list;
mod present;
mod rotate_webhook;
mod traffic;
mod update;
mod usage;
mod webhook;

use aether_models::{RepoCredentials, RepoUrl, TeamId};
use aether_store::{ProjectKey, ProjectRecord, SealContext};
use secrecy::SecretString;

pub(crate) use create::create_project;
pub(crate) use delete::delete_project;
pub(crate) use get::get_project;
pub(crate) use instances::list_instances;
pub(crate) use list::list_projects;
pub(crate) use rotate_webhook::rotate_webhook_secret;
pub(crate) use traffic::get_project_traffic;
pub(crate) use update::update_project;
pub(crate) use usage::get_project_usage;
pub(crate) use webhook::get_webhook;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::validate::Faults;

/// Name under which a webhook secret is sealed.
const WEBHOOK_SECRET: &str = "webhook_secret";
/// Name under which a repository's user name and password are sealed.
const REPO_CREDENTIALS: &str = "repo_credentials";

/// The team's project of this id or slug.
pub(crate) async fn find_project(state: &AppState, team: TeamId, key: &str) -> ApiResult<ProjectRecord> {
    let not_found = || ApiError::not_found("project");
    let key: ProjectKey = key.parse().map_err(|_| not_found())?;
    state.store.project(team, &key).await?.ok_or_else(not_found)
}

/// Opens a project's webhook secret.
pub(crate) fn webhook_secret(state: &AppState, record: &ProjectRecord) -> ApiResult<SecretString> {
    let context = SealContext {
        team: record.project.team_id,
        project: record.project.id,
        name: WEBHOOK_SECRET,
    };
    let secret = state
        .keyring
        .open(&context, &record.webhook_secret)
        .map_err(ApiError::internal)?;
    let text = std::str::from_utf8(&secret).map_err(ApiError::internal)?;
    Ok(text.to_owned().into())
}

/// Reads a repository's address, as people paste it, and asks whether this instance may go there.
pub(crate) fn check_repo_url(
    state: &AppState,
    faults: &mut Faults,
    text: &str,
) -> Option<(RepoUrl, Option<RepoCredentials>)> {
    let (url, credentials) = RepoUrl::from_pasted(text)
        .map_err(|error| faults.add("repo_url", error))
        .ok()?;
    if let Err(error) = state.settings.git_hosts.check_url(&url) {
        faults.add("repo_url", error);
    }
    Some((url, credentials))
}
