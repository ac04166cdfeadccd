//! What one build leaves for the next.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod support;

use aether_models::{BuildOverrides, PlanKind, ProjectSettings, Step, StepOutcome};
use support::{Project, World, eventually};

/// Stands for a package manager: makes `node_modules` and says that it ran.
const INSTALL: &str =
    "mkdir -p node_modules/left-pad && date +%N > node_modules/left-pad/index.js && echo installing";
const LOCKFILE: &str = r#"{"name":"app","lockfileVersion":3,"packages":{}}"#;

fn settings(kind: PlanKind) -> ProjectSettings {
    let overrides = BuildOverrides {
        kind: Some(kind),
        install_command: Some(INSTALL.to_owned()),
        build_command: Some("cp node_modules/left-pad/index.js out.txt".to_owned()),
        output_directory: Some(".".to_owned()),
        start_command: Some("node server.js".to_owned()),
        ..BuildOverrides::default()
    };
    ProjectSettings {
        overrides,
        ..ProjectSettings::default()
    }
}

async fn install_outcome(world: &World, project: &Project) -> StepOutcome {
    let id = world.deploy(project).await;
    let deployment = world.ready(project, id).await;
    let took = deployment.finished_at.unwrap() - deployment.created_at;
    println!("{} ms", took.num_milliseconds());
    let install = deployment
        .steps
        .iter()
        .find(|step| step.step == Step::Install)
        .unwrap();
    install.outcome.unwrap()
}

async fn entries(world: &World) -> usize {
    let projects = std::fs::read_dir(world.data_dir().join("cache/projects")).unwrap();
    let folders =
        projects.filter_map(|entry| std::fs::read_dir(entry.unwrap().path().join("dependencies")).ok());
    folders
        .flatten()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_none())
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_site_with_an_unchanged_lockfile_skips_its_install() {
    let world = World::start().await;
    let repo = world.git.create_repo("site").unwrap();
    repo.commit_files(&[
        ("index.html", "1"),
        ("package.json", "{}"),
        ("package-lock.json", LOCKFILE),
    ])
    .unwrap();
    let project = world
        .project_with("site", &settings(PlanKind::Static), None)
        .await;
    let worker = world.worker().await;
    assert_eq!(install_outcome(&world, &project).await, StepOutcome::Succeeded);
    for text in ["2", "3"] {
        repo.commit_files(&[("index.html", text)]).unwrap();
        assert_eq!(install_outcome(&world, &project).await, StepOutcome::Skipped);
    }
    repo.commit_files(&[("package-lock.json", "{}")]).unwrap();
    assert_eq!(install_outcome(&world, &project).await, StepOutcome::Succeeded);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_app_takes_its_packages_along_and_leaves_a_copy() {
    let world = World::start().await;
    let repo = world.git.create_repo("shop").unwrap();
    let server =
        "require('left-pad'); require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT);";
    repo.commit_files(&[
        ("server.js", server),
        ("package.json", "{}"),
        ("package-lock.json", LOCKFILE),
    ])
    .unwrap();
    let project = world
        .project_with("shop", &settings(PlanKind::Server), None)
        .await;
    let worker = world.worker().await;
    assert_eq!(install_outcome(&world, &project).await, StepOutcome::Succeeded);
    eventually("the copy", || async {
        (entries(&world).await == 1).then_some(())
    })
    .await;
    assert_eq!(install_outcome(&world, &project).await, StepOutcome::Skipped);
    worker.stop().await;
}
