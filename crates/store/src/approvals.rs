//! A member's approval of a fork's pull request: one head at a time.

use aether_models::{DeploymentId, EnvironmentId, ProjectId, TeamId, Trigger, UserId};

use crate::deployments::create::insert_deployment;
use crate::environments::lock_project;
use crate::{NewDeployment, Store, StoreError};

/// What an approval led to.
#[derive(Debug, Clone)]
pub enum Approval {
    /// The head that was shown is being deployed.
    Deploying(DeploymentId),
    /// There is nothing to approve.
    NotWaiting,
    /// The head is another one by now; look again.
    HeadMoved,
    /// The project has this many previews already.
    Full(i64),
}

impl Store {
    /// Approves the head of a fork's pull request and deploys exactly that commit. Every further head needs another
    /// approval. Returns none when the team has no such preview.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn approve_preview(
        &self,
        team: TeamId,
        project: ProjectId,
        environment: EnvironmentId,
        head: &str,
        by: UserId,
    ) -> Result<Option<Approval>, StoreError> {
        let mut tx = self.pool.begin().await?;
        if !lock_project(&mut tx, team, project).await? {
            return Ok(None);
        }
        let Some(row) = sqlx::query!(
            r#"select e.head_sha, e.approved_sha, e.from_fork,
                coalesce((p.settings ->> 'preview_max')::bigint, 10) as "max!",
                (select count(*) from environments o where o.project_id = p.id and o.kind = 'preview' and o.removed_at is null
                    and (not o.from_fork or o.approved_sha is not null) and o.id <> e.id) as "open!"
            from environments e join projects p on p.id = e.project_id
            where e.project_id = $1 and e.id = $2 and e.kind = 'preview' and e.removed_at is null for update of e"#,
            project.uuid(),
            environment.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Ok(None);
        };
        if !row.from_fork || (row.head_sha.is_some() && row.approved_sha == row.head_sha) {
            return Ok(Some(Approval::NotWaiting));
        }
        if row.head_sha.as_deref() != Some(head) {
            return Ok(Some(Approval::HeadMoved));
        }
        if row.open >= row.max {
            return Ok(Some(Approval::Full(row.open)));
        }
        sqlx::query!(
            "update environments set approved_sha = head_sha, approved_by = $2, updated_at = now() where id = $1",
            environment.uuid(),
            by.uuid()
        )
        .execute(&mut *tx)
        .await?;
        let new = NewDeployment {
            team_id: team,
            project_id: project,
            environment_id: Some(environment),
            git_ref: None,
            upload_id: None,
            trigger: Trigger::Manual,
            created_by: Some(by),
            idempotency_key: None,
        };
        let Some(inserted) = insert_deployment(&mut tx, &new).await? else {
            return Ok(None);
        };
        tx.commit().await?;
        self.announce_created(&inserted).await;
        Ok(Some(Approval::Deploying(inserted.deployment.id)))
    }
}
