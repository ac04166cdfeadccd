//! Builds that take too much, or do not end: stopped at the limit, with the reason, and nothing left.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

mod runtime_support;

use std::process::Stdio;
use std::time::Duration;

use aether_models::{LogStream, UserError};
use aether_worker::runtime::{BuildCommand, ExitReport, LimitedBy, Runtime};
use runtime_support::{Setup, eventually, processes_with, text, unique_sleep};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use walkdir::WalkDir;

/// Tells this test binary to be a worker that runs a build.
const BUILDER: &str = "AETHER_TEST_BUILDER";
/// What a limit costs at the most, besides the time until it is reached.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

async fn exceeded(setup: &Setup, command: BuildCommand) -> UserError {
    let started = Instant::now();
    let (report, output) = setup
        .run_command(command, CancellationToken::new())
        .await
        .unwrap();
    assert!(started.elapsed() < STOPPED_WITHIN, "{:?}", started.elapsed());
    let ExitReport::LimitExceeded(error) = report else {
        panic!("{report:?} {output:?}")
    };
    error
}

async fn limited(setup: &Setup, script: &str, change: impl FnOnce(&mut BuildCommand)) -> UserError {
    let marker = unique_sleep();
    // The sleeper shows whether the rest of the group goes as well.
    let mut command = setup.command(&format!("sleep {marker} & {script}")).await;
    change(&mut command);
    let error = exceeded(setup, command).await;
    assert_eq!(processes_with(&marker), Vec::<i32>::new(), "nothing is left");
    error
}

#[tokio::test]
async fn f14_a_memory_hog_is_stopped_and_told_its_limit() {
    let setup = Setup::new().await;
    if setup.runtime.report().memory == LimitedBy::Rlimits {
        return;
    }
    let error = limited(&setup, "head -c 400m /dev/zero | tail; sleep 60", |command| {
        command.limits.memory_mb = 64;
    })
    .await;
    assert_eq!(error.code, "build_out_of_memory");
    assert!(error.detail.contains("64 MiB"), "{error}");
    assert!(error.hint.unwrap().contains("Settings > Build > Memory"));
}

#[tokio::test]
async fn f14_a_memory_hog_is_stopped_without_control_groups_too() {
    let setup = Setup::with(|settings| settings.use_cgroups = false).await;
    assert_eq!(setup.runtime.report().memory, LimitedBy::Rlimits);
    // Ten that each stay below the limit.
    let script = "for i in 1 2 3 4 5 6 7 8 9 10; do head -c 20m /dev/zero | { tail; sleep 60; } & done; wait";
    let script = script.replace("tail; sleep 60", "perl -e 'my $x = \"x\" x 20e6; sleep 60'");
    let error = limited(&setup, &script, |command| command.limits.memory_mb = 64).await;
    assert_eq!(error.code, "build_out_of_memory");
}

#[tokio::test]
async fn f32_a_fork_bomb_is_stopped() {
    let setup = Setup::new().await;
    let error = limited(&setup, "perl -e 'while (1) { fork }'", |command| {
        command.limits.pids = 48;
    })
    .await;
    assert_eq!(error.code, "build_too_many_processes");
    assert!(error.detail.contains("48"), "{error}");
}

#[tokio::test]
async fn f32_a_build_that_fails_for_want_of_processes_is_told_so() {
    let setup = Setup::new().await;
    if setup.runtime.report().processes == LimitedBy::Rlimits {
        return;
    }
    let error = limited(
        &setup,
        "i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done",
        |command| {
            command.limits.pids = 16;
        },
    )
    .await;
    assert_eq!(error.code, "build_too_many_processes");
}

#[tokio::test]
async fn f32_a_fork_bomb_is_stopped_without_control_groups_too() {
    let setup = Setup::with(|settings| settings.use_cgroups = false).await;
    let script = "perl -e 'for (1..200) { unless (fork) { sleep 60; exit } } sleep 60'";
    let error = limited(&setup, script, |command| {
        command.limits.pids = 48;
    })
    .await;
    assert_eq!(error.code, "build_too_many_processes");
}

