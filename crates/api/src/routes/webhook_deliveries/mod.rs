//! The log of deliveries that came with a valid signature.

mod list;
mod replay;

use aether_models::{DeploymentId, WebhookDeliveryId};
use aether_store::DeliveryRecord;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use list::list_webhook_deliveries;
pub(crate) use replay::replay_webhook_delivery;

use crate::routes::webhooks::Verdict;

/// One delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookDelivery {
    /// Its id here.
    pub id: WebhookDeliveryId,
    /// The provider whose form it has.
    #[schema(example = "github")]
    pub forge: String,
    /// The provider's own id of it.
    pub delivery_id: String,
    /// The provider's name of the event.
    pub event: String,
    /// What was made of it.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// SHA-256 of the body, hex.
    pub payload_sha256: String,
    /// The deployment it caused.
    pub deployment_id: Option<DeploymentId>,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

impl From<DeliveryRecord> for WebhookDelivery {
    fn from(record: DeliveryRecord) -> Self {
        Self {
            id: record.id,
            forge: record.forge,
            delivery_id: record.delivery_id,
            event: record.event,
            verdict: record.verdict.into(),
            reason: record.reason,
            payload_sha256: hex::encode(record.payload_sha256),
            deployment_id: record.deployment_id,
            received_at: record.received_at,
        }
    }
}
