//! Step four: the build command, or the image.

use aether_models::{BuildPlan, PlanKind, Step};

use super::job::Source;
use super::step::{Done, StepError};
use super::{Job, command, image};
use crate::caches::FrameworkCache;
use crate::fail_points::reached;

/// Builds, with the framework's own caches of the last build in place.
pub(super) async fn run(job: &Job, source: &Source, plan: &BuildPlan) -> Result<Done<()>, StepError> {
    if plan.kind == PlanKind::Docker {
        image::build(job, source, plan).await?;
        reached("built");
        return Ok(Done::Succeeded(()));
    }
    let Some(script) = &plan.build_command else {
        job.log
            .of_step(Step::Build)
            .say("There is no build command; nothing to do");
        reached("built");
        return Ok(Done::Skipped(()));
    };
    let cache = FrameworkCache::new(&job.env.folders, job.cache_owner(), plan);
    let restored = cache.restore(&source.workspace).await;
    if !restored.is_empty() {
        job.log.of_step(Step::Build).say(format!(
            "Using the build cache of the last build: {}",
            restored.join(", ")
        ));
    }
    command::run(job, source, plan, Step::Build, script).await?;
    cache.save(&source.workspace).await;
    reached("built");
    Ok(Done::Succeeded(()))
}
