//! Repositories that projects have through a GitHub App.

use aether_models::{GitHubAppId, ProjectId, TeamId};
use sqlx::{Postgres, Transaction};

use crate::github_apps::query_apps;
use crate::{GitHubAppRecord, Store, StoreError};

/// A repository that was picked for a new project.
#[derive(Debug, Clone)]
pub struct NewGitHubRepository {
    /// Through which App.
    pub app_id: GitHubAppId,
    /// Through which installation of it.
    pub installation_id: i64,
    /// GitHub's id of the repository.
    pub repository_id: i64,
    /// Owner and name.
    pub full_name: String,
    /// Address of GitHub's interface.
    pub api_url: String,
}

/// How a project reaches its repository.
#[derive(Debug, Clone)]
pub struct GitHubRepositoryAccess {
    /// Through which App.
    pub app: GitHubAppRecord,
    /// Through which installation of it.
    pub installation_id: i64,
    /// GitHub's id of the repository.
    pub repository_id: i64,
}

impl Store {
    /// How a team's project reaches its repository, when that is by a GitHub App.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_repository(
        &self,
        team: TeamId,
        project: ProjectId,
    ) -> Result<Option<GitHubRepositoryAccess>, StoreError> {
        let row = sqlx::query!(
            "select r.installation_id, r.repository_id from github_repositories r join projects p on p.id = r.project_id
            where p.team_id = $1 and p.id = $2",
            team.uuid(),
            project.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let app = query_apps!(
            "join github_repositories r on r.app_id = a.id where a.team_id = $1 and r.project_id = $2",
            team.uuid(),
            project.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(app.map(|app| GitHubRepositoryAccess {
            app,
            installation_id: row.installation_id,
            repository_id: row.repository_id,
        }))
    }

    /// Notes the repository's present name, which a delivery or GitHub's list has told.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rename_github_repository(
        &self,
        app: GitHubAppId,
        repository: i64,
        full_name: &str,
        clone_url: &str,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "with renamed as (
                update github_repositories set full_name = $3
                where app_id = $1 and repository_id = $2 and full_name <> $3 returning project_id
            )
            update projects p set repo_url = $4, updated_at = now() from renamed where p.id = renamed.project_id",
            app.uuid(),
            repository,
            full_name,
            clone_url
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Ties a new project to its repository; from now on the App clones it, hears of its pushes and reports on it.
pub(crate) async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    team: TeamId,
    project: ProjectId,
    new: &NewGitHubRepository,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with tied as (
            insert into github_repositories (project_id, app_id, installation_id, repository_id, full_name)
            values ($1, $3, $4, $5, $6) returning project_id
        ), reporting as (
            insert into provider_connections (project_id, team_id, forge, api_url, token)
            select project_id, $2, 'github', $7, '' from tied
        )
        update projects set repo_forge = 'github', repo_external_id = $5::bigint::text where id = $1",
        project.uuid(),
        team.uuid(),
        new.app_id.uuid(),
        new.installation_id,
        new.repository_id,
        new.full_name,
        new.api_url
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Unties a project whose address was changed by hand: its App has no say in another repository.
pub(crate) async fn untie_if_moved(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    repo_url: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with untied as (
            delete from github_repositories r using projects p
            where p.id = r.project_id and p.id = $1 and p.repo_url is distinct from $2 returning r.project_id
        )
        delete from provider_connections c using untied where c.project_id = untied.project_id and c.token = ''",
        project.uuid(),
        repo_url
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
