//! From a repository to a live release in containers, with a real engine: apps, Dockerfile projects, static sites that are
//! built, several copies, volumes, and nothing left of any of it.

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

use std::collections::HashSet;
use std::time::Duration;

use aether_models::{
    BuildOverrides, EnvScope, PlanKind, ProjectSettings, RouteTarget, RuntimeName, VolumeMount,
};
use aether_store::{InstanceState, SwitchOutcome};
use aether_worker::runtime::Runtime;
use docker_support::docker;
use platform::{Platform, visit};
use support::eventually;

const PACKAGE: &str = r#"{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}"#;
const SECRET: &str = "s3cret-of-a-container";

/// An app that answers with its release's name and a variable, on `port`.
fn server(name: &str, port: &str) -> String {
    format!(
        "const http = require('http');\n\
         console.log('starting {name}', process.env.TOKEN || '');\n\
         const server = http.createServer((request, response) => {{\n\
           if (request.url === '/pid') return response.end(require('os').hostname());\n\
           response.end('{name} ' + (process.env.COLOUR || ''));\n\
         }}).listen({port}, '0.0.0.0');\n\
         process.on('SIGTERM', () => server.close(() => process.exit(0)));\n"
    )
}

fn follows_port(name: &str) -> String {
    server(name, "process.env.PORT")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_app_runs_in_a_container_and_is_replaced_and_rolled_back() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &follows_port("one"))])
        .unwrap();
    let project = world.project("shop").await;
    world
        .variable(&project, "COLOUR", "blue", EnvScope::Runtime, false)
        .await;
    world
        .variable(&project, "TOKEN", SECRET, EnvScope::All, true)
        .await;
    let worker = platform.worker().await;

    let first = world.deploy(&project).await;
    world.ready(&project, first).await;
    assert_eq!(platform.visit(&project).await, "one blue");
    let address = world.upstream(&project).await;
    assert!(
        !address.ip().is_loopback(),
        "it is reached at the container's own address: {address}"
    );
    let shown = docker(&platform.docker.socket, &["inspect", &platform.containers()[0]]);
    assert!(!shown.contains(SECRET), "the engine was told a secret");

    repo.commit_files(&[("server.js", &follows_port("two"))]).unwrap();
    let second = world.deploy(&project).await;
    world.ready(&project, second).await;
    assert_eq!(platform.visit(&project).await, "two blue");
    // The release before stays warm, so going back is a pointer.
    let switched = world
        .store
        .switch_release(project.team, project.id, first, None)
        .await
        .unwrap();
    assert_eq!(switched, Some(SwitchOutcome::Switched));
    assert_eq!(world.upstream(&project).await, address);
    assert_eq!(platform.visit(&project).await, "one blue");

    let lines = eventually("the app's own log", || async {
        let page = world
            .store
            .runtime_log_page(project.team, project.id, None, 100)
            .await;
        let texts: Vec<String> = page.unwrap().into_iter().map(|line| line.line.text).collect();
        texts.contains(&"starting two ***".to_owned()).then_some(texts)
    })
    .await;
    assert!(lines.iter().all(|line| !line.contains(SECRET)), "{lines:?}");
    assert!(!world.log_text(first).await.contains(SECRET));

    let report = eventually("the worker's report with both apps", || async {
        let reports = world.store.worker_reports().await.unwrap();
        reports.into_iter().find(|report| report.apps.len() == 2)
    })
    .await;
    assert_eq!(report.runtime, "docker");
    assert!(
        report
            .apps
            .iter()
            .all(|app| app.project_id == project.id && app.memory_bytes > 0 && app.processes > 0),
        "{report:?}"
    );
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_61_a_dockerfile_project_becomes_an_image_and_an_app() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("image").unwrap();
    let dockerfile = "FROM node:22-bookworm-slim\n\
         ARG GREETING=none\nARG AETHER_GIT_COMMIT_SHA\n\
         RUN --mount=type=secret,id=TOKEN wc -c < /run/secrets/TOKEN > /length\n\
         RUN echo \"$GREETING $AETHER_GIT_COMMIT_SHA\" > /greeting\n\
         COPY server.js /srv/\nEXPOSE 8080\nUSER node\n\
         CMD [\"sh\", \"-c\", \"cat /length /greeting; exec node /srv/server.js\"]\n";
    repo.commit_files(&[("Dockerfile", dockerfile), ("server.js", &server("one", "8080"))])
        .unwrap();
    let sha = repo.head("main").unwrap();
    let project = world.project("image").await;
    world
        .variable(&project, "GREETING", "hello", EnvScope::Build, false)
        .await;
    world
        .variable(&project, "TOKEN", SECRET, EnvScope::Build, true)
        .await;
    world
        .variable(&project, "COLOUR", "blue", EnvScope::Runtime, false)
        .await;
    let mut settings = platform.settings();
    settings.keep_releases = 1;
    settings.warm = Duration::ZERO;
    settings.timing.drain = Duration::from_secs(1);
    let worker = platform.worker_with(settings).await;

    let first = world.deploy(&project).await;
    world.ready(&project, first).await;
    assert_eq!(platform.visit(&project).await, "one blue");
    assert_eq!(
        world.upstream(&project).await.port(),
        8080,
        "the port that the image exposes"
    );
    let log = world.log_text(first).await;
    for part in [
        "The Dockerfile installs what it needs",
        "with BuildKit",
        "exposes port 8080",
        "Started the image's own command",
        &format!("hello {sha}"),
    ] {
        assert!(log.contains(part), "{part:?} is missing:\n{log}");
    }
    assert!(log.contains(&SECRET.len().to_string()) && !log.contains(SECRET));
    let image = world.store.instances_on("test").await.unwrap()[0]
        .image
        .clone()
        .unwrap();
    let history = docker(&platform.docker.socket, &["history", "--no-trunc", &image.id]);
    assert!(!history.contains(SECRET), "a secret is in a layer's history");

    // Without what only BuildKit does, the engine's own builder takes it, and the old image goes by retention.
    let plain =
        "FROM node:22-bookworm-slim\nCOPY server.js /srv/\nEXPOSE 8080\nCMD [\"node\", \"/srv/server.js\"]\n";
    for name in ["two", "three"] {
        repo.commit_files(&[("Dockerfile", plain), ("server.js", &server(name, "8080"))])
            .unwrap();
        let id = world.deploy(&project).await;
        world.ready(&project, id).await;
        assert_eq!(platform.visit(&project).await, format!("{name} blue"));
    }
    eventually("the first image to go", || async {
        let owner = format!("label=aether.owner={}", platform.docker.owner);
        let images = docker(
            &platform.docker.socket,
            &["images", "-q", "--no-trunc", "--filter", &owner],
        );
        (!images.contains(&image.id)).then_some(())
    })
    .await;
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dockerfile_that_does_not_build_fails_with_its_step() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("image").unwrap();
    let project = world.project("image").await;
    let worker = platform.worker().await;
    for (dockerfile, code) in [
        (
            "FROM debian:bookworm-slim\nRUN echo before && exit 3\nCMD sleep 600\n",
            "image_build_failed",
        ),
        (
            "FROM debian:bookworm-slim\nRUN --network=host id\nCMD sleep 600\n",
            "dockerfile_refused",
        ),
    ] {
        repo.commit_files(&[("Dockerfile", dockerfile)]).unwrap();
        let id = world.deploy(&project).await;
        let deployment = world.ended(&project, id).await;
        assert_eq!(deployment.error.unwrap().code, code);
    }
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_site_is_installed_and_built_in_containers() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("site").unwrap();
    let package = r#"{"name":"site","version":"1.0.0","private":true,"scripts":{"build":"node build.js"},"dependencies":{"ms":"2.1.3"}}"#;
    let build = "const fs = require('fs'); fs.mkdirSync('dist', { recursive: true });\n\
         fs.writeFileSync('dist/index.html', `<p>${require('ms')('2 days')} ${require('os').userInfo().username}</p>`);\n";
    repo.commit_files(&[("package.json", package), ("build.js", build)])
        .unwrap();
    let overrides = BuildOverrides {
        kind: Some(PlanKind::Static),
        output_directory: Some("dist".to_owned()),
        ..BuildOverrides::default()
    };
    let settings = ProjectSettings {
        overrides,
        ..ProjectSettings::default()
    };
    let project = world.project_with("site", &settings, None).await;
    let worker = platform.worker().await;
    for _ in 0..2 {
        let id = world.deploy(&project).await;
        world.ready(&project, id).await;
        assert_eq!(world.file(id, "index.html"), "<p>172800000 aether</p>");
    }
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_copies_serve_together_and_a_killed_one_comes_back() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &follows_port("x"))])
        .unwrap();
    let settings = ProjectSettings {
        replicas: 3,
        ..ProjectSettings::default()
    };
    let project = world.project_with("shop", &settings, None).await;
    let worker = platform.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let upstreams = upstreams(&world.route(&project).await.target);
    let mut hosts = HashSet::new();
    for address in &upstreams {
        hosts.insert(visit(*address, "/pid").await.unwrap());
    }
    assert_eq!((upstreams.len(), hosts.len()), (3, 3), "{upstreams:?}");

    // F15: as a crash, from outside of the engine.
    let victim = &platform.containers()[0];
    let pid = docker(
        &platform.docker.socket,
        &["inspect", "--format", "{{.State.Pid}}", victim],
    );
    let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    eventually("the copy to be back", || async {
        let copies = world.store.instances_on("test").await.unwrap();
        let restarted = copies.iter().filter(|copy| copy.restarts == 1).count();
        let healthy = copies.iter().all(|copy| copy.state == InstanceState::Healthy);
        let target = world.route(&project).await.target;
        (restarted == 1 && healthy && self::upstreams(&target).len() == 3).then_some(())
    })
    .await;
    for address in self::upstreams(&world.route(&project).await.target) {
        assert_eq!(visit(address, "/").await.unwrap(), "x ");
    }
    platform.assert_nothing_left().await;
    worker.stop().await;
}

