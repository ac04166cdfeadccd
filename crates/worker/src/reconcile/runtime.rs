//! What a runtime needs besides apps and builds: leftovers removed, walls kept up, and a regular word to the others about
//! what it is and what its apps use.

use std::collections::HashMap;
use std::time::Duration;

use aether_models::{InstanceId, ProjectId};
use aether_store::{AppUsage, StoreError, VolumeUsage, WorkerReport};
use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::runtime::{Needed, Removed, RuntimeError};

/// A firewall that was reloaded leaves containers without walls for so long at the most.
const CONFINEMENT: Duration = Duration::from_secs(10);
/// Measuring volumes reads all of them.
const VOLUMES: Duration = Duration::from_secs(60);
/// Apps that are asked for their counters at the same time.
const ASKED_AT_ONCE: usize = 8;

/// Removes what a worker left that was killed, what retention has ended, and volumes of deleted projects.
pub(super) async fn clean_up(env: &Environment) -> anyhow::Result<()> {
    let removed = env.runtime.clean_up(|| Box::pin(needed(env))).await?;
    if removed != Removed::default() {
        tracing::info!(
            containers = removed.containers,
            networks = removed.networks,
            images = removed.images,
            "leftovers of the runtime were removed"
        );
    }
    remove_volumes(env).await
}

async fn needed(env: &Environment) -> Result<Needed, RuntimeError> {
    let unknown = |error: StoreError| RuntimeError::Protocol(format!("what is needed is not known: {error}"));
    let in_use = env.store.deployments_in_use().await.map_err(unknown)?;
    let instances = env.store.all_instances().await.map_err(unknown)?;
    Ok(Needed {
        building: in_use.running.into_iter().collect(),
        instances: instances.into_iter().collect(),
        images: in_use.with_image.into_iter().collect(),
    })
}

/// Volumes are data: only those of projects that somebody deleted go, never those of projects that are not known here.
async fn remove_volumes(env: &Environment) -> anyhow::Result<()> {
    let volumes = env.runtime.all_volumes().await?;
    let mut projects: Vec<ProjectId> = volumes.into_iter().map(|(project, _)| project).collect();
    projects.dedup();
    for project in env.store.deleted_projects(&projects).await? {
        // Its apps are stopped first; until then the engine refuses.
        match env.runtime.remove_volumes(project).await {
            Ok(()) => tracing::info!(%project, "the volumes of a deleted project were removed"),
            Err(error) => {
                tracing::debug!(%error, %project, "volumes of a deleted project are left for later");
            }
        }
    }
    Ok(())
}

/// Keeps builds and apps from this machine also when its firewall forgets them, until `stop`.
pub(crate) async fn confinement(env: Environment, stop: CancellationToken) {
    let mut timer = tokio::time::interval(CONFINEMENT);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
        }
        if let Err(error) = env.runtime.keep_confined().await {
            tracing::warn!(%error, "the packet filter could not be looked after");
        }
    }
}

/// Says what runs here and what it uses, until `stop`.
pub(crate) async fn report(env: Environment, stop: CancellationToken) {
    let mut timer = tokio::time::interval(env.settings.timing.report);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let started_at = env.clock.now();
    let (mut volumes, mut measured) = (Vec::new(), None::<Instant>);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = timer.tick() => {}
        }
        if measured.is_none_or(|at| at.elapsed() >= VOLUMES) {
            measured = Some(Instant::now());
            volumes = measure_volumes(&env).await.unwrap_or(volumes);
        }
        let disk = rustix::fs::statvfs(env.settings.deployments_dir.as_path()).ok();
        let report = WorkerReport {
            worker_id: env.worker.clone(),
            node: env.settings.node.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            concurrency: env.settings.concurrency,
            started_at,
            disk_total: disk.as_ref().map(|disk| disk.f_blocks * disk.f_frsize),
            disk_free: disk.as_ref().map(|disk| disk.f_bavail * disk.f_frsize),
            runtime: env.runtime.name().as_str().to_owned(),
            about: env.runtime.about(),
            apps: measure_apps(&env).await.unwrap_or_default(),
            volumes: volumes.clone(),
        };
        if let Err(error) = env.store.report_worker(&report).await {
            tracing::debug!(%error, "nobody hears what this worker runs");
        }
    }
    // Otherwise it runs out.
    let _ = env.store.remove_worker_report(&env.worker).await;
}

async fn measure_volumes(env: &Environment) -> Option<Vec<VolumeUsage>> {
    let volumes = env.runtime.all_volumes().await.ok()?;
    Some(
        volumes
            .into_iter()
            .map(|(project_id, volume)| VolumeUsage {
                project_id,
                name: volume.name,
                bytes: volume.bytes,
            })
            .collect(),
    )
}

async fn measure_apps(env: &Environment) -> Option<Vec<AppUsage>> {
    let instances = env.store.instances_on(&env.settings.node).await.ok()?;
    let projects: HashMap<InstanceId, ProjectId> = instances
        .iter()
        .map(|instance| (instance.id, instance.project_id))
        .collect();
    let running = env.runtime.list_apps().await.ok()?;
    let usage = stream::iter(running).map(|handle| {
        let project_id = projects.get(&handle.instance_id).copied();
        async move {
            let stats = env.runtime.app_stats(handle.instance_id).await.ok()??;
            Some(AppUsage {
                instance_id: handle.instance_id,
                deployment_id: handle.deployment_id,
                project_id: project_id?,
                cpu_nanos: stats.cpu_nanos,
                memory_bytes: stats.memory_bytes,
                memory_limit_bytes: stats.memory_limit_bytes,
                network_received_bytes: stats.network_received_bytes,
                network_sent_bytes: stats.network_sent_bytes,
                processes: stats.processes,
            })
        }
    });
    let usage: Vec<Option<AppUsage>> = usage.buffer_unordered(ASKED_AT_ONCE).collect().await;
    Some(usage.into_iter().flatten().collect())
}
