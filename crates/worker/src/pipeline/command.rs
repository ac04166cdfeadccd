//! Running a user's command in the sandbox with its output in the log.

use std::collections::BTreeMap;

use aether_models::{BuildPlan, Step, UserError};

use super::Job;
use super::explain::explain_exit;
use super::job::Source;
use super::step::StepError;
use crate::caches;
use crate::package_managers::PackageManager;
use crate::runtime::{BuildCommand, ExitReport, Stack};

/// Runs `script` as install or build command.
pub(super) async fn run(
    job: &Job,
    source: &Source,
    plan: &BuildPlan,
    step: Step,
    script: &str,
) -> Result<(), StepError> {
    let log = job.log.of_step(step);
    log.say(format!("$ {script}"));
    let runtime = job.runtime()?;
    // Only what runs commands needs this; a large static site would pay for it without a use.
    job.given
        .get_or_try_init(|| runtime.prepare_workspace(&source.workspace))
        .await?;
    let packages = package_folder(job).await?;
    let mut env: BTreeMap<String, String> =
        caches::package_manager_variables(plan.package_manager.as_deref());
    env.extend(job.build_environment(source.commit.as_ref()));
    let command = BuildCommand {
        deployment_id: job.id(),
        script: PackageManager::of(plan).map_or_else(|| script.to_owned(), |manager| manager.provide(script)),
        workspace: source.workspace.clone(),
        directory: plan.root_dir.clone(),
        caches: vec![(packages, caches::PACKAGES_MOUNT.to_owned())],
        env,
        limits: job.claimed.settings.build_limits,
        timeout: job.time_left(),
        stack: Some(Stack::of(plan)),
    };
    if command.timeout.is_zero() {
        return Err(timed_out(job).into());
    }
    let (sink, output) = log.output();
    let report = runtime.run_build(command, sink, job.stop.token().clone()).await;
    output.finished().await;
    match report? {
        ExitReport::Exited(0) => Ok(()),
        ExitReport::Cancelled => Err(StepError::Stopped),
        ExitReport::LimitExceeded(error) => Err(error.into()),
        report => {
            let last_lines = job.log.last_lines(step).await;
            let about = (plan, &job.claimed.settings);
            Err(explain_exit(step, script, &report, &last_lines, &source.workspace, about).into())
        }
    }
}

/// The project's downloads; given to the builds' account when it is made, and written by that account only.
async fn package_folder(job: &Job) -> Result<std::path::PathBuf, StepError> {
    let folder = caches::package_folder(&job.env.folders, job.cache_owner());
    if !folder.is_dir() {
        std::fs::create_dir_all(&folder).map_err(StepError::machine("making the package cache"))?;
        job.runtime()?.prepare_workspace(&folder).await?;
    }
    Ok(folder)
}

pub(super) fn timed_out(job: &Job) -> UserError {
    let seconds = job.claimed.settings.build_timeout_seconds;
    UserError::new(
        "build_timed_out",
        "The build took too long",
        format!("It was not done within {seconds} seconds."),
    )
    .hint("Raise the time limit in Settings > Build, or make the build faster.")
}
