//! Dry runs of detection, as the API asks for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod support;

use std::time::Duration;

use aether_models::PlanKind;
use aether_store::{DetectionOutcome, NewDetection};
use support::World;

fn ask(world: &World, team: aether_models::TeamId, name: &str) -> NewDetection {
    NewDetection {
        team_id: team,
        project_id: None,
        repo_url: world.git.url(name).parse().unwrap(),
        repo_credentials: None,
        git_ref: None,
        root_dir: ".".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_looked_at_without_a_project() {
    let world = World::start().await;
    let repo = world.git.create_repo("site").unwrap();
    let sha = repo.commit_files(&[("index.html", "<h1>x</h1>")]).unwrap();
    repo.commit_on("next", "Next").file("a", "b").write().unwrap();
    let team = world.team().await;
    let worker = world.worker().await;
    let outcome = world
        .store
        .detect(&ask(&world, team, "site"), Duration::from_secs(20))
        .await
        .unwrap();
    let DetectionOutcome::Done(result) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(result.candidates[0].kind, PlanKind::Static);
    assert_eq!(result.branches, ["main", "next"]);
    assert_eq!(
        (result.default_branch.as_deref(), result.commit_sha.as_deref()),
        (Some("main"), Some(sha.as_str()))
    );

    let outcome = world
        .store
        .detect(&ask(&world, team, "missing"), Duration::from_secs(20))
        .await
        .unwrap();
    let DetectionOutcome::Failed(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.code, "git_not_found");
    worker.stop().await;
    assert_eq!(
        std::fs::read_dir(world.folders().workspaces()).unwrap().count(),
        0
    );
}
