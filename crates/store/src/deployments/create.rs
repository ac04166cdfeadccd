//! Accepting a deployment: once this has returned, it is never lost.

use aether_models::{
    Deployment, DeploymentId, GitRef, ProjectId, TeamId, Trigger, UserId, WebhookDeliveryId,
};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::read::query_deployments;
use crate::{Store, StoreError};

/// A deployment somebody asks for.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// What to build; none takes the project's branch, or the repository's default branch.
    pub git_ref: Option<GitRef>,
    /// Why.
    pub trigger: Trigger,
    /// Who asked.
    pub created_by: Option<UserId>,
    /// The same key again gives the same deployment again.
    pub idempotency_key: Option<String>,
    /// The delivery that caused it, stored in the same transaction.
    pub delivery: Option<NewDelivery>,
}

/// A webhook delivery with a valid signature.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The sender's own id, unique per project.
    pub delivery_id: String,
    /// Its event (`push`).
    pub event: String,
    /// SHA-256 of the raw body.
    pub payload_sha256: Vec<u8>,
    /// The raw body, for a replay.
    pub payload: Vec<u8>,
    /// The verdict in words.
    pub reason: String,
}

/// An accepted deployment.
#[derive(Debug, Clone)]
pub struct CreatedDeployment {
    /// It, or the one that the same key made before.
    pub deployment: Deployment,
    /// The key was used before; nothing new was made.
    pub existing: bool,
}

/// What the git ref is when neither the caller nor the project names one: the remote's own default branch.
pub(crate) const DEFAULT_REF: &str = "HEAD";

impl Store {
    /// Accepts a deployment in one transaction: numbers it, keeps the settings and variables of this moment, supersedes
    /// what still waits for the same branch. Then wakes a worker, which may fail without harm.
    ///
    /// Returns none when the team has no such project.
    ///
    /// # Errors
    /// [`StoreError`]; [`crate::Conflict::DeliveryKnown`] when the delivery was received before.
    pub async fn create_deployment(
        &self,
        new: NewDeployment,
    ) -> Result<Option<CreatedDeployment>, StoreError> {
        let mut tx = self.pool.begin().await?;
        // The project's row lock makes deployments of one project follow one another.
        let Some(project) = sqlx::query!(
            "select p.slug, p.branch, p.deployment_number, e.id as environment_id
            from projects p join environments e on e.project_id = p.id and e.kind = 'production'
            where p.team_id = $1 and p.id = $2 and p.deleted_at is null for update of p",
            new.team_id.uuid(),
            new.project_id.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Ok(None);
        };
        if let Some(deployment) = existing_by_key(&mut tx, &new).await? {
            return Ok(Some(CreatedDeployment {
                deployment,
                existing: true,
            }));
        }
        let number = next_number(&mut tx, new.project_id, &project.slug, project.deployment_number).await?;
        let id = DeploymentId::generate();
        let git_ref = new
            .git_ref
            .as_ref()
            .map(|git_ref| git_ref.as_str().to_owned())
            .or(project.branch)
            .unwrap_or_else(|| DEFAULT_REF.to_owned());
        let superseded = supersede_queued(&mut tx, project.environment_id, &git_ref, id).await?;
        insert(&mut tx, &new, id, project.environment_id, number, &git_ref).await?;
        if let Some(delivery) = &new.delivery {
            insert_delivery(&mut tx, &new, id, delivery).await?;
        }
        let deployment = query_deployments!("where d.id = $1", id.uuid())
            .fetch_one(&mut *tx)
            .await?
            .try_into()?;
        tx.commit().await?;
        self.announce_created(&deployment, &superseded).await;
        Ok(Some(CreatedDeployment {
            deployment,
            existing: false,
        }))
    }

    async fn announce_created(&self, deployment: &Deployment, superseded: &[Uuid]) {
        fail::fail_point!("deployment_inserted");
        self.wake_workers(deployment.id).await;
        self.announce_status(deployment.id, deployment.status, None).await;
        for id in superseded {
            let id = DeploymentId::from_uuid(*id);
            self.announce_status(id, aether_models::DeploymentStatus::Superseded, None)
                .await;
        }
    }
}

async fn existing_by_key(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewDeployment,
) -> Result<Option<Deployment>, StoreError> {
    let Some(key) = &new.idempotency_key else {
        return Ok(None);
    };
    query_deployments!(
        "where d.project_id = $1 and d.idempotency_key = $2",
        new.project_id.uuid(),
        key
    )
    .fetch_optional(&mut **tx)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// The next number whose own host (`<slug>-<number>`) is not the name of another project.
async fn next_number(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    slug: &str,
    last: i32,
) -> Result<i32, StoreError> {
    let number = sqlx::query_scalar!(
        r#"select min(n) as "number!" from generate_series($1::integer + 1, $1::integer + 1000) n
        where not exists (select 1 from projects where slug = $2 || '-' || n and deleted_at is null)"#,
        last,
        slug
    )
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query!(
        "update projects set deployment_number = $2 where id = $1",
        project.uuid(),
        number
    )
    .execute(&mut **tx)
    .await?;
    Ok(number)
}

async fn supersede_queued(
    tx: &mut Transaction<'_, Postgres>,
    environment: Uuid,
    git_ref: &str,
    by: DeploymentId,
) -> Result<Vec<Uuid>, StoreError> {
    let error = aether_models::UserError::new(
        "superseded",
        "A newer deployment took its place",
        format!("{by} builds the same branch and was asked for later"),
    );
    Ok(sqlx::query_scalar!(
        "update deployments set status = 'SUPERSEDED', finished_at = now(), error = $3
        where environment_id = $1 and git_ref = $2 and status = 'QUEUED' returning id",
        environment,
        git_ref,
        sqlx::types::Json(error) as _
    )
    .fetch_all(&mut **tx)
    .await?)
}

async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewDeployment,
    id: DeploymentId,
    environment: Uuid,
    number: i32,
    git_ref: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into deployments (id, team_id, project_id, environment_id, number, trigger, git_ref, settings, env_snapshot,
            idempotency_key, created_by)
        select $1, p.team_id, p.id, $3, $4, $5, $6, p.settings,
            coalesce((select jsonb_agg(jsonb_build_object(
                'name', v.name, 'value', translate(encode(v.value, 'base64'), e'\\n', ''), 'scope', v.scope, 'secret', v.secret) order by v.name)
                from env_vars v where v.project_id = p.id), '[]'),
            $7, $8
        from projects p where p.id = $2",
        id.uuid(),
        new.project_id.uuid(),
        environment,
        number,
        new.trigger.as_str(),
        git_ref,
        new.idempotency_key,
        new.created_by.map(UserId::uuid)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_delivery(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewDeployment,
    deployment: DeploymentId,
    delivery: &NewDelivery,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into webhook_deliveries (id, team_id, project_id, delivery_id, event, payload_sha256, payload, verdict, reason,
            deployment_id)
        values ($1, $2, $3, $4, $5, $6, $7, 'deployed', $8, $9)",
        WebhookDeliveryId::generate().uuid(),
        new.team_id.uuid(),
        new.project_id.uuid(),
        delivery.delivery_id,
        delivery.event,
        delivery.payload_sha256,
        delivery.payload,
        delivery.reason,
        deployment.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
