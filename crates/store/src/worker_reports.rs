//! What the workers say of themselves: where they run builds and apps, and what the apps use. Kept in Redis only, each
//! report for some seconds; nothing depends on it but what people are shown.

use aether_models::{DeploymentId, InstanceId, ProjectId};
use chrono::{DateTime, Utc};
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError, redis_keys};

/// A report older than this is from a worker that is gone.
const REPORT_TTL_SECONDS: u64 = 20;

/// One worker's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReport {
    /// Unique per process start.
    pub worker_id: String,
    /// The machine.
    pub node: String,
    /// Its version.
    pub version: String,
    /// Deployments it takes at the same time.
    pub concurrency: usize,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Size of the disk that holds its releases, bytes.
    pub disk_total: Option<u64>,
    /// What is free there, bytes.
    pub disk_free: Option<u64>,
    /// `docker` or `process`.
    pub runtime: String,
    /// Why this one, and what it is, in lines for people.
    pub about: Vec<String>,
    /// What its apps use.
    pub apps: Vec<AppUsage>,
    /// Volumes of the projects that have some.
    pub volumes: Vec<VolumeUsage>,
}

/// What one copy of an app uses. Counters grow from its start; the difference of two is what it used in between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppUsage {
    /// The copy.
    pub instance_id: InstanceId,
    /// Its release.
    pub deployment_id: DeploymentId,
    /// Its project.
    pub project_id: ProjectId,
    /// Processor time, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory in use, in bytes.
    pub memory_bytes: u64,
    /// The most it may use.
    pub memory_limit_bytes: u64,
    /// Received over the network.
    pub network_received_bytes: u64,
    /// Sent over the network.
    pub network_sent_bytes: u64,
    /// Processes and threads.
    pub processes: u64,
}

/// One volume of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeUsage {
    /// Its project.
    pub project_id: ProjectId,
    /// Its name within the project.
    pub name: String,
    /// What is in it; none when nobody measured it.
    pub bytes: Option<u64>,
}

impl Store {
    /// Stores one worker's report.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn report_worker(&self, report: &WorkerReport) -> Result<(), StoreError> {
        let text =
            serde_json::to_string(report).map_err(|error| StoreError::corrupt("worker report", error))?;
        let key = format!("{}{}", redis_keys::WORKER_REPORT, report.worker_id);
        self.redis
            .clone()
            .set_ex::<_, _, ()>(key, text, REPORT_TTL_SECONDS)
            .await?;
        Ok(())
    }

    /// Takes back the report of a worker that stops.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn remove_worker_report(&self, worker: &str) -> Result<(), StoreError> {
        self.redis
            .clone()
            .del::<_, ()>(format!("{}{worker}", redis_keys::WORKER_REPORT))
            .await?;
        Ok(())
    }

    /// The reports of all workers that are alive, by machine.
    ///
    /// # Errors
    /// [`StoreError::Redis`]: nothing is known about the workers.
    pub async fn worker_reports(&self) -> Result<Vec<WorkerReport>, StoreError> {
        let mut reports: Vec<WorkerReport> = self.reports(redis_keys::WORKER_REPORT).await?;
        reports.sort_by(|a, b| (&a.node, &a.worker_id).cmp(&(&b.node, &b.worker_id)));
        Ok(reports)
    }
}
