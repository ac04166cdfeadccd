//! Server apps: launched, healthy before they get visitors, replaced without a gap, rolled back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod support;

use std::time::Duration;

use aether_models::{DeploymentStatus, EnvScope, ProjectSettings, RouteTarget};
use aether_store::{InstanceState, ProxyReport, SwitchOutcome};
use support::{World, eventually};

const PACKAGE: &str = r#"{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}"#;

/// An app that answers with its release's name.
fn server(name: &str) -> String {
    format!(
        "const http = require('http');\n\
         console.log('starting {name}', process.env.TOKEN || '');\n\
         http.createServer((request, response) => {{\n\
           if (request.url === '/broken') {{ response.statusCode = 500; }}\n\
           response.end('{name} ' + (process.env.COLOUR || ''));\n\
         }}).listen(process.env.PORT, process.env.HOST);\n"
    )
}

async fn get(world: &World, project: &support::Project) -> String {
    let address = world.upstream(project).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::get(format!("http://{address}/"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_replaced_and_rolled_back_without_a_restart() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &server("one"))])
        .unwrap();
    let project = world.project("shop").await;
    world
        .variable(&project, "COLOUR", "blue", EnvScope::Runtime, false)
        .await;
    world
        .variable(&project, "TOKEN", "s3cret-value", EnvScope::All, true)
        .await;
    let worker = world.worker().await;

    let first = world.deploy(&project).await;
    world.ready(&project, first).await;
    assert_eq!(get(&world, &project).await, "one blue");
    let first_address = world.upstream(&project).await;

    repo.commit_files(&[("server.js", &server("two"))]).unwrap();
    let second = world.deploy(&project).await;
    world.ready(&project, second).await;
    assert_eq!(get(&world, &project).await, "two blue");
    // The old one stays warm, so going back is a pointer.
    let switched = world
        .store
        .switch_release(project.team, project.id, first, None)
        .await
        .unwrap();
    assert_eq!(switched, Some(SwitchOutcome::Switched));
    assert_eq!(world.upstream(&project).await, first_address);
    assert_eq!(get(&world, &project).await, "one blue");

    assert!(
        !world.log_text(first).await.contains("s3cret"),
        "{}",
        world.log_text(first).await
    );
    let lines = eventually("the app's own log", || async {
        let lines = world
            .store
            .runtime_log_page(project.team, project.id, None, 100)
            .await
            .unwrap();
        lines
            .iter()
            .any(|line| line.line.text.starts_with("starting two"))
            .then_some(lines)
    })
    .await;
    assert!(
        lines.iter().any(|line| line.line.text == "starting one ***"),
        "{lines:#?}"
    );
    assert!(lines.iter().all(|line| !line.line.text.contains("s3cret")));
    worker.stop().await;
}

