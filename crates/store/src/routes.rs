//! The route table: read by the proxies, changed together with what it describes.
//!
//! Every change takes the next version from `route_version` under its row lock and holds that lock until it commits, so
//! versions are visible in commit order. Take the version last: everything else of a transaction comes before it.

use aether_models::{
    DeploymentId, EnvironmentId, Hostname, PlatformPage, ProjectId, Route, RouteChanges, RouteKind,
    RouteTarget,
};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};

use crate::{Store, StoreError, redis_keys};

impl Store {
    /// What changed after `version`; 0 gives the whole table (then `removed` is empty).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn route_changes_since(&self, version: i64) -> Result<RouteChanges, StoreError> {
        // One snapshot for both reads, so that no row is newer than the version that is handed out.
        let mut tx = self.pool.begin().await?;
        sqlx::query("set transaction isolation level repeatable read, read only")
            .execute(&mut *tx)
            .await?;
        let current = sqlx::query_scalar!("select version from route_version")
            .fetch_one(&mut *tx)
            .await?;
        let rows = sqlx::query!(
            r#"select r.host, r.project_id, r.kind, r.target as "target: Json<RouteTarget>", r.version, r.removed,
                coalesce((p.settings ->> 'access_log_percent')::int4, 0) as "access_log_percent!"
            from routes r left join projects p on p.id = r.project_id
            where r.version > $1 and not (r.removed and $1 = 0) order by r.version"#,
            version
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut changes = RouteChanges {
            version: current,
            ..RouteChanges::default()
        };
        for row in rows {
            let host: Hostname = row
                .host
                .parse()
                .map_err(|error| StoreError::corrupt("host", error))?;
            if row.removed {
                changes.removed.push(host);
                continue;
            }
            changes.routes.push(Route {
                host,
                project_id: row.project_id.into(),
                kind: row
                    .kind
                    .parse()
                    .map_err(|error| StoreError::corrupt("route kind", error))?,
                target: row.target.0,
                access_log_percent: u8::try_from(row.access_log_percent).unwrap_or(0),
                version: row.version,
            });
        }
        Ok(changes)
    }

    /// The present version of the table.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn route_version(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar!("select version from route_version")
            .fetch_one(&self.pool)
            .await?)
    }

    /// Forgets hosts that were removed a month ago; every proxy has long seen it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_removed_routes(&self) -> Result<(), StoreError> {
        sqlx::query!("delete from routes where removed and updated_at < now() - interval '30 days'")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(crate) async fn announce_routes(&self, version: i64) {
        self.publish(redis_keys::ROUTES, &version).await;
    }
}

/// Takes the next version; the lock on it is held until the transaction ends.
pub(crate) async fn next_version(tx: &mut Transaction<'_, Postgres>) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar!("update route_version set version = version + 1 returning version")
            .fetch_one(&mut **tx)
            .await?,
    )
}

/// Makes a moving host (all but the deployments' own) answer. A host of another project is left alone unless it was removed.
///
/// Returns whether the host is now this project's.
pub(crate) async fn put_route(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    environment: Option<EnvironmentId>,
    host: &Hostname,
    kind: RouteKind,
    target: &RouteTarget,
    version: i64,
) -> Result<bool, StoreError> {
    let result = sqlx::query!(
        "insert into routes (host, project_id, environment_id, kind, target, version) values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint routes_pkey do update set project_id = excluded.project_id,
            environment_id = excluded.environment_id, kind = excluded.kind, deployment_id = null, target = excluded.target,
            version = excluded.version, removed = false, updated_at = now()
        where routes.removed or routes.project_id = excluded.project_id",
        host.as_str(),
        project.uuid(),
        environment.map(EnvironmentId::uuid),
        kind.as_str(),
        Json(target) as _,
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(result.rows_affected() > 0)
}

/// Makes the deployment's own host answer, for ever with this release.
pub(crate) async fn put_deployment_route(
    tx: &mut Transaction<'_, Postgres>,
    deployment: DeploymentId,
    host: &Hostname,
    target: &RouteTarget,
    version: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into routes (host, project_id, environment_id, deployment_id, kind, target, version)
        select $2, d.project_id, d.environment_id, d.id, 'deployment', $3, $4 from deployments d where d.id = $1
        on conflict on constraint routes_pkey do update set project_id = excluded.project_id,
            environment_id = excluded.environment_id, deployment_id = excluded.deployment_id, kind = excluded.kind,
            target = excluded.target, version = excluded.version, removed = false, updated_at = now()
        where routes.removed or routes.project_id = excluded.project_id",
        deployment.uuid(),
        host.as_str(),
        Json(target) as _,
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets the deployment's own host show something else: its copies changed, or were stopped.
pub(crate) async fn point_deployment(
    tx: &mut Transaction<'_, Postgres>,
    deployment: DeploymentId,
    target: &RouteTarget,
    version: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update routes set target = $2, version = $3, updated_at = now()
        where deployment_id = $1 and not removed and target <> $2",
        deployment.uuid(),
        Json(target) as _,
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Points every moving host of an environment (all but the deployments' own) at a release.
pub(crate) async fn point_environment(
    tx: &mut Transaction<'_, Postgres>,
    environment: EnvironmentId,
    target: &RouteTarget,
    version: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update routes set target = $2, version = $3, updated_at = now()
        where environment_id = $1 and kind <> 'deployment' and not removed",
        environment.uuid(),
        Json(target) as _,
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Shows a page of the platform's own while an environment has no live release. Returns the new version if it changed
/// anything.
pub(crate) async fn show_page(
    tx: &mut Transaction<'_, Postgres>,
    environment: EnvironmentId,
    page: PlatformPage,
) -> Result<Option<i64>, StoreError> {
    let target = RouteTarget::Page { page };
    let differs = sqlx::query_scalar!(
        r#"select exists (
            select 1 from routes r join environments e on e.id = r.environment_id
            where r.environment_id = $1 and r.kind <> 'deployment' and not r.removed
                and e.live_deployment_id is null and r.target <> $2
        ) as "differs!""#,
        environment.uuid(),
        Json(&target) as _
    )
    .fetch_one(&mut **tx)
    .await?;
    if !differs {
        return Ok(None);
    }
    let version = next_version(tx).await?;
    point_environment(tx, environment, &target, version).await?;
    Ok(Some(version))
}

/// Has the proxies read a project's hosts again, because a setting they go by has changed. Returns the new version.
pub(crate) async fn renew_project_routes(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
) -> Result<i64, StoreError> {
    let version = next_version(tx).await?;
    sqlx::query!(
        "update routes set version = $2, updated_at = now() where project_id = $1 and not removed",
        project.uuid(),
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(version)
}

/// Takes all hosts of a project off the table, leaving tombstones. Returns the new version.
pub(crate) async fn remove_project_routes(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
) -> Result<i64, StoreError> {
    let version = next_version(tx).await?;
    sqlx::query!(
        "update routes set removed = true, version = $2, updated_at = now() where project_id = $1 and not removed",
        project.uuid(),
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(version)
}

/// Takes one host of a project off the table. Returns the new version.
pub(crate) async fn remove_route(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    host: &Hostname,
) -> Result<i64, StoreError> {
    let version = next_version(tx).await?;
    sqlx::query!(
        "update routes set removed = true, version = $3, updated_at = now()
        where project_id = $1 and host = $2 and not removed",
        project.uuid(),
        host.as_str(),
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(version)
}
