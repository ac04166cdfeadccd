//! Apps under supervision: they outlive the worker, come back after a crash, and stop when told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

mod runtime_support;

use std::process::Stdio;
use std::time::Duration;

use aether_models::LogStream;
use aether_worker::runtime::{AppState, Runtime};
use nix::sys::signal::Signal;
use runtime_support::{Setup, app_in, eventually, kill, log_with, processes_with, runtime_in, unique_sleep};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::Instant;

const GRACE: Duration = Duration::from_secs(5);
/// Tells this test binary to be a worker that starts an app.
const STARTER: &str = "AETHER_TEST_STARTER";

#[tokio::test]
async fn an_app_is_started_listed_and_stopped() {
    let setup = Setup::new().await;
    let marker = unique_sleep();
    let app = setup
        .app(&format!(
            "echo \"on $HOST:$PORT in $PWD\"; touch x 2>&1; exec sleep {marker}"
        ))
        .await;
    let handle = setup.runtime.start_app(app.clone()).await.unwrap();
    assert_eq!(handle.state, AppState::Running);
    assert_eq!(handle.address.to_string(), format!("127.0.0.1:{}", app.port));
    let lines = setup.log_with(&app, "Read-only file system").await;
    assert_eq!((lines[0].seq, lines[0].stream), (1, LogStream::Stdout));
    assert_eq!(lines[0].text, format!("on 127.0.0.1:{} in /workspace", app.port));
    assert_eq!(
        setup.runtime.list_apps().await.unwrap(),
        std::slice::from_ref(&handle)
    );

    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
    assert_eq!(processes_with(&marker), Vec::<i32>::new());
    assert_eq!(setup.inspect(&app).await, None);
    assert!(!setup.state_folder(&app).exists());
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
}

#[tokio::test]
async fn starting_an_app_that_runs_returns_the_running_one() {
    let setup = Setup::new().await;
    let marker = unique_sleep();
    let app = setup.app(&format!("exec sleep {marker}")).await;
    // At once, from several sides: a worker and its reconciler.
    let start = || setup.runtime.start_app(app.clone());
    let (one, two, three) = tokio::join!(start(), start(), start());
    assert_eq!(one.unwrap(), two.unwrap());
    three.unwrap();
    let supervisor = setup.supervisor(&app);
    start().await.unwrap();
    assert_eq!(setup.supervisor(&app), supervisor);
    eventually("the app", || async {
        (!processes_with(&marker).is_empty()).then_some(())
    })
    .await;
    assert_eq!(processes_with(&app.instance_id.uuid().to_string()), [supervisor]);
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
}

/// The worker of [`an_app_outlives_the_worker_that_started_it`]; nothing by itself.
#[tokio::test]
#[ignore = "a helper process of another test"]
async fn starter() {
    let Ok(folder) = std::env::var(STARTER) else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let runtime = runtime_in(&folder, |_| {}).await;
    let mut app = app_in(&folder.join("app"), "while :; do echo tick; sleep 0.1; done");
    app.env.insert("TOKEN".to_owned(), "canary-in-the-app".to_owned());
    runtime.start_app(app.clone()).await.unwrap();
    println!("\nstarted {}", app.instance_id);
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn an_app_outlives_the_worker_that_started_it() {
    let setup = Setup::new().await;
    let app_folder = setup.folder.path().join("app");
    std::fs::create_dir(&app_folder).unwrap();
    let mut worker = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "starter", "--ignored", "--nocapture"])
        .env(STARTER, setup.folder.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    let instance = loop {
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("the worker starts the app");
        if let Some(id) = line.strip_prefix("started ") {
            break id.parse().unwrap();
        }
    };
    worker.kill().await.unwrap();

    let adopted = setup.runtime.list_apps().await.unwrap();
    assert_eq!(adopted.len(), 1);
    assert_eq!(
        (adopted[0].instance_id, &adopted[0].state),
        (instance, &AppState::Running)
    );
    let seen = log_with(&setup.runtime, instance, "tick")
        .await
        .last()
        .unwrap()
        .seq;
    // It goes on printing after its starter is dead.
    eventually("more ticks", || async {
        let lines = setup.runtime.app_log(instance, seen, 5).await.unwrap();
        (lines.len() == 5).then_some(())
    })
    .await;
    setup.runtime.stop_app(instance, GRACE).await.unwrap();
    assert_eq!(setup.runtime.list_apps().await.unwrap(), []);
}

#[tokio::test]
async fn f15_a_killed_app_is_started_again() {
    let setup = Setup::new().await;
    let marker = unique_sleep();
    let app = setup.app(&format!("exec sleep {marker}")).await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    let first = eventually("the app", || async { main_process(&marker) }).await;
    let killed = Instant::now();
    kill(first, Signal::SIGKILL);
    let second = eventually("the app again", || async {
        main_process(&marker).filter(|pid| *pid != first)
    })
    .await;
    assert!(killed.elapsed() < Duration::from_secs(5));
    let handle = setup.inspect(&app).await.unwrap();
    assert_eq!((handle.restarts, handle.state), (1, AppState::Running));
    setup
        .log_with(
            &app,
            "The app was ended by signal 9 (SIGKILL); starting it again in 50ms",
        )
        .await;

    // The sandbox's own init and bubblewrap itself are no better protected.
    for _ in 0..2 {
        let parent = parent_of(main_process(&marker).unwrap_or(second));
        let before = main_process(&marker);
        kill(parent, Signal::SIGKILL);
        eventually("the app again", || async {
            main_process(&marker).filter(|pid| Some(*pid) != before)
        })
        .await;
    }
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
    assert_eq!(processes_with(&marker), Vec::<i32>::new());
}

