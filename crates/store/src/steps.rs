//! Step rows, each written in the transaction that changes the deployment's status.

use aether_models::{Step, StepOutcome, UserError};
use sqlx::types::Json;

use crate::deployments::progress::held;
use crate::{Lease, Store, StoreError};

impl Store {
    /// A step begins: its row and the deployment's status. A later attempt writes over an earlier one's row.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn begin_step(&self, lease: &Lease, step: Step) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        let result = sqlx::query!(
            "update deployments set status = $3
            where id = $1 and fencing_token = $2 and status in ('BUILDING', 'DEPLOYING')",
            lease.deployment_id.uuid(),
            lease.fencing_token,
            step.status().as_str()
        )
        .execute(&mut *tx)
        .await?;
        held(result.rows_affected())?;
        let position = Step::ALL
            .iter()
            .position(|&other| other == step)
            .unwrap_or_default();
        sqlx::query!(
            "insert into deployment_steps (deployment_id, step, position, started_at) values ($1, $2, $3, now())
            on conflict on constraint deployment_steps_pkey
            do update set started_at = now(), finished_at = null, outcome = null, error = null",
            lease.deployment_id.uuid(),
            step.as_str(),
            i16::try_from(position).unwrap_or_default()
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.announce_status(lease.deployment_id, step.status(), Some(step))
            .await;
        Ok(())
    }

    /// A step ended.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn finish_step(
        &self,
        lease: &Lease,
        step: Step,
        outcome: StepOutcome,
        error: Option<&UserError>,
    ) -> Result<(), StoreError> {
        let result = sqlx::query!(
            "update deployment_steps s set finished_at = now(), outcome = $4, error = $5
            from deployments d
            where d.id = s.deployment_id and s.deployment_id = $1 and d.fencing_token = $2 and s.step = $3
                and d.status in ('BUILDING', 'DEPLOYING')",
            lease.deployment_id.uuid(),
            lease.fencing_token,
            step.as_str(),
            outcome.as_str(),
            error.map(Json) as _
        )
        .execute(&self.pool)
        .await?;
        held(result.rows_affected())?;
        self.announce_status(lease.deployment_id, step.status(), Some(step))
            .await;
        Ok(())
    }
}
