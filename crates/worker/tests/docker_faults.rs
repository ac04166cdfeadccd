//! Faults of threats.md through the whole pipeline in containers: releases that are never healthy, builds that hurt,
//! floods of output, cancels.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod docker_support;
#[path = "docker_support/platform.rs"]
mod platform;
mod support;

use std::time::Duration;

use aether_models::{BuildOverrides, DeploymentStatus, PlanKind, ProjectSettings};
use aether_worker::runtime::docker::FirewallMode;
use docker_support::{DEBIAN, PrivateEngine};
use nix::sys::signal::Signal;
use platform::Platform;
use support::{Project, World};
use tokio::time::Instant;

const PACKAGE: &str = r#"{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}"#;
const GOOD: &str =
    "require('http').createServer((q, s) => s.end('good')).listen(process.env.PORT, '0.0.0.0');";

/// A static site of one page that is built by `script`.
fn built_by(script: &str) -> ProjectSettings {
    ProjectSettings {
        overrides: BuildOverrides {
            kind: Some(PlanKind::Static),
            build_command: Some(script.to_owned()),
            output_directory: Some(".".to_owned()),
            ..BuildOverrides::default()
        },
        ..ProjectSettings::default()
    }
}

async fn page(world: &World, name: &str, settings: &ProjectSettings) -> Project {
    let repo = world.git.create_repo(name).unwrap();
    repo.commit_files(&[("index.html", "<p>x</p>")]).unwrap();
    world.project_with(name, settings, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_container_that_is_never_healthy_leaves_the_old_release_live() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", GOOD)])
        .unwrap();
    let settings = ProjectSettings {
        health_check_timeout_seconds: 5,
        health_check_path: Some("/".to_owned()),
        ..ProjectSettings::default()
    };
    let project = world.project_with("shop", &settings, None).await;
    let worker = platform.worker().await;
    let good = world.deploy(&project).await;
    world.ready(&project, good).await;

    let wrong_port = "require('http').createServer(() => {}).listen(3999, () => console.log('Listening on http://localhost:3999'));";
    let crashes = "console.log('no database'); process.exit(3);";
    let errors = "require('http').createServer((q, s) => { s.statusCode = 500; s.end(); }).listen(process.env.PORT, '0.0.0.0');";
    for (code, said) in [
        (wrong_port, "Listening on"),
        (crashes, "no database"),
        (errors, "status 500"),
    ] {
        repo.commit_files(&[("server.js", code)]).unwrap();
        let started = Instant::now();
        let id = world.deploy(&project).await;
        let deployment = world.ended(&project, id).await;
        let error = deployment.error.unwrap();
        assert_eq!(
            (deployment.status, error.code.as_str()),
            (DeploymentStatus::Failed, "app_not_healthy"),
            "{error:?}"
        );
        assert!(error.detail.contains(said), "{error:?}");
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(world.route(&project).await.target.deployment_id(), Some(good));
        assert_eq!(platform.visit(&project).await, "good");
    }
    assert_eq!(platform.containers().len(), 1, "the failed copies are gone");
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_builds_that_hurt_are_ended_with_their_limit() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let worker = platform.worker().await;
    for (name, script, code) in [
        ("memory", "head -c 500m /dev/zero | tail", "build_out_of_memory"),
        (
            "forks",
            "f() { f | f & f; }; f; exit 7",
            "build_too_many_processes",
        ),
        ("disk", "head -c 200M /dev/zero > big", "build_out_of_disk"),
        (
            "time",
            "trap '' TERM INT; while :; do sleep 1; done",
            "build_timed_out",
        ),
    ] {
        let mut settings = built_by(script);
        settings.build_limits.memory_mb = 128;
        settings.build_limits.pids = 64;
        settings.build_limits.disk_mb = 64;
        // Only the endless one has to wait for it.
        settings.build_timeout_seconds = if name == "time" { 10 } else { 60 };
        let project = page(world, name, &settings).await;
        let started = Instant::now();
        let id = world.deploy(&project).await;
        let deployment = world.ended(&project, id).await;
        assert_eq!(
            deployment.error.unwrap().code,
            code,
            "{name}: {}",
            world.log_text(id).await
        );
        assert!(
            started.elapsed() < Duration::from_secs(40),
            "{name}: {:?}",
            started.elapsed()
        );
    }
    platform.assert_nothing_left().await;
    worker.stop().await;
}

/// The most memory this process, and with it its worker, ever had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_a_flood_of_output_is_capped_and_the_build_goes_on() {
    let platform = Platform::start().await;
    let world = &platform.world;
    // Twenty megabytes of lines, one line of twenty megabytes, and what is no text.
    let script = "printf 'a\\000b \\033[31mred\\033[0m \\377\\n'; yes 'a line of output like any other, some fifty bytes' \
                  | head -c 20M; echo; head -c 20M /dev/zero | tr '\\000' x; echo; echo the last line";
    let project = page(world, "flood", &built_by(script)).await;
    let worker = platform.worker().await;
    let before = peak();
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let grown = peak().saturating_sub(before);
    let log = world.log_text(id).await;
    println!(
        "{} bytes are kept, the worker grew by {} KiB",
        log.len(),
        grown / 1024
    );
    assert!(log.len() < 12 << 20, "{} bytes are kept", log.len());
    assert!(log.contains("the last line"), "its end is there");
    assert!(grown < 64 << 20, "the worker grew by {grown} bytes");
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f34_a_cancel_ends_every_step_and_leaves_nothing() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let worker = platform.worker().await;
    let build = page(
        world,
        "build",
        &built_by("trap '' TERM; echo begun-to-build; sleep 600"),
    )
    .await;
    let image = world.git.create_repo("image").unwrap();
    image
        .commit_files(&[(
            "Dockerfile",
            "FROM debian:bookworm-slim\nRUN echo begun-to-build && sleep 600\nCMD sleep 600\n",
        )])
        .unwrap();
    let image = world.project("image").await;
    let app = world.git.create_repo("shop").unwrap();
    app.commit_files(&[
        ("package.json", PACKAGE),
        (
            "server.js",
            "console.log('never listens'); setInterval(() => {}, 1000);",
        ),
    ])
    .unwrap();
    let app = world.project("shop").await;
    for (project, line) in [
        (&build, "begun-to-build"),
        (&image, "begun-to-build"),
        (&app, "Started `"),
    ] {
        let id = world.deploy(project).await;
        platform.says(id, line).await;
        let asked = Instant::now();
        world.store.request_cancel(project.team, id).await.unwrap();
        let deployment = world.ended(project, id).await;
        assert_eq!(
            deployment.status,
            DeploymentStatus::Cancelled,
            "{:?}",
            deployment.error
        );
        println!("{line:?} was cancelled in {:?}", asked.elapsed());
        assert!(
            asked.elapsed() <= Duration::from_secs(5),
            "{line}: {:?}",
            asked.elapsed()
        );
        // Twice does no harm.
        world.store.request_cancel(project.team, id).await.unwrap();
        assert_eq!(
            world.deployment(project, id).await.status,
            DeploymentStatus::Cancelled
        );
    }
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_f13_deployments_survive_an_engine_that_is_killed_and_one_that_hangs() {
    let mut engine = PrivateEngine::start(true);
    engine.load(DEBIAN);
    let socket = engine.socket();
    let platform = Platform::start_with(|settings| {
        settings.socket = socket;
        // The networks of the machine's engine are on the same machine, and its packet filter is another's business.
        settings.network_pool = format!("10.202.{}.0/24", rand::random::<u8>()).parse().unwrap();
        settings.firewall = FirewallMode::Off;
        settings.call_timeout = Duration::from_secs(3);
        settings.engine_patience = Duration::from_secs(3);
    })
    .await;
    let world = &platform.world;
    let worker = platform.worker().await;
    let project = page(world, "site", &built_by("echo begun-$((1)); sleep 5")).await;

    let killed = world.deploy(&project).await;
    platform.says(killed, "begun-1").await;
    engine.end_dockerd(Signal::SIGKILL);
    engine.start_dockerd();
    let deployment = world.ready(&project, killed).await;
    assert_eq!(deployment.attempt, 2, "{}", world.log_text(killed).await);

    engine.freeze();
    let hung = world.deploy(&project).await;
    // No call waits for ever: the attempt ends, and the site is served all the while.
    platform.says(hung, "the deployment is started again").await;
    assert_eq!(world.route(&project).await.target.deployment_id(), Some(killed));
    engine.signal(Signal::SIGCONT);
    world.ready(&project, hung).await;
    worker.stop().await;
}
