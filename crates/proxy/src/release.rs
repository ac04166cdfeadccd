//! A running release: its instances, who is busy, who is out for a while, and how many requests are in flight.
//!
//! The counts are shared by every thread and by every version of the table, so that the drain of an old release sees
//! requests that were routed by an older table.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use aether_models::DeploymentId;
use tokio::sync::Notify;

/// Failures in a row after which an instance is left out for a while.
const EJECT_AFTER: u32 = 3;
/// First pause of a failing instance; doubles with each further failure.
const EJECT_BASE_MS: u64 = 1_000;
/// Longest pause.
const EJECT_MAX_MS: u64 = 30_000;

/// Source of [`Upstream::id`]; never reused, so that pools cannot be shared between releases.
static NEXT_UPSTREAM: AtomicU64 = AtomicU64::new(1);

/// The instances of a deployment that are healthy, as one version of the table knows them.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) upstreams: Box<[Arc<Upstream>]>,
}

/// One instance.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Names its pools.
    pub(crate) id: u64,
    pub(crate) addr: SocketAddr,
    outstanding: AtomicU32,
    failures: AtomicU32,
    ejected_until_ms: AtomicU64,
}

/// Requests and tunnels of a deployment that are not finished.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) deployment_id: DeploymentId,
    count: AtomicU32,
    /// No route points at it any more: its last request is worth a report.
    retired: AtomicBool,
    drained: Arc<Notify>,
}

/// One request in flight.
#[derive(Debug)]
pub(crate) struct InFlightGuard(Arc<InFlight>);

/// One request at an instance, for the balance.
#[derive(Debug)]
pub(crate) struct OutstandingGuard(Arc<Upstream>);

impl Release {
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.upstreams.iter().map(|upstream| upstream.addr)
    }

    /// The instance with the least outstanding requests that is neither out for a while nor in `tried`. When all are
    /// out the least busy one is tried all the same: a wrong guess costs one error, waiting would cost all of them.
    pub(crate) fn choose(&self, now_ms: u64, turn: usize, tried: &[u64]) -> Option<&Arc<Upstream>> {
        if let [only] = &*self.upstreams {
            return (!tried.contains(&only.id)).then_some(only);
        }
        let count = self.upstreams.len();
        // Starting at a different one each time spreads ties.
        let candidates = (0..count)
            .map(|index| &self.upstreams[(index + turn) % count])
            .filter(|upstream| !tried.contains(&upstream.id));
        candidates.min_by_key(|upstream| {
            let is_out = upstream.ejected_until_ms.load(Ordering::Relaxed) > now_ms;
            (is_out, upstream.outstanding.load(Ordering::Relaxed))
        })
    }
}

impl Upstream {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self {
            id: NEXT_UPSTREAM.fetch_add(1, Ordering::Relaxed),
            addr,
            outstanding: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            ejected_until_ms: AtomicU64::new(0),
        }
    }

    pub(crate) fn begin(self: &Arc<Self>) -> OutstandingGuard {
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        OutstandingGuard(Arc::clone(self))
    }

    pub(crate) fn succeeded(&self) {
        // Reading first keeps the cache line shared between the threads.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn failed(&self, now_ms: u64) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(beyond) = failures.checked_sub(EJECT_AFTER) {
            let pause = (EJECT_BASE_MS << beyond.min(5)).min(EJECT_MAX_MS);
            self.ejected_until_ms.store(now_ms + pause, Ordering::Relaxed);
        }
    }
}

impl InFlight {
    pub(crate) fn new(deployment_id: DeploymentId, drained: Arc<Notify>) -> Self {
        Self {
            deployment_id,
            count: AtomicU32::new(0),
            retired: AtomicBool::new(false),
            drained,
        }
    }

    pub(crate) fn begin(self: &Arc<Self>) -> InFlightGuard {
        self.count.fetch_add(1, Ordering::SeqCst);
        InFlightGuard(Arc::clone(self))
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::SeqCst)
    }

    pub(crate) fn set_retired(&self, retired: bool) {
        self.retired.store(retired, Ordering::SeqCst);
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let left = self.0.count.fetch_sub(1, Ordering::SeqCst) - 1;
        if left == 0 && self.0.retired.load(Ordering::SeqCst) {
            self.0.drained.notify_one();
        }
    }
}

impl Drop for OutstandingGuard {
    fn drop(&mut self) {
        self.0.outstanding.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(count: u16) -> Release {
        let in_flight = InFlight::new(DeploymentId::generate(), Arc::new(Notify::new()));
        Release {
            in_flight: Arc::new(in_flight),
            upstreams: (1..=count)
                .map(|port| Arc::new(Upstream::new(SocketAddr::from(([127, 0, 0, 1], port)))))
                .collect(),
        }
    }

    #[test]
    fn the_least_busy_instance_is_chosen_and_ties_rotate() {
        let release = release(3);
        let busy = release.upstreams[0].begin();
        assert_eq!(release.choose(0, 0, &[]).unwrap().addr.port(), 2);
        assert_eq!(release.choose(0, 2, &[]).unwrap().addr.port(), 3);
        drop(busy);
        assert_eq!(release.choose(0, 0, &[]).unwrap().addr.port(), 1);
    }

    #[test]
    fn a_failing_instance_is_left_out_until_its_pause_is_over() {
        let release = release(2);
        let first = &release.upstreams[0];
        (0..EJECT_AFTER).for_each(|_| first.failed(0));
        assert_eq!(release.choose(1, 0, &[]).unwrap().addr.port(), 2);
        assert_eq!(release.choose(EJECT_BASE_MS, 0, &[]).unwrap().addr.port(), 1);
        let second = release.upstreams[1].id;
        assert_eq!(
            release.choose(1, 0, &[second]).unwrap().addr.port(),
            1,
            "better than none"
        );
    }

    #[tokio::test]
    async fn the_last_request_of_a_retired_release_is_announced() {
        let drained = Arc::new(Notify::new());
        let in_flight = Arc::new(InFlight::new(DeploymentId::generate(), Arc::clone(&drained)));
        let guards = [in_flight.begin(), in_flight.begin()];
        in_flight.set_retired(true);
        assert_eq!(in_flight.count(), 2);
        drop(guards);
        drained.notified().await;
        assert_eq!(in_flight.count(), 0);
    }
}
