//! Step two: how the repository is built, from its files and the project's settings.

use aether_detect::{DetectOptions, DiskTree};
use aether_models::{BuildOverrides, BuildPlan, PlanKind, RuntimeName, Step, UserError};

use super::job::Source;
use super::step::{Done, StepError, persist};
use super::{BuildLog, Job};
use crate::fail_points::reached;
use crate::runtime::docker_needed;

/// Decides on a plan and keeps it.
pub(super) async fn run(job: &Job, source: &Source) -> Result<Done<BuildPlan>, StepError> {
    let settings = &job.claimed.settings;
    let options = DetectOptions {
        root_dir: Some(settings.root_dir.clone()),
        overrides: settings.overrides.clone(),
    };
    let workspace = source.workspace.clone();
    let (detection, overrides) = tokio::task::spawn_blocking(move || {
        let tree = DiskTree::open(&workspace)?;
        Ok((aether_detect::detect(&tree, &options), options.overrides))
    })
    .await
    .map_err(|error| StepError::Retry(error.into()))?
    .map_err(StepError::machine("reading the repository"))?;
    let plan = match detection.chosen() {
        Ok(plan) => plan.clone(),
        Err(explanation) => plan_of_settings(&overrides, detection.candidates.first(), &settings.root_dir)
            .ok_or_else(|| explanation.to_user_error())?,
    };
    check(&plan, job.runtime()?.name())?;
    describe(&job.log.of_step(Step::Detect), &plan);
    persist(job, || job.env.store.record_plan(&job.claimed.lease, &plan)).await?;
    reached("detected");
    Ok(Done::Succeeded(plan))
}

/// Settings that say everything need no detection.
fn plan_of_settings(
    overrides: &BuildOverrides,
    candidate: Option<&BuildPlan>,
    root_dir: &str,
) -> Option<BuildPlan> {
    let enough = match overrides.kind? {
        PlanKind::Static => overrides.output_directory.is_some(),
        PlanKind::Server => overrides.start_command.is_some(),
        PlanKind::Docker => false,
    };
    if !enough {
        return None;
    }
    let mut plan = candidate
        .cloned()
        .unwrap_or_else(|| BuildPlan::static_files(root_dir));
    overrides.apply(&mut plan);
    Some(plan)
}

fn check(plan: &BuildPlan, runtime: RuntimeName) -> Result<(), UserError> {
    match plan.kind {
        PlanKind::Docker if runtime != RuntimeName::Docker => Err(docker_needed()),
        PlanKind::Server if plan.start_command.is_none() => Err(UserError::new(
            "start_command_missing",
            "Nothing says how the app is started",
            "The project is a server app, but no start command was found or set.",
        )
        .hint("Add a \"start\" script to package.json, or set the start command in Settings > Build.")),
        _ => Ok(()),
    }
}

fn describe(log: &BuildLog, plan: &BuildPlan) {
    let what = plan.framework.as_deref().unwrap_or(&plan.language);
    let kind = match plan.kind {
        PlanKind::Static => "static site",
        PlanKind::Server => "server app",
        PlanKind::Docker => "Docker image",
    };
    let folder = if plan.root_dir == "." {
        String::new()
    } else {
        format!(" in {}", plan.root_dir)
    };
    log.say(format!("Detected {what}, {kind}{folder}"));
    for evidence in plan.evidence.iter().take(12) {
        log.say(format!("  {}: {}", evidence.file, evidence.says));
    }
    for warning in &plan.warnings {
        log.say(format!("Warning: {warning}"));
    }
}
