//! The store as the source of routes.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aether_models::RouteChanges;
use aether_store::{Event, Store, StoreError};
use futures::{Stream, StreamExt};
use tokio::sync::Mutex;

use crate::sync::{ProjectTraffic, ProxyReport, RouteSource};
use crate::traffic_minutes::TrafficMinutes;

/// Reads routes from Postgres, hears of changes through Redis.
#[derive(Debug, Clone)]
pub struct StoreSource {
    store: Store,
    minutes: Arc<Mutex<TrafficMinutes>>,
}

impl StoreSource {
    /// A source over `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            minutes: Arc::default(),
        }
    }
}

impl RouteSource for StoreSource {
    type Error = StoreError;

    async fn changes_since(&self, version: i64) -> Result<RouteChanges, StoreError> {
        self.store.route_changes_since(version).await
    }

    async fn version(&self) -> Result<i64, StoreError> {
        self.store.route_version().await
    }

    fn events(&self) -> impl Stream<Item = i64> + Send {
        self.store.route_events().map(|event| match event {
            Event::Message(version) => version,
            // Something was missed: any version is older than this one, so the table is fetched.
            Event::Gap => i64::MAX,
        })
    }

    async fn report(&self, report: ProxyReport) -> Result<(), StoreError> {
        let traffic = self.record_traffic(&report).await;
        self.store
            .report_proxy(&aether_store::ProxyReport {
                proxy_id: report.proxy_id,
                version: report.version,
                in_flight: report.in_flight,
                traffic: report
                    .traffic
                    .iter()
                    .map(|(project, traffic)| (*project, stored(*traffic)))
                    .collect(),
            })
            .await?;
        traffic
    }

    async fn retract(&self, proxy_id: &str) -> Result<(), StoreError> {
        self.store.remove_proxy_report(proxy_id).await
    }
}

impl StoreSource {
    /// Keeps what was answered by minute, for people to look at.
    async fn record_traffic(&self, report: &ProxyReport) -> Result<(), StoreError> {
        let mut minutes = self.minutes.lock().await;
        let minute = this_minute();
        let rows = minutes.cut(minute, &report.traffic);
        self.store.record_traffic(&report.proxy_id, minute, &rows).await?;
        minutes.written(Arc::clone(&report.traffic));
        Ok(())
    }
}

/// Minutes since the Unix epoch.
fn this_minute() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs() / 60).unwrap_or(i64::MAX)
}

fn stored(traffic: ProjectTraffic) -> aether_store::ProjectTraffic {
    aether_store::ProjectTraffic {
        requests: traffic.requests,
        errors: traffic.errors,
        sent_bytes: traffic.sent_bytes,
    }
}