#[tokio::test]
async fn f15_an_app_that_keeps_ending_is_flagged_and_left_alone() {
    let setup = Setup::new().await;
    let app = setup.app("echo trying; exit 3").await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    let handle = eventually("the crash loop", || async {
        setup
            .inspect(&app)
            .await
            .filter(|handle| matches!(handle.state, AppState::CrashLooping { .. }))
    })
    .await;
    assert_eq!(
        handle.state,
        AppState::CrashLooping {
            last_exit: "exited with code 3".to_owned()
        }
    );
    assert_eq!(handle.restarts, 4);
    let lines = setup.log_with(&app, "starting it again in 1m").await;
    assert_eq!(lines.iter().filter(|line| line.text == "trying").count(), 5);
    let stopping = Instant::now();
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
    assert!(
        stopping.elapsed() < Duration::from_secs(3),
        "the pause is cut short"
    );
}

#[tokio::test]
async fn f15_an_app_out_of_memory_is_told_so() {
    for use_cgroups in [true, false] {
        out_of_memory(&Setup::with(|settings| settings.use_cgroups = use_cgroups).await).await;
    }
}

async fn out_of_memory(setup: &Setup) {
    let mut app = setup
        .app("exec perl -e 'my @x; for (1..90) { push @x, \"x\" x 1e6 } sleep 60'")
        .await;
    app.limits.memory_mb = 48;
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup
        .log_with(&app, "The app used more than 48 MiB of memory and was stopped")
        .await;
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
}

#[tokio::test]
async fn an_app_is_asked_to_end_before_it_is_killed() {
    let setup = Setup::new().await;
    // Behind a shell that waits for it, as `npm start` leaves it: TERM must reach the program, and in time.
    let program = "perl -e '$SIG{TERM} = sub { print qq(bye\\n); exit 0 }; $| = 1; print qq(ready\\n); sleep 1 while 1'";
    let app = setup.app(&format!("{program}; echo after")).await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup.log_with(&app, "ready").await;
    let log = setup.state_folder(&app).join("app.log");
    let copy = setup.folder.path().join("kept.log");
    std::fs::hard_link(&log, &copy).unwrap();
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
    let kept = std::fs::read_to_string(copy).unwrap();
    assert!(kept.contains("\"bye\"") && kept.contains("\"after\""), "{kept}");
    assert!(kept.contains("The app was stopped"), "{kept}");
}

#[tokio::test]
async fn input_62_an_app_that_ignores_term_is_killed_at_its_grace() {
    let setup = Setup::new().await;
    let marker = unique_sleep();
    let app = setup
        .app(&format!(
            "trap '' TERM; echo deaf; sleep {marker}; sleep {marker}"
        ))
        .await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup.log_with(&app, "deaf").await;
    let stopping = Instant::now();
    setup
        .runtime
        .stop_app(app.instance_id, Duration::from_millis(700))
        .await
        .unwrap();
    assert!(
        stopping.elapsed() >= Duration::from_millis(600),
        "{:?}",
        stopping.elapsed()
    );
    assert!(
        stopping.elapsed() < Duration::from_secs(5),
        "{:?}",
        stopping.elapsed()
    );
    assert_eq!(processes_with(&marker), Vec::<i32>::new());
}

#[tokio::test]
async fn an_app_whose_supervisor_was_killed_is_stopped_and_can_be_started_again() {
    let setup = Setup::new().await;
    let marker = unique_sleep();
    let app = setup.app(&format!("echo up; exec sleep {marker}")).await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup.log_with(&app, "up").await;
    kill(setup.supervisor(&app), Signal::SIGKILL);
    eventually("the end of the app", || async {
        processes_with(&marker).is_empty().then_some(())
    })
    .await;
    eventually("the news", || async {
        setup
            .inspect(&app)
            .await
            .filter(|handle| handle.state == AppState::Stopped)
    })
    .await;
    assert_eq!(
        setup.runtime.list_apps().await.unwrap()[0].state,
        AppState::Stopped
    );

    let handle = setup.runtime.start_app(app.clone()).await.unwrap();
    assert_eq!(handle.state, AppState::Running);
    let lines = eventually("the second start", || async {
        let lines = setup.runtime.app_log(app.instance_id, 1, 10).await.unwrap();
        (!lines.is_empty()).then_some(lines)
    })
    .await;
    assert_eq!((lines[0].seq, lines[0].text.as_str()), (2, "up"), "numbers go on");
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
}