/// This machine may have these managers or not: with them they are used, without them npm fetches them.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_built_and_started_by_yarn_or_pnpm_wherever_it_is_deployed() {
    let world = World::start().await;
    let worker = world.worker().await;
    let locks = [
        ("yarn", "yarn.lock", "# yarn lockfile v1\n"),
        (
            "pnpm",
            "pnpm-lock.yaml",
            "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n  .: {}\n",
        ),
    ];
    for (manager, lock, text) in locks {
        let repo = world.git.create_repo(manager).unwrap();
        repo.commit_files(&[
            ("package.json", PACKAGE),
            ("server.js", &server(manager)),
            (lock, text),
        ])
        .unwrap();
        let project = world.project(manager).await;
        let id = world.deploy(&project).await;
        let deployment = world.ready(&project, id).await;
        let plan = deployment.plan.unwrap();
        assert_eq!(plan.package_manager.as_deref(), Some(manager));
        let start = plan.start_command.unwrap();
        assert!(start.starts_with(manager), "{start}");
        assert_eq!(get(&world, &project).await, format!("{manager} "));
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_not_running_is_started_before_the_switch() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &server("one"))])
        .unwrap();
    let project = world.project("shop").await;
    let mut settings = world.settings();
    settings.warm = Duration::ZERO;
    let worker = world.worker_with(settings).await;
    let first = world.deploy(&project).await;
    world.ready(&project, first).await;
    // A proxy that is done with the old release lets it be stopped before the drain time is over.
    let proxy = ProxyReport {
        proxy_id: "p".to_owned(),
        version: i64::MAX,
        in_flight: Default::default(),
        ..Default::default()
    };
    repo.commit_files(&[("server.js", &server("two"))]).unwrap();
    let second = world.deploy(&project).await;
    world.ready(&project, second).await;
    eventually("the first release to be stopped", || async {
        world.store.report_proxy(&proxy).await.unwrap();
        let copies = world.store.instances_on("test").await.unwrap();
        (copies.len() == 1 && copies[0].deployment_id == second).then_some(())
    })
    .await;
    let switched = world
        .store
        .switch_release(project.team, project.id, first, None)
        .await
        .unwrap();
    assert_eq!(switched, Some(SwitchOutcome::Pending));
    eventually("the switch", || async {
        let target = world.route(&project).await.target;
        (target.deployment_id() == Some(first)).then_some(())
    })
    .await;
    assert_eq!(get(&world, &project).await, "one ");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_an_app_that_is_not_healthy_leaves_the_old_release_live() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &server("good"))])
        .unwrap();
    let settings = ProjectSettings {
        health_check_timeout_seconds: 5,
        ..ProjectSettings::default()
    };
    let project = world.project_with("shop", &settings, None).await;
    let worker = world.worker().await;
    let good = world.deploy(&project).await;
    world.ready(&project, good).await;

    let wrong_port = "require('http').createServer(() => {}).listen(3999, () => console.log('Listening on http://localhost:3999'));";
    let crashes = "console.log('no database'); process.exit(3);";
    for (code, hint) in [(wrong_port, "mentions port 3999"), (crashes, "last lines")] {
        repo.commit_files(&[("server.js", code)]).unwrap();
        let id = world.deploy(&project).await;
        let deployment = world.ended(&project, id).await;
        let error = deployment.error.unwrap();
        assert_eq!(
            (deployment.status, error.code.as_str()),
            (DeploymentStatus::Failed, "app_not_healthy"),
            "{error:?}"
        );
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error:?}");
        assert!(
            error.detail.contains("Listening on") || error.detail.contains("no database"),
            "{error:?}"
        );
        assert_eq!(world.route(&project).await.target.deployment_id(), Some(good));
        assert_eq!(get(&world, &project).await, "good ");
    }
    let copies = world.store.instances_on("test").await.unwrap();
    assert_eq!(copies.len(), 1, "the failed copies are gone");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_path_must_answer_with_success() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &server("x"))])
        .unwrap();
    let with_path = |path: &str| ProjectSettings {
        health_check_timeout_seconds: 5,
        health_check_path: Some(path.to_owned()),
        ..ProjectSettings::default()
    };
    let project = world.project_with("shop", &with_path("/broken"), None).await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    let error = world.ended(&project, id).await.error.unwrap();
    assert!(
        error.detail.contains("/broken still answers with: status 500"),
        "{error:?}"
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_come_back_with_the_next_worker() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &server("x"))])
        .unwrap();
    let project = world.project("shop").await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let address = world.upstream(&project).await;
    worker.stop().await;
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "it was told to stop apps"
    );

    let worker = world.worker().await;
    eventually("the app", || async {
        tokio::net::TcpStream::connect(address).await.ok()
    })
    .await;
    assert_eq!(
        world.route(&project).await.target,
        RouteTarget::App {
            deployment_id: id,
            upstreams: vec![address]
        }
    );
    eventually("one healthy copy", || async {
        let copies = world.store.instances_on("test").await.unwrap();
        (copies.len() == 1 && copies[0].state == InstanceState::Healthy).then_some(())
    })
    .await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_a_deleted_project_is_stopped_and_its_files_go() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &server("x"))])
        .unwrap();
    let project = world.project("shop").await;
    let mut settings = world.settings();
    settings.timing.cleanup = Duration::from_millis(500);
    let worker = world.worker_with(settings).await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let address = world.upstream(&project).await;
    world
        .sql("update projects set deleted_at = now()")
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    world.store.announce_reconcile().await;
    eventually("the app to stop", || async {
        tokio::net::TcpStream::connect(address)
            .await
            .is_err()
            .then_some(())
    })
    .await;
    eventually("its files to go", || async {
        (!world.folders().release(id).exists()).then_some(())
    })
    .await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_a_live_app_whose_starter_died_before_it_was_healthy_becomes_healthy() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    repo.commit_files(&[("package.json", PACKAGE), ("server.js", &server("x"))])
        .unwrap();
    let project = world.project("shop").await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    // What a worker leaves that is killed between starting a copy and seeing it answer.
    world
        .sql("update instances set state = 'starting'")
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    eventually("a healthy copy", || async {
        let copies = world.store.instances_on("test").await.unwrap();
        (copies[0].state == InstanceState::Healthy).then_some(())
    })
    .await;
    worker.stop().await;
}
