//! From a commit to a live release, in six steps.
//!
//! Every step can be run again after a crash: the working tree is made anew per attempt, stores are written by atomic
//! renames, and what becomes visible to visitors changes in the last step's one transaction.

mod build;
mod clone;
mod command;
mod deploy;
mod detect;
mod explain;
mod handler;
mod image;
mod install;
mod job;
mod lfs;
mod logs;
mod missing_import;
mod route;
mod step;
mod submodules;
mod upload;

use aether_models::Step;

pub(crate) use explain::quote;
pub use handler::PipelineHandler;
pub(crate) use job::Job;
pub(crate) use logs::BuildLog;
pub(crate) use step::StepError;

use step::step;

/// Takes one deployment through the pipeline.
///
/// # Errors
/// The first step's that did not succeed.
pub(crate) async fn run(job: &Job) -> Result<(), StepError> {
    let source = step(job, Step::Clone, clone::run(job)).await?;
    let plan = step(job, Step::Detect, detect::run(job, &source)).await?;
    let installed = step(job, Step::Install, install::run(job, &source, &plan)).await?;
    step(job, Step::Build, build::run(job, &source, &plan)).await?;
    let target = step(job, Step::Deploy, deploy::run(job, &source, &plan, &installed)).await?;
    step(job, Step::Route, route::run(job, &target)).await
}
