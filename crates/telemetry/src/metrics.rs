//! Counters and histograms, rendered in the Prometheus text format.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// From a request served out of memory to a slow build (seconds); each about 2.5 times the one before.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0, 600.0,
];
/// Histograms collect samples until somebody drains them, scraped or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder belongs to the process; services that share one (`aether up`) share it too.
static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be set up: {0}")]
pub struct MetricsError(String);

/// The process' metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Makes the macros of the `metrics` crate count, from the first call on.
    pub fn install() -> Result<Self, MetricsError> {
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metrics) = &*installed {
            return Ok(metrics.clone());
        }
        let handle = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| MetricsError(error.to_string()))?;
        let metrics = Self { handle };
        *installed = Some(metrics.clone());
        Ok(metrics)
    }

    /// The body of `GET /metrics`.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Keeps memory bounded when nobody scrapes. Runs until `stop`.
    pub async fn upkeep(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.handle.run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_one_process_share_the_recorder_and_their_counts_are_rendered() {
        let first = Metrics::install().unwrap();
        let second = Metrics::install().unwrap();
        metrics::counter!("aether_test_total", "part" => "telemetry").increment(2);
        metrics::histogram!("aether_test_seconds").record(0.003);
        for metrics in [first, second] {
            let text = metrics.render();
            assert!(text.contains("aether_test_total{part=\"telemetry\"} 2"), "{text}");
            assert!(
                text.contains("aether_test_seconds_bucket{le=\"0.005\"} 1"),
                "{text}"
            );
        }
    }
}
