//! Step five: the release on disk and, for an app, running and healthy. Visitors do not notice it yet.

use aether_models::{BuildPlan, PlanKind, RouteTarget, Step};
use aether_store::Instance;
use futures::future::join_all;

use super::Job;
use super::install::Kept;
use super::job::Source;
use super::step::{Done, StepError};
use crate::apps;
use crate::artifacts::{self, Publication, StaticReport};
use crate::caches::{self, DependencyCache};
use crate::fail_points::reached;
use crate::package_managers::PackageManager;

/// Stores the release and answers with what will serve it.
pub(super) async fn run(
    job: &Job,
    source: &Source,
    plan: &BuildPlan,
    installed: &Kept,
) -> Result<Done<RouteTarget>, StepError> {
    // Before anything that another attempt could collide with.
    job.confirm_lease().await?;
    match plan.kind {
        PlanKind::Static => deploy_static(job, source, plan, installed).await,
        PlanKind::Server | PlanKind::Docker => deploy_app(job, source, plan, installed).await,
    }
}

async fn deploy_static(
    job: &Job,
    source: &Source,
    plan: &BuildPlan,
    installed: &Kept,
) -> Result<Done<RouteTarget>, StepError> {
    let log = job.log.of_step(Step::Deploy);
    let report = publish(job, source, plan).await?;
    log.say(format!(
        "Published {} files, {} KiB ({} new)",
        report.files,
        report.bytes.div_ceil(1024),
        report.new_files
    ));
    for warning in &report.warnings {
        log.say(format!("Warning: {warning}"));
    }
    reached("artifact_stored");
    if let Some((installed, fingerprint)) = installed {
        let cache = DependencyCache::new(&job.env.folders, job.cache_owner());
        cache.save(installed, fingerprint, &source.workspace, false).await;
    }
    Ok(Done::Succeeded(RouteTarget::Static {
        deployment_id: job.id(),
    }))
}

async fn publish(job: &Job, source: &Source, plan: &BuildPlan) -> Result<StaticReport, StepError> {
    let (folders, cancel) = (job.env.folders.clone(), job.stop.token().clone());
    let (workspace, root_dir) = (source.workspace.clone(), plan.root_dir.clone());
    let directory = plan.output_directory.clone().unwrap_or_else(|| ".".to_owned());
    let publication = Publication {
        deployment: job.id(),
        spa: plan.spa,
        created: job.env.clock.now().timestamp(),
    };
    tokio::task::spawn_blocking(move || {
        let output = artifacts::find_output(&workspace, &root_dir, &directory)?;
        let mut report =
            artifacts::publish(&folders, publication, &output.files, &cancel).map_err(|error| match error
                .kind()
            {
                std::io::ErrorKind::Interrupted => StepError::Stopped,
                _ => StepError::machine("storing the site's files")(error),
            })?;
        report.warnings.splice(0..0, output.warnings);
        Ok(report)
    })
    .await
    .map_err(|error| StepError::Retry(error.into()))?
}

async fn deploy_app(
    job: &Job,
    source: &Source,
    plan: &BuildPlan,
    installed: &Kept,
) -> Result<Done<RouteTarget>, StepError> {
    let log = job.log.of_step(Step::Deploy);
    // An earlier attempt may have left its app running from the folder that is replaced now.
    apps::stop_leftovers(&job.env, job.id()).await?;
    let (folders, id, workspace) = (job.env.folders.clone(), job.id(), source.workspace.clone());
    // An image holds its files itself; the folder says that the release is on this machine.
    let files = (plan.kind == PlanKind::Server).then_some(workspace);
    let packages = caches::package_folder(&job.env.folders, job.claimed.project_id);
    let (manager, plan_of_app) = (PackageManager::of(plan), plan.clone());
    let place = move || {
        if let (Some(manager), Some(files)) = (manager, &files) {
            manager.keep(&plan_of_app, &packages, files)?;
        }
        artifacts::place_app(&folders, id, files.as_deref())
    };
    tokio::task::spawn_blocking(place)
        .await
        .map_err(|error| StepError::Retry(error.into()))?
        .map_err(StepError::machine("storing the app's files"))?;
    reached("artifact_stored");
    let copies = apps::launch(&job.env, job.id()).await?;
    for copy in &copies {
        log.say(format!("Started {} on port {}", what(plan), copy.address.port()));
    }
    reached("app_started");
    if let Err(error) = become_healthy(job, &copies, &log).await {
        join_all(copies.iter().map(|copy| apps::discard(&job.env, copy))).await;
        return Err(error);
    }
    reached("health_ok");
    keep_dependencies_later(job, installed);
    Ok(Done::Succeeded(RouteTarget::App {
        deployment_id: job.id(),
        upstreams: copies.iter().map(|copy| copy.address).collect(),
    }))
}

/// Waits for every copy; the first that does not become healthy fails the deployment.
async fn become_healthy(job: &Job, copies: &[Instance], log: &super::BuildLog) -> Result<(), StepError> {
    let each = copies.iter().map(|copy| async move {
        (
            copy,
            apps::wait_until_healthy(&job.env, copy, job.stop.token()).await,
        )
    });
    for (copy, healthy) in join_all(each).await {
        copy_app_log(job, copy, log).await;
        match healthy {
            Ok(took) => log.say(format!("Healthy after {:.1} s", took.as_secs_f64())),
            Err(apps::Unhealthy::Stopped) => return Err(StepError::Stopped),
            Err(apps::Unhealthy::Failed(reason)) => {
                let lines = job.log.last_lines(Step::Deploy).await;
                return Err(apps::explain_unhealthy(&reason, copy, &lines).into());
            }
            Err(apps::Unhealthy::Machine(error)) => return Err(error),
        }
    }
    Ok(())
}

fn what(plan: &BuildPlan) -> String {
    match &plan.start_command {
        Some(command) => format!("`{command}`"),
        None => "the image's own command".to_owned(),
    }
}

/// What the app said while it started belongs to the deployment's log too: it is the reason when it failed.
async fn copy_app_log(job: &Job, instance: &Instance, log: &super::BuildLog) {
    let lines = match job.env.runtime.app_log(instance.id, 0, 200).await {
        Ok(lines) => lines,
        Err(error) => {
            tracing::warn!(%error, instance = %instance.id, "an app's first output could not be read");
            return;
        }
    };
    let (sink, output) = log.output();
    for line in lines {
        // The receiver ends after the sender.
        let _ = sink.send((line.stream, line.text)).await;
    }
    drop(sink);
    output.finished().await;
}

/// The release took the packages along; the next build gets a copy, made while visitors are served already.
fn keep_dependencies_later(job: &Job, installed: &Kept) {
    let Some((installed, fingerprint)) = installed.clone() else {
        return;
    };
    let cache = DependencyCache::new(&job.env.folders, job.cache_owner());
    let app = job.env.folders.app(job.id());
    tokio::spawn(async move { cache.save(&installed, &fingerprint, &app, true).await });
}
