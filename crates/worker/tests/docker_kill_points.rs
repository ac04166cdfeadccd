//! A worker with containers at every point of the pipeline: cancelled there (threats.md F34), and killed there while a
//! container has just been started or visitors have just been sent to it (F2, F3).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]
#![cfg(feature = "failpoints")]

mod docker_support;
#[path = "docker_support/platform.rs"]
mod platform;
mod support;

use std::collections::HashMap;
use std::time::Duration;

use aether_models::{BuildOverrides, DeploymentId, DeploymentStatus, EnvScope, ProjectSettings};
use aether_store::{CancelOutcome, ProxyReport};
use nix::sys::signal::Signal;
use platform::Platform;
use support::process::WorkerProcess;
use support::{Project, World, eventually, invariants};
use tokio::time::Instant;

/// F34.
const CANCELLED_WITHIN: Duration = Duration::from_secs(5);
const FREEZE: &str = "1*return(freeze)";
const KILL: &str = "1*return(kill)";

const PACKAGE: &str = r#"{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}"#;
const SERVER: &str =
    "require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, process.env.HOST);";

async fn app(world: &World) -> Project {
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", SERVER)])
        .unwrap();
    let overrides = BuildOverrides {
        install_command: Some("echo nothing to install".to_owned()),
        build_command: Some("echo building with $TOKEN".to_owned()),
        start_command: Some("node server.js".to_owned()),
        ..BuildOverrides::default()
    };
    let settings = ProjectSettings {
        overrides,
        ..ProjectSettings::default()
    };
    let project = world.project_with("shop", &settings, None).await;
    world
        .variable(&project, "TOKEN", invariants::CANARY, EnvScope::All, true)
        .await;
    project
}

/// A worker process with containers, and no release that is kept warm.
fn worker(platform: &Platform, fail_points: &str) -> WorkerProcess {
    let secrets = platform.docker.secrets_dir.display().to_string();
    let variables = [
        ("AETHER_RUNTIME", "docker"),
        ("AETHER_DOCKER_OWNER", &platform.docker.owner),
        ("AETHER_DOCKER_SECRETS_DIR", &secrets),
        ("AETHER_WARM_SECONDS", "0"),
    ];
    WorkerProcess::start_with(&platform.world, fail_points, &variables)
}

/// Waits until the worker has stopped itself at its fail point.
async fn frozen(worker: &WorkerProcess) {
    eventually("the worker to be at its fail point", || async {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", worker.pid())).ok()?;
        stat.rsplit(')')
            .next()?
            .trim_start()
            .starts_with('T')
            .then_some(())
    })
    .await;
}

async fn cancel(world: &World, project: &Project, id: DeploymentId) -> CancelOutcome {
    let outcome = world.store.request_cancel(project.team, id).await.unwrap();
    outcome.unwrap()
}

/// Cancels while the worker stands still, and wakes it afterwards; before, if it holds the row of the deployment, as it does
/// when it was stopped in the middle of another of its transactions.
async fn cancel_and_wake(
    world: &World,
    project: &Project,
    id: DeploymentId,
    worker: &WorkerProcess,
) -> CancelOutcome {
    let cancelled = cancel(world, project, id);
    let woken = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        worker.signal(Signal::SIGCONT);
        std::future::pending::<CancelOutcome>().await
    };
    let outcome = tokio::select! {
        outcome = cancelled => outcome,
        outcome = woken => outcome,
    };
    worker.signal(Signal::SIGCONT);
    outcome
}

/// Deletes the project with a worker that runs on, and waits until nothing of it is in the engine.
async fn left_clean(platform: &Platform, project: &Project, ids: &[DeploymentId]) {
    invariants::check(&platform.world, project, ids).await;
    platform.assert_nothing_left().await;
}

