//! A worker killed at every point of the pipeline (threats.md F1 to F3), frozen (F29), and a deployment that kills its
//! worker each time (F30).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]
#![cfg(feature = "failpoints")]

mod support;

use std::collections::HashMap;
use std::time::Duration;

use aether_models::{BuildOverrides, DeploymentStatus, EnvScope, ProjectSettings};
use aether_store::ProxyReport;
use nix::sys::signal::Signal;
use support::process::WorkerProcess;
use support::{Project, World, eventually, invariants};
use tokio::time::Instant;

/// The promise of design section 3, and a busy machine's own slowness on top: the lease (10 s), a poll (1 s), then the
/// deployment itself.
const RECOVERED_WITHIN: Duration = Duration::from_secs(15);
const KILL: &str = "1*return(kill)";

const PACKAGE: &str = r#"{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}"#;
const SERVER: &str =
    "require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, process.env.HOST);";

async fn app(world: &World) -> Project {
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", SERVER)])
        .unwrap();
    // A build that says the secret, so that the canary has a chance to get out.
    let overrides = BuildOverrides {
        install_command: Some(String::new()),
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

/// Kills the first worker at `point`, lets a second one go on.
async fn killed_at(point: &str) {
    let world = World::start().await;
    let project = app(&world).await;
    let mut first = WorkerProcess::start(&world, &format!("{point}={KILL}"));
    let id = world.deploy(&project).await;
    first.ended().await;
    let killed = Instant::now();
    let status_then = world.deployment(&project, id).await.status;

    let _second = WorkerProcess::start(&world, "");
    let began = eventually("the second start", || async {
        let deployment = world.deployment(&project, id).await;
        (deployment.attempt == 2 || deployment.status.is_terminal()).then(Instant::now)
    })
    .await;
    assert!(
        began - killed <= RECOVERED_WITHIN,
        "{point}: it went on after {:?}",
        began - killed
    );
    let deployment = world.ready(&project, id).await;
    let attempts = if status_then == DeploymentStatus::Ready {
        1
    } else {
        2
    };
    assert_eq!(deployment.attempt, attempts, "{point}");
    invariants::check(&world, &project, &[id]).await;
}

macro_rules! killed_at {
    ($($name:ident: $point:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            killed_at($point).await;
        }
    )*};
}

killed_at! {
    f1_killed_when_claimed: "claimed";
    f1_killed_when_cloned: "cloned";
    f1_killed_when_detected: "detected";
    f1_killed_when_installed: "installed";
    f1_killed_when_built: "built";
    f1_killed_when_the_artifact_was_stored: "artifact_stored";
    f2_killed_when_the_app_was_started: "app_started";
    f1_killed_when_the_app_was_healthy: "health_ok";
    f3_killed_when_the_route_was_switched: "route_switched";
    f1_killed_when_all_was_done: "acked";
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_killed_when_the_old_release_was_drained() {
    let world = World::start().await;
    let project = app(&world).await;
    let point = format!("old_drained={KILL}");
    let mut first = WorkerProcess::start_with(&world, &point, &[("AETHER_WARM_SECONDS", "0")]);
    let one = world.deploy(&project).await;
    world.ready(&project, one).await;
    let two = world.deploy(&project).await;
    world.ready(&project, two).await;
    // A proxy that is done with the old release, so that it is stopped before the drain time is over.
    let proxy = ProxyReport {
        proxy_id: "p".to_owned(),
        version: i64::MAX,
        in_flight: HashMap::new(),
        ..Default::default()
    };
    while first.is_running() {
        world.store.report_proxy(&proxy).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let _second = WorkerProcess::start_with(&world, "", &[("AETHER_WARM_SECONDS", "0")]);
    invariants::check(&world, &project, &[one, two]).await;
    let copies = world.store.instances_on("test").await.unwrap();
    assert_eq!(
        copies.iter().map(|copy| copy.deployment_id).collect::<Vec<_>>(),
        [two]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_a_deployment_that_kills_its_worker_is_given_up_and_others_run() {
    let world = World::start().await;
    let poison = app(&world).await;
    // The poison is whatever reaches this point first, three times; the fail point's count outlives no process, so each
    // worker is told to die once.
    let id = world.deploy(&poison).await;
    for _ in 0..3 {
        let mut worker = WorkerProcess::start(&world, &format!("detected={KILL}"));
        worker.ended().await;
    }
    world
        .git
        .create_repo("good")
        .unwrap()
        .commit_files(&[("index.html", "<h1>good</h1>")])
        .unwrap();
    let good = world.project("good").await;
    let other = world.deploy(&good).await;
    let _worker = WorkerProcess::start(&world, "");
    let deployment = world.ended(&poison, id).await;
    assert_eq!(
        (deployment.status, deployment.attempt),
        (DeploymentStatus::Failed, 3)
    );
    assert_eq!(deployment.error.unwrap().code, "worker_crashed");
    world.ready(&good, other).await;
    invariants::check(&world, &poison, &[id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_a_panic_counts_as_a_crash_and_leaves_the_worker_alive() {
    let world = World::start().await;
    let project = app(&world).await;
    let mut worker = WorkerProcess::start(&world, "detected=1*return(panic)");
    let id = world.deploy(&project).await;
    let deployment = world.ready(&project, id).await;
    assert_eq!(deployment.attempt, 2);
    assert!(worker.is_running());
    invariants::check(&world, &project, &[id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_a_frozen_worker_loses_its_lease_and_its_writes_are_refused() {
    let world = World::start().await;
    let project = app(&world).await;
    let frozen = WorkerProcess::start(&world, "built=1*return(freeze)");
    let id = world.deploy(&project).await;
    eventually("the first worker to freeze", || async {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", frozen.pid())).ok()?;
        stat.rsplit(')')
            .next()?
            .trim_start()
            .starts_with('T')
            .then_some(())
    })
    .await;
    let _second = WorkerProcess::start(&world, "");
    let deployment = world.ready(&project, id).await;
    assert_eq!(deployment.attempt, 2);
    let (release, log) = (world.route(&project).await, world.log(id).await);
    frozen.signal(Signal::SIGCONT);
    // It wakes up in the middle of its work; whatever it does must change nothing.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.deployment(&project, id).await, deployment);
    assert_eq!(world.route(&project).await, release);
    assert_eq!(world.log(id).await.len(), log.len());
    invariants::check(&world, &project, &[id]).await;
}
