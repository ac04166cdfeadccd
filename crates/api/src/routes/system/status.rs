//! `GET /system/status`

use std::collections::HashMap;

use actix_web::{get, web};
use aether_store::{ProxyReport, WorkerReport};
use chrono::{DateTime, Utc};
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
    /// Version of the database.
    pub postgres_version: Option<String>,
    /// Live events and rate limits.
    pub redis: Health,
    /// Version of Redis.
    pub redis_version: Option<String>,
    /// What waits and what is being built.
    pub queue: QueueStatus,
    /// The workers that report, idle ones too; null when it cannot be known because Redis is away.
    pub workers: Option<Vec<WorkerStatus>>,
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
    /// Its machine.
    pub node: String,
    /// Its version.
    pub version: String,
    /// What it isolates builds and apps with: `process` or `docker`.
    pub runtime: String,
    /// Why with that.
    pub runtime_reason: String,
    /// Deployments it holds.
    pub running: i64,
    /// Deployments it takes at the same time.
    pub concurrency: usize,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The disk that holds its releases.
    pub disk: Option<DiskStatus>,
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
    let (queue, route_version, postgres_version, held) = tokio::try_join!(
        store.queue_depth(),
        store.route_version(),
        store.postgres_version(),
        store.deployments_by_worker()
    )?;
    let (redis, proxies, workers) = tokio::join!(
        store.redis_version(),
        store.proxy_reports(),
        store.worker_reports()
    );
    Ok(web::Json(SystemStatus {
        version: env!("CARGO_PKG_VERSION"),
        apps_domain: state.settings.apps_domain.to_string(),
        postgres: Health::Up,
        postgres_version: Some(postgres_version),
        redis: if redis.is_ok() { Health::Up } else { Health::Down },
        redis_version: redis.ok().flatten(),
        queue: QueueStatus {
            queued: queue.queued,
            running: queue.running,
            busy_workers: queue.busy_workers,
            oldest_queued_seconds: queue.oldest_queued_seconds,
        },
        workers: workers
            .ok()
            .map(|reports| reports.into_iter().map(|report| worker(report, &held)).collect()),
        proxies: proxies.unwrap_or_default().into_iter().map(proxy).collect(),
        route_version,
        disk: disk(&state.settings.data_dir),
    }))
}

fn worker(report: WorkerReport, held: &HashMap<String, i64>) -> WorkerStatus {
    WorkerStatus {
        running: held.get(&report.worker_id).copied().unwrap_or_default(),
        id: report.worker_id,
        node: report.node,
        version: report.version,
        runtime: report.runtime,
        runtime_reason: one_text(&report.about),
        concurrency: report.concurrency,
        started_at: report.started_at,
        disk: report
            .disk_total
            .zip(report.disk_free)
            .map(|(total_bytes, free_bytes)| DiskStatus {
                total_bytes,
                free_bytes,
            }),
    }
}

fn proxy(report: ProxyReport) -> ProxyStatus {
    ProxyStatus {
        id: report.proxy_id,
        route_version: report.version,
        in_flight: report.in_flight.values().map(|&count| u64::from(count)).sum(),
    }
}

fn disk(path: &std::path::Path) -> Option<DiskStatus> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(DiskStatus {
        total_bytes: found.f_blocks * found.f_frsize,
        free_bytes: found.f_bavail * found.f_frsize,
    })
}

/// Statements one after the other. Some of them bring their own full stop.
fn one_text(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end_matches('.')).collect();
    lines.join(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_parted_by_one_full_stop() {
        let lines = ["Docker is away", "The network is shared.", "Limits hold."].map(str::to_owned);
        assert_eq!(
            one_text(&lines),
            "Docker is away. The network is shared. Limits hold"
        );
    }
}
