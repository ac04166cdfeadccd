//! Keeps the table true: snapshot from disk, then the store; events, and a timed comparison for those that got lost.
//!
//! Nothing here is on the way of a request. When the store is away the proxy goes on with what it has.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aether_models::{DeploymentId, ProjectId, RouteChanges};
use futures::{Stream, StreamExt};
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::server::{Shared, Threads};
use crate::snapshot::Snapshot;
use crate::table::{Assembler, Table};

/// How often the version is compared and a report is made, at least.
const TICK: Duration = Duration::from_secs(2);
/// How long the store may take; longer counts as away.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a start waits for the store when there is a snapshot to serve (threats.md F25).
const FIRST_PATIENCE: Duration = Duration::from_secs(1);
/// Shortest time between two snapshots.
const SNAPSHOT_PAUSE: Duration = Duration::from_millis(200);
/// A snapshot is followed by a pause of so many times its own duration.
const SNAPSHOT_SHARE: u32 = 10;

/// The store's side of the route table. Errors are only logged: the next tick asks again.
pub trait RouteSource: Send + std::marker::Sync + 'static {
    /// What went wrong at the store.
    type Error: std::fmt::Display + Send;

    /// What changed since `version`; the whole table for 0.
    fn changes_since(&self, version: i64) -> impl Future<Output = Result<RouteChanges, Self::Error>> + Send;

    /// The newest version.
    fn version(&self) -> impl Future<Output = Result<i64, Self::Error>> + Send;

    /// Versions as they are announced; may miss some, and ends when the connection is lost.
    fn events(&self) -> impl Stream<Item = i64> + Send;

    /// Tells the drain what this proxy serves and what is in flight.
    fn report(&self, report: ProxyReport) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes back the report of a proxy that stops.
    fn retract(&self, proxy_id: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What one proxy says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyReport {
    /// Unique per start.
    pub proxy_id: String,
    /// Version of the table that every new request goes by.
    pub version: i64,
    /// Requests and tunnels of apps in flight; idle releases are left out.
    pub in_flight: HashMap<DeploymentId, u32>,
    /// What was answered since the start, by project; at most a few seconds old. Projects beyond the first 1,000 that
    /// were visited are left out.
    pub traffic: Arc<HashMap<ProjectId, ProjectTraffic>>,
}

/// What was answered for a project since the proxy's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProjectTraffic {
    /// Requests answered.
    pub requests: u64,
    /// Those answered with a status of 500 or above.
    pub errors: u64,
    /// Bytes of the answers' bodies.
    pub sent_bytes: u64,
    /// Requests by how long they took: up to each of [`aether_store::TRAFFIC_BOUNDS_US`], and longer.
    pub latency: [u64; aether_store::TRAFFIC_BOUNDS_US.len() + 1],
}

/// The task that keeps the table true.
pub(crate) struct Sync<S> {
    shared: Arc<Shared>,
    source: Arc<S>,
    proxy_id: String,
    threads: Threads,
    assembler: Assembler,
    drained: Arc<Notify>,
    snapshot: Snapshot,
    ready: Arc<AtomicBool>,
    /// The store has answered since the start; before that the table is the snapshot's.
    is_loaded: bool,
    reports: watch::Sender<Option<ProxyReport>>,
    saves: watch::Sender<Option<Arc<Table>>>,
    traffic: Arc<HashMap<ProjectId, ProjectTraffic>>,
}

impl<S: RouteSource> Sync<S> {
    pub(crate) fn new(shared: Arc<Shared>, source: S, proxy_id: String, own: Vec<SocketAddr>) -> Self {
        let drained = Arc::new(Notify::new());
        Self {
            snapshot: Snapshot::new(&shared.settings.data_dir),
            assembler: Assembler::new(own, Arc::clone(&drained)),
            shared,
            source: Arc::new(source),
            proxy_id,
            threads: Threads::default(),
            drained,
            ready: Arc::default(),
            is_loaded: false,
            reports: watch::Sender::new(None),
            saves: watch::Sender::new(None),
            traffic: Arc::default(),
        }
    }

