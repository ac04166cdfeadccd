//! Heads of forks' requests whose provider names only their first digits.

use aether_models::{EnvironmentId, GitRef, ProjectId, RepoUrl, TeamId};

use crate::{Store, StoreError};

/// Forks looked at in one pass.
const BATCH: i64 = 5;

/// A fork whose branch has to be looked at.
#[derive(Debug, Clone)]
pub struct UnknownHead {
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// The preview of the request.
    pub environment_id: EnvironmentId,
    /// Address of the fork.
    pub fork_url: RepoUrl,
    /// Its branch.
    pub branch: GitRef,
    /// First digits of the head that the provider named.
    pub start: String,
    /// The project's own repository.
    pub repo_url: Option<RepoUrl>,
    /// Sealed credentials of that.
    pub repo_credentials: Option<Vec<u8>>,
}

impl Store {
    /// Takes requests whose head is not known; one that cannot be found out now is taken again after a minute, for a day.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_unknown_heads(&self) -> Result<Vec<UnknownHead>, StoreError> {
        let rows = sqlx::query!(
            r#"update environments e set head_looked_at = now()
            from (
                select id from environments
                where head_start is not null and head_sha is null and fork_url is not null and removed_at is null
                    and updated_at > now() - interval '1 day'
                    and (head_looked_at is null or head_looked_at < now() - interval '1 minute')
                order by updated_at limit $1 for update skip locked
            ) due, projects p
            where e.id = due.id and p.id = e.project_id and p.deleted_at is null
            returning e.id, e.project_id, p.team_id, e.fork_url as "fork_url!", e.git_ref as "branch!", e.head_start as "start!",
                p.repo_url, p.repo_credentials"#,
            BATCH
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let address = |text: String| {
                    text.parse()
                        .map_err(|error| StoreError::corrupt("repository address", error))
                };
                Ok(UnknownHead {
                    team_id: row.team_id.into(),
                    project_id: row.project_id.into(),
                    environment_id: row.id.into(),
                    fork_url: address(row.fork_url)?,
                    branch: row
                        .branch
                        .parse()
                        .map_err(|error| StoreError::corrupt("branch", error))?,
                    start: row.start,
                    repo_url: row.repo_url.map(address).transpose()?,
                    repo_credentials: row.repo_credentials,
                })
            })
            .collect()
    }

    /// The whole id of a head, unless the request has moved on meanwhile. It still waits for a member.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn learn_head(&self, known: &UnknownHead, head: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update environments set head_sha = $2
            where id = $1 and head_start = $3 and starts_with($2, head_start) and head_sha is null and removed_at is null",
            known.environment_id.uuid(),
            head,
            known.start
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
