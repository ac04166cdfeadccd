//! Projects whose repositories are looked at from time to time, for pushes that were never delivered.

use aether_models::{GitRef, ProjectId, RepoUrl, TeamId, Trigger};

use crate::deployments::create::insert_deployment;
use crate::{NewDeployment, SealedDeployKey, Store, StoreError};

/// Repositories looked at in one pass.
const BATCH: i64 = 5;

/// A repository that is due.
#[derive(Debug, Clone)]
pub struct Poll {
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// Where the code is.
    pub repo_url: RepoUrl,
    /// Sealed credentials of the repository.
    pub repo_credentials: Option<Vec<u8>>,
    /// SSH key of the project, sealed.
    pub deploy_key: Option<SealedDeployKey>,
    /// Branch that production follows; none is the repository's default branch.
    pub branch: Option<GitRef>,
}

impl Store {
    /// Takes repositories that are due; they are due again after the project's own time, whatever becomes of this look.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_polls(&self) -> Result<Vec<Poll>, StoreError> {
        let rows = sqlx::query!(
            r#"update projects p set polled_at = now()
            from (
                select id from projects
                where deleted_at is null and (settings ->> 'poll_minutes')::integer > 0 and repo_url is not null
                    and (polled_at is null
                        or polled_at < now() - make_interval(mins => (settings ->> 'poll_minutes')::integer))
                order by polled_at nulls first limit $1 for update skip locked
            ) due left join deploy_keys k on k.project_id = due.id
            where p.id = due.id
            returning p.id, p.team_id, p.repo_url as "repo_url!", p.repo_credentials, p.branch,
                k.private_key as "deploy_key?", k.host_key as "host_key?""#,
            BATCH
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let branch = row.branch.map(|branch| branch.parse()).transpose();
                Ok(Poll {
                    team_id: row.team_id.into(),
                    project_id: row.id.into(),
                    repo_url: row
                        .repo_url
                        .parse()
                        .map_err(|error| StoreError::corrupt("repository address", error))?,
                    repo_credentials: row.repo_credentials,
                    deploy_key: row.deploy_key.map(|private_key| SealedDeployKey {
                        private_key,
                        host_key: row.host_key,
                    }),
                    branch: branch.map_err(|error| StoreError::corrupt("branch", error))?,
                })
            })
            .collect()
    }

    /// Notes the head of the production branch, and deploys it when it is new: neither what was seen last nor what the
    /// newest deployment is about. Returns whether it deploys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn polled(&self, poll: &Poll, head: &str) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let known = sqlx::query_scalar!(
            r#"update projects p set polled_sha = $2
            from (
                select o.polled_sha, (
                    select d.commit_sha from deployments d join environments e on e.id = d.environment_id
                    where d.project_id = $1 and e.kind = 'production' order by d.id desc limit 1) as newest,
                    exists (
                        select 1 from deployments d join environments e on e.id = d.environment_id
                        where d.project_id = $1 and e.kind = 'production' and d.commit_sha is null
                            and d.status in ('QUEUED', 'BUILDING')) as under_way
                from projects o where o.id = $1 and o.deleted_at is null for update
            ) before
            where p.id = $1
            returning (before.polled_sha is not distinct from $2 or before.newest is not distinct from $2
                or before.under_way) as "known!""#,
            poll.project_id.uuid(),
            head
        )
        .fetch_optional(&mut *tx)
        .await?;
        // One that is under way resolves the branch itself and meets the same head.
        if known.is_none_or(|known| known) {
            tx.commit().await?;
            return Ok(false);
        }
        let new = NewDeployment {
            team_id: poll.team_id,
            project_id: poll.project_id,
            environment_id: None,
            git_ref: poll.branch.clone(),
            upload_id: None,
            trigger: Trigger::Poll,
            created_by: None,
            idempotency_key: None,
        };
        let inserted = insert_deployment(&mut tx, &new).await?;
        tx.commit().await?;
        if let Some(inserted) = &inserted {
            self.announce_created(inserted).await;
        }
        Ok(inserted.is_some())
    }
}
