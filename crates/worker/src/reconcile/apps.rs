//! Apps: what should run is started, what nobody wants is drained and stopped, and rows say what the runtime says.
//!
//! The release that was live before stays running for a while (warm), so that a rollback is only a pointer. It, and every
//! other copy that lost its visitors, is stopped when no proxy has a request of it in flight, or after the drain time.

use std::collections::{HashMap, HashSet};

use aether_models::{DeploymentId, DeploymentStatus, InstanceId, ProjectId};
use aether_store::{Instance, InstanceState, ProxyReport};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::apps;
use crate::environment::Environment;
use crate::fail_points::reached;
use crate::runtime::{AppHandle, AppState};

/// A copy that was made for a deployment which is neither under way nor live is a leftover after this.
const NEVER_ROUTED_SECONDS: i64 = 15;

/// One pass.
pub(super) async fn run(env: &Environment, stop: &CancellationToken) -> anyhow::Result<()> {
    let handles = env.runtime.list_apps().await?;
    let instances = env.store.instances_on(&env.settings.node).await?;
    stop_strays(env, &handles, &instances).await?;
    let handles: HashMap<InstanceId, AppHandle> = handles
        .into_iter()
        .map(|handle| (handle.instance_id, handle))
        .collect();
    let warm = warm_copies(env, &instances);
    // Apps do not wait for one another: a slow start or stop holds up nobody.
    let passes = instances.iter().map(|instance| async {
        let handle = handles.get(&instance.id);
        let outcome = if instance.wanted || (warm.contains(&instance.id) && instance.state != InstanceState::Draining) {
            keep(env, instance, handle, stop).await
        } else {
            retire(env, instance).await
        };
        if let Err(error) = outcome {
            tracing::warn!(error = format!("{error:#}"), instance = %instance.id, "an app could not be brought into line");
        }
    });
    join_all(passes).await;
    start_missing(env, stop).await
}

/// What the runtime knows and no row does: a worker ended between starting an app and writing it down, or the row's
/// project is gone.
async fn stop_strays(env: &Environment, handles: &[AppHandle], instances: &[Instance]) -> anyhow::Result<()> {
    for handle in handles {
        let is_known = instances.iter().any(|instance| instance.id == handle.instance_id);
        // The list of rows is older than it seems: ask for this one again before it is stopped.
        if !is_known && env.store.instance(handle.instance_id).await?.is_none() {
            tracing::info!(instance = %handle.instance_id, "stopping an app that no row knows");
            env.runtime
                .stop_app(handle.instance_id, env.settings.timing.stop_grace)
                .await?;
        }
    }
    Ok(())
}

/// The copies of the release that was live last, per project, while they are young.
fn warm_copies(env: &Environment, instances: &[Instance]) -> HashSet<InstanceId> {
    let mut newest: HashMap<ProjectId, (f64, DeploymentId)> = HashMap::new();
    for instance in instances
        .iter()
        .filter(|instance| !instance.wanted && !instance.project_deleted)
    {
        let Some(seconds) = instance.unrouted_seconds else {
            continue;
        };
        if seconds < env.settings.warm.as_secs_f64() {
            let entry = newest
                .entry(instance.project_id)
                .or_insert((seconds, instance.deployment_id));
            if seconds < entry.0 {
                *entry = (seconds, instance.deployment_id);
            }
        }
    }
    let is_warm = |instance: &&Instance| {
        newest
            .get(&instance.project_id)
            .is_some_and(|(_, deployment)| *deployment == instance.deployment_id)
    };
    instances
        .iter()
        .filter(is_warm)
        .map(|instance| instance.id)
        .collect()
}

/// Keeps a wanted copy running and its row true.
async fn keep(
    env: &Environment,
    instance: &Instance,
    handle: Option<&AppHandle>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    // A deployment under way looks after its own copy; otherwise whoever started it has ended before it was healthy.
    if instance.state == InstanceState::Starting {
        let status = env.store.deployment_status(instance.deployment_id).await?;
        if status.is_some_and(DeploymentStatus::is_running) {
            return Ok(());
        }
    }
    let instance = match handle {
        // Whoever launched it may have ended before it wrote down where it is reached.
        Some(handle) => apps::keep_address(env, instance, handle, &instance.runtime).await?,
        None => instance.clone(),
    };
    let path = instance.settings.health_check_path.as_deref();
    let (state, restarts, last_exit) = match handle {
        // The list may be older than the row: an app that was started in between must not be restarted.
        None if env.runtime.inspect_app(instance.id).await?.is_some() => return Ok(()),
        None
        | Some(AppHandle {
            state: AppState::Stopped,
            ..
        }) => return restart(env, &instance, stop).await,
        Some(AppHandle {
            state: AppState::BackingOff { last_exit },
            restarts,
            ..
        }) => (InstanceState::Unhealthy, *restarts, Some(last_exit.as_str())),
        Some(AppHandle {
            state: AppState::CrashLooping { last_exit },
            restarts,
            ..
        }) => (InstanceState::CrashLooping, *restarts, Some(last_exit.as_str())),
        Some(AppHandle {
            state: AppState::Running,
            restarts,
            ..
        }) => {
            // TCP only once it is live: a health page may be heavy, and the app's answers are the visitors' business.
            let path = if instance.state == InstanceState::Healthy {
                None
            } else {
                path
            };
            let state = match apps::answers(&instance, path).await {
                Ok(()) => InstanceState::Healthy,
                Err(_) => InstanceState::Unhealthy,
            };
            (state, *restarts, None)
        }
    };
    let restarts = i32::try_from(restarts).unwrap_or(i32::MAX);
    if state != instance.state || restarts != instance.restarts {
        env.store
            .set_instance_state(instance.id, state, restarts, last_exit)
            .await?;
    }
    // Also when it is not healthy any more: the others take its visitors.
    if state == InstanceState::Healthy || state != instance.state {
        env.store.refresh_upstreams(instance.deployment_id).await?;
    }
    Ok(())
}

