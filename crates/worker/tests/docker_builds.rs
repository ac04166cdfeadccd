//! Build commands in containers of a real engine.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod docker_support;

use std::time::Duration;

use aether_models::LogStream;
use aether_worker::runtime::{ExitReport, Runtime, RuntimeError, Stack};
use docker_support::{Bench, write};
use tokio_util::sync::CancellationToken;

fn node() -> Option<Stack> {
    Some(Stack {
        language: "node".to_owned(),
        version: Some("22".to_owned()),
    })
}

#[tokio::test]
async fn a_build_writes_its_workspace_and_leaves_nothing_else() {
    let bench = Bench::new().await;
    let mut command = bench
        .build("node -e 'console.log(process.version)' && echo oops >&2 && mkdir dist && id -u > dist/uid");
    command.stack = node();
    let workspace = command.workspace.clone();
    let outcome = bench.run(command).await;
    assert_eq!(outcome.report, ExitReport::Exited(0), "{}", outcome.text());
    assert!(
        outcome
            .lines
            .iter()
            .any(|(stream, line)| *stream == LogStream::Stdout && line.starts_with("v22."))
    );
    assert!(outcome.lines.contains(&(LogStream::Stderr, "oops".to_owned())));
    assert_eq!(
        std::fs::read_to_string(workspace.join("dist/uid"))
            .unwrap()
            .trim(),
        "10001"
    );
    bench.assert_nothing_left();
}

