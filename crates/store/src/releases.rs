//! Making a release live: one transaction that moves the environment's pointer, its routes and the deployment's status
//! together, so that a crash leaves either all of it or nothing.

use aether_models::{
    DeploymentId, EnvironmentId, Hostname, PlanKind, ProjectId, RouteTarget, Step, TeamId, UserError, UserId,
};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::deployments::progress::held;
use crate::instances::reached_at;
use crate::{Lease, Store, StoreError, routes};

/// A deployment that is ready to go live.
#[derive(Debug, Clone)]
pub struct Release {
    /// What answers for it.
    pub target: RouteTarget,
    /// Its own host, fixed for ever.
    pub host: Hostname,
}

/// What a request to make an earlier deployment live led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchOutcome {
    /// Visitors get it now.
    Switched,
    /// Its app is not running: a worker starts it first.
    Pending,
    /// It is live already.
    AlreadyLive,
    /// It never became ready.
    NotReady,
    /// Its files were removed by retention.
    ArtifactGone,
}

/// A switch that waits for its app to be started.
#[derive(Debug, Clone)]
pub struct PendingSwitch {
    /// Internal key.
    pub id: Uuid,
    /// The environment to switch.
    pub environment_id: EnvironmentId,
    /// What it should serve.
    pub deployment_id: DeploymentId,
    /// The environment's version when it was asked for.
    pub live_version: i64,
    /// Seconds since it was asked for.
    pub age_seconds: f64,
}

