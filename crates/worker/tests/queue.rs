//! The queue under a backlog, through the same backend as real deployments, with a handler that only ends them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_models::{DeploymentStatus, ProjectSettings, TeamId, UserError};
use aether_store::{ClaimedDeployment, Store};
use aether_worker::{JobHandler, QueueSettings, StopSignal, run_queue};
use async_trait::async_trait;
use support::{World, eventually};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const BACKLOG: i64 = 10_000;
/// Environments of the large team; one deployment at a time runs in each.
const PROJECTS: i64 = 100;
const CONCURRENCY: usize = 4;

/// Ends each deployment at once and remembers whose it was.
struct Ender {
    store: Store,
    started: Mutex<Vec<TeamId>>,
}

#[async_trait]
impl JobHandler for Ender {
    async fn run(&self, claimed: ClaimedDeployment, _: StopSignal) {
        self.started.lock().unwrap().push(claimed.team_id);
        let error = UserError::new("test", "Ended", "by the test");
        self.store
            .finish_deployment(&claimed.lease, DeploymentStatus::Failed, &error)
            .await
            .unwrap();
    }
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn waiting(world: &World) -> i64 {
    use sqlx::Row;
    let row = world.sql("select count(*) from deployments where status = 'QUEUED'");
    row.fetch_one(world.store.raw_pool()).await.unwrap().get(0)
}

fn start(
    world: &World,
    handler: Arc<dyn JobHandler>,
    shutdown: &CancellationToken,
) -> tokio::task::JoinHandle<anyhow::Result<()>> {
    let settings = QueueSettings {
        worker: format!("test-{}", Uuid::now_v7()),
        concurrency: CONCURRENCY,
        lease: Duration::from_secs(10),
        poll: Duration::from_secs(1),
        shutdown_grace: Duration::from_secs(1),
    };
    let (_, wake) = watch::channel(0);
    tokio::spawn(run_queue(
        world.services.store().unwrap(),
        handler,
        settings,
        wake,
        shutdown.clone(),
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_ten_thousand_queued_deployments_drain_and_the_other_team_does_not_wait() {
    let world = World::start().await;
    let (large, small) = (world.team().await, world.team().await);
    for number in 0..PROJECTS {
        world
            .project_with(&format!("p{number}"), &ProjectSettings::default(), Some(large))
            .await;
    }
    // As `create_deployment` would write them, without its superseding of the same branch.
    world
        .sql(
            "insert into deployments (id, team_id, project_id, environment_id, number, trigger, git_ref, settings, env_snapshot)
            select gen_random_uuid(), p.team_id, p.id, e.id, n, 'manual', 'branch-' || n, p.settings, '[]'
            from projects p join environments e on e.project_id = p.id, generate_series(1, $1) n",
        )
        .bind(i32::try_from(BACKLOG / PROJECTS).unwrap())
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    assert_eq!(waiting(&world).await, BACKLOG);
    let other = world
        .project_with("other", &ProjectSettings::default(), Some(small))
        .await;

    let handler = Arc::new(Ender {
        store: world.services.store().unwrap(),
        started: Mutex::default(),
    });
    let shutdown = CancellationToken::new();
    let idle = resident_kib();
    let worker = start(&world, Arc::clone(&handler) as _, &shutdown);
    let started = || handler.started.lock().unwrap().len();
    eventually("the first hundred", || async { (started() > 100).then_some(()) }).await;
    let before = started();
    world.deploy(&other).await;
    let position = eventually("the other team's deployment", || async {
        handler
            .started
            .lock()
            .unwrap()
            .iter()
            .position(|team| *team == small)
    })
    .await;
    let overtaken_by = position.saturating_sub(before);
    // "Two job times" with this many at once; those started between our count and the insert come on top.
    assert!(
        overtaken_by <= 4 * CONCURRENCY,
        "{overtaken_by} deployments of the large team went before"
    );

    let deadline = tokio::time::Instant::now() + Duration::from_secs(240);
    while waiting(&world).await > 0 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{} still wait",
            waiting(&world).await
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let after = resident_kib();
    assert!(after < 2 * idle, "memory grew from {idle} to {after} KiB");
    shutdown.cancel();
    worker.await.unwrap().unwrap();
    assert_eq!(started(), usize::try_from(BACKLOG).unwrap() + 1, "each ran once");
}

/// Waits until it is told to stop.
struct Waiter {
    store: Store,
}

#[async_trait]
impl JobHandler for Waiter {
    async fn run(&self, claimed: ClaimedDeployment, stop: StopSignal) {
        stop.token().cancelled().await;
        self.store.release_lease(&claimed.lease).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_a_worker_that_stops_gives_its_deployments_back() {
    let world = World::start().await;
    let project = world.project("p").await;
    let id = world.deploy(&project).await;
    let shutdown = CancellationToken::new();
    let worker = start(
        &world,
        Arc::new(Waiter {
            store: world.services.store().unwrap(),
        }),
        &shutdown,
    );
    eventually("the claim", || async {
        world
            .deployment(&project, id)
            .await
            .status
            .is_running()
            .then_some(())
    })
    .await;
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(10), worker)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let deployment = world.deployment(&project, id).await;
    assert_eq!(
        (deployment.status, deployment.attempt),
        (DeploymentStatus::Queued, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_taken_within_the_poll_interval_without_any_wake_up() {
    let world = World::start().await;
    let project = world.project("p").await;
    let shutdown = CancellationToken::new();
    let handler = Arc::new(Ender {
        store: world.services.store().unwrap(),
        started: Mutex::default(),
    });
    let worker = start(&world, Arc::clone(&handler) as _, &shutdown);
    // Idle first, so that only the timer can find it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = tokio::time::Instant::now();
    let id = world.deploy(&project).await;
    world.ended(&project, id).await;
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    shutdown.cancel();
    worker.await.unwrap().unwrap();
}
