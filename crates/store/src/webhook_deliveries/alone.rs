//! A delivery in a transaction of its own.

use aether_models::{DeploymentId, EnvironmentId, ProjectId, TeamId, WebhookDeliveryId};
use sqlx::{Postgres, Transaction};

use super::{DeliveryAction, DeliveryOutcome, DeliveryVerdict, NewDelivery};
use crate::deployments::create::Inserted;
use crate::environments::{Removed, deploy_to, find_preview, lock_project, open_preview, take_preview};
use crate::{Conflict, NewPreview, PreviewPlace, Store, StoreError};

/// What has to be announced once the transaction is committed.
#[derive(Default)]
struct Announcements {
    deployed: Vec<Inserted>,
    removed: Vec<Removed>,
}

impl Store {
    /// Does what a delivery asks for and keeps it, all or nothing; see [`Store::apply_delivery`].
    pub(super) async fn apply_alone(
        &self,
        team: TeamId,
        project: ProjectId,
        delivery: Option<&NewDelivery>,
        actions: &[DeliveryAction],
    ) -> Result<Option<DeliveryOutcome>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let ignored = ignored_only(actions);
        // What does nothing waits for nobody. Everything else locks the project before it writes a row that belongs to it.
        if ignored.is_none() && !lock_project(&mut tx, team, project).await? {
            return Ok(None);
        }
        let id = WebhookDeliveryId::generate();
        let mut outcome = DeliveryOutcome {
            verdict: DeliveryVerdict::Ignored,
            reason: ignored.clone().unwrap_or_default(),
            deployment_id: None,
        };
        if let Some(delivery) = delivery {
            insert(&mut tx, id, team, project, delivery, &outcome.reason).await?;
        }
        if ignored.is_some() {
            tx.commit().await?;
            return Ok(Some(outcome));
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

/// Inserts the delivery's row.
async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    id: WebhookDeliveryId,
    team: TeamId,
    project: ProjectId,
    delivery: &NewDelivery,
    reason: &str,
) -> Result<(), StoreError> {
    let inserted = sqlx::query!(
        "insert into webhook_deliveries (id, team_id, project_id, forge, delivery_id, event, payload_sha256, payload, verdict,
            reason)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 'ignored', $9)
        on conflict on constraint webhook_deliveries_delivery_key do nothing",
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
    if inserted.rows_affected() == 0 {
        return Err(Conflict::DeliveryKnown.into());
    }
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
    environment: EnvironmentId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(approved_sha = head_sha, false) as "approved!" from environments where id = $1"#,
        environment.uuid()
    )
    .fetch_one(&mut **tx)
    .await?)
}
