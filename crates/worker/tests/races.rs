//! Deployments, cancels and rollbacks at the same time (threats.md F22, F23, F34, F40).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod support;

use std::time::Duration;

use aether_models::{BuildOverrides, DeploymentStatus, PlanKind, ProjectSettings};
use aether_store::{CancelOutcome, SwitchOutcome};
use support::{Project, World, eventually, invariants};

const PAIRS: usize = 100;

async fn site(world: &World, build: &str) -> Project {
    world
        .git
        .create_repo("site")
        .unwrap()
        .commit_files(&[("index.html", "<h1>0</h1>")])
        .unwrap();
    let overrides = BuildOverrides {
        kind: Some(PlanKind::Static),
        build_command: Some(build.to_owned()),
        output_directory: Some(".".to_owned()),
        ..BuildOverrides::default()
    };
    world
        .project_with(
            "site",
            &ProjectSettings {
                overrides,
                ..ProjectSettings::default()
            },
            None,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_of_two_racing_deployments_the_later_one_is_live() {
    let world = World::start().await;
    let project = site(&world, "").await;
    let mut settings = world.settings();
    settings.keep_releases = 5;
    let worker = world.worker_with(settings).await;
    for pair in 0..PAIRS {
        let (one, two) = tokio::join!(world.deploy(&project), world.deploy(&project));
        let (first, second) = (world.ended(&project, one).await, world.ended(&project, two).await);
        let (earlier, later) = if first.number < second.number {
            (first, second)
        } else {
            (second, first)
        };
        let later = world.deployment(&project, later.id).await;
        assert_eq!(
            later.status,
            DeploymentStatus::Ready,
            "pair {pair}: {:?}",
            later.error
        );
        assert!(later.live, "pair {pair}: the later one is not live");
        assert!(
            matches!(
                earlier.status,
                DeploymentStatus::Ready | DeploymentStatus::Superseded
            ),
            "pair {pair}: {}",
            earlier.status
        );
        assert_eq!(
            world.route(&project).await.target.deployment_id(),
            Some(later.id),
            "pair {pair}"
        );
    }
    let all = world
        .store
        .deployments(
            project.team,
            project.id,
            &aether_store::DeploymentFilter::default(),
            None,
            1000,
        )
        .await
        .unwrap();
    let ids: Vec<_> = all.iter().map(|deployment| deployment.id).collect();
    assert_eq!(ids.len(), 2 * PAIRS);
    invariants::check(&world, &project, &ids).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_rollback_racing_a_deployment_mixes_nothing() {
    let world = World::start().await;
    let project = site(&world, "").await;
    let worker = world.worker().await;
    let mut live = world.deploy(&project).await;
    world.ready(&project, live).await;
    for round in 0..30 {
        let next = world.deploy(&project).await;
        let rollback = async {
            tokio::time::sleep(Duration::from_millis(round * 5)).await;
            world
                .store
                .switch_release(project.team, project.id, live, None)
                .await
                .unwrap()
                .unwrap()
        };
        let (deployment, outcome) = tokio::join!(world.ready(&project, next), rollback);
        assert!(
            matches!(outcome, SwitchOutcome::Switched | SwitchOutcome::AlreadyLive),
            "{outcome:?}"
        );
        let now = world.deployment(&project, deployment.id).await;
        let winner = if now.live { next } else { live };
        assert_eq!(
            world.route(&project).await.target.deployment_id(),
            Some(winner),
            "round {round}"
        );
        live = winner;
    }
    invariants::check(&world, &project, &[live]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f34_a_cancel_ends_a_build_within_five_seconds() {
    let world = World::start().await;
    let project = site(&world, "echo begun; sleep 60").await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    eventually("the build", || async {
        world.log_text(id).await.contains("begun").then_some(())
    })
    .await;
    let asked = tokio::time::Instant::now();
    let outcome = world.store.request_cancel(project.team, id).await.unwrap();
    assert_eq!(outcome, Some(CancelOutcome::Requested));
    world.store.request_cancel(project.team, id).await.unwrap();
    let deployment = world.ended(&project, id).await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(deployment.status, DeploymentStatus::Cancelled);
    let again = world.store.request_cancel(project.team, id).await.unwrap();
    assert_eq!(
        again,
        Some(CancelOutcome::AlreadyEnded(DeploymentStatus::Cancelled))
    );
    invariants::check(&world, &project, &[id]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_a_deployment_of_a_deleted_project_stops() {
    let world = World::start().await;
    let project = site(&world, "echo begun; sleep 60").await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    eventually("the build", || async {
        world.log_text(id).await.contains("begun").then_some(())
    })
    .await;
    world
        .sql("update projects set deleted_at = now()")
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    assert_eq!(
        world.ended(&project, id).await.status,
        DeploymentStatus::Cancelled
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_a_worker_told_to_stop_gives_its_build_back_within_30_seconds() {
    let world = World::start().await;
    let project = site(&world, "echo begun; sleep 60").await;
    let mut settings = world.settings();
    settings.timing.shutdown_grace = Duration::from_secs(1);
    let worker = world.worker_with(settings).await;
    let id = world.deploy(&project).await;
    eventually("the build", || async {
        world.log_text(id).await.contains("begun").then_some(())
    })
    .await;
    worker.stop().await;
    let deployment = world.deployment(&project, id).await;
    assert_eq!(
        (deployment.status, deployment.attempt),
        (DeploymentStatus::Queued, 0)
    );
}