fn upstreams(target: &RouteTarget) -> Vec<std::net::SocketAddr> {
    match target {
        RouteTarget::App { upstreams, .. } => upstreams.clone(),
        other => panic!("no app: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_outlive_deployments_and_go_with_the_project() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("notes").unwrap();
    let code = |name: &str| {
        format!(
            "const fs = require('fs'); fs.appendFileSync('/data/log', '{name};');\n\
             require('http').createServer((q, s) => s.end(fs.readFileSync('/data/log'))).listen(process.env.PORT, '0.0.0.0');"
        )
    };
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &code("one"))])
        .unwrap();
    let settings = ProjectSettings {
        volumes: vec![VolumeMount {
            name: "data".to_owned(),
            path: "/data".to_owned(),
        }],
        ..ProjectSettings::default()
    };
    let project = world.project_with("notes", &settings, None).await;
    let worker = platform.worker().await;
    let first = world.deploy(&project).await;
    world.ready(&project, first).await;
    repo.commit_files(&[("server.js", &code("two"))]).unwrap();
    let second = world.deploy(&project).await;
    world.ready(&project, second).await;
    assert_eq!(platform.visit(&project).await, "one;two;");
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_a_new_worker_adopts_what_runs_and_removes_what_nobody_knows() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &follows_port("x"))])
        .unwrap();
    let project = world.project("shop").await;
    let worker = platform.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let before = platform.containers();
    worker.stop().await;
    assert_eq!(
        platform.visit(&project).await,
        "x ",
        "the app goes on without a worker"
    );
    // What a worker leaves that is killed between starting a container and writing it down.
    let bench = docker_support::Bench::with(|settings| *settings = platform.docker.clone()).await;
    bench
        .runtime
        .start_app(bench.app("exec sleep 600", None))
        .await
        .unwrap();
    assert_eq!(platform.containers().len(), 2);
    drop(bench);

    let worker = platform.worker().await;
    eventually("the stray to go", || async {
        (platform.containers() == before).then_some(())
    })
    .await;
    assert_eq!(platform.visit(&project).await, "x ");
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_pinned_to_a_runtime_that_is_not_here_is_told() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("index.html", "<p>x</p>")]).unwrap();
    let settings = ProjectSettings {
        runtime: Some(RuntimeName::Process),
        ..ProjectSettings::default()
    };
    let project = world.project_with("shop", &settings, None).await;
    let worker = platform.worker().await;
    let id = world.deploy(&project).await;
    let error = world.ended(&project, id).await.error.unwrap();
    assert_eq!(error.code, "runtime_unavailable");
    worker.stop().await;
}
