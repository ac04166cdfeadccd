//! Running copies of server apps, as the worker keeps them.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use aether_models::{DeploymentId, InstanceId, ProjectId, ProjectSettings, RouteTarget, TeamId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::deployments::SealedEnvVar;
use crate::{Store, StoreError, routes};

/// What a copy is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    /// Launched, not yet healthy.
    Starting,
    /// Answers its health check.
    Healthy,
    /// Launched, but does not answer.
    Unhealthy,
    /// Ends again and again.
    CrashLooping,
    /// Gets no new requests and will be stopped.
    Draining,
    /// Gone.
    Stopped,
}

impl InstanceState {
    const ALL: [Self; 6] = [
        Self::Starting,
        Self::Healthy,
        Self::Unhealthy,
        Self::CrashLooping,
        Self::Draining,
        Self::Stopped,
    ];

    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::CrashLooping => "crash_looping",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::corrupt("instance state", text))
    }
}

/// A copy to be launched.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Its release.
    pub deployment_id: DeploymentId,
    /// The machine.
    pub node: String,
    /// `process` or `docker`.
    pub runtime: &'static str,
    /// Which of the release's copies, from 0.
    pub replica: u32,
    /// Ports to choose from.
    pub ports: RangeInclusive<u16>,
}

/// The image that a Dockerfile project was built into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseImage {
    /// Its id in the engine (`sha256:…`).
    pub id: String,
    /// The port it says it listens on.
    pub port: Option<u16>,
}

