//! Holding a deployment: renewing the lease, noticing that it was lost, hearing that somebody wants it to stop.
//!
//! A worker that cannot reach Postgres does not know whether it still holds the deployment. It goes on until the lease's
//! time has passed since the last renewal, then it stops all side effects: by then another worker may have begun.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aether_store::{Event, Heartbeat, Lease, Store};
use futures::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Why a running deployment has to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// Somebody cancelled it, or its project was deleted.
    Cancelled,
    /// Another worker may have it.
    LeaseLost,
    /// This worker stops.
    Shutdown,
}

/// Tells every part of a running deployment to stop, with the first reason that was given.
#[derive(Debug, Clone, Default)]
pub struct StopSignal {
    token: CancellationToken,
    reason: Arc<OnceLock<StopReason>>,
}

impl StopSignal {
    /// Asks for a stop.
    pub fn stop(&self, reason: StopReason) {
        // Only the first reason counts.
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    /// Why it was asked for, if it was.
    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        self.reason.get().copied()
    }

    /// The token to hand to whatever can be cancelled.
    #[must_use]
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }
}

/// Renews one lease until it is dropped.
#[derive(Debug)]
pub struct LeaseKeeper {
    task: JoinHandle<()>,
}

impl LeaseKeeper {
    /// Renews `lease` each `every` for another `duration`; what goes wrong is told through `stop`.
    #[must_use]
    pub fn start(store: Store, lease: Lease, duration: Duration, every: Duration, stop: StopSignal) -> Self {
        Self {
            task: tokio::spawn(keep(store, lease, duration, every, stop)),
        }
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(store: Store, lease: Lease, duration: Duration, every: Duration, stop: StopSignal) {
    let mut cancellations = std::pin::pin!(store.watch_cancellations());
    let mut timer = tokio::time::interval(every);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut held_until = Instant::now() + duration;
    loop {
        tokio::select! {
            _ = timer.tick() => {}
            // The message is a hint; whether to stop is asked of Postgres.
            () = wait_for(&mut cancellations, &lease) => {}
        }
        let asked = Instant::now();
        // A query that hangs longer than the lease is as good as none.
        match tokio::time::timeout_at(held_until, store.heartbeat(&lease, duration)).await {
            Ok(Ok(Heartbeat::Held { cancel_requested })) => {
                held_until = asked + duration;
                if cancel_requested {
                    stop.stop(StopReason::Cancelled);
                }
            }
            Ok(Ok(Heartbeat::Lost)) => return stop.stop(StopReason::LeaseLost),
            Ok(Err(error)) => tracing::warn!(%error, "a lease could not be renewed"),
            Err(_) => {}
        }
        if Instant::now() >= held_until {
            return stop.stop(StopReason::LeaseLost);
        }
    }
}

async fn wait_for(
    events: &mut (impl futures::Stream<Item = Event<aether_models::DeploymentId>> + Unpin),
    lease: &Lease,
) {
    loop {
        match events.next().await {
            Some(Event::Message(id)) if id != lease.deployment_id => {}
            Some(Event::Message(_) | Event::Gap) => return,
            None => return std::future::pending().await,
        }
    }
}
