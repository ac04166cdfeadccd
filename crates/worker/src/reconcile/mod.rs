//! Brings what is into line with what should be: started by a signal or a timer, given nothing, the same at the start,
//! after a crash and in the middle of a normal day.

mod apps;
mod cleanup;
mod detections;
mod domains;
mod fork_heads;
mod github_deployments;
mod polls;
mod reports;
mod runtime;
mod switches;

use std::time::Duration;

use aether_store::Event;
use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;

pub(crate) use detections::run as detections;
pub(crate) use runtime::{confinement, report};

/// Signals that follow one another closely lead to one run.
const SETTLE: Duration = Duration::from_millis(20);

/// Keeps apps and waiting switches as they should be, until `stop`.
pub(crate) async fn apps(env: Environment, stop: CancellationToken) {
    let mut signals = std::pin::pin!(env.store.watch_reconcile());
    let mut timer = tokio::time::interval(env.settings.timing.reconcile);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
            Some(Event::Message(()) | Event::Gap) = signals.next() => tokio::time::sleep(SETTLE).await,
        }
        let started = Instant::now();
        if let Err(error) = switches::run(&env, &stop).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "waiting switches could not be looked at"
            );
        }
        if let Err(error) = apps::run(&env, &stop).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "apps could not be brought into line"
            );
        }
        metrics::histogram!("aether_reconcile_seconds").record(started.elapsed().as_secs_f64());
    }
}

/// Gives disk space back, until `stop`.
pub(crate) async fn cleanup(env: Environment, stop: CancellationToken) {
    let mut timer = tokio::time::interval(env.settings.timing.cleanup);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
        }
        warn_of(cleanup::run(&env).await, "the clean-up did not finish");
        warn_of(
            runtime::clean_up(&env).await,
            "the clean-up of the runtime did not finish",
        );
    }
}

/// Keeps in touch with Git providers, until `stop`: looks for pushes that nobody told of where a project wants it, and tells
/// how deployments stand.
pub(crate) async fn providers(env: Environment, stop: CancellationToken) {
    let mut timer = tokio::time::interval(env.settings.timing.reports);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
        }
        warn_of(
            polls::run(&env, &stop).await,
            "repositories could not be looked at for new commits",
        );
        warn_of(
            fork_heads::run(&env, &stop).await,
            "heads of forks could not be looked at",
        );
        warn_of(
            reports::run(&env).await,
            "reports to Git providers could not be looked at",
        );
        warn_of(
            github_deployments::run(&env).await,
            "deployments at GitHub could not be looked at",
        );
    }
}

/// Looks at the DNS of custom domains, until `stop`.
pub(crate) async fn domains(env: Environment, stop: CancellationToken) {
    let mut signals = std::pin::pin!(env.store.watch_domains());
    let mut timer = tokio::time::interval(env.settings.timing.domains);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
            Some(Event::Message(()) | Event::Gap) = signals.next() => {}
        }
        warn_of(domains::run(&env, &stop).await, "domains could not be looked at");
    }
}

/// What fails in one round is tried again in the next.
fn warn_of<T, E: std::fmt::Display>(result: Result<T, E>, what: &'static str) {
    if let Err(error) = result {
        tracing::warn!(error = format!("{error:#}"), "{what}");
    }
}

/// Turns wake-ups from Redis into a number that grows; every part of the worker that looks at Postgres watches it.
pub(crate) async fn wake(env: Environment, wake: watch::Sender<u64>, stop: CancellationToken) {
    let mut signals = std::pin::pin!(env.store.wake_signals());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(()) = signals.next() => wake.send_modify(|count| *count += 1),
        }
    }
}
