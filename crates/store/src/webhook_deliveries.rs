//! Webhook deliveries: what each one is made to do, in one transaction with its row, and the log of them.
//!
//! The sender's id is unique per project, and the project's row is locked before the delivery is looked for: copies of one
//! delivery that come at the same time follow one another, and all but one change nothing.
//!
//! ```text
//! deploys a branch to production -> gather: with whatever else comes in that moment -> batch: one transaction for all
//! anything else, or in the way   -> alone: a transaction of its own
//! ```

mod alone;
mod batch;
mod gather;

use std::sync::Arc;

use aether_models::{DeploymentId, GitRef, ProjectId, TeamId, UnknownName, WebhookDeliveryId};
use chrono::{DateTime, Utc};

pub(crate) use gather::Gatherer;

use self::gather::{Answer, Push};
use crate::{Conflict, NewPreview, PreviewOf, Store, StoreError};

/// A webhook delivery with a valid signature.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Which provider's form it has.
    pub forge: &'static str,
    /// The sender's own id, unique per project.
    pub delivery_id: String,
    /// Its event (`push`).
    pub event: String,
    /// SHA-256 of the raw body.
    pub payload_sha256: Vec<u8>,
    /// The raw body, for a replay.
    pub payload: Vec<u8>,
}

/// One thing a delivery is made to do, and why, in words.
#[derive(Debug, Clone)]
pub enum DeliveryAction {
    /// Nothing.
    Ignore {
        /// Why.
        reason: String,
    },
    /// Deploy a branch to production.
    Deploy {
        /// The branch.
        branch: GitRef,
        /// Why.
        reason: String,
    },
    /// Deploy to a preview, which is opened if need be; a fork's waits for a member.
    Preview {
        /// The preview.
        preview: Box<NewPreview>,
        /// Why.
        reason: String,
    },
    /// Remove a preview.
    Remove {
        /// What it follows.
        of: PreviewOf,
        /// Why.
        reason: String,
    },
}

/// What was made of a delivery. Ordered: of several, the last one stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryVerdict {
    /// Nothing.
    Ignored,
    /// A preview was removed.
    Removed,
    /// A member has to approve it first.
    Waiting,
    /// It deploys.
    Deployed,
}

impl DeliveryVerdict {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Removed => "removed",
            Self::Waiting => "waiting",
            Self::Deployed => "deployed",
        }
    }
}

impl std::str::FromStr for DeliveryVerdict {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Ignored, Self::Removed, Self::Waiting, Self::Deployed]
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
            .ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// The verdict.
    pub verdict: DeliveryVerdict,
    /// Why, in words.
    pub reason: String,
    /// The deployment it caused; of several the last.
    pub deployment_id: Option<DeploymentId>,
}

/// A delivery as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its id here.
    pub id: WebhookDeliveryId,
    /// Which provider's form it has.
    pub forge: String,
    /// The sender's own id of it.
    pub delivery_id: String,
    /// Its event.
    pub event: String,
    /// The verdict.
    pub verdict: DeliveryVerdict,
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
    /// Which provider's form it has.
    pub forge: String,
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
    /// Does what a delivery asks for and keeps it, all or nothing. A replay has no delivery to keep. Returns none when the
    /// team has no such project.
    ///
    /// # Errors
    /// [`crate::Conflict::DeliveryKnown`] when it was received before.
    pub async fn apply_delivery(
        &self,
        team: TeamId,
        project: ProjectId,
        delivery: Option<&Arc<NewDelivery>>,
        actions: &[DeliveryAction],
    ) -> Result<Option<DeliveryOutcome>, StoreError> {
        if let Some(push) = Push::of(team, project, delivery, actions) {
            match self.gather(push).await? {
                Answer::Deployed(outcome) => return Ok(Some(outcome)),
                Answer::Known => return Err(Conflict::DeliveryKnown.into()),
                Answer::Alone => {}
            }
        }
        self.apply_alone(team, project, delivery.map(AsRef::as_ref), actions)
            .await
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
            "select id, forge, delivery_id, event, verdict, reason, payload_sha256, deployment_id, received_at
            from webhook_deliveries
            where team_id = $1 and project_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4",
            team.uuid(),
            project.uuid(),
            before.map(WebhookDeliveryId::uuid),
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(DeliveryRecord {
                    id: row.id.into(),
                    forge: row.forge,
                    delivery_id: row.delivery_id,
                    event: row.event,
                    verdict: row
                        .verdict
                        .parse()
                        .map_err(|error| StoreError::corrupt("verdict", error))?,
                    reason: row.reason,
                    payload_sha256: row.payload_sha256,
                    deployment_id: row.deployment_id.map(Into::into),
                    received_at: row.received_at,
                })
            })
            .collect()
    }

    /// Forgets deliveries of more than a month ago; no provider sends one again that late.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_deliveries(&self) -> Result<(), StoreError> {
        sqlx::query!("delete from webhook_deliveries where received_at < now() - interval '35 days'")
            .execute(&self.pool)
            .await?;
        Ok(())
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
            "select forge, event, payload from webhook_deliveries where team_id = $1 and project_id = $2 and id = $3",
            team.uuid(),
            project.uuid(),
            id.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row)
    }
}