    /// Turns true once there is a table to serve.
    pub(crate) fn ready(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ready)
    }

    /// The first table: from the disk, then from the store if that answers soon.
    pub(crate) async fn prepare(&mut self) {
        self.load_snapshot().await;
        let patience = if self.ready.load(Ordering::Relaxed) {
            FIRST_PATIENCE
        } else {
            STORE_TIMEOUT
        };
        let _ = timeout(patience, self.catch_up()).await;
    }

    /// Runs until `stop`. Reports and snapshots have tasks of their own: neither a slow Redis nor a slow disk may hold
    /// up a change of the table, and only the newest of each matters.
    pub(crate) async fn run(mut self, threads: Threads, stop: CancellationToken) {
        self.threads = threads;
        let reporting = tokio::spawn(report_newest(Arc::clone(&self.source), self.reports.subscribe()));
        let saving = tokio::spawn(save_newest(self.snapshot.clone(), self.saves.subscribe()));
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow() => {}
        }
        let Self {
            source,
            proxy_id,
            reports,
            saves,
            ..
        } = self;
        drop((reports, saves));
        let _ = tokio::join!(reporting, saving);
        let _ = timeout(STORE_TIMEOUT, source.retract(&proxy_id)).await;
    }

    async fn load_snapshot(&mut self) {
        let snapshot = self.snapshot.clone();
        match tokio::task::spawn_blocking(move || snapshot.load()).await {
            Ok(Ok(Some(routes))) => {
                let table = self.assembler.replace(&self.shared.table.load(), routes);
                tracing::info!(
                    routes = table.len(),
                    version = table.version(),
                    "serving the saved routes"
                );
                self.shared.table.store(Arc::new(table));
                self.ready.store(true, Ordering::Relaxed);
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "cannot read the saved routes"),
            Err(error) => tracing::warn!(%error, "cannot read the saved routes"),
        }
    }

    /// Acts on events, on the timer, and on releases that have become idle.
    async fn follow(&mut self) {
        let source = Arc::clone(&self.source);
        let mut events = pin!(source.events());
        let mut has_events = true;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let drained = Arc::clone(&self.drained);
        loop {
            tokio::select! {
                event = events.next(), if has_events => match event {
                    Some(version) if version > self.version() || !self.is_loaded => self.catch_up().await,
                    Some(_) => {}
                    None => has_events = false,
                },
                () = drained.notified() => self.report(),
                _ = ticks.tick() => {
                    if !has_events {
                        events.set(source.events());
                        has_events = true;
                    }
                    self.compare().await;
                    self.count_traffic();
                    self.report();
                }
            }
        }
    }

    /// The safety net: looks whether an event was missed.
    async fn compare(&mut self) {
        if !self.is_loaded {
            return self.catch_up().await;
        }
        match timeout(STORE_TIMEOUT, self.source.version()).await {
            Ok(Ok(version)) if version > self.version() => self.catch_up().await,
            // The store went back in time (a restored backup): only the whole table can be trusted.
            Ok(Ok(version)) if version < self.version() => {
                self.is_loaded = false;
                self.catch_up().await;
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "cannot compare the route version"),
            Err(_) => tracing::debug!("the store does not answer"),
        }
    }

    /// Fetches and applies what is newer.
    async fn catch_up(&mut self) {
        let since = if self.is_loaded { self.version() } else { 0 };
        match timeout(STORE_TIMEOUT, self.source.changes_since(since)).await {
            Ok(Ok(changes)) => self.apply(changes).await,
            Ok(Err(error)) => tracing::warn!(%error, "cannot fetch the routes; serving the known ones"),
            Err(_) => tracing::warn!("the store does not answer; serving the known routes"),
        }
    }

    async fn apply(&mut self, changes: RouteChanges) {
        let current = self.shared.table.load_full();
        if self.is_loaded && changes.version <= current.version() {
            return;
        }
        let table = Arc::new(if self.is_loaded {
            self.assembler.apply(&current, changes)
        } else {
            self.assembler.replace(&current, changes)
        });
        self.shared.table.store(Arc::clone(&table));
        self.is_loaded = true;
        self.ready.store(true, Ordering::Relaxed);
        self.saves.send_replace(Some(table));
        // Only now is every request that went by the old table counted at its release.
        self.threads.barrier().await;
        self.report();
    }

    fn report(&self) {
        self.reports.send_replace(Some(ProxyReport {
            proxy_id: self.proxy_id.clone(),
            version: self.version(),
            in_flight: self.assembler.in_flight(),
            traffic: Arc::clone(&self.traffic),
        }));
    }

    fn count_traffic(&mut self) {
        let totals = self.shared.projects.totals(&self.threads.traffic());
        let by_project = totals.into_iter().filter_map(|(project, totals)| {
            let traffic = ProjectTraffic {
                requests: totals.requests(),
                errors: totals.answered[4],
                sent_bytes: totals.sent_bytes,
                latency: totals.latency,
            };
            Some((project?, traffic))
        });
        self.traffic = Arc::new(by_project.collect());
    }

    fn version(&self) -> i64 {
        self.shared.table.load().version()
    }
}

async fn report_newest<S: RouteSource>(source: Arc<S>, mut reports: watch::Receiver<Option<ProxyReport>>) {
    // What was made before this task was started counts too.
    reports.mark_changed();
    while reports.changed().await.is_ok() {
        let report = reports.borrow_and_update().clone();
        let Some(report) = report else {
            continue;
        };
        match timeout(STORE_TIMEOUT, source.report(report)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "cannot report"),
            Err(_) => tracing::debug!("the store does not take the report"),
        }
    }
}

async fn save_newest(snapshot: Snapshot, mut saves: watch::Receiver<Option<Arc<Table>>>) {
    saves.mark_changed();
    while saves.changed().await.is_ok() {
        let table = saves.borrow_and_update().clone();
        let Some(table) = table else {
            continue;
        };
        let (snapshot, started) = (snapshot.clone(), Instant::now());
        let saved = tokio::task::spawn_blocking(move || snapshot.save(&table.to_changes())).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(%error, "cannot save the routes");
        }
        // A large table under constant change must not keep a core busy with snapshots of itself; the end of the
        // proxy cuts the pause short.
        let pause = SNAPSHOT_PAUSE.max(started.elapsed() * SNAPSHOT_SHARE);
        tokio::select! {
            () = sleep(pause) => {}
            () = closed(&saves) => {}
        }
    }
}

async fn closed(saves: &watch::Receiver<Option<Arc<Table>>>) {
    while saves.has_changed().is_ok() {
        sleep(TICK / 20).await;
    }
}