#[tokio::test]
async fn term_to_a_supervisor_stops_its_app_and_other_signals_do_not() {
    let setup = Setup::new().await;
    let marker = unique_sleep();
    let app = setup.app(&format!("echo up; exec sleep {marker}")).await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup.log_with(&app, "up").await;
    let supervisor = setup.supervisor(&app);
    kill(supervisor, Signal::SIGHUP);
    kill(supervisor, Signal::SIGINT);
    assert_eq!(setup.inspect(&app).await.unwrap().state, AppState::Running);
    kill(supervisor, Signal::SIGTERM);
    eventually("the end", || async {
        setup
            .inspect(&app)
            .await
            .filter(|handle| handle.state == AppState::Stopped)
    })
    .await;
    assert_eq!(processes_with(&marker), Vec::<i32>::new());
    setup.log_with(&app, "The app was stopped").await;
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
    assert!(!setup.state_folder(&app).exists());
}

#[tokio::test]
async fn an_app_whose_state_was_deleted_is_stopped() {
    let setup = Setup::new().await;
    let marker = unique_sleep();
    let app = setup.app(&format!("echo up; exec sleep {marker}")).await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup.log_with(&app, "up").await;
    std::fs::remove_dir_all(setup.folder.path().join("run")).unwrap();
    eventually("the end of the app", || async {
        processes_with(&marker).is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn input_66_values_of_an_app_are_neither_on_disk_nor_in_a_command_line() {
    let setup = Setup::new().await;
    let mut app = setup.app("echo length ${#TOKEN}; sleep 60").await;
    app.env.insert("TOKEN".to_owned(), "canary-of-the-app".to_owned());
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup.log_with(&app, "length 17").await;
    for entry in std::fs::read_dir(setup.state_folder(&app)).unwrap().flatten() {
        let content = std::fs::read(entry.path()).unwrap_or_default();
        assert!(
            !String::from_utf8_lossy(&content).contains("canary"),
            "{:?}",
            entry.path()
        );
    }
    assert_eq!(processes_with("canary-of-the-app"), Vec::<i32>::new());
    let environment = std::fs::read(format!("/proc/{}/environ", setup.supervisor(&app))).unwrap();
    assert_eq!(
        environment, b"",
        "nothing of the worker's environment reaches a supervisor"
    );
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
}

#[tokio::test]
async fn a_supervisor_is_small_and_detached() {
    let setup = Setup::new().await;
    let app = setup.app("echo up; sleep 60").await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    setup.log_with(&app, "up").await;
    let supervisor = setup.supervisor(&app);
    let status = std::fs::read_to_string(format!("/proc/{supervisor}/status")).unwrap();
    let memory = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap();
    let kib: u64 = memory.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 4096, "{kib} KiB of its own");
    let session = nix::unistd::getsid(Some(nix::unistd::Pid::from_raw(supervisor))).unwrap();
    assert_eq!(session.as_raw(), supervisor);
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
}

#[tokio::test]
async fn a_log_is_rotated_and_its_numbers_go_on() {
    let setup = Setup::new().await;
    let app = setup.app("yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -300000; echo last; sleep 60").await;
    setup.runtime.start_app(app.clone()).await.unwrap();
    let folder = setup.state_folder(&app);
    let last = eventually("the last line", || async {
        let mut after = 0;
        let tail = std::fs::read_to_string(folder.join("app.log")).unwrap_or_default();
        if let Some(line) = tail.lines().next() {
            after = serde_json::from_str::<aether_models::LogLine>(line).map_or(0, |line| line.seq);
        }
        let lines = setup
            .runtime
            .app_log(app.instance_id, after, 1_000_000)
            .await
            .unwrap();
        lines.into_iter().find(|line| line.text == "last")
    })
    .await;
    assert_eq!(last.seq, 300_001);
    let size: u64 = ["app.log", "app.log.1"]
        .iter()
        .map(|name| std::fs::metadata(folder.join(name)).unwrap().len())
        .sum();
    assert!(size <= 21 << 20, "{size}");
    let kept = setup
        .runtime
        .app_log(app.instance_id, 0, 1_000_000)
        .await
        .unwrap();
    let gapless = kept.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1);
    assert!(gapless && kept.len() > 50_000, "{}", kept.len());
    assert_eq!(
        setup
            .runtime
            .app_log(app.instance_id, last.seq - 3, 2)
            .await
            .unwrap()[0]
            .seq,
        last.seq - 2
    );
    setup.runtime.stop_app(app.instance_id, GRACE).await.unwrap();
}

#[tokio::test]
async fn an_app_without_its_directory_is_not_started() {
    let setup = Setup::new().await;
    let app = app_in(&setup.folder.path().join("nowhere"), "true");
    assert!(setup.runtime.start_app(app.clone()).await.is_err());
    assert_eq!(setup.inspect(&app).await, None);
}

/// The innermost process whose command line has the marker: the program, not the shell or bubblewrap before it.
fn main_process(marker: &str) -> Option<i32> {
    processes_with(marker).into_iter().find(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep")
    })
}

fn parent_of(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
