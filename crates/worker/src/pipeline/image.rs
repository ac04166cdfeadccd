//! The image of a Dockerfile project: built by the engine, its id and port kept with the release.

use std::collections::BTreeMap;

use aether_models::{BuildPlan, Step};
use aether_store::ReleaseImage;

use super::job::Source;
use super::step::{StepError, persist};
use super::{Job, command};
use crate::runtime::{BuiltImage, ImageBuild, ImageReport};

/// Names that are looked for, in this order, as detection does.
const DOCKERFILES: [&str; 4] = ["Dockerfile", "Containerfile", "dockerfile", "Dockerfile.prod"];
const MIB: u64 = 1024 * 1024;

/// Builds it.
pub(super) async fn build(job: &Job, source: &Source, plan: &BuildPlan) -> Result<(), StepError> {
    let log = job.log.of_step(Step::Build);
    let timeout = job.time_left();
    if timeout.is_zero() {
        return Err(command::timed_out(job).into());
    }
    let (args, secrets) = variables(job, source);
    let context = source.workspace.join(&plan.root_dir);
    let is_there = |name: &&&str| context.join(name).is_file();
    let dockerfile = DOCKERFILES.iter().find(is_there).unwrap_or(&DOCKERFILES[0]);
    let build = ImageBuild {
        deployment_id: job.id(),
        project_id: job.claimed.project_id,
        dockerfile: (*dockerfile).to_owned(),
        context,
        target: None,
        args,
        secrets,
        limits: job.claimed.settings.build_limits,
        timeout,
    };
    let (sink, output) = log.output();
    let report = job
        .runtime()?
        .build_image(build, sink, job.stop.token().clone())
        .await;
    output.finished().await;
    match report? {
        ImageReport::Built(image) => keep(job, &image).await,
        ImageReport::Failed(error) => Err(error.into()),
        ImageReport::Cancelled => Err(StepError::Stopped),
    }
}

async fn keep(job: &Job, image: &BuiltImage) -> Result<(), StepError> {
    let port = image
        .exposed_port
        .map_or_else(|| "no port".to_owned(), |port| format!("port {port}"));
    job.log.of_step(Step::Build).say(format!(
        "Built the image {} ({} MiB, exposes {port})",
        image.id.chars().take(19).collect::<String>(),
        image.size_bytes.div_ceil(MIB)
    ));
    let kept = ReleaseImage {
        id: image.id.clone(),
        port: image.exposed_port,
    };
    persist(job, || job.env.store.record_image(&job.claimed.lease, &kept)).await
}

/// Variables of the build as arguments, which stay in the image's history, and its secrets, which do not.
fn variables(job: &Job, source: &Source) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let mut args = job.build_environment(source.commit.as_ref());
    let mut secrets = BTreeMap::new();
    let visible = job.variables.iter().filter(|variable| variable.scope.in_build());
    for variable in visible.filter(|variable| variable.secret) {
        let name = variable.name.to_string();
        args.remove(&name);
        secrets.insert(name, variable.value.clone());
    }
    (args, secrets)
}
