//! The log of webhook deliveries. One that deploys is stored by `create_deployment`, in the deployment's transaction.

use aether_models::{DeploymentId, ProjectId, TeamId, WebhookDeliveryId};
use chrono::{DateTime, Utc};

use crate::{NewDelivery, Store, StoreError};

/// A delivery as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its id here.
    pub id: WebhookDeliveryId,
    /// The sender's own id of it.
    pub delivery_id: String,
    /// Its event.
    pub event: String,
    /// It deployed.
    pub deployed: bool,
    /// The verdict in words.
    pub reason: String,
    /// SHA-256 of the raw body.
    pub payload_sha256: Vec<u8>,
    /// The deployment it caused.
    pub deployment_id: Option<DeploymentId>,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// What a replay needs.
#[derive(Debug, Clone)]
pub struct DeliveryPayload {
    /// Its event.
    pub event: String,
    /// The raw body.
    pub payload: Vec<u8>,
}

/// What is known of a delivery that came before.
#[derive(Debug, Clone)]
pub struct KnownDelivery {
    /// SHA-256 of the raw body.
    pub payload_sha256: Vec<u8>,
    /// The deployment it caused.
    pub deployment_id: Option<DeploymentId>,
}

impl Store {
    /// Stores a delivery that deploys nothing.
    ///
    /// # Errors
    /// [`crate::Conflict::DeliveryKnown`] when it was received before.
    pub async fn record_ignored_delivery(
        &self,
        team: TeamId,
        project: ProjectId,
        delivery: &NewDelivery,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into webhook_deliveries (id, team_id, project_id, delivery_id, event, payload_sha256, payload, verdict, reason)
            values ($1, $2, $3, $4, $5, $6, $7, 'ignored', $8)",
            WebhookDeliveryId::generate().uuid(),
            team.uuid(),
            project.uuid(),
            delivery.delivery_id,
            delivery.event,
            delivery.payload_sha256,
            delivery.payload,
            delivery.reason
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The delivery with this id of the sender's, for a project whose signature it carries.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn known_delivery(
        &self,
        project: ProjectId,
        delivery_id: &str,
    ) -> Result<Option<KnownDelivery>, StoreError> {
        let row = sqlx::query!(
            "select payload_sha256, deployment_id from webhook_deliveries where project_id = $1 and delivery_id = $2",
            project.uuid(),
            delivery_id
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| KnownDelivery {
            payload_sha256: row.payload_sha256,
            deployment_id: row.deployment_id.map(Into::into),
        }))
    }

    /// A team's project's deliveries, newest first, those that came before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deliveries(
        &self,
        team: TeamId,
        project: ProjectId,
        before: Option<WebhookDeliveryId>,
        limit: i64,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let rows = sqlx::query!(
            "select id, delivery_id, event, verdict, reason, payload_sha256, deployment_id, received_at
            from webhook_deliveries
            where team_id = $1 and project_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4",
            team.uuid(),
            project.uuid(),
            before.map(WebhookDeliveryId::uuid),
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DeliveryRecord {
                id: row.id.into(),
                delivery_id: row.delivery_id,
                event: row.event,
                deployed: row.verdict == "deployed",
                reason: row.reason,
                payload_sha256: row.payload_sha256,
                deployment_id: row.deployment_id.map(Into::into),
                received_at: row.received_at,
            })
            .collect())
    }

    /// What a delivery of a team's project said.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delivery_payload(
        &self,
        team: TeamId,
        project: ProjectId,
        id: WebhookDeliveryId,
    ) -> Result<Option<DeliveryPayload>, StoreError> {
        let row = sqlx::query_as!(
            DeliveryPayload,
            "select event, payload from webhook_deliveries where team_id = $1 and project_id = $2 and id = $3",
            team.uuid(),
            project.uuid(),
            id.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row)
    }
}