/// Cancels while the worker is at `point`, before visitors get the release.
async fn cancelled_at(point: &str) {
    let platform = Platform::start().await;
    let world = &platform.world;
    let project = app(world).await;
    let worker = worker(&platform, &format!("{point}={FREEZE}"));
    let id = world.deploy(&project).await;
    frozen(&worker).await;
    let asked = Instant::now();
    let outcome = cancel_and_wake(world, &project, id, &worker).await;
    assert_eq!(outcome, CancelOutcome::Requested, "{point}");
    let deployment = world.ended(&project, id).await;
    let took = asked.elapsed();
    assert_eq!(
        deployment.status,
        DeploymentStatus::Cancelled,
        "{point}: {:?}\n{}",
        deployment.error,
        world.log_text(id).await
    );
    // Neither a container nor a network is left of it, although the worker goes on.
    eventually("its containers to go", || async {
        platform.left().is_empty().then_some(())
    })
    .await;
    println!(
        "F34 {point}: cancelled in {took:?}, nothing in the engine after {:?}",
        asked.elapsed()
    );
    assert!(took <= CANCELLED_WITHIN, "{point}: {took:?}");
    // Twice does no harm, and says how it stands.
    let again = cancel(world, &project, id).await;
    assert_eq!(again, CancelOutcome::AlreadyEnded(DeploymentStatus::Cancelled));
    left_clean(&platform, &project, &[id]).await;
}

/// From the switch on it is too late: the answer is a conflict, and the release stays.
async fn too_late_at(point: &str) {
    let platform = Platform::start().await;
    let world = &platform.world;
    let project = app(world).await;
    let worker = worker(&platform, &format!("{point}={FREEZE}"));
    let first = world.deploy(&project).await;
    let mut ids = vec![first];
    if point == "old_drained" {
        world.ready(&project, first).await;
        let second = world.deploy(&project).await;
        world.ready(&project, second).await;
        // A proxy that is done with the old release.
        let proxy = ProxyReport {
            proxy_id: "p".to_owned(),
            version: i64::MAX,
            in_flight: HashMap::new(),
            ..Default::default()
        };
        world.store.report_proxy(&proxy).await.unwrap();
        ids.push(second);
    }
    frozen(&worker).await;
    let live = *ids.last().unwrap();
    let asked = Instant::now();
    for outcome in [
        cancel_and_wake(world, &project, live, &worker).await,
        cancel(world, &project, live).await,
    ] {
        assert_eq!(
            outcome,
            CancelOutcome::AlreadyEnded(DeploymentStatus::Ready),
            "{point}"
        );
    }
    println!("F34 {point}: refused in {:?}", asked.elapsed());
    assert!(asked.elapsed() <= CANCELLED_WITHIN);
    assert_eq!(world.ready(&project, live).await.status, DeploymentStatus::Ready);
    assert_eq!(platform.visit(&project).await, "ok");
    left_clean(&platform, &project, &ids).await;
}

/// Kills the first worker at `point`, lets a second one go on.
async fn killed_at(point: &str) {
    let platform = Platform::start().await;
    let world = &platform.world;
    let project = app(world).await;
    let mut first = worker(&platform, &format!("{point}={KILL}"));
    let id = world.deploy(&project).await;
    first.ended().await;
    assert_eq!(
        platform.containers().len(),
        1,
        "{point}: the container goes on without its worker"
    );
    let killed = Instant::now();
    let _second = worker(&platform, "");
    world.ready(&project, id).await;
    assert_eq!(platform.visit(&project).await, "ok");
    eventually("one container to be left", || async {
        (platform.containers().len() == 1).then_some(())
    })
    .await;
    println!(
        "{point}: live with one container {:?} after the kill",
        killed.elapsed()
    );
    left_clean(&platform, &project, &[id]).await;
}

macro_rules! points {
    ($($name:ident: $what:ident($point:literal);)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            $what($point).await;
        }
    )*};
}

points! {
    f34_cancelled_when_claimed: cancelled_at("claimed");
    f34_cancelled_when_cloned: cancelled_at("cloned");
    f34_cancelled_when_detected: cancelled_at("detected");
    f34_cancelled_when_installed: cancelled_at("installed");
    f34_cancelled_when_built: cancelled_at("built");
    f34_cancelled_when_the_artifact_was_stored: cancelled_at("artifact_stored");
    f34_cancelled_when_the_container_was_started: cancelled_at("container_started");
    f34_cancelled_when_the_app_was_healthy: cancelled_at("health_ok");
    f34_too_late_when_the_route_was_switched: too_late_at("route_switched");
    f34_too_late_when_the_old_release_was_drained: too_late_at("old_drained");
    f34_too_late_when_all_was_done: too_late_at("acked");
    f2_killed_when_the_container_was_started: killed_at("container_started");
    f2_killed_when_the_container_was_written_down: killed_at("app_started");
    f3_killed_when_the_route_was_switched: killed_at("route_switched");
}