impl Store {
    /// Makes the deployment of this lease live and `READY`: environment, hosts, route step and status in one
    /// transaction. Returns the deployment that was live before.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost or somebody asked for a cancel before this moment.
    pub async fn complete_release(
        &self,
        lease: &Lease,
        release: &Release,
    ) -> Result<Option<DeploymentId>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let Some(row) = sqlx::query!(
            "update deployments d set status = 'READY', finished_at = now(), lease_owner = null, lease_until = null
            from projects p
            where p.id = d.project_id and p.deleted_at is null and d.id = $1 and d.fencing_token = $2
                and d.status = 'DEPLOYING' and not d.cancel_requested
            returning d.environment_id",
            lease.deployment_id.uuid(),
            lease.fencing_token
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Err(StoreError::Fenced);
        };
        let environment = EnvironmentId::from_uuid(row.environment_id);
        let finished = sqlx::query!(
            "update deployment_steps set finished_at = now(), outcome = 'succeeded', error = null
            where deployment_id = $1 and step = $2",
            lease.deployment_id.uuid(),
            Step::Route.as_str()
        )
        .execute(&mut *tx)
        .await?;
        held(finished.rows_affected())?;
        let previous = move_pointer(&mut tx, environment, lease.deployment_id).await?;
        let version = routes::next_version(&mut tx).await?;
        routes::point_environment(&mut tx, environment, &release.target, version).await?;
        routes::put_deployment_route(
            &mut tx,
            lease.deployment_id,
            &release.host,
            &release.target,
            version,
        )
        .await?;
        tx.commit().await?;
        self.announce_routes(version).await;
        self.announce_status(
            lease.deployment_id,
            aether_models::DeploymentStatus::Ready,
            Some(Step::Route),
        )
        .await;
        Ok(previous)
    }

    /// Makes an earlier deployment live: at once when its files or its running app are there, otherwise by a worker.
    /// Returns none when the team has no such deployment in this project.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn switch_release(
        &self,
        team: TeamId,
        project: ProjectId,
        deployment: DeploymentId,
        by: Option<UserId>,
    ) -> Result<Option<SwitchOutcome>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let Some(row) = sqlx::query!(
            r#"select d.status, d.artifact_deleted_at, d.environment_id, e.live_deployment_id, e.live_version,
                d.plan as "plan: Json<aether_models::BuildPlan>"
            from deployments d join environments e on e.id = d.environment_id join projects p on p.id = d.project_id
            where d.team_id = $1 and d.project_id = $2 and d.id = $3 and p.deleted_at is null and e.removed_at is null
            for update of e"#,
            team.uuid(),
            project.uuid(),
            deployment.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Ok(None);
        };
        let outcome = match (row.status.as_str(), &row.plan) {
            _ if row.live_deployment_id == Some(deployment.uuid()) => SwitchOutcome::AlreadyLive,
            ("READY", _) if row.artifact_deleted_at.is_some() => SwitchOutcome::ArtifactGone,
            ("READY", Some(plan)) => {
                let environment = EnvironmentId::from_uuid(row.environment_id);
                match running_target(&mut tx, deployment, plan.kind).await? {
                    Some(target) => {
                        return self
                            .commit_switch(tx, environment, deployment, &target)
                            .await
                            .map(Some);
                    }
                    None => {
                        request_switch(&mut tx, team, environment, deployment, by, row.live_version).await?;
                        SwitchOutcome::Pending
                    }
                }
            }
            _ => SwitchOutcome::NotReady,
        };
        tx.commit().await?;
        if outcome == SwitchOutcome::Pending {
            self.announce_reconcile().await;
        }
        Ok(Some(outcome))
    }

    /// Switches that wait for their app.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pending_switches(&self) -> Result<Vec<PendingSwitch>, StoreError> {
        let rows = sqlx::query!(
            r#"select id, environment_id, deployment_id, live_version,
                extract(epoch from now() - requested_at)::float8 as "age_seconds!"
            from release_switches where finished_at is null order by requested_at"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| PendingSwitch {
                id: row.id,
                environment_id: row.environment_id.into(),
                deployment_id: row.deployment_id.into(),
                live_version: row.live_version,
                age_seconds: row.age_seconds,
            })
            .collect())
    }

    /// Ends a waiting switch whose app is healthy now. Returns false when somebody else switched the environment
    /// meanwhile; then nothing changes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn complete_switch(&self, switch: &PendingSwitch) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let unchanged = sqlx::query_scalar!(
            r#"select 1 as "one!" from environments where id = $1 and live_version = $2 for update"#,
            switch.environment_id.uuid(),
            switch.live_version
        )
        .fetch_optional(&mut *tx)
        .await?
        .is_some();
        let target = running_target(&mut tx, switch.deployment_id, PlanKind::Server).await?;
        let (Some(target), true) = (target, unchanged) else {
            tx.rollback().await?;
            let error = UserError::new(
                "switch_overtaken",
                "The switch was overtaken",
                "Another release became live before this one was started",
            );
            self.fail_switch(switch, &error).await?;
            return Ok(false);
        };
        sqlx::query!(
            "update release_switches set finished_at = now() where id = $1",
            switch.id
        )
        .execute(&mut *tx)
        .await?;
        self.commit_switch(tx, switch.environment_id, switch.deployment_id, &target)
            .await?;
        Ok(true)
    }

    /// Ends a waiting switch whose app could not be started.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn fail_switch(&self, switch: &PendingSwitch, error: &UserError) -> Result<(), StoreError> {
        sqlx::query!(
            "update release_switches set finished_at = now(), error = $2 where id = $1 and finished_at is null",
            switch.id,
            Json(error) as _
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Sends visitors of a release to its healthy copies, wherever it is routed. Called after copies changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refresh_upstreams(&self, deployment: DeploymentId) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        let Some(target) = running_target(&mut tx, deployment, PlanKind::Server).await? else {
            // Without a healthy copy the old addresses stay: the proxy says that the app is down.
            return Ok(());
        };
        let stale = sqlx::query_scalar!(
            r#"select host as "host!" from routes r join environments e on e.id = r.environment_id
            where not r.removed and r.target <> $2
                and (r.deployment_id = $1 or (r.kind <> 'deployment' and e.live_deployment_id = $1))"#,
            deployment.uuid(),
            Json(&target) as _
        )
        .fetch_all(&mut *tx)
        .await?;
        if stale.is_empty() {
            return Ok(());
        }
        let version = routes::next_version(&mut tx).await?;
        sqlx::query!(
            "update routes set target = $2, version = $3, updated_at = now() where host = any($1)",
            &stale,
            Json(&target) as _,
            version
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.announce_routes(version).await;
        Ok(())
    }

    async fn commit_switch(
        &self,
        mut tx: Transaction<'_, Postgres>,
        environment: EnvironmentId,
        deployment: DeploymentId,
        target: &RouteTarget,
    ) -> Result<SwitchOutcome, StoreError> {
        move_pointer(&mut tx, environment, deployment).await?;
        let version = routes::next_version(&mut tx).await?;
        routes::point_environment(&mut tx, environment, target, version).await?;
        // It showed that its app was stopped, if a worker had to start it.
        routes::point_deployment(&mut tx, deployment, target, version).await?;
        tx.commit().await?;
        self.announce_routes(version).await;
        self.announce_status(deployment, aether_models::DeploymentStatus::Ready, None)
            .await;
        self.announce_reconcile().await;
        Ok(SwitchOutcome::Switched)
    }
}

