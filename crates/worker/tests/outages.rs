//! Redis emptied or away, Postgres restarted: deployments go on (threats.md F6, F7, F9, F10).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod support;

use std::time::Duration;

use aether_models::{BuildOverrides, PlanKind, ProjectSettings};
use rand::{RngExt, SeedableRng};
use support::{Project, World, eventually, invariants};

/// A static site whose build takes about a second.
async fn slow_site(world: &World) -> Project {
    let repo = world.git.create_repo("site").unwrap();
    repo.commit_files(&[("index.html", "<h1>hello</h1>")]).unwrap();
    let overrides = BuildOverrides {
        kind: Some(PlanKind::Static),
        build_command: Some("for n in 1 2 3 4 5 6 7 8; do echo line $n; sleep 0.1; done".to_owned()),
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

async fn flush_redis(world: &World) {
    let client = redis::Client::open(world.services.redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL")
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_redis_emptied_at_random_moments_loses_nothing() {
    let seed: u64 = std::env::var("AETHER_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(rand::random);
    println!("AETHER_TEST_SEED={seed}");
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let world = World::start().await;
    let project = slow_site(&world).await;
    let worker = world.worker().await;
    let mut accepted = Vec::new();
    for _ in 0..4 {
        let id = world.deploy(&project).await;
        accepted.push(id);
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(random.random_range(0..600))).await;
            flush_redis(&world).await;
        }
        world.ready(&project, id).await;
    }
    invariants::check(&world, &project, &accepted).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_deployments_run_while_redis_is_away() {
    let mut world = World::start().await;
    let project = slow_site(&world).await;
    let worker = world.worker().await;
    let running = world.deploy(&project).await;
    eventually("the build", || async {
        world
            .deployment(&project, running)
            .await
            .status
            .is_running()
            .then_some(())
    })
    .await;
    world.services.redis.server().take_down().await;
    world.ready(&project, running).await;
    // Nobody can be woken now; the poll finds it.
    let next = world.deploy(&project).await;
    world.ready(&project, next).await;
    world.services.redis.server().bring_up().await;
    let last = world.deploy(&project).await;
    world.ready(&project, last).await;
    invariants::check(&world, &project, &[running, next, last]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_build_survives_restarts_of_postgres() {
    let mut world = World::start().await;
    let project = slow_site(&world).await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    eventually("the build's first line", || async {
        let lines = world.store.log_page(id, 0, 1000).await.ok()?;
        lines.iter().any(|line| line.text == "line 2").then_some(())
    })
    .await;
    let starts = world.services.postgres.server().starts();
    world.services.postgres.server().kill();
    world.services.postgres.server().wait_restarted(starts).await;
    let deployment = world.ready(&project, id).await;
    assert_eq!(deployment.attempt, 1, "the build was kept");
    let log = world.log_text(id).await;
    assert!((1..=8).all(|n| log.contains(&format!("line {n}\n"))), "{log}");
    invariants::check(&world, &project, &[id]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_a_worker_without_postgres_stops_its_work_and_another_attempt_ends_it() {
    let mut world = World::start().await;
    let project = slow_site(&world).await;
    let mut settings = world.settings();
    settings.timing.lease = Duration::from_secs(2);
    settings.timing.heartbeat = Duration::from_millis(500);
    let worker = world.worker_with(settings).await;
    let id = world.deploy(&project).await;
    eventually("the build's first line", || async {
        let lines = world.store.log_page(id, 0, 1000).await.ok()?;
        lines.iter().any(|line| line.text == "line 1").then_some(())
    })
    .await;
    world.services.postgres.server().take_down().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    world.services.postgres.server().bring_up().await;
    let deployment = world.ready(&project, id).await;
    assert_eq!(deployment.attempt, 2);
    invariants::check(&world, &project, &[id]).await;
    worker.stop().await;
}

/// A file system of its own for a worker's data, gone with the value. Only root can make one.
struct SmallDisk {
    path: std::path::PathBuf,
}

impl SmallDisk {
    fn mount(path: std::path::PathBuf) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            return None;
        }
        std::fs::create_dir_all(&path).unwrap();
        let none = None::<&str>;
        let options = Some("size=200m,mode=755");
        nix::mount::mount(none, &path, Some("tmpfs"), nix::mount::MsFlags::empty(), options).unwrap();
        Some(Self { path })
    }

    fn free_bytes(&self) -> u64 {
        let stat = nix::sys::statvfs::statvfs(&self.path).unwrap();
        stat.blocks_free() * stat.fragment_size()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(&self.path, nix::mount::MntFlags::MNT_DETACH);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_build_that_fills_the_disk_fails_alone_and_gives_the_space_back() {
    let world = World::start().await;
    let Some(disk) = SmallDisk::mount(world.data_dir()) else {
        println!("not run: only root can mount a small disk");
        return;
    };
    let project = slow_site(&world).await;
    let worker = world.worker().await;
    let good = world.deploy(&project).await;
    world.ready(&project, good).await;
    let free = disk.free_bytes();

    let overrides = BuildOverrides {
        kind: Some(PlanKind::Static),
        build_command: Some("head -c 400000000 /dev/zero > big; cp index.html copy.html".to_owned()),
        output_directory: Some(".".to_owned()),
        ..BuildOverrides::default()
    };
    let settings = ProjectSettings {
        overrides,
        ..ProjectSettings::default()
    };
    world
        .git
        .create_repo("greedy")
        .unwrap()
        .commit_files(&[("index.html", "<h1>hello</h1>")])
        .unwrap();
    let greedy = world.project_with("greedy", &settings, None).await;
    let id = world.deploy(&greedy).await;
    let failed = world.ended(&greedy, id).await;
    let error = failed.error.expect("it cannot succeed");
    println!("{error:#?}");
    let text = format!("{} {}", error.title, error.detail);
    assert!(
        text.to_lowercase().contains("disk") || text.contains("No space left"),
        "{error:#?}"
    );

    let space_is_back = eventually("the space to be given back", || async {
        (disk.free_bytes() + (1 << 20) >= free).then_some(())
    });
    space_is_back.await;
    let next = world.deploy(&project).await;
    world.ready(&project, next).await;
    invariants::check(&world, &project, &[good, next]).await;
    worker.stop().await;
}
