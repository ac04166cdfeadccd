//! Many deliveries in one transaction, each of which deploys a branch to production. Afterwards everything is as if they
//! had come one after another; what a later one supersedes at once is written once.
//!
//! ```text
//! lock the projects that nobody else holds -> leave out what is known -> number -> supersede what waits -> insert
//! ```

use std::collections::{HashMap, HashSet};

use aether_models::{DeploymentId, ProjectId, TeamId, Trigger, WebhookDeliveryId};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::gather::{Answer, Push};
use super::{DeliveryOutcome, DeliveryVerdict};
use crate::deployments::insert::{
    NewRow, free_numbers, insert_rows, keep_last_numbers, no_number, supersede_queued,
};
use crate::{Store, StoreError};

/// What became of a batch that is committed.
pub(super) struct Batch {
    /// One for each delivery, in their order.
    pub(super) answers: Vec<Answer>,
    /// Deployments that wait now.
    pub(super) queued: Vec<DeploymentId>,
    /// Deployments that do not wait any longer, or never did.
    pub(super) superseded: Vec<DeploymentId>,
}

/// A project whose row is locked.
struct Place {
    slug: String,
    last_number: i32,
    environment: Uuid,
}

/// A delivery's name: the sender's id is unique per project.
type Key<'a> = (ProjectId, &'a str);

/// Does them all, or none.
pub(super) async fn deploy(store: &Store, pushes: &[Push]) -> Result<Batch, StoreError> {
    let mut tx = store.pool.begin().await?;
    let places = lock_places(&mut tx, pushes).await?;
    let known = known(&mut tx, pushes).await?;
    let chosen = choose(pushes, &places, &known);
    if chosen.is_empty() {
        return Ok(Batch {
            answers: answers(pushes, &places, &chosen, &[]),
            queued: Vec::new(),
            superseded: Vec::new(),
        });
    }
    let rows = number(&mut tx, &chosen, &places).await?;
    let mut superseded = supersede_queued(&mut tx, &rows).await?;
    insert_rows(&mut tx, &rows).await?;
    insert_deliveries(&mut tx, &chosen, &rows).await?;
    let last: HashMap<ProjectId, i32> = chosen
        .iter()
        .zip(&rows)
        .map(|(push, row)| (push.project, row.number))
        .collect();
    keep_last_numbers(&mut tx, &last.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    fail::fail_point!("deployment_inserted");
    let (ended, waits): (Vec<&NewRow<'_>>, Vec<_>) = rows.iter().partition(|row| row.superseded_by.is_some());
    superseded.extend(ended.iter().map(|row| row.id));
    Ok(Batch {
        answers: answers(pushes, &places, &chosen, &rows),
        queued: waits.iter().map(|row| row.id).collect(),
        superseded,
    })
}

/// Locks the projects, except those that somebody else holds: nobody's delivery waits for another project.
async fn lock_places(
    tx: &mut Transaction<'_, Postgres>,
    pushes: &[Push],
) -> Result<HashMap<(TeamId, ProjectId), Place>, StoreError> {
    let wanted: HashSet<(TeamId, ProjectId)> = pushes.iter().map(|push| (push.team, push.project)).collect();
    let teams: Vec<Uuid> = wanted.iter().map(|(team, _)| team.uuid()).collect();
    let projects: Vec<Uuid> = wanted.iter().map(|(_, project)| project.uuid()).collect();
    let rows = sqlx::query!(
        "select p.team_id, p.id, p.slug, p.deployment_number, e.id as environment_id
        from unnest($1::uuid[], $2::uuid[]) wanted (team_id, id)
        join projects p on p.team_id = wanted.team_id and p.id = wanted.id
        join environments e on e.project_id = p.id
        where p.deleted_at is null and e.kind = 'production' and e.removed_at is null
        for no key update of p skip locked",
        &teams,
        &projects
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let place = Place {
                slug: row.slug,
                last_number: row.deployment_number,
                environment: row.environment_id,
            };
            ((row.team_id.into(), row.id.into()), place)
        })
        .collect())
}

/// Which of them were received before.
async fn known(
    tx: &mut Transaction<'_, Postgres>,
    pushes: &[Push],
) -> Result<HashSet<(ProjectId, String)>, StoreError> {
    let projects: Vec<Uuid> = pushes.iter().map(|push| push.project.uuid()).collect();
    let ids: Vec<&str> = pushes
        .iter()
        .map(|push| push.delivery.delivery_id.as_str())
        .collect();
    let rows = sqlx::query!(
        "select d.project_id, d.delivery_id from unnest($1::uuid[], $2::text[]) wanted (project_id, delivery_id)
        join webhook_deliveries d on d.project_id = wanted.project_id and d.delivery_id = wanted.delivery_id",
        &projects,
        &ids as &[&str]
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.project_id.into(), row.delivery_id))
        .collect())
}

/// Those that deploy: of locked projects, not known, and of copies the first.
fn choose<'a>(
    pushes: &'a [Push],
    places: &HashMap<(TeamId, ProjectId), Place>,
    known: &HashSet<(ProjectId, String)>,
) -> Vec<&'a Push> {
    let mut seen: HashSet<Key<'a>> = HashSet::new();
    pushes
        .iter()
        .filter(|push| {
            places.contains_key(&(push.team, push.project))
                && !known.contains(&(push.project, push.delivery.delivery_id.clone()))
                && seen.insert(key(push))
        })
        .collect()
}

