//! The store as the source of routes.

use aether_models::RouteChanges;
use aether_store::{Event, Store, StoreError};
use futures::{Stream, StreamExt};

use crate::sync::{ProjectTraffic, ProxyReport, RouteSource};

/// Reads routes from Postgres, hears of changes through Redis.
#[derive(Debug, Clone)]
pub struct StoreSource {
    store: Store,
}

impl StoreSource {
    /// A source over `store`.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
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
            .await
    }

    async fn retract(&self, proxy_id: &str) -> Result<(), StoreError> {
        self.store.remove_proxy_report(proxy_id).await
    }
}

fn stored(traffic: ProjectTraffic) -> aether_store::ProjectTraffic {
    aether_store::ProjectTraffic {
        requests: traffic.requests,
        errors: traffic.errors,
        sent_bytes: traffic.sent_bytes,
    }
}