/// Moves the environment's pointer and notes since when the copies of other releases get no visitors.
async fn move_pointer(
    tx: &mut Transaction<'_, Postgres>,
    environment: EnvironmentId,
    deployment: DeploymentId,
) -> Result<Option<DeploymentId>, StoreError> {
    let previous = sqlx::query_scalar!(
        "select live_deployment_id from environments where id = $1 for update",
        environment.uuid()
    )
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query!(
        "update environments set live_deployment_id = $2, live_version = live_version + 1 where id = $1",
        environment.uuid(),
        deployment.uuid()
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update deployments set last_live_at = now() where id = $1 or id = $2",
        deployment.uuid(),
        previous
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update instances i set unrouted_at = case when i.deployment_id = $2 then null else coalesce(i.unrouted_at, now()) end
        from deployments d
        where d.id = i.deployment_id and d.environment_id = $1 and i.stopped_at is null",
        environment.uuid(),
        deployment.uuid()
    )
    .execute(&mut **tx)
    .await?;
    // Switches that wait were asked for before this one.
    sqlx::query!(
        "update release_switches set finished_at = now() where environment_id = $1 and finished_at is null
            and deployment_id <> $2",
        environment.uuid(),
        deployment.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(previous.map(DeploymentId::from_uuid))
}

/// What answers for a release now; none when it is an app without a healthy copy.
async fn running_target(
    tx: &mut Transaction<'_, Postgres>,
    deployment: DeploymentId,
    kind: PlanKind,
) -> Result<Option<RouteTarget>, StoreError> {
    if kind == PlanKind::Static {
        return Ok(Some(RouteTarget::Static {
            deployment_id: deployment,
        }));
    }
    let rows = sqlx::query!(
        "select address, port, reached_at from instances
        where deployment_id = $1 and state = 'healthy' and stopped_at is null order by id for share",
        deployment.uuid()
    )
    .fetch_all(&mut **tx)
    .await?;
    let upstreams = rows
        .iter()
        .map(|row| reached_at(row.reached_at.as_deref(), &row.address, row.port))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((!upstreams.is_empty()).then_some(RouteTarget::App {
        deployment_id: deployment,
        upstreams,
    }))
}

async fn request_switch(
    tx: &mut Transaction<'_, Postgres>,
    team: TeamId,
    environment: EnvironmentId,
    deployment: DeploymentId,
    by: Option<UserId>,
    live_version: i64,
) -> Result<(), StoreError> {
    // The latest wish counts. The environment's row is locked, so two wishes follow one another.
    let error = UserError::new(
        "switch_overtaken",
        "The switch was overtaken",
        "Somebody asked for another release before this one was started",
    );
    sqlx::query!(
        "update release_switches set finished_at = now(), error = $2 where environment_id = $1 and finished_at is null",
        environment.uuid(),
        Json(error) as _
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into release_switches (id, team_id, environment_id, deployment_id, requested_by, live_version)
        values ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        team.uuid(),
        environment.uuid(),
        deployment.uuid(),
        by.map(UserId::uuid),
        live_version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
