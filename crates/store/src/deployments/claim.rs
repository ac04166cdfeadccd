//! The queue: which deployment a worker takes next, and how it keeps it.
//!
//! A claim counts an attempt and raises the fencing token; the lease runs by the database's clock. A running deployment
//! whose lease ran out belongs to a dead worker and is taken first. Claims follow one another under an advisory lock,
//! because fairness between teams and "one at a time per environment" are decisions over the whole queue.

use std::time::Duration;

use aether_models::{
    Commit, DeploymentId, EnvironmentId, EnvironmentKindName, Hostname, PlatformPage, ProjectId,
    ProjectSettings, ProjectSource, RepoUrl, Slug, TeamId, UserError,
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Lease, SealedEnvVar};
use crate::{SealedDeployKey, Store, StoreError, project_source, routes};

/// A deployment that ends its worker this often is given up.
pub const MAX_ATTEMPTS: i32 = 3;
/// Key of the advisory lock under which claims follow one another.
const CLAIM_LOCK: i64 = 0x6165_7468_6572_0001;

/// A deployment and all that its worker needs to know.
#[derive(Debug, Clone)]
pub struct ClaimedDeployment {
    /// The right to write to it.
    pub lease: Lease,
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// Where it goes.
    pub environment_id: EnvironmentId,
    /// What that is for.
    pub environment_kind: EnvironmentKindName,
    /// Host of the preview it goes to; none for production.
    pub preview_host: Option<Hostname>,
    /// Its code comes from a fork: nobody of the team has to have written it.
    pub from_fork: bool,
    /// Where that fork is, when the project's own repository has no ref for it.
    pub fork_url: Option<RepoUrl>,
    /// Label of the project's host.
    pub slug: Slug,
    /// Its number within the project.
    pub number: i32,
    /// How often it was taken, this time included.
    pub attempt: i32,
    /// What to build; `HEAD` is the remote's default branch.
    pub git_ref: String,
    /// An upload is built instead of a commit.
    pub is_upload: bool,
    /// The commit an earlier attempt settled on; the same is built again.
    pub commit: Option<Commit>,
    /// Where the code is.
    pub source: ProjectSource,
    /// Sealed credentials of the repository.
    pub repo_credentials: Option<Vec<u8>>,
    /// SSH key of the project, sealed.
    pub deploy_key: Option<SealedDeployKey>,
    /// The settings it was made with.
    pub settings: ProjectSettings,
    /// The variables it was made with, sealed.
    pub env: Vec<SealedEnvVar>,
    /// Number of the last log line an earlier attempt wrote.
    pub last_log_seq: i64,
    /// Somebody asked for it to stop before it was taken.
    pub cancel_requested: bool,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

/// What a heartbeat learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// The lease was renewed.
    Held {
        /// Somebody asked for the deployment to stop, or its project is gone.
        cancel_requested: bool,
    },
    /// Another worker has it, or it has ended: stop.
    Lost,
}

impl Store {
    /// Takes the next deployment, or none when there is nothing to do.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim_next(
        &self,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<ClaimedDeployment>, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock($1)", CLAIM_LOCK)
            .execute(&mut *tx)
            .await?;
        let given_up = give_up_crashed(&mut tx).await?;
        let candidate = match next_orphan(&mut tx).await? {
            Some(orphan) => Some(orphan),
            None => next_queued(&mut tx).await?,
        };
        let claimed = match candidate {
            Some(id) => Some(take(&mut tx, id, worker, lease).await?),
            None => None,
        };
        let mut version = None;
        for (_, environment) in &given_up {
            version = routes::show_page(&mut tx, (*environment).into(), PlatformPage::Failed)
                .await?
                .or(version);
        }
        if let Some(claimed) = &claimed {
            version = routes::show_page(&mut tx, claimed.environment_id, PlatformPage::Building)
                .await?
                .or(version);
        }
        tx.commit().await?;
        if let Some(version) = version {
            self.announce_routes(version).await;
        }
        for (id, _) in given_up {
            self.announce_status(id.into(), aether_models::DeploymentStatus::Failed, None)
                .await;
        }
        if let Some(claimed) = &claimed {
            let id = claimed.lease.deployment_id;
            self.announce_status(id, aether_models::DeploymentStatus::Building, None)
                .await;
        }
        Ok(claimed)
    }

    /// Keeps a deployment for another `lease`.
    ///
    /// # Errors
    /// [`StoreError`]; not being able to ask is not the same as [`Heartbeat::Lost`], but after the lease's time it is.
    pub async fn heartbeat(&self, lease: &Lease, duration: Duration) -> Result<Heartbeat, StoreError> {
        let cancel = sqlx::query_scalar!(
            r#"update deployments d set lease_until = now() + make_interval(secs => $3)
            from projects p
            where p.id = d.project_id and d.id = $1 and d.fencing_token = $2 and d.status in ('BUILDING', 'DEPLOYING')
            returning (d.cancel_requested or p.deleted_at is not null) as "cancel!""#,
            lease.deployment_id.uuid(),
            lease.fencing_token,
            duration.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(
            cancel.map_or(Heartbeat::Lost, |cancel_requested| Heartbeat::Held {
                cancel_requested,
            }),
        )
    }

    /// Gives a deployment back to the queue, as a worker does that stops in order; the attempt does not count.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it was lost before.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let result = sqlx::query!(
            "update deployments set status = 'QUEUED', lease_owner = null, lease_until = null, attempt = attempt - 1,
                fencing_token = fencing_token + 1
            where id = $1 and fencing_token = $2 and status in ('BUILDING', 'DEPLOYING')",
            lease.deployment_id.uuid(),
            lease.fencing_token
        )
        .execute(&self.pool)
        .await?;
        if result.rows_affected() == 0 {
            return Err(StoreError::Fenced);
        }
        self.wake_workers(lease.deployment_id).await;
        Ok(())
    }
}

