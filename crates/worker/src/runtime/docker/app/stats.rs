//! What an app uses at the moment.

use std::time::Duration;

use aether_models::InstanceId;
use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptionsBuilder;
use futures::StreamExt;
use serde::Serialize;
use tokio::time::timeout;

use super::super::DockerRuntime;
use super::super::engine::{EngineError, found};
use crate::runtime::RuntimeError;

const LIMIT: Duration = Duration::from_secs(10);

/// Counters of one app; the difference of two is what it used in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AppStats {
    /// Processor time since its start, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory in use, without what the kernel can take back, in bytes.
    pub memory_bytes: u64,
    /// The most it may use.
    pub memory_limit_bytes: u64,
    /// Received since its start.
    pub network_received_bytes: u64,
    /// Sent since its start.
    pub network_sent_bytes: u64,
    /// Processes and threads.
    pub processes: u64,
}

impl DockerRuntime {
    /// What an app uses, or none when there is no such instance or it does not run.
    ///
    /// # Errors
    /// [`RuntimeError`] when the engine does not answer.
    pub async fn app_stats(&self, instance: InstanceId) -> Result<Option<AppStats>, RuntimeError> {
        let context = "reading an app's counters";
        let name = self.app_name(instance);
        let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
        let mut answers = self.engine.docker().stats(&name, Some(options));
        let answer = timeout(LIMIT, answers.next())
            .await
            .map_err(|_| EngineError::Silent { context })?;
        let Some(answer) = answer else { return Ok(None) };
        Ok(found(answer.map_err(|error| EngineError::sort(context, error)))?
            .as_ref()
            .and_then(read))
    }
}

fn read(stats: &ContainerStatsResponse) -> Option<AppStats> {
    let memory = stats.memory_stats.as_ref()?;
    let reclaimable = memory.stats.as_ref().and_then(|stats| {
        // Version 1 and 2 of control groups.
        stats
            .get("total_inactive_file")
            .or_else(|| stats.get("inactive_file"))
            .copied()
    });
    let networks = || stats.networks.iter().flat_map(|networks| networks.values());
    Some(AppStats {
        cpu_nanos: stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage?,
        memory_bytes: memory.usage?.saturating_sub(reclaimable.unwrap_or(0)),
        memory_limit_bytes: memory.limit.unwrap_or(0),
        network_received_bytes: networks().filter_map(|network| network.rx_bytes).sum(),
        network_sent_bytes: networks().filter_map(|network| network.tx_bytes).sum(),
        processes: stats
            .pids_stats
            .as_ref()
            .and_then(|pids| pids.current)
            .unwrap_or(0),
    })
}
