//! The queue as an apalis backend: deployments are claimed from Postgres, one at a time and only when there is room to
//! run one. A wake-up through Redis or the poll interval leads to a look; after each claim that found something the next
//! look is made at once, so a backlog drains without waiting.
//!
//! The stock backends do not fit (threats.md A1-A6): the claim must count attempts, fence, be fair between teams and
//! keep to one deployment per environment, all by the database's clock. What apalis gives is the rest: concurrency,
//! panics, events, orderly shutdown.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aether_store::{ClaimedDeployment, Store, StoreError};
use apalis::prelude::{Data, WorkerBuilder, WorkerBuilderExt};
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::{RandomId, TaskId};
use apalis_core::worker::context::WorkerContext;
use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

use crate::lease::{StopReason, StopSignal};

/// Does something with a claimed deployment, and ends it.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Runs one deployment. Whatever goes wrong is written down by the handler itself.
    async fn run(&self, claimed: ClaimedDeployment, stop: StopSignal);
}

/// How a queue is worked on.
#[derive(Clone)]
pub struct QueueSettings {
    /// Unique per start of a worker.
    pub worker: String,
    /// Deployments at the same time.
    pub concurrency: usize,
    /// See [`crate::Timing::lease`].
    pub lease: Duration,
    /// See [`crate::Timing::queue_poll`].
    pub poll: Duration,
    /// See [`crate::Timing::shutdown_grace`].
    pub shutdown_grace: Duration,
}

/// Works on the queue until `shutdown`; then nothing new is claimed, and what runs may go on for the grace time before
/// it goes back to the queue.
///
/// # Errors
/// What apalis reports when the worker ended by itself.
pub async fn run(
    store: Store,
    handler: Arc<dyn JobHandler>,
    settings: QueueSettings,
    wake: watch::Receiver<u64>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let running = Running {
        handler,
        stop: shutdown_signal(&shutdown, settings.shutdown_grace),
    };
    let backend = DeploymentQueue::new(store, &settings, wake);
    let worker = WorkerBuilder::new(settings.worker.as_str())
        .backend(backend)
        .data(running)
        .concurrency(settings.concurrency)
        .catch_panic()
        .build(handle);
    let signal = async move {
        shutdown.cancelled().await;
        Ok::<(), std::io::Error>(())
    };
    // Boxed, or the compiler cannot prove for every lifetime that it may change threads.
    let work: BoxFuture<'static, _> = Box::pin(worker.run_until(signal));
    work.await
        .map_err(|error| anyhow::anyhow!("the queue's worker ended: {error}"))
}

/// What every task needs.
#[derive(Clone)]
struct Running {
    handler: Arc<dyn JobHandler>,
    stop: CancellationToken,
}

/// Cancelled when running deployments must stop too.
fn shutdown_signal(shutdown: &CancellationToken, grace: Duration) -> CancellationToken {
    let (begun, stop) = (shutdown.clone(), CancellationToken::new());
    let signal = stop.clone();
    tokio::spawn(async move {
        begun.cancelled().await;
        tokio::time::sleep(grace).await;
        signal.cancel();
    });
    stop
}

async fn handle(claimed: ClaimedDeployment, running: Data<Running>) -> Result<(), Infallible> {
    let id = claimed.lease.deployment_id;
    let stop = StopSignal::default();
    let (handler, signal) = (Arc::clone(&running.handler), stop.clone());
    // A task of its own: deployments run on several cores, and a panic ends only this one. Its lease then runs out, and
    // the next claim counts as another attempt.
    let mut task = tokio::spawn(async move { handler.run(claimed, signal).await });
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = running.stop.cancelled() => {
            stop.stop(StopReason::Shutdown);
            task.await
        }
    };
    if let Err(error) = ended {
        tracing::error!(%error, deployment = %id, "a deployment's task panicked");
    }
    Ok(())
}

type Claim = BoxFuture<'static, Result<Option<ClaimedDeployment>, StoreError>>;

/// Claims deployments when it is polled.
struct DeploymentQueue {
    store: Store,
    worker: String,
    lease: Duration,
    poll: Duration,
    claim: Option<Claim>,
    wake: BoxFuture<'static, watch::Receiver<u64>>,
    timer: Pin<Box<Sleep>>,
    idle: bool,
}

impl DeploymentQueue {
    fn new(store: Store, settings: &QueueSettings, wake: watch::Receiver<u64>) -> Self {
        Self {
            store,
            worker: settings.worker.clone(),
            lease: settings.lease,
            poll: settings.poll,
            claim: None,
            wake: woken(wake),
            timer: Box::pin(tokio::time::sleep(settings.poll)),
            idle: false,
        }
    }

    /// Ready when it is time to look again.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut due = false;
        if let Poll::Ready(wake) = self.wake.poll_unpin(cx) {
            self.wake = woken(wake);
            // The new future must be polled once, or it would not wake us.
            let _ = self.wake.poll_unpin(cx);
            due = true;
        }
        due |= self.timer.as_mut().poll(cx).is_ready();
        if due { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn woken(mut wake: watch::Receiver<u64>) -> BoxFuture<'static, watch::Receiver<u64>> {
    async move {
        // Without a sender only the timer is left.
        if wake.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        wake
    }
    .boxed()
}

impl Backend for DeploymentQueue {
    type Task = Task<ClaimedDeployment>;
    // A database that is away is waited for; nothing ends the worker.
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        loop {
            if let Some(claim) = &mut self.claim {
                let Poll::Ready(outcome) = claim.poll_unpin(cx) else {
                    return Poll::Pending;
                };
                self.claim = None;
                match outcome {
                    Ok(Some(claimed)) => return Poll::Ready(Some(Ok(task(claimed)))),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "the queue could not be asked"),
                }
                self.idle = true;
                self.timer.as_mut().reset(Instant::now() + self.poll);
            }
            if self.idle && self.poll_idle(cx).is_pending() {
                return Poll::Pending;
            }
            self.idle = false;
            let (store, worker, lease) = (self.store.clone(), self.worker.clone(), self.lease);
            self.claim = Some(async move { store.claim_next(&worker, lease).await }.boxed());
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        // A claim under way may have taken a deployment: give it back at once instead of letting its lease run out.
        while let Some(claim) = &mut self.claim {
            let Poll::Ready(outcome) = claim.poll_unpin(cx) else {
                return Poll::Pending;
            };
            self.claim = None;
            if let Ok(Some(claimed)) = outcome {
                let store = self.store.clone();
                self.claim =
                    Some(async move { store.release_lease(&claimed.lease).await.map(|()| None) }.boxed());
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for DeploymentQueue {
    type Args = ClaimedDeployment;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = apalis_core::layers::Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        Self::Layer::new()
    }
}

fn task(claimed: ClaimedDeployment) -> Task<ClaimedDeployment> {
    let id = TaskId::from_string(claimed.lease.deployment_id.to_string());
    TaskBuilder::new(claimed).task_id(id).build()
}