/// A copy and what is needed to launch it again.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// Its release.
    pub deployment_id: DeploymentId,
    /// Which of the release's copies, from 0.
    pub replica: u32,
    /// `process` or `docker`, as it was when the row was made.
    pub runtime: String,
    /// The port of this node that is reserved for it.
    pub port: u16,
    /// Where it is reached: the reserved port on loopback, or what the runtime said.
    pub address: SocketAddr,
    /// What it is doing.
    pub state: InstanceState,
    /// How often it was started again.
    pub restarts: i32,
    /// The settings its release was made with.
    pub settings: ProjectSettings,
    /// The variables its release was made with, sealed.
    pub env: Vec<SealedEnvVar>,
    /// The release's build plan (its start command and root).
    pub plan: Option<aether_models::BuildPlan>,
    /// The release's own image, of a Dockerfile project.
    pub image: Option<ReleaseImage>,
    /// An environment serves its release now, or a switch to it is waiting.
    pub wanted: bool,
    /// Since when no environment serves it.
    pub unrouted_at: Option<DateTime<Utc>>,
    /// Seconds since then, by the database's clock.
    pub unrouted_seconds: Option<f64>,
    /// Its project was deleted, or the preview it was for.
    pub project_deleted: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Reserves a copy of a release on a node with a port of its own; the one that exists is given again.
    ///
    /// # Errors
    /// [`StoreError`]; `Corrupt` when the node has no port left.
    pub async fn create_instance(&self, new: &NewInstance) -> Result<Instance, StoreError> {
        let replica = i32::try_from(new.replica).map_err(|error| StoreError::corrupt("replica", error))?;
        let mut tx = self.pool.begin().await?;
        // Two workers of one node must not choose the same port.
        sqlx::query!("select pg_advisory_xact_lock(hashtext($1)::bigint)", new.node)
            .execute(&mut *tx)
            .await?;
        let existing = sqlx::query_scalar!(
            "select id from instances where deployment_id = $1 and node = $2 and replica = $3 and stopped_at is null",
            new.deployment_id.uuid(),
            new.node,
            replica
        )
        .fetch_optional(&mut *tx)
        .await?;
        let id = match existing {
            Some(id) => id.into(),
            None => {
                let id = InstanceId::generate();
                let inserted = sqlx::query!(
                    "insert into instances (id, team_id, project_id, deployment_id, node, runtime, address, port, state, replica)
                    select $1, d.team_id, d.project_id, d.id, $3, $4, '127.0.0.1', free.port, 'starting', $7
                    from deployments d, (
                        select candidate.port from generate_series($5::integer, $6::integer) candidate (port)
                        where not exists (
                            select 1 from instances i
                            where i.node = $3 and i.port = candidate.port and i.stopped_at is null)
                        -- The least recently used first: a port that was just freed may still have late visitors.
                        order by (
                            select max(i.created_at) from instances i where i.node = $3 and i.port = candidate.port
                        ) nulls first, candidate.port
                        limit 1
                    ) free
                    where d.id = $2",
                    id.uuid(),
                    new.deployment_id.uuid(),
                    new.node,
                    new.runtime,
                    i32::from(*new.ports.start()),
                    i32::from(*new.ports.end()),
                    replica
                )
                .execute(&mut *tx)
                .await?;
                if inserted.rows_affected() == 0 {
                    return Err(StoreError::corrupt("port range", "no port is free"));
                }
                id
            }
        };
        tx.commit().await?;
        self.instance(id)
            .await?
            .ok_or_else(|| StoreError::corrupt("instance", "it is gone"))
    }

    /// One copy that is not stopped.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn instance(&self, id: InstanceId) -> Result<Option<Instance>, StoreError> {
        Ok(self.select_instances(None, Some(id)).await?.pop())
    }

    /// All copies of a node that are not stopped.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn instances_on(&self, node: &str) -> Result<Vec<Instance>, StoreError> {
        self.select_instances(Some(node), None).await
    }

    async fn select_instances(
        &self,
        node: Option<&str>,
        id: Option<InstanceId>,
    ) -> Result<Vec<Instance>, StoreError> {
        sqlx::query!(
            r#"select i.id, i.team_id, i.project_id, i.deployment_id, i.address, i.port, i.state, i.restarts, i.replica,
                i.runtime, i.reached_at, d.image as "image: Json<ReleaseImage>",
                d.settings as "settings: Json<ProjectSettings>", d.env_snapshot as "env: Json<Vec<SealedEnvVar>>",
                d.plan as "plan: Json<aether_models::BuildPlan>",
                (p.deleted_at is null and (exists (select 1 from environments e where e.live_deployment_id = d.id)
                    or exists (select 1 from release_switches s where s.deployment_id = d.id and s.finished_at is null)))
                    as "wanted!",
                i.unrouted_at, extract(epoch from now() - i.unrouted_at)::float8 as unrouted_seconds,
                (p.deleted_at is not null or home.removed_at is not null) as "project_deleted!", i.created_at
            from instances i join deployments d on d.id = i.deployment_id join projects p on p.id = i.project_id
                join environments home on home.id = d.environment_id
            where i.stopped_at is null and ($1::text is null or i.node = $1) and ($2::uuid is null or i.id = $2)
            order by i.id"#,
            node,
            id.map(InstanceId::uuid)
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Instance {
                id: row.id.into(),
                team_id: row.team_id.into(),
                project_id: row.project_id.into(),
                deployment_id: row.deployment_id.into(),
                replica: u32::try_from(row.replica).map_err(|error| StoreError::corrupt("replica", error))?,
                runtime: row.runtime,
                port: socket_address(&row.address, row.port)?.port(),
                address: reached_at(row.reached_at.as_deref(), &row.address, row.port)?,
                state: InstanceState::parse(&row.state)?,
                restarts: row.restarts,
                settings: row.settings.0,
                env: row.env.0,
                plan: row.plan.map(|Json(plan)| plan),
                image: row.image.map(|Json(image)| image),
                wanted: row.wanted,
                unrouted_at: row.unrouted_at,
                unrouted_seconds: row.unrouted_seconds,
                project_deleted: row.project_deleted,
                created_at: row.created_at,
            })
        })
        .collect()
    }

    /// Keeps what runs a copy and where it is reached; none is its reserved port on loopback.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_instance_address(
        &self,
        id: InstanceId,
        runtime: &str,
        reached_at: Option<SocketAddr>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update instances set reached_at = $2, runtime = $3, updated_at = now()
            where id = $1 and stopped_at is null",
            id.uuid(),
            reached_at.map(|address| address.to_string()),
            runtime
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Keeps what a copy is doing. A copy that becomes healthy or stops being so changes where visitors are sent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_instance_state(
        &self,
        id: InstanceId,
        state: InstanceState,
        restarts: i32,
        last_exit: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update instances set state = $2, restarts = $3, last_exit = coalesce($4, last_exit), updated_at = now(),
                stopped_at = case when $2 = 'stopped' then now() end
            where id = $1 and stopped_at is null",
            id.uuid(),
            state.as_str(),
            restarts,
            last_exit
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Shows a page instead of an app whose last copy was stopped, on that deployment's own host.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn retire_deployment_host(&self, deployment: DeploymentId) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        let version = routes::next_version(&mut tx).await?;
        let page = RouteTarget::Page {
            page: aether_models::PlatformPage::Stopped,
        };
        routes::point_deployment(&mut tx, deployment, &page, version).await?;
        tx.commit().await?;
        self.announce_routes(version).await;
        Ok(())
    }
}

/// Where a copy is reached.
pub(crate) fn reached_at(
    reached_at: Option<&str>,
    address: &str,
    port: i32,
) -> Result<SocketAddr, StoreError> {
    match reached_at {
        Some(text) => text
            .parse()
            .map_err(|error| StoreError::corrupt("instance address", error)),
        None => socket_address(address, port),
    }
}

fn socket_address(address: &str, port: i32) -> Result<SocketAddr, StoreError> {
    let ip = address
        .parse()
        .map_err(|error| StoreError::corrupt("instance address", error))?;
    let port = u16::try_from(port).map_err(|error| StoreError::corrupt("instance port", error))?;
    Ok(SocketAddr::new(ip, port))
}
