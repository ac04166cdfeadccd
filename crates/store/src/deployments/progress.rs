//! What the holder of a lease writes. Every write shows the fencing token; after another worker's claim it fails with
//! [`StoreError::Fenced`] and changes nothing.

use aether_models::{BuildPlan, Commit, DeploymentStatus, PlatformPage, UserError};
use sqlx::types::Json;

use super::Lease;
use crate::instances::ReleaseImage;
use crate::{Store, StoreError, routes};

impl Store {
    /// Keeps the commit that the ref meant, so that a later attempt builds the same.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn record_commit(&self, lease: &Lease, commit: &Commit) -> Result<(), StoreError> {
        let result = sqlx::query!(
            "update deployments set commit_sha = $3, commit_message = $4, commit_author = $5, commit_authored_at = $6
            where id = $1 and fencing_token = $2 and status in ('BUILDING', 'DEPLOYING')",
            lease.deployment_id.uuid(),
            lease.fencing_token,
            commit.sha,
            commit.message.replace('\0', ""),
            commit.author.replace('\0', ""),
            commit.authored_at
        )
        .execute(&self.pool)
        .await?;
        held(result.rows_affected())
    }

    /// Keeps how it is built.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn record_plan(&self, lease: &Lease, plan: &BuildPlan) -> Result<(), StoreError> {
        let result = sqlx::query!(
            "update deployments set plan = $3
            where id = $1 and fencing_token = $2 and status in ('BUILDING', 'DEPLOYING')",
            lease.deployment_id.uuid(),
            lease.fencing_token,
            Json(plan) as _
        )
        .execute(&self.pool)
        .await?;
        held(result.rows_affected())
    }

    /// Keeps the image it was built into.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn record_image(&self, lease: &Lease, image: &ReleaseImage) -> Result<(), StoreError> {
        let result = sqlx::query!(
            "update deployments set image = $3
            where id = $1 and fencing_token = $2 and status in ('BUILDING', 'DEPLOYING')",
            lease.deployment_id.uuid(),
            lease.fencing_token,
            Json(image) as _
        )
        .execute(&self.pool)
        .await?;
        held(result.rows_affected())
    }

    /// Ends a deployment that did not go live: `FAILED`, `CANCELLED` or `SUPERSEDED`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn finish_deployment(
        &self,
        lease: &Lease,
        status: DeploymentStatus,
        error: &UserError,
    ) -> Result<(), StoreError> {
        debug_assert!(status.is_terminal() && status != DeploymentStatus::Ready);
        let mut tx = self.pool.begin().await?;
        let environment = sqlx::query_scalar!(
            "update deployments set status = $3, error = $4, finished_at = now(), lease_owner = null, lease_until = null
            where id = $1 and fencing_token = $2 and status in ('BUILDING', 'DEPLOYING')
            returning environment_id",
            lease.deployment_id.uuid(),
            lease.fencing_token,
            status.as_str(),
            Json(error) as _
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::Fenced)?;
        let page = match status {
            DeploymentStatus::Failed => PlatformPage::Failed,
            _ => PlatformPage::NotDeployed,
        };
        let version = routes::show_page(&mut tx, environment.into(), page).await?;
        tx.commit().await?;
        if let Some(version) = version {
            self.announce_routes(version).await;
        }
        self.announce_status(lease.deployment_id, status, None).await;
        Ok(())
    }
}

pub(crate) const fn held(rows: u64) -> Result<(), StoreError> {
    if rows == 0 {
        Err(StoreError::Fenced)
    } else {
        Ok(())
    }
}
