//! Asking a deployment to stop.

use aether_models::{DeploymentId, DeploymentStatus, TeamId, UserError};
use sqlx::types::Json;

use super::read::parse_status;
use crate::{Store, StoreError, redis_keys};

/// What a request to cancel led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It had not begun and is cancelled.
    Cancelled,
    /// Its worker was told and will stop it.
    Requested,
    /// It had ended before.
    AlreadyEnded(DeploymentStatus),
}

impl Store {
    /// Cancels a deployment. Returns none when the team has no such deployment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn request_cancel(
        &self,
        team: TeamId,
        id: DeploymentId,
    ) -> Result<Option<CancelOutcome>, StoreError> {
        let error = UserError::new("cancelled", "Cancelled", "Somebody cancelled it before it began");
        let Some(row) = sqlx::query!(
            r#"update deployments d set
                cancel_requested = d.status in ('QUEUED', 'BUILDING', 'DEPLOYING') or d.cancel_requested,
                status = case when d.status = 'QUEUED' then 'CANCELLED' else d.status end,
                error = case when d.status = 'QUEUED' then $3 else d.error end,
                finished_at = case when d.status = 'QUEUED' then now() else d.finished_at end
            from (select id, status from deployments where team_id = $1 and id = $2 for update) before
            where d.id = before.id
            returning before.status as "before!""#,
            team.uuid(),
            id.uuid(),
            Json(error) as _
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        let before = parse_status(&row.before)?;
        let outcome = match before {
            DeploymentStatus::Queued => {
                self.announce_status(id, DeploymentStatus::Cancelled, None).await;
                CancelOutcome::Cancelled
            }
            DeploymentStatus::Building | DeploymentStatus::Deploying => {
                self.publish(redis_keys::CANCELLATIONS, &id).await;
                CancelOutcome::Requested
            }
            ended => CancelOutcome::AlreadyEnded(ended),
        };
        Ok(Some(outcome))
    }
}