#[tokio::test]
async fn steps_of_one_build_share_workspace_and_caches() {
    let bench = Bench::new().await;
    let cache = bench.folder.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    let mut first = bench.build("cd sub 2>/dev/null; pwd; echo one > file; echo two > /cache/file");
    write(&first.workspace, &[("sub/keep", "")]);
    first.caches = vec![(cache.clone(), "/cache".to_owned())];
    first.directory = "sub".to_owned();
    let mut second = first.clone();
    second.script = "cat file /cache/file".to_owned();
    let deployment = first.deployment_id;
    first
        .script
        .push_str("; echo three > ~/file; echo four > /tmp/file");
    second.script.push_str(" ~/file /tmp/file");
    let never = CancellationToken::new;
    assert!(
        bench
            .run_until(first, never())
            .await
            .unwrap()
            .text()
            .contains("/workspace/sub")
    );
    assert_eq!(
        bench.run_until(second, never()).await.unwrap().text(),
        "one\ntwo\nthree\nfour"
    );
    bench.runtime.end_build(deployment).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a_failing_command_reports_its_own_code() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.run(bench.build("exit 3")).await.report,
        ExitReport::Exited(3)
    );
    assert_eq!(
        bench.run(bench.build("kill -SEGV $$")).await.report,
        ExitReport::Signalled(11)
    );
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a10_a_build_is_confined() {
    let bench = Bench::new().await;
    let mut command = bench.build(
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; touch /etc/x /x; ls /var/run/docker.sock; \
         whoami; cat /proc/1/environ | tr '\\0' '\\n'",
    );
    command.env.insert("API_TOKEN".to_owned(), "canary".to_owned());
    let outcome = bench.run(command).await;
    let text = outcome.text();
    for line in [
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "aether",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert_eq!(text.matches("Read-only file system").count(), 2, "{text}");
    assert!(text.contains("'/var/run/docker.sock': No such file"), "{text}");
    assert!(
        !text.contains("canary"),
        "variables are not in the container's own environment: {text}"
    );
    bench.assert_nothing_left();
}

#[tokio::test]
async fn variables_reach_the_command_byte_for_byte() {
    let bench = Bench::new().await;
    let mut command = bench.build("printf '%s|' \"$KEY\" \"$HOME\" \"$CI\"");
    command
        .env
        .insert("KEY".to_owned(), "it's \"$x\" `id` \\ é".to_owned());
    assert_eq!(
        bench.run(command).await.text(),
        "it's \"$x\" `id` \\ é|/home/aether|true|"
    );
}

/// Prints the most memory that its container ever had, swap included, and passes the failure on.
const PEAK: &str = "code=$?; cd /sys/fs/cgroup\nfor file in memory/memory.memsw.max_usage_in_bytes \
                    memory/memory.max_usage_in_bytes memory.peak; do [ -r $file ] && echo peak $(cat $file) && break; \
                    done; exit $code";

#[tokio::test]
async fn f14_out_of_memory_is_told_twenty_times_of_twenty() {
    const CAP_MB: u32 = 256;
    let bench = Bench::new().await;
    let ways = [
        "node -e 'const a=[];for(;;)a.push(Buffer.alloc(8e6,1))'",
        "head -c 2G /dev/zero | tail",
        // A child dies, and the tool that started it only says that it failed.
        "node -e \"process.exit(require('child_process').spawnSync('perl', ['-e', '\\$x = q(x) x (1 << 30)']).status ?? 1)\"",
        // Several that are small by themselves.
        "for i in 1 2 3 4 5 6; do perl -e '$x = q(x) x (90 << 20); sleep 5' & done; \
         for i in 1 2 3 4 5 6; do wait -n || failed=1; done; (exit ${failed:-0})",
    ];
    for round in 0..20 {
        let way = ways[round % ways.len()];
        let mut command = bench.build("bash eat.sh");
        write(&command.workspace, &[("eat.sh", &format!("{way}\n{PEAK}\n"))]);
        command.stack = node();
        command.limits.memory_mb = CAP_MB;
        let outcome = bench.run(command).await;
        assert_eq!(
            outcome.limit(),
            "build_out_of_memory",
            "{round}: {}",
            outcome.text()
        );
        let ExitReport::LimitExceeded(error) = &outcome.report else {
            unreachable!()
        };
        let said = format!("{} {}", error.detail, error.hint.clone().unwrap_or_default());
        assert!(
            said.contains("256 MiB") && said.contains("Settings > Build > Memory"),
            "{said}"
        );
        let text = outcome.text();
        let peak = text.lines().find_map(|line| line.strip_prefix("peak "));
        let peak: u64 = peak.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
        // What the machine loses at the most: the cap, without a byte of swap.
        assert!(peak <= u64::from(CAP_MB) << 20, "{round}: {peak}");
    }
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f32_a_fork_bomb_is_told_and_ends() {
    let bench = Bench::new().await;
    let mut command = bench.build("f() { f | f & f; }; f; exit 7");
    command.limits.pids = 64;
    command.timeout = Duration::from_secs(20);
    let outcome = bench.run(command).await;
    assert_eq!(outcome.limit(), "build_too_many_processes", "{}", outcome.text());
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f32_a_processor_hog_gets_its_share() {
    let bench = Bench::new().await;
    // Two of them, for two seconds; then what the kernel says that they had.
    let hog = "timeout 2 perl -e '1 while 1' &\n";
    let mut command = bench.build("sh hog.sh");
    let script = format!("{hog}{hog}wait\ntimes > times\ntail -n 1 times\n");
    write(&command.workspace, &[("hog.sh", &script)]);
    command.limits.cpus = 0.2.into();
    let outcome = bench.run(command).await;
    // "0m0.41s 0m0.00s": user and system time of the children.
    let last = outcome.lines.last().unwrap().1.clone();
    let user = last
        .split(['m', 's'])
        .nth(1)
        .and_then(|seconds| seconds.parse::<f64>().ok());
    let user = user.unwrap_or_else(|| panic!("{}", outcome.text()));
    assert!(
        (0.1..1.2).contains(&user),
        "a fifth of a processor for two seconds is 0.4 s, not {user}"
    );
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f32_an_endless_build_that_ignores_term_ends_at_its_time() {
    let bench = Bench::new().await;
    let mut command = bench.build("trap '' TERM INT; while :; do sleep 1; done");
    command.timeout = Duration::from_secs(2);
    let outcome = bench.run(command).await;
    assert_eq!(outcome.limit(), "build_timed_out");
    assert!(outcome.took < Duration::from_secs(7), "{:?}", outcome.took);
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f32_a_build_that_fills_the_disk_is_told() {
    let bench = Bench::new().await;
    let mut command =
        bench.build("i=0; while :; do i=$((i+1)); head -c 8M /dev/zero > /tmp/$i || exit 1; done");
    command.limits.disk_mb = 64;
    let outcome = bench.run(command).await;
    assert_eq!(outcome.limit(), "build_out_of_disk", "{}", outcome.text());
    let mut command = bench.build("head -c 200M /dev/zero > big");
    command.limits.disk_mb = 64;
    assert_eq!(bench.run(command).await.limit(), "build_out_of_disk");
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f34_cancelling_ends_a_build_within_five_seconds() {
    let bench = Bench::new().await;
    let cancel = CancellationToken::new();
    let (sink, mut lines) = tokio::sync::mpsc::channel(8);
    let command = bench.build("trap '' TERM; echo started; while :; do sleep 1; done");
    let deployment = command.deployment_id;
    let runtime = bench.runtime.clone();
    let build = tokio::spawn({
        let cancel = cancel.clone();
        async move { runtime.run_build(command, sink, cancel).await }
    });
    assert_eq!(lines.recv().await.unwrap().1, "started");
    let asked = tokio::time::Instant::now();
    cancel.cancel();
    assert_eq!(build.await.unwrap().unwrap(), ExitReport::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    bench.runtime.end_build(deployment).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f1_a_build_whose_worker_forgot_it_is_removed() {
    let bench = Bench::new().await;
    let (sink, mut lines) = tokio::sync::mpsc::channel(8);
    let runtime = bench.runtime.clone();
    let command = bench.build("echo started; sleep 600");
    let build = tokio::spawn(async move { runtime.run_build(command, sink, CancellationToken::new()).await });
    assert_eq!(lines.recv().await.unwrap().1, "started");
    build.abort();
    assert!(build.await.unwrap_err().is_cancelled());
    // Its own removal may be under way; the clean-up does not mind.
    bench.runtime.cleanup(&Default::default()).await.unwrap();
    bench.runtime.cleanup(&Default::default()).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn input_57_daemons_are_gone_when_the_step_ends() {
    let bench = Bench::new().await;
    let listener =
        "require(\"http\").createServer().listen(8080,()=>require(\"fs\").writeFileSync(\"listens\",\"x\"))";
    let script = format!(
        "(setsid nohup sh -c 'while :; do echo tick >> /workspace/ticks; sleep 0.05; done' >/dev/null 2>&1 &)
         nohup sh -c 'trap \"\" TERM HUP; while :; do echo tock >> /workspace/ticks; sleep 0.05; done' >/dev/null 2>&1 &
         setsid node -e '{listener}' >/dev/null 2>&1 &
         while [ ! -e listens ]; do sleep 0.05; done; echo done"
    );
    let mut command = bench.build(&script);
    command.stack = node();
    let ticks = command.workspace.join("ticks");
    let outcome = bench.run(command).await;
    assert_eq!(
        (outcome.report.clone(), outcome.text()),
        (ExitReport::Exited(0), "done".to_owned())
    );
    assert!(outcome.took < Duration::from_secs(10));
    bench.assert_nothing_left();
    let size = || std::fs::metadata(&ticks).unwrap().len();
    let at_the_end = size();
    assert!(at_the_end > 0, "they ran");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(size(), at_the_end, "one of them writes on");
}

#[tokio::test]
async fn f33_a_flood_of_output_does_not_end_the_build() {
    let bench = Bench::new().await;
    let outcome = bench
        .run(bench.build("yes flood | head -c 6M; echo; printf 'a\\0b\\n'; head -c 3M /dev/zero | tr '\\0' x; echo; printf '\\377\\n'; printf last"))
        .await;
    assert_eq!(outcome.report, ExitReport::Exited(0));
    assert!(outcome.lines.len() > 1_000_000);
    let tail: Vec<&str> = outcome
        .lines
        .iter()
        .rev()
        .take(4)
        .map(|(_, line)| line.as_str())
        .collect();
    assert_eq!((tail[0], tail[1]), ("last", "\u{FFFD}"));
    assert!(tail[2].len() < 70_000 && tail[2].starts_with("xxx"));
    assert_eq!(tail[3], "a\u{FFFD}b");
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_comes_with_advice() {
    let bench = Bench::with(|settings| {
        // Nobody listens there.
        settings
            .images
            .insert("node".to_owned(), "127.0.0.1:9/node:{version}".to_owned());
    })
    .await;
    let mut command = bench.build("true");
    command.stack = node();
    let error = bench
        .run_until(command, CancellationToken::new())
        .await
        .unwrap_err();
    let RuntimeError::User(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.code, "image_pull_failed");
    assert!(error.detail.contains("127.0.0.1:9/node:22"), "{}", error.detail);
    assert!(error.hint.is_some());
    bench.assert_nothing_left();
}
