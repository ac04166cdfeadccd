//! What workers ask to keep a machine tidy: which copies of apps are missing or unneeded, which releases retention has
//! ended, what on disk still belongs to somebody.

use aether_models::{DeploymentId, InstanceId, PlatformPage, RouteTarget};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Store, StoreError, routes};

/// Deployments that something in a runtime may belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentsInUse {
    /// Under way right now.
    pub running: Vec<DeploymentId>,
    /// Releases that have an image and are kept.
    pub with_image: Vec<DeploymentId>,
}

impl Store {
    /// Takes a copy out of use, unless somebody wants it again. From then on no switch makes it live; the caller stops it.
    /// Returns false when it must go on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_draining(&self, id: InstanceId) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        // A switch to this release holds the same row's lock until the environment points at it.
        let Some(deployment) = sqlx::query_scalar!(
            "select deployment_id from instances where id = $1 and stopped_at is null for update",
            id.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Ok(false);
        };
        let drained = sqlx::query!(
            "update instances i set state = 'draining', unrouted_at = coalesce(unrouted_at, now()), updated_at = now()
            from deployments d join projects p on p.id = d.project_id
            where i.id = $1 and d.id = $2 and d.status not in ('BUILDING', 'DEPLOYING') and (p.deleted_at is not null or (
                not exists (select 1 from environments e where e.live_deployment_id = d.id)
                and not exists (
                    select 1 from release_switches s where s.deployment_id = d.id and s.finished_at is null)))",
            id.uuid(),
            deployment
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(drained.rows_affected() > 0)
    }

