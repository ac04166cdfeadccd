//! Disk space: working trees of attempts that ended, releases beyond retention, contents without a release, what belongs
//! to deleted projects. Only folders named by ids of ours are touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::{DeploymentId, DeploymentStatus, ProjectId};
use uuid::Uuid;

use crate::artifacts;
use crate::environment::Environment;
use crate::folders::remove_tree;

/// One pass.
pub(super) async fn run(env: &Environment) -> anyhow::Result<()> {
    env.store.expire_previews().await?;
    remove_workspaces(env).await?;
    remove_releases(env).await?;
    remove_project_caches(env).await?;
    env.store.trim_runtime_logs().await?;
    env.store.purge_detections().await?;
    env.store.purge_uploads().await?;
    env.store.purge_deliveries().await?;
    env.store.purge_removed_routes().await?;
    Ok(())
}

/// Working trees whose attempt is not under way: their worker was killed.
async fn remove_workspaces(env: &Environment) -> anyhow::Result<()> {
    let age = env.settings.timing.workspace_age;
    let old: Vec<(PathBuf, DeploymentId, i64)> = entries(&env.folders.workspaces())
        .into_iter()
        .filter(|path| is_older(path, age))
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let (id, token) = name.split_once('.')?;
            Some((
                path,
                DeploymentId::from_uuid(id.parse().ok()?),
                token.parse().ok()?,
            ))
        })
        .collect();
    let attempts: Vec<(DeploymentId, i64)> = old.iter().map(|(_, id, token)| (*id, *token)).collect();
    let running = env.store.running_attempts(&attempts).await?;
    for (path, id, token) in old {
        if !running.contains(&(id, token)) {
            // Another attempt of the same deployment uses the same scratch folder.
            let status = env.store.deployment_status(id).await?;
            if status.is_none_or(DeploymentStatus::is_terminal) {
                env.runtime.end_build(id).await?;
            }
            blocking(move || remove_tree(&path)).await?;
        }
    }
    Ok(())
}

/// Releases that retention has ended, and folders of deployments that never became one.
async fn remove_releases(env: &Environment) -> anyhow::Result<()> {
    env.store.expire_releases(env.settings.keep_releases).await?;
    let folders = env.folders.clone();
    let on_disk = blocking(move || artifacts::releases_on_disk(&folders)).await?;
    let kept = env.store.kept_artifacts(&on_disk).await?;
    let copies = env.store.instances_on(&env.settings.node).await?;
    let mut removed = 0;
    for id in on_disk {
        // The folder of an app that still runs stays until it is stopped.
        let is_running = copies.iter().any(|copy| copy.deployment_id == id);
        if kept.contains(&id) || is_running {
            continue;
        }
        let folders = env.folders.clone();
        blocking(move || artifacts::remove_release(&folders, id)).await?;
        removed += 1;
    }
    if removed > 0 {
        let folders = env.folders.clone();
        let freed = blocking(move || artifacts::collect_garbage(&folders)).await?;
        tracing::info!(releases = removed, freed_bytes = freed, "releases were removed");
    }
    Ok(())
}

async fn remove_project_caches(env: &Environment) -> anyhow::Result<()> {
    let project_of = |path: &PathBuf| {
        let name = path.file_stem()?.to_str()?;
        name.parse::<Uuid>().ok().map(ProjectId::from_uuid)
    };
    let projects = env.folders.project_caches();
    let caches: Vec<PathBuf> = [entries(&projects), entries(&env.folders.git_cache())].concat();
    // A dry run without a project has a short-lived cache of its own.
    let old = caches
        .into_iter()
        .filter(|path| is_older(path, Duration::from_secs(600)));
    let caches: Vec<(PathBuf, ProjectId)> = old
        .filter_map(|path| Some((path.clone(), project_of(&path)?)))
        .collect();
    let ids: Vec<ProjectId> = caches.iter().map(|(_, id)| *id).collect();
    let existing = env.store.existing_projects(&ids).await?;
    for (path, id) in caches {
        if !existing.contains(&id) {
            blocking(move || {
                if path.is_dir() {
                    remove_tree(&path)
                } else {
                    std::fs::remove_file(&path)
                }
            })
            .await?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.filter_map(Result::ok).map(|entry| entry.path()).collect()
}

fn is_older(path: &Path, age: Duration) -> bool {
    let modified = path.symlink_metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed > age))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
