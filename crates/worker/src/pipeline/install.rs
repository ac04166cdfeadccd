//! Step three: the dependencies, from the last build when nothing they depend on has changed.

use aether_models::{BuildPlan, PlanKind, Step};

use super::job::Source;
use super::step::{Done, StepError};
use super::{Job, command};
use crate::caches::{DependencyCache, Installed};
use crate::fail_points::reached;
use crate::runtime::Stack;

/// What the install rests on and what it left; none when nothing can be kept of it.
pub(super) type Kept = Option<(Installed, String)>;

/// Installs, or puts back.
pub(super) async fn run(job: &Job, source: &Source, plan: &BuildPlan) -> Result<Done<Kept>, StepError> {
    let log = job.log.of_step(Step::Install);
    let Some(script) = plan
        .install_command
        .as_ref()
        .filter(|_| plan.kind != PlanKind::Docker)
    else {
        log.say(match plan.kind {
            PlanKind::Docker => "The Dockerfile installs what it needs",
            _ => "There is no install command; nothing to do",
        });
        reached("installed");
        return Ok(Done::Skipped(None));
    };
    let cache = DependencyCache::new(&job.env.folders, job.cache_owner());
    let installed = describe(job, source, plan).await?;
    if let Some(installed) = &installed
        && cache.restore(installed, &source.workspace).await
    {
        log.say(format!(
            "Skipped `{script}`: {}, the commands, the variables and this machine are as in the last build; its packages are used again",
            installed.lockfiles.join(", ")
        ));
        let fingerprint = DependencyCache::fingerprint(&source.workspace).await;
        reached("installed");
        return Ok(Done::Skipped(Some((installed.clone(), fingerprint))));
    }
    command::run(job, source, plan, Step::Install, script).await?;
    let kept = match installed {
        Some(installed) => {
            let fingerprint = DependencyCache::fingerprint(&source.workspace).await;
            Some((installed, fingerprint))
        }
        None => None,
    };
    reached("installed");
    Ok(Done::Succeeded(kept))
}

async fn describe(job: &Job, source: &Source, plan: &BuildPlan) -> Result<Option<Installed>, StepError> {
    let variables = job.variables.iter().filter(|variable| variable.scope.in_build());
    let mut facts: Vec<String> = variables
        .map(|variable| format!("{}={}", variable.name, variable.value))
        .collect();
    let runtime = job.runtime()?;
    facts.push(runtime.name().as_str().to_owned());
    facts.push(runtime.toolchain(&Stack::of(plan)));
    let (workspace, plan) = (source.workspace.clone(), plan.clone());
    tokio::task::spawn_blocking(move || {
        let facts: Vec<&str> = facts.iter().map(String::as_str).collect();
        DependencyCache::describe(&workspace, &plan, &facts)
    })
    .await
    .map_err(|error| StepError::Retry(error.into()))?
    .map_err(StepError::machine("reading the lockfiles"))
}