#[tokio::test]
async fn f32_an_endless_build_that_ignores_term_is_stopped_at_its_time() {
    let setup = Setup::new().await;
    let script = "trap '' TERM INT HUP; while :; do sleep 0.1; done";
    let error = limited(&setup, script, |command| command.timeout = Duration::from_secs(1)).await;
    assert_eq!(error.code, "build_timed_out");
    assert_eq!(error.detail, "The build ran longer than 1s and was stopped.");
}

#[tokio::test]
async fn f32_a_build_that_fills_the_disk_is_stopped() {
    let setup = Setup::new().await;
    for place in [".", "/tmp", "$HOME"] {
        let script =
            format!("i=0; while :; do head -c 4m /dev/zero > {place}/$i; i=$((i+1)); sleep 0.02; done");
        let error = limited(&setup, &script, |command| command.limits.disk_mb = 32).await;
        assert_eq!(error.code, "build_out_of_disk", "{place}");
        assert!(error.detail.contains("32 MiB"), "{error}");
    }
}

#[tokio::test]
async fn f32_a_build_that_fills_a_cache_is_stopped() {
    let setup = Setup::new().await;
    let cache = setup.workspace().await;
    // What is there already does not count.
    std::fs::write(cache.join("before"), vec![1; 40 << 20]).unwrap();
    let mut command = setup
        .command("sleep 2; i=0; while :; do head -c 4m /dev/zero > /cache/x/$i; i=$((i+1)); sleep 0.02; done")
        .await;
    command.caches = vec![(cache, "/cache/x".to_owned())];
    command.limits.disk_mb = 32;
    assert_eq!(exceeded(&setup, command).await.code, "build_out_of_disk");
}

#[tokio::test]
async fn input_52_a_sparse_terabyte_is_refused() {
    let setup = Setup::new().await;
    let error = limited(&setup, "truncate -s 1T big", |_| {}).await;
    assert_eq!(error.code, "build_out_of_disk");
}

#[tokio::test]
async fn f32_a_processor_hog_gets_its_share() {
    let setup = Setup::new().await;
    if setup.runtime.report().cpu == LimitedBy::Priority {
        return;
    }
    let mut command = setup
        .command("timeout 2 perl -e '1 while 1'; times | tail -1")
        .await;
    command.limits.cpus = 0.2.into();
    let (_, output) = setup
        .run_command(command, CancellationToken::new())
        .await
        .unwrap();
    // "0m0.41s 0m0.00s": user and system time of the children.
    let last = text(&output).last().copied().unwrap().to_owned();
    let user = last
        .split('m')
        .nth(1)
        .unwrap()
        .split('s')
        .next()
        .unwrap()
        .parse::<f64>()
        .unwrap();
    assert!(
        user < 1.2,
        "a fifth of a processor for two seconds is 0.4 s, not {user}: {output:?}"
    );
}

#[tokio::test]
async fn input_57_daemons_are_gone_when_the_step_ends() {
    for use_cgroups in [true, false] {
        let setup = Setup::with(|settings| settings.use_cgroups = use_cgroups).await;
        let marker = unique_sleep();
        let script = format!(
            "nohup sleep {marker} >/dev/null 2>&1 & setsid sleep {marker} & \
             (setsid sh -c 'sleep {marker} & sleep {marker}' &) ; sleep 0.3; echo built"
        );
        let (report, output) = setup.run(&script).await;
        assert_eq!((report, text(&output)), (ExitReport::Exited(0), vec!["built"]));
        assert_eq!(processes_with(&marker), Vec::<i32>::new());
    }
}

#[tokio::test]
async fn f34_a_cancelled_build_is_over_within_five_seconds() {
    let setup = Setup::new().await;
    for (script, at_most) in [
        ("sleep MARKER", 3),
        ("trap '' TERM; while :; do sleep MARKER; done", 5),
    ] {
        let marker = unique_sleep();
        let command = setup.command(&script.replace("MARKER", &marker)).await;
        let cancel = CancellationToken::new();
        let canceller = async {
            eventually("the script", || async {
                (processes_with(&marker).len() >= 3).then_some(())
            })
            .await;
            cancel.cancel();
            Instant::now()
        };
        let (outcome, cancelled) = tokio::join!(setup.run_command(command, cancel.clone()), canceller);
        assert_eq!(outcome.unwrap().0, ExitReport::Cancelled);
        assert!(
            cancelled.elapsed() < Duration::from_secs(at_most),
            "{:?}",
            cancelled.elapsed()
        );
        assert_eq!(processes_with(&marker), Vec::<i32>::new());
    }
}

