//! `GET /system/status`

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::state::AppState;

/// Something is up, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Health {
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// How the instance is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemStatus {
    /// Version of this service.
    pub version: &'static str,
    /// Domain of the sites.
    pub apps_domain: String,
    /// The database.
    pub postgres: Health,
    /// Live events and rate limits.
    pub redis: Health,
    /// What waits and what is being built.
    pub queue: QueueStatus,
    /// The workers that report.
    pub workers: Vec<WorkerStatus>,
    /// The proxies that report.
    pub proxies: Vec<ProxyStatus>,
    /// Version of the route table that a proxy should have.
    pub route_version: i64,
    /// The disk of the data directory.
    pub disk: Option<DiskStatus>,
}

/// What waits and what is being built, in all teams.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueStatus {
    /// Deployments that wait for a worker.
    pub queued: i64,
    /// Deployments that a worker holds.
    pub running: i64,
    /// Workers that hold one.
    pub busy_workers: i64,
    /// How long the oldest has been waiting.
    pub oldest_queued_seconds: Option<f64>,
}

/// One worker.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkerStatus {
    /// Unique per start.
    pub id: String,
    /// The machine.
    pub node: String,
    /// `docker` or `process`: where builds and apps run.
    pub runtime: String,
    /// Why there, and what it is, in lines for people.
    pub about: Vec<String>,
    /// Apps it runs and counts.
    pub apps: usize,
}

/// One proxy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProxyStatus {
    /// Unique per start.
    pub id: String,
    /// The route table it serves.
    pub route_version: i64,
    /// Requests it is answering.
    pub in_flight: u64,
}

/// A disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiskStatus {
    /// Its size.
    pub total_bytes: u64,
    /// What is free for Aether.
    pub free_bytes: u64,
}

/// How the instance is.
#[utoipa::path(tag = "system", responses((status = 200, body = SystemStatus), Problems))]
#[get("/system/status")]
pub(crate) async fn system_status(
    state: web::Data<AppState>,
    _actor: CanRead,
) -> ApiResult<web::Json<SystemStatus>> {
    let store = &state.store;
    let (queue, route_version, redis, workers, reports) = tokio::join!(
        store.queue_depth(),
        store.route_version(),
        store.ping_redis(),
        store.worker_reports(),
        store.proxy_reports()
    );
    let queue = queue?;
    Ok(web::Json(SystemStatus {
        version: env!("CARGO_PKG_VERSION"),
        apps_domain: state.settings.apps_domain.to_string(),
        postgres: Health::Up,
        redis: if redis.is_ok() { Health::Up } else { Health::Down },
        queue: QueueStatus {
            queued: queue.queued,
            running: queue.running,
            busy_workers: queue.busy_workers,
            oldest_queued_seconds: queue.oldest_queued_seconds,
        },
        workers: workers
            .unwrap_or_default()
            .into_iter()
            .map(|report| WorkerStatus {
                id: report.worker,
                node: report.node,
                runtime: report.runtime,
                about: report.about,
                apps: report.apps.len(),
            })
            .collect(),
        proxies: reports
            .unwrap_or_default()
            .into_iter()
            .map(|report| ProxyStatus {
                id: report.proxy_id,
                route_version: report.version,
                in_flight: report.in_flight.values().map(|&count| u64::from(count)).sum(),
            })
            .collect(),
        route_version: route_version?,
        disk: disk(&state.settings.data_dir),
    }))
}

fn disk(path: &std::path::Path) -> Option<DiskStatus> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(DiskStatus {
        total_bytes: found.f_blocks * found.f_frsize,
        free_bytes: found.f_bavail * found.f_frsize,
    })
}