/// Starts a copy that should run and does not: the machine was restarted, or the app's supervisor was killed.
async fn restart(env: &Environment, instance: &Instance, stop: &CancellationToken) -> anyhow::Result<()> {
    tracing::info!(instance = %instance.id, "starting an app that should run");
    env.runtime
        .stop_app(instance.id, env.settings.timing.stop_grace)
        .await?;
    let launched = apps::launch_instance(env, instance)
        .await
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let Some(instance) = &launched else {
        // Its row is closed; the live release without a copy gets a new one at the end of the pass.
        return Ok(());
    };
    match apps::wait_until_healthy(env, instance, stop).await {
        Ok(_) => env.store.refresh_upstreams(instance.deployment_id).await?,
        Err(reason) => {
            tracing::warn!(?reason, instance = %instance.id, "an app did not become healthy again");
            let unhealthy = InstanceState::Unhealthy;
            env.store
                .set_instance_state(instance.id, unhealthy, instance.restarts, None)
                .await?;
        }
    }
    Ok(())
}

/// Stops a copy that nobody wants, after its last requests.
async fn retire(env: &Environment, instance: &Instance) -> anyhow::Result<()> {
    match instance.unrouted_seconds {
        // It never had visitors: its deployment is under way, or ended before it went live.
        None if !instance.project_deleted && !is_leftover(env, instance).await? => return Ok(()),
        None => {}
        Some(seconds) if !is_drained(env, instance, seconds).await? => return Ok(()),
        Some(_) => {}
    }
    if !env.store.begin_draining(instance.id).await? {
        return Ok(());
    }
    apps::stop_instance(env, instance).await?;
    env.store.retire_deployment_host(instance.deployment_id).await?;
    reached("old_drained");
    Ok(())
}

async fn is_leftover(env: &Environment, instance: &Instance) -> anyhow::Result<bool> {
    let age = env.clock.now() - instance.created_at;
    Ok(match env.store.deployment_status(instance.deployment_id).await? {
        Some(DeploymentStatus::Queued) | None => true,
        Some(status) if status.is_running() => false,
        Some(DeploymentStatus::Ready) => age.num_seconds() > NEVER_ROUTED_SECONDS,
        Some(_) => true,
    })
}

/// No proxy sends it anything any more, and what was under way has ended or had its time.
async fn is_drained(env: &Environment, instance: &Instance, seconds: f64) -> anyhow::Result<bool> {
    if seconds >= env.settings.timing.drain.as_secs_f64() {
        return Ok(true);
    }
    let version = env.store.route_version().await?;
    Ok(match env.store.proxy_reports().await {
        Ok(reports) if !reports.is_empty() => reports
            .iter()
            .all(|report| is_done_with(report, instance.deployment_id, version)),
        // Nothing is known about the proxies, so the whole time is waited.
        Ok(_) | Err(_) => false,
    })
}

fn is_done_with(report: &ProxyReport, deployment: DeploymentId, version: i64) -> bool {
    report.version >= version
        && report
            .in_flight
            .get(&deployment)
            .is_none_or(|requests| *requests == 0)
}

/// Live apps with too few copies: their rows were lost with a machine, or a stop was never finished.
async fn start_missing(env: &Environment, stop: &CancellationToken) -> anyhow::Result<()> {
    for deployment in env.store.live_apps_short_of_copies().await? {
        // The files are on the machine that built them.
        if !env.folders.app(deployment).is_dir() {
            continue;
        }
        let copies = apps::launch(env, deployment)
            .await
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        for copy in &copies {
            match apps::wait_until_healthy(env, copy, stop).await {
                Ok(_) => env.store.refresh_upstreams(deployment).await?,
                Err(reason) => tracing::warn!(?reason, %deployment, "a live app did not become healthy"),
            }
        }
    }
    Ok(())
}