/// A row for each, in their order; only the last one for a branch is going to wait.
async fn number<'a>(
    tx: &mut Transaction<'_, Postgres>,
    chosen: &[&'a Push],
    places: &HashMap<(TeamId, ProjectId), Place>,
) -> Result<Vec<NewRow<'a>>, StoreError> {
    let mut counts: HashMap<(TeamId, ProjectId), usize> = HashMap::new();
    for push in chosen {
        *counts.entry((push.team, push.project)).or_default() += 1;
    }
    let wanted: Vec<(&Place, usize)> = counts
        .iter()
        .filter_map(|(key, count)| Some((places.get(key)?, *count)))
        .collect();
    let asked: Vec<(&str, i32, usize)> = wanted
        .iter()
        .map(|(place, count)| (place.slug.as_str(), place.last_number, *count))
        .collect();
    let found = free_numbers(tx, &asked).await?;
    let mut free: HashMap<Uuid, std::vec::IntoIter<i32>> = wanted
        .iter()
        .zip(found)
        .map(|((place, _), numbers)| (place.environment, numbers.into_iter()))
        .collect();
    let mut rows = Vec::with_capacity(chosen.len());
    for push in chosen {
        let place = places.get(&(push.team, push.project)).ok_or_else(no_number)?;
        rows.push(NewRow {
            id: DeploymentId::generate(),
            environment: place.environment,
            number: free
                .get_mut(&place.environment)
                .and_then(Iterator::next)
                .ok_or_else(no_number)?,
            trigger: Trigger::Webhook,
            git_ref: push.branch.as_str(),
            pinned: None,
            idempotency_key: None,
            created_by: None,
            upload_id: None,
            superseded_by: None,
        });
    }
    let mut later: HashMap<(Uuid, &str), DeploymentId> = HashMap::new();
    for row in rows.iter_mut().rev() {
        row.superseded_by = later.insert((row.environment, row.git_ref), row.id);
    }
    Ok(rows)
}

async fn insert_deliveries(
    tx: &mut Transaction<'_, Postgres>,
    chosen: &[&Push],
    rows: &[NewRow<'_>],
) -> Result<(), StoreError> {
    let column = |value: fn(&Push) -> &str| -> Vec<&str> { chosen.iter().map(|push| value(push)).collect() };
    let ids: Vec<Uuid> = chosen
        .iter()
        .map(|_| WebhookDeliveryId::generate().uuid())
        .collect();
    let teams: Vec<Uuid> = chosen.iter().map(|push| push.team.uuid()).collect();
    let projects: Vec<Uuid> = chosen.iter().map(|push| push.project.uuid()).collect();
    let digests: Vec<&[u8]> = chosen
        .iter()
        .map(|push| push.delivery.payload_sha256.as_slice())
        .collect();
    let payloads: Vec<&[u8]> = chosen
        .iter()
        .map(|push| push.delivery.payload.as_slice())
        .collect();
    let deployments: Vec<Uuid> = rows.iter().map(|row| row.id.uuid()).collect();
    sqlx::query!(
        "insert into webhook_deliveries (id, team_id, project_id, forge, delivery_id, event, payload_sha256, payload, verdict,
            reason, deployment_id)
        select n.id, n.team_id, n.project_id, n.forge, n.delivery_id, n.event, n.payload_sha256, n.payload, $1, n.reason,
            n.deployment_id
        from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::bytea[],
                $10::text[], $11::uuid[])
            n (id, team_id, project_id, forge, delivery_id, event, payload_sha256, payload, reason, deployment_id)",
        DeliveryVerdict::Deployed.as_str(),
        &ids,
        &teams,
        &projects,
        &column(|push| push.delivery.forge) as &[&str],
        &column(|push| &push.delivery.delivery_id) as &[&str],
        &column(|push| &push.delivery.event) as &[&str],
        &digests as &[&[u8]],
        &payloads as &[&[u8]],
        &column(|push| &push.reason) as &[&str],
        &deployments
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What each is told: the chosen ones their deployment, copies that they are known, those of projects that could not be
/// locked to go alone.
fn answers(
    pushes: &[Push],
    places: &HashMap<(TeamId, ProjectId), Place>,
    chosen: &[&Push],
    rows: &[NewRow<'_>],
) -> Vec<Answer> {
    let mut deployed: HashMap<Key<'_>, DeploymentId> = chosen
        .iter()
        .zip(rows)
        .map(|(push, row)| (key(push), row.id))
        .collect();
    let mut answers = Vec::with_capacity(pushes.len());
    for push in pushes {
        // Copies come after the first.
        let made = deployed.remove(&key(push));
        answers.push(match made {
            Some(id) => Answer::Deployed(DeliveryOutcome {
                verdict: DeliveryVerdict::Deployed,
                reason: push.reason.clone(),
                deployment_id: Some(id),
            }),
            None if places.contains_key(&(push.team, push.project)) => Answer::Known,
            None => Answer::Alone,
        });
    }
    answers
}

fn key(push: &Push) -> Key<'_> {
    (push.project, &push.delivery.delivery_id)
}