    /// Live releases of apps that have fewer copies on all machines than they should.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn live_apps_short_of_copies(&self) -> Result<Vec<DeploymentId>, StoreError> {
        let ids = sqlx::query_scalar!(
            "select d.id from environments e join deployments d on d.id = e.live_deployment_id
                join projects p on p.id = d.project_id
            where p.deleted_at is null and d.status = 'READY' and d.plan ->> 'kind' <> 'static'
                and (select count(*) from instances i where i.deployment_id = d.id and i.stopped_at is null)
                    < coalesce((d.settings ->> 'replicas')::integer, 1)"
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(DeploymentId::from_uuid).collect())
    }

    /// Ends releases: of each environment all but the live one and the `keep` that were live most recently, never one that
    /// waits to be live again; those of deleted projects and removed previews. What a rollback goes back to is therefore there, however
    /// old it is. Their own hosts show a page. Their files can be removed when this returns.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire_releases(&self, keep: u32) -> Result<Vec<DeploymentId>, StoreError> {
        let mut tx = self.pool.begin().await?;
        // A switch decides under its environment's lock whether a release is there; so does this.
        sqlx::query!(
            "select e.id from environments e where e.project_id in (
                select r.project_id from deployments r join projects p on p.id = r.project_id
                    join environments o on o.id = r.environment_id
                where r.status = 'READY' and r.artifact_deleted_at is null
                group by r.project_id, p.deleted_at having count(*) > $1 or p.deleted_at is not null
                    or bool_or(o.removed_at is not null))
            order by e.id for update",
            i64::from(keep)
        )
        .fetch_all(&mut *tx)
        .await?;
        let expired = sqlx::query_scalar!(
            "update deployments d set artifact_deleted_at = now()
            from (
                select r.id, coalesce(p.deleted_at, e.removed_at) as deleted_at, row_number() over (
                    partition by r.environment_id order by r.last_live_at desc nulls last, r.id desc) as age
                from deployments r join projects p on p.id = r.project_id
                    join environments e on e.id = r.environment_id
                where r.status = 'READY' and r.artifact_deleted_at is null
                    and (e.live_deployment_id is distinct from r.id or p.deleted_at is not null)
            ) ranked
            where ranked.id = d.id and (ranked.deleted_at is not null or (ranked.age > $1
                and not exists (
                    select 1 from release_switches s where s.deployment_id = d.id and s.finished_at is null)))
            returning d.id",
            i64::from(keep)
        )
        .fetch_all(&mut *tx)
        .await?;
        let ids: Vec<DeploymentId> = expired.iter().copied().map(DeploymentId::from_uuid).collect();
        if ids.is_empty() {
            return Ok(ids);
        }
        let page = RouteTarget::Page {
            page: PlatformPage::Stopped,
        };
        let version = routes::next_version(&mut tx).await?;
        sqlx::query!(
            "update routes set target = $2, version = $3, updated_at = now()
            where deployment_id = any($1) and not removed",
            &expired,
            Json(page) as _,
            version
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.announce_routes(version).await;
        Ok(ids)
    }

    /// Which of these deployments' files must stay: releases that exist, and whatever is under way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn kept_artifacts(&self, ids: &[DeploymentId]) -> Result<Vec<DeploymentId>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let kept = sqlx::query_scalar!(
            "select id from deployments where id = any($1) and (
                status in ('QUEUED', 'BUILDING', 'DEPLOYING') or (status = 'READY' and artifact_deleted_at is null))",
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(kept.into_iter().map(DeploymentId::from_uuid).collect())
    }

    /// Which of these deployments are under way with exactly this fencing token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn running_attempts(
        &self,
        attempts: &[(DeploymentId, i64)],
    ) -> Result<Vec<(DeploymentId, i64)>, StoreError> {
        let ids: Vec<Uuid> = attempts.iter().map(|(id, _)| id.uuid()).collect();
        let tokens: Vec<i64> = attempts.iter().map(|(_, token)| *token).collect();
        let rows = sqlx::query!(
            "select d.id, d.fencing_token from deployments d
                join unnest($1::uuid[], $2::bigint[]) a (id, token) on a.id = d.id and a.token = d.fencing_token
            where d.status in ('BUILDING', 'DEPLOYING')",
            &ids,
            &tokens
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.id.into(), row.fencing_token))
            .collect())
    }

    /// What the things of a runtime may still be needed for, besides apps: deployments under way, and releases whose
    /// image is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployments_in_use(&self) -> Result<DeploymentsInUse, StoreError> {
        let rows = sqlx::query!(
            r#"select id, (status in ('BUILDING', 'DEPLOYING')) as "running!" from deployments
            where status in ('BUILDING', 'DEPLOYING')
                or (status = 'READY' and artifact_deleted_at is null and image is not null)"#
        )
        .fetch_all(&self.pool)
        .await?;
        let mut in_use = DeploymentsInUse::default();
        for row in rows {
            let ids = if row.running {
                &mut in_use.running
            } else {
                &mut in_use.with_image
            };
            ids.push(row.id.into());
        }
        Ok(in_use)
    }

    /// All copies that are not stopped, on any machine.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn all_instances(&self) -> Result<Vec<InstanceId>, StoreError> {
        let ids = sqlx::query_scalar!("select id from instances where stopped_at is null")
            .fetch_all(&self.pool)
            .await?;
        Ok(ids.into_iter().map(Into::into).collect())
    }

    /// Which of these projects were deleted. A project that was never here is none of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deleted_projects(
        &self,
        ids: &[aether_models::ProjectId],
    ) -> Result<Vec<aether_models::ProjectId>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let found = sqlx::query_scalar!(
            "select id from projects where id = any($1) and deleted_at is not null",
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Which of these projects exist (deleted ones do not). A fork's preview has caches of its own, kept under the id of its
    /// environment, so those that are open count too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn existing_projects(
        &self,
        ids: &[aether_models::ProjectId],
    ) -> Result<Vec<aether_models::ProjectId>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let found = sqlx::query_scalar!(
            r#"select id as "id!" from projects where id = any($1) and deleted_at is null
            union all
            select id from environments where id = any($1) and kind = 'preview' and removed_at is null"#,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(found.into_iter().map(Into::into).collect())
    }
}