/// Ends what crashed its worker too often.
async fn give_up_crashed(tx: &mut Transaction<'_, Postgres>) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    let error = UserError::new(
        "worker_crashed",
        "The deployment was given up",
        format!("The worker ended {MAX_ATTEMPTS} times while it ran this deployment"),
    )
    .hint("Look at the last lines of the log for the step it ended in, and at the worker's own log.");
    let rows = sqlx::query!(
        "update deployments set status = 'FAILED', error = $2, finished_at = now(), fencing_token = fencing_token + 1,
            lease_owner = null, lease_until = null
        where status in ('BUILDING', 'DEPLOYING') and lease_until < now() and attempt >= $1
        returning id, environment_id",
        MAX_ATTEMPTS,
        Json(&error) as _
    )
    .fetch_all(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    if !ids.is_empty() {
        sqlx::query!(
            "update deployment_steps set outcome = 'failed', finished_at = now(), error = $2
            where deployment_id = any($1) and finished_at is null",
            &ids,
            Json(&error) as _
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(rows.into_iter().map(|row| (row.id, row.environment_id)).collect())
}

async fn next_orphan(tx: &mut Transaction<'_, Postgres>) -> Result<Option<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select id from deployments where status in ('BUILDING', 'DEPLOYING') and lease_until < now()
        order by id limit 1 for update skip locked"
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// The oldest waiting deployment of the team with the fewest running ones, of an environment where nothing runs.
async fn next_queued(tx: &mut Transaction<'_, Postgres>) -> Result<Option<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select head.id
        from teams t
        cross join lateral (
            select d.id from deployments d
            where d.team_id = t.id and d.status = 'QUEUED' and not exists (
                select 1 from deployments r
                where r.environment_id = d.environment_id and r.status in ('BUILDING', 'DEPLOYING'))
            order by d.id limit 1
        ) head
        order by (
            select count(*) from deployments r where r.team_id = t.id and r.status in ('BUILDING', 'DEPLOYING')
        ), head.id
        limit 1"
    )
    .fetch_optional(&mut **tx)
    .await?)
}

async fn take(
    tx: &mut Transaction<'_, Postgres>,
    id: Uuid,
    worker: &str,
    lease: Duration,
) -> Result<ClaimedDeployment, StoreError> {
    let row = sqlx::query!(
        r#"update deployments d set status = 'BUILDING', lease_owner = $2,
            lease_until = now() + make_interval(secs => $3), attempt = d.attempt + 1,
            fencing_token = d.fencing_token + 1, started_at = coalesce(d.started_at, now())
        from projects p left join deploy_keys k on k.project_id = p.id, environments e
        where d.id = $1 and p.id = d.project_id and e.id = d.environment_id
        returning (d.upload_id is not null) as "is_upload!", e.kind as environment_kind, e.preview_host, e.from_fork, e.fork_url, d.fencing_token, d.team_id, d.project_id, d.environment_id, p.slug, d.number, d.attempt, d.git_ref,
            d.commit_sha, d.commit_message, d.commit_author, d.commit_authored_at, p.source, p.repo_url, p.template,
            p.repo_credentials, k.private_key as "deploy_key?", k.host_key as "host_key?",
            d.settings as "settings: Json<ProjectSettings>", d.env_snapshot as "env: Json<Vec<SealedEnvVar>>",
            (select coalesce(max(seq), 0) from build_logs l where l.deployment_id = d.id) as "last_log_seq!",
            (d.cancel_requested or p.deleted_at is not null) as "cancel_requested!", d.created_at"#,
        id,
        worker,
        lease.as_secs_f64()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(ClaimedDeployment {
        lease: Lease {
            deployment_id: DeploymentId::from_uuid(id),
            fencing_token: row.fencing_token,
        },
        team_id: row.team_id.into(),
        project_id: row.project_id.into(),
        environment_id: row.environment_id.into(),
        environment_kind: row
            .environment_kind
            .parse()
            .map_err(|error| StoreError::corrupt("environment kind", error))?,
        preview_host: row
            .preview_host
            .map(|host| host.parse())
            .transpose()
            .map_err(|error| StoreError::corrupt("host", error))?,
        from_fork: row.from_fork,
        fork_url: row
            .fork_url
            .map(|url| url.parse())
            .transpose()
            .map_err(|error| StoreError::corrupt("repository address", error))?,
        slug: row
            .slug
            .parse()
            .map_err(|error| StoreError::corrupt("slug", error))?,
        number: row.number,
        attempt: row.attempt,
        git_ref: row.git_ref,
        is_upload: row.is_upload,
        commit: row.commit_sha.map(|sha| Commit {
            sha,
            message: row.commit_message.unwrap_or_default(),
            author: row.commit_author.unwrap_or_default(),
            authored_at: row.commit_authored_at,
        }),
        source: project_source::read(&row.source, row.repo_url.as_deref(), row.template.as_deref())?,
        repo_credentials: row.repo_credentials,
        deploy_key: row.deploy_key.map(|private_key| SealedDeployKey {
            private_key,
            host_key: row.host_key,
        }),
        settings: row.settings.0,
        env: row.env.0,
        last_log_seq: row.last_log_seq,
        cancel_requested: row.cancel_requested,
        created_at: row.created_at,
    })
}
