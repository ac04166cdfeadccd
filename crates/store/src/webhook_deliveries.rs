//! Webhook deliveries: what each one is made to do, in one transaction with its row, and the log of them.
//!
//! The sender's id is unique per project. The row is written first: copies of one delivery that come at the same time wait
//! for one another there, and all but one change nothing.

use aether_models::{DeploymentId, GitRef, ProjectId, TeamId, UnknownName, WebhookDeliveryId};
use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};

use crate::deployments::create::Inserted;
use crate::environments::{Removed, deploy_to, find_preview, lock_project, open_preview, take_preview};
use crate::{NewPreview, PreviewOf, PreviewPlace, Store, StoreError};

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

/// What has to be announced once the transaction is committed.
#[derive(Default)]
struct Announcements {
    deployed: Vec<Inserted>,
    removed: Vec<Removed>,
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
        delivery: Option<&NewDelivery>,
        actions: &[DeliveryAction],
    ) -> Result<Option<DeliveryOutcome>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let id = WebhookDeliveryId::generate();
        let mut outcome = DeliveryOutcome {
            verdict: DeliveryVerdict::Ignored,
            reason: ignored_only(actions).unwrap_or_default(),
            deployment_id: None,
        };
        if let Some(delivery) = delivery {
            insert(&mut tx, id, team, project, delivery, &outcome.reason).await?;
        }
        if ignored_only(actions).is_some() {
            tx.commit().await?;
            return Ok(Some(outcome));
        }
        if !lock_project(&mut tx, team, project).await? {
            return Ok(None);
        }
        let mut announcements = Announcements::default();
        let mut reasons = Vec::new();
        for action in actions {
            let (verdict, reason) = apply(&mut tx, team, project, action, &mut announcements).await?;
            outcome.verdict = outcome.verdict.max(verdict);
            reasons.push(reason);
        }
        outcome.reason = reasons.join("; ");
        outcome.deployment_id = announcements
            .deployed
            .last()
            .map(|inserted| inserted.deployment.id);
        if delivery.is_some() {
            conclude(&mut tx, id, &outcome).await?;
        }
        tx.commit().await?;
        for inserted in &announcements.deployed {
            self.announce_created(inserted).await;
        }
        for removed in announcements.removed {
            self.announce_removed(removed).await;
        }
        Ok(Some(outcome))
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

/// The words for actions that do nothing at all.
fn ignored_only(actions: &[DeliveryAction]) -> Option<String> {
    let reasons: Option<Vec<&str>> = actions
        .iter()
        .map(|action| match action {
            DeliveryAction::Ignore { reason } => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    reasons.map(|reasons| reasons.join("; "))
}

async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    id: WebhookDeliveryId,
    team: TeamId,
    project: ProjectId,
    delivery: &NewDelivery,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into webhook_deliveries (id, team_id, project_id, forge, delivery_id, event, payload_sha256, payload, verdict,
            reason)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 'ignored', $9)",
        id.uuid(),
        team.uuid(),
        project.uuid(),
        delivery.forge,
        delivery.delivery_id,
        delivery.event,
        delivery.payload_sha256,
        delivery.payload,
        reason
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn conclude(
    tx: &mut Transaction<'_, Postgres>,
    id: WebhookDeliveryId,
    outcome: &DeliveryOutcome,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update webhook_deliveries set verdict = $2, reason = $3, deployment_id = $4 where id = $1",
        id.uuid(),
        outcome.verdict.as_str(),
        outcome.reason,
        outcome.deployment_id.map(DeploymentId::uuid)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Does one thing for a locked project.
async fn apply(
    tx: &mut Transaction<'_, Postgres>,
    team: TeamId,
    project: ProjectId,
    action: &DeliveryAction,
    announcements: &mut Announcements,
) -> Result<(DeliveryVerdict, String), StoreError> {
    match action {
        DeliveryAction::Ignore { reason } => Ok((DeliveryVerdict::Ignored, reason.clone())),
        DeliveryAction::Deploy { branch, reason } => {
            let inserted = deploy_to(tx, team, project, None, Some(branch.clone())).await?;
            announcements.deployed.extend(inserted);
            Ok((DeliveryVerdict::Deployed, reason.clone()))
        }
        DeliveryAction::Preview { preview, reason } => {
            preview_or_wait(tx, (team, project), preview, reason, announcements).await
        }
        DeliveryAction::Remove { of, reason } => {
            let found = find_preview(tx, project, of).await?;
            let removed = match found {
                Some(id) => take_preview(tx, project, id, "closed").await?,
                None => None,
            };
            Ok(match removed {
                Some(removed) => {
                    announcements.removed.push(removed);
                    (
                        DeliveryVerdict::Removed,
                        format!("{reason}; its preview was removed"),
                    )
                }
                None => (DeliveryVerdict::Ignored, format!("{reason}; it has no preview")),
            })
        }
    }
}

async fn preview_or_wait(
    tx: &mut Transaction<'_, Postgres>,
    (team, project): (TeamId, ProjectId),
    preview: &NewPreview,
    reason: &str,
    announcements: &mut Announcements,
) -> Result<(DeliveryVerdict, String), StoreError> {
    let ignored = |why: String| Ok((DeliveryVerdict::Ignored, format!("{reason}; {why}")));
    let environment = match open_preview(tx, project, preview).await? {
        PreviewPlace::Open(environment) => environment,
        PreviewPlace::Full(count) => return ignored(format!("the project has {count} previews already")),
        PreviewPlace::HostTaken => return ignored("another project answers on its host".to_owned()),
        PreviewPlace::Closed => return ignored("it was closed before".to_owned()),
    };
    // Every head of a fork's request is approved by itself: what a member has seen is what is built.
    let approved = !preview.from_fork || is_approved(tx, environment).await?;
    if !approved {
        return Ok((
            DeliveryVerdict::Waiting,
            format!("{reason}; it comes from a fork, a member has to approve it"),
        ));
    }
    let inserted = deploy_to(tx, team, project, Some(environment), None).await?;
    announcements.deployed.extend(inserted);
    Ok((DeliveryVerdict::Deployed, reason.to_owned()))
}

async fn is_approved(
    tx: &mut Transaction<'_, Postgres>,
    environment: aether_models::EnvironmentId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(approved_sha = head_sha, false) as "approved!" from environments where id = $1"#,
        environment.uuid()
    )
    .fetch_one(&mut **tx)
    .await?)
}