#[tokio::test]
async fn a_cancelled_build_may_say_its_last_words() {
    let setup = Setup::new().await;
    let command = setup
        .command("trap 'echo cleaned up; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
        .await;
    let cancel = CancellationToken::new();
    let (sink, mut lines) = tokio::sync::mpsc::channel::<(LogStream, String)>(16);
    let watch = async {
        assert_eq!(lines.recv().await.unwrap().1, "ready");
        cancel.cancel();
        let mut rest = Vec::new();
        while let Some((_, line)) = lines.recv().await {
            rest.push(line);
        }
        rest
    };
    let (report, rest) = tokio::join!(setup.runtime.run_build(command, sink, cancel.clone()), watch);
    assert_eq!(report.unwrap(), ExitReport::Cancelled);
    assert!(rest.contains(&"cleaned up".to_owned()), "{rest:?}");
}

#[tokio::test]
async fn the_end_of_a_command_is_reported_as_it_was() {
    let setup = Setup::new().await;
    for (script, expected) in [
        ("true", ExitReport::Exited(0)),
        ("exit 7", ExitReport::Exited(7)),
        ("exit 1", ExitReport::Exited(1)),
        ("no-such-program", ExitReport::Exited(127)),
        ("kill -SEGV $$", ExitReport::Signalled(11)),
        ("kill -KILL $$", ExitReport::Signalled(9)),
    ] {
        assert_eq!(setup.run(script).await.0, expected, "{script}");
    }
}

#[tokio::test]
async fn a_build_leaves_no_control_group() {
    let setup = Setup::new().await;
    if setup.runtime.report().memory == LimitedBy::Rlimits {
        return;
    }
    let marker = unique_sleep();
    let command = setup.command(&format!("timeout 1 sleep {marker}")).await;
    let look = eventually("the script", || async {
        group_of(*processes_with(&marker).last()?)
    });
    let (outcome, name) = tokio::join!(setup.run_command(command, CancellationToken::new()), look);
    assert_eq!(outcome.unwrap().0, ExitReport::Exited(124));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    for mount in mounts.lines().filter(|line| line.contains(" - cgroup")) {
        let point = mount.split(' ').nth(4).unwrap();
        let left = WalkDir::new(point)
            .into_iter()
            .flatten()
            .find(|entry| entry.file_name() == name.as_str());
        assert!(left.is_none(), "{left:?}");
    }
}

/// The worker of [`f1_a_build_ends_with_its_worker`]; nothing by itself.
#[tokio::test]
#[ignore = "a helper process of another test"]
async fn builder() {
    let Ok(marker) = std::env::var(BUILDER) else {
        return;
    };
    let use_cgroups = !marker.ends_with('1');
    let setup = Setup::with(|settings| settings.use_cgroups = use_cgroups).await;
    setup
        .run(&format!("setsid sleep {marker} & trap '' TERM; sleep {marker}"))
        .await;
}

#[tokio::test]
async fn f1_a_build_ends_with_its_worker() {
    for last in ["1", "2"] {
        let marker = format!("{}{last}", unique_sleep());
        let mut worker = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "builder", "--ignored"])
            .env(BUILDER, &marker)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // bubblewrap twice, the shell, and the two that sleep.
        eventually("the build", || async {
            (processes_with(&marker).len() >= 5).then_some(())
        })
        .await;
        worker.kill().await.unwrap();
        eventually("its end", || async {
            processes_with(&marker).is_empty().then_some(())
        })
        .await;
    }
}

/// The name of the build's control group that a process is in.
fn group_of(pid: i32) -> Option<String> {
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let name = groups
        .lines()
        .find_map(|line| line.rsplit('/').next().filter(|name| name.starts_with("build-")))?;
    Some(name.to_owned())
}
