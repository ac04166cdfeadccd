//! Getting an image that is not here yet, with its progress in the build log.

use std::collections::BTreeMap;
use std::time::Duration;

use aether_models::{LogStream, UserError};
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::engine::{Engine, EngineError, found};
use crate::runtime::{OutputSink, RuntimeError};

/// A registry that sends nothing for so long has hung.
const IDLE: Duration = Duration::from_secs(90);
/// How often the log is told how far the pull is.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// Makes sure that `image` is here. Concurrent pulls of one image are one in the engine.
pub(super) async fn ensure_image(
    engine: &Engine,
    image: &str,
    limit: Duration,
    output: Option<&OutputSink>,
) -> Result<(), RuntimeError> {
    let present = engine
        .call("looking for an image", |docker| docker.inspect_image(image))
        .await;
    if found(present)?.is_some() {
        return Ok(());
    }
    say(output, format!("Pulling image {image}")).await;
    let started = Instant::now();
    pull(engine, image, limit, output).await?;
    say(
        output,
        format!("Pulled {image} in {} s", started.elapsed().as_secs()),
    )
    .await;
    Ok(())
}

async fn pull(
    engine: &Engine,
    image: &str,
    limit: Duration,
    output: Option<&OutputSink>,
) -> Result<(), RuntimeError> {
    let options = CreateImageOptionsBuilder::new()
        .from_image(&with_tag(image))
        .build();
    let mut news = engine.docker().create_image(Some(options), None, None);
    let deadline = Instant::now() + limit;
    let mut progress = Progress::default();
    let mut said = Instant::now();
    loop {
        let Ok(next) = timeout_at(deadline, timeout(IDLE, news.next())).await else {
            return Err(pull_failed(image, "it took too long").into());
        };
        match next {
            Err(_) => return Err(pull_failed(image, "the registry stopped sending").into()),
            Ok(None) => return Ok(()),
            Ok(Some(Ok(info))) => progress.note(&info),
            Ok(Some(Err(error))) => return Err(sort_failure(image, error)),
        }
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            say(output, progress.to_string()).await;
        }
    }
}

/// Without a tag the engine would pull every tag there is.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains(':') || name.contains('@') {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

/// How far each layer is.
#[derive(Debug, Default)]
struct Progress {
    layers: BTreeMap<String, (i64, i64)>,
}

impl Progress {
    fn note(&mut self, info: &CreateImageInfo) {
        let (Some(layer), Some(detail)) = (&info.id, &info.progress_detail) else {
            return;
        };
        // Unpacking counts from zero again; downloading is what takes long.
        if info.status.as_deref() != Some("Downloading") {
            return;
        }
        if let (Some(done), Some(total)) = (detail.current, detail.total) {
            self.layers.insert(layer.clone(), (done, total));
        }
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = |bytes: i64| bytes / 1_000_000;
        let (done, total) = self
            .layers
            .values()
            .fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
        write!(f, "Pulling: {} of {} MB", megabytes(done), megabytes(total))
    }
}

fn sort_failure(image: &str, error: bollard::errors::Error) -> RuntimeError {
    match EngineError::sort("pulling an image", error) {
        EngineError::Refused { message, .. }
        | EngineError::NotFound { message, .. }
        | EngineError::Conflict { message, .. } => pull_failed(image, &message).into(),
        trouble => trouble.into(),
    }
}

fn pull_failed(image: &str, why: &str) -> UserError {
    let lower = why.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let hint = if says(&["toomanyrequests", "rate limit"]) {
        "The registry limits how often it is asked: try later, log the engine in (`docker login`), or set a mirror."
    } else if says(&["manifest unknown", "not found"]) {
        "The registry has no such tag: choose another version, or name the image in AETHER_STACK_IMAGES."
    } else if says(&["unauthorized", "denied", "authentication"]) {
        "The image needs a login or does not exist: check its name, or run `docker login` for the engine."
    } else if says(&["no space left"]) {
        "The engine's disk is full: remove unused images (`docker image prune`) or give it more room."
    } else {
        "Check that this machine reaches the registry (network, proxy, DNS), or pull the image by hand: `docker pull`."
    };
    UserError::new(
        "image_pull_failed",
        "An image could not be pulled",
        format!("{image}: {}", why.trim_end_matches('.')),
    )
    .hint(hint)
}

async fn say(output: Option<&OutputSink>, line: String) {
    if let Some(output) = output {
        // A reader that left has had enough; the pull goes on.
        let _ = output.send((LogStream::System, line)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_pull_says_what_to_do_about_it() {
        let hint = |why: &str| pull_failed("node:99", why).hint.unwrap();
        assert!(hint("toomanyrequests: You have reached your pull rate limit").contains("docker login"));
        assert!(hint("manifest for node:99 not found: manifest unknown").contains("another version"));
        assert!(hint("pull access denied for x, repository does not exist").contains("check its name"));
        assert!(hint("write /var/lib/docker: no space left on device").contains("image prune"));
        assert!(hint("dial tcp: lookup registry: no such host").contains("DNS"));
    }

    #[test]
    fn an_image_without_a_tag_gets_one() {
        assert_eq!(with_tag("localhost:5000/app"), "localhost:5000/app:latest");
        assert_eq!(with_tag("node:22"), "node:22");
        assert_eq!(with_tag("a/b@sha256:00"), "a/b@sha256:00");
    }
}
