//! The store's side of the route table, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_models::{Hostname, Route, RouteChanges};
use aether_proxy::{ProxyReport, RouteSource};
use futures::{Stream, StreamExt};
use tokio::sync::{broadcast, watch};

/// Routes in memory; a clone is the same store.
#[derive(Clone)]
pub(crate) struct MemorySource {
    state: Arc<Mutex<State>>,
    events: broadcast::Sender<i64>,
    reports: Arc<watch::Sender<Vec<ProxyReport>>>,
}

#[derive(Default)]
struct State {
    version: i64,
    routes: BTreeMap<Hostname, Route>,
    removed: BTreeMap<Hostname, i64>,
    is_away: bool,
    is_mute: bool,
}

impl Default for MemorySource {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            events: broadcast::Sender::new(1024),
            reports: Arc::new(watch::Sender::new(Vec::new())),
        }
    }
}

impl MemorySource {
    /// Adds or changes a route; gives the version it has.
    pub(crate) fn put(&self, mut route: Route) -> i64 {
        let version = {
            let mut state = self.state.lock().unwrap();
            state.version += 1;
            route.version = state.version;
            state.removed.remove(&route.host);
            let version = state.version;
            state.routes.insert(route.host.clone(), route);
            version
        };
        self.announce(version);
        version
    }

    pub(crate) fn put_all(&self, routes: impl IntoIterator<Item = Route>) -> i64 {
        let mut state = self.state.lock().unwrap();
        state.version += 1;
        let version = state.version;
        for mut route in routes {
            route.version = version;
            state.routes.insert(route.host.clone(), route);
        }
        drop(state);
        self.announce(version);
        version
    }

    pub(crate) fn remove(&self, host: &str) -> i64 {
        let host: Hostname = host.parse().unwrap();
        let version = {
            let mut state = self.state.lock().unwrap();
            state.version += 1;
            let version = state.version;
            state.routes.remove(&host);
            state.removed.insert(host, version);
            version
        };
        self.announce(version);
        version
    }

    /// From now on every call fails.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.state.lock().unwrap().is_away = is_away;
    }

    /// From now on events get lost.
    pub(crate) fn set_mute(&self, is_mute: bool) {
        self.state.lock().unwrap().is_mute = is_mute;
    }

    /// Forgets the past, as a restored backup does.
    pub(crate) fn restore(&self, version: i64, routes: Vec<Route>) {
        let mut state = self.state.lock().unwrap();
        *state = State {
            version,
            routes: routes
                .into_iter()
                .map(|route| (route.host.clone(), route))
                .collect(),
            ..State::default()
        };
    }

    /// Waits until a proxy reports at least this version.
    pub(crate) async fn served(&self, version: i64) {
        self.reported(|report| report.version >= version).await;
    }

    /// Waits for a report like this.
    pub(crate) async fn reported(&self, is_wanted: impl Fn(&ProxyReport) -> bool) -> ProxyReport {
        let mut reports = self.reports.subscribe();
        let wait = reports.wait_for(|reports| reports.last().is_some_and(&is_wanted));
        let reports = tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .expect("no such report")
            .unwrap();
        reports.last().unwrap().clone()
    }

    fn announce(&self, version: i64) {
        if !self.state.lock().unwrap().is_mute {
            let _ = self.events.send(version);
        }
    }
}

impl RouteSource for MemorySource {
    type Error = &'static str;

    async fn changes_since(&self, version: i64) -> Result<RouteChanges, Self::Error> {
        let state = self.state.lock().unwrap();
        if state.is_away {
            return Err("away");
        }
        let removed = state.removed.iter().filter(|(_, at)| **at > version);
        Ok(RouteChanges {
            version: state.version,
            routes: state
                .routes
                .values()
                .filter(|route| route.version > version || version == 0)
                .cloned()
                .collect(),
            removed: removed.map(|(host, _)| host.clone()).collect(),
        })
    }

    async fn version(&self) -> Result<i64, Self::Error> {
        let state = self.state.lock().unwrap();
        if state.is_away {
            Err("away")
        } else {
            Ok(state.version)
        }
    }

    fn events(&self) -> impl Stream<Item = i64> + Send {
        let events = self.events.subscribe();
        futures::stream::unfold(events, |mut events| async {
            loop {
                match events.recv().await {
                    Ok(version) => return Some((version, events)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }

    async fn report(&self, report: ProxyReport) -> Result<(), Self::Error> {
        if self.state.lock().unwrap().is_away {
            return Err("away");
        }
        self.reports.send_modify(|reports| reports.push(report));
        Ok(())
    }

    async fn retract(&self, proxy_id: &str) -> Result<(), Self::Error> {
        self.reports
            .send_modify(|reports| reports.retain(|report| report.proxy_id != proxy_id));
        Ok(())
    }
}
