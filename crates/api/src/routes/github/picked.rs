//! A repository that was picked from the list: asked for again at GitHub, never taken from the caller's word.

use aether_forge::{GitHubHost, InstallationToken, RemoteRepository};
use aether_models::{GitHubAppId, TeamId};
use aether_store::{GitHubAppRecord, NewGitHubRepository};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// A repository of `GET /github/repositories`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitHubRepositoryRef {
    /// Through which App.
    app_id: GitHubAppId,
    /// Through which installation of it.
    installation_id: i64,
    /// GitHub's id of the repository.
    repository_id: i64,
}

/// The repository behind a reference.
pub(crate) struct Picked {
    app: GitHubAppRecord,
    installation_id: i64,
    /// As GitHub describes it.
    pub(crate) repository: RemoteRepository,
}

/// Finds what a team picked (threats.md input 28: everything in the reference is the team's own, or names nothing).
pub(crate) async fn pick(state: &AppState, team: TeamId, picked: GitHubRepositoryRef) -> ApiResult<Picked> {
    let unknown = || {
        ApiError::invalid_field(
            "github_repository",
            "The team's GitHub Apps do not reach this repository",
        )
    };
    let app = state
        .store
        .github_app(team, picked.app_id)
        .await?
        .ok_or_else(unknown)?;
    let installations = state.store.github_installations(team).await?;
    let is_known = installations.iter().any(|(app_id, installation)| {
        *app_id == app.id && installation.installation_id == picked.installation_id
    });
    if !is_known {
        return Err(unknown());
    }
    let list = state
        .github
        .repositories(state, &app, picked.installation_id)
        .await?;
    let repository = list
        .repositories
        .iter()
        .find(|repository| repository.id == picked.repository_id)
        .cloned()
        .ok_or_else(unknown)?;
    Ok(Picked {
        app,
        installation_id: picked.installation_id,
        repository,
    })
}

impl Picked {
    /// What the new project keeps of it.
    pub(crate) fn to_store(&self) -> ApiResult<NewGitHubRepository> {
        let host: GitHubHost = self.app.base_url.parse().map_err(ApiError::internal)?;
        Ok(NewGitHubRepository {
            app_id: self.app.id,
            installation_id: self.installation_id,
            repository_id: self.repository.id,
            full_name: self.repository.full_name.clone(),
            api_url: host.api(),
        })
    }

    /// A token that opens this repository and no other.
    pub(crate) async fn token(&self, state: &AppState) -> ApiResult<InstallationToken> {
        let only = Some(self.repository.id);
        state
            .github
            .token(state, &self.app, self.installation_id, only)
            .await
    }
}
