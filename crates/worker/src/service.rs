//! The worker as a whole: made of its settings, run until it is told to stop, stopped in order.

use std::sync::Arc;
use std::time::Duration;

use aether_models::{AppHosts, RuntimeName, SharedClock, SystemClock};
use aether_store::{Keyring, Store};
use anyhow::Context;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::environment::Environment;
use crate::folders::Folders;
use crate::git::GitClient;
use crate::pipeline::PipelineHandler;
use crate::queue::{self, QueueSettings};
use crate::runtime::{self, RuntimeError, Runtimes};
use crate::settings::Settings;
use crate::{apps, reconcile};

/// Apps are given so long to stop together with the worker.
const STOP_APPS_TIMEOUT: Duration = Duration::from_secs(12);

/// Runs the worker until `shutdown`.
///
/// # Errors
/// When it cannot begin (no sandbox, a disk that cannot be written), or its queue ended by itself.
pub async fn run(settings: Settings, store: Store, shutdown: CancellationToken) -> anyhow::Result<()> {
    let env = Box::pin(build_environment(settings, store)).await?;
    run_with(env, shutdown).await
}

/// The outside world as the settings describe it.
///
/// # Errors
/// When a part of it is missing on this machine.
pub async fn build_environment(settings: Settings, store: Store) -> anyhow::Result<Environment> {
    let keyring = Keyring::new(&settings.secret_key, &settings.previous_secret_keys)
        .context("AETHER_SECRET_KEY cannot be used")?;
    let folders = Folders::new(settings.data_dir.clone(), settings.deployments_dir.clone());
    folders
        .prepare()
        .context("a folder of the worker cannot be made")?;
    let clock: SharedClock = Arc::new(SystemClock);
    let runtime = choose_runtime(&settings, &store, Arc::clone(&clock)).await?;
    let git = GitClient::new(
        settings.git_hosts.clone(),
        settings.git_limits.clone(),
        folders.git_cache(),
    );
    Ok(Environment {
        clock,
        store,
        keyring,
        runtime,
        git,
        github: Arc::default(),
        folders,
        hosts: AppHosts::new(settings.apps_domain.clone()),
        worker: format!(
            "{}-{}-{}",
            settings.node,
            std::process::id(),
            uuid::Uuid::now_v7().simple()
        ),
        settings: Arc::new(settings),
    })
}

/// Runs the worker in a given environment until `shutdown`.
///
/// # Errors
/// When its queue ended by itself.
pub async fn run_with(env: Environment, shutdown: CancellationToken) -> anyhow::Result<()> {
    announce(&env);
    let stop = shutdown.child_token();
    let (wake, woken) = watch::channel(0);
    let tasks = start_reconcilers(&env, wake, &woken, &stop);
    // Output is collected to the very end.
    let collecting = CancellationToken::new();
    let collector = tokio::spawn(apps::supervise(env.clone(), collecting.clone()));
    let ended = work_on_queue(&env, woken, &shutdown).await;
    stop.cancel();
    tasks.close();
    // Nobody may start an app again that is about to be stopped.
    tasks.wait().await;
    if env.settings.stop_apps_on_exit {
        stop_apps(&env).await;
    }
    collecting.cancel();
    collector.await.context("the collector of apps' output")?;
    anyhow::ensure!(
        ended.is_err() || shutdown.is_cancelled(),
        "the queue's worker ended without being asked to"
    );
    tracing::info!("the worker has ended");
    ended
}

fn announce(env: &Environment) {
    tracing::info!(
        worker = env.worker,
        runtime = env.runtime.about().join("; "),
        "the worker begins"
    );
}

fn start_reconcilers(
    env: &Environment,
    wake: watch::Sender<u64>,
    woken: &watch::Receiver<u64>,
    stop: &CancellationToken,
) -> TaskTracker {
    let tasks = TaskTracker::new();
    tasks.spawn(reconcile::wake(env.clone(), wake, stop.clone()));
    tasks.spawn(reconcile::apps(env.clone(), stop.clone()));
    tasks.spawn(reconcile::cleanup(env.clone(), stop.clone()));
    tasks.spawn(reconcile::confinement(env.clone(), stop.clone()));
    tasks.spawn(reconcile::report(env.clone(), stop.clone()));
    tasks.spawn(reconcile::providers(env.clone(), stop.clone()));
    tasks.spawn(reconcile::domains(env.clone(), stop.clone()));
    tasks.spawn(reconcile::detections(env.clone(), woken.clone(), stop.clone()));
    tasks
}

async fn work_on_queue(
    env: &Environment,
    woken: watch::Receiver<u64>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let timing = &env.settings.timing;
    let settings = QueueSettings {
        worker: env.worker.clone(),
        concurrency: env.settings.concurrency,
        lease: timing.lease,
        poll: timing.queue_poll,
        shutdown_grace: timing.shutdown_grace,
    };
    let handler = Arc::new(PipelineHandler::new(env.clone()));
    queue::run(env.store.clone(), handler, settings, woken, shutdown.clone()).await
}

async fn choose_runtime(settings: &Settings, store: &Store, clock: SharedClock) -> anyhow::Result<Runtimes> {
    // A database that is away is waited for later; then this is only not known.
    let apps = store.instances_on(&settings.node).await.unwrap_or_default();
    let engine_expected = apps.iter().any(|app| app.runtime == RuntimeName::Docker.as_str());
    runtime::choose(settings, clock, engine_expected)
        .await
        .map_err(|error| match error {
            RuntimeError::User(error) => anyhow::Error::new(error),
            error => anyhow::Error::new(error).context("the runtime cannot be used"),
        })
}

/// All apps of this machine end with the worker; their rows stay, so that the next start brings them back.
async fn stop_apps(env: &Environment) {
    let stop = async {
        let handles = env.runtime.list_apps().await?;
        let stops = handles.iter().map(|handle| {
            env.runtime
                .stop_app(handle.instance_id, env.settings.timing.stop_grace)
        });
        futures::future::try_join_all(stops).await
    };
    match tokio::time::timeout(STOP_APPS_TIMEOUT, stop).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "an app could not be stopped"),
        Err(_) => tracing::warn!("apps did not stop in time"),
    }
}
