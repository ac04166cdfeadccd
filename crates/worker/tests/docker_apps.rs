//! Apps in containers of a real engine.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod docker_support;

use std::time::Duration;

use aether_models::{InstanceId, LogStream, VolumeMount};
use aether_worker::runtime::docker::{AppReach, Needed};
use aether_worker::runtime::{AppState, Runtime};
use docker_support::{Bench, docker, get, get_when_ready, is_running, write};

const GRACE: Duration = Duration::from_secs(5);
const SERVER: &str = "require('http').createServer((q,r)=>r.end(JSON.stringify({env:process.env,cwd:process.cwd(),uid:process.getuid()}))).listen(process.env.PORT,process.env.HOST)";

#[tokio::test]
async fn an_app_answers_at_its_address_and_sees_its_variables_only() {
    let bench = Bench::new().await;
    let mut app = bench.app("node server.js", Some("node"));
    write(&app.directory, &[("sub/server.js", SERVER)]);
    app.root_dir = "sub".to_owned();
    app.env
        .insert("API_TOKEN".to_owned(), "canary-of-input-66".to_owned());
    let (instance, port) = (app.instance_id, app.port);
    let handle = bench.runtime.start_app(app.clone()).await.unwrap();
    assert_eq!(handle.address.port(), port);
    let answer = get_when_ready(handle.address, "/").await;
    for part in [
        "\"API_TOKEN\":\"canary-of-input-66\"",
        "\"HOST\":\"0.0.0.0\"",
        "\"cwd\":\"/workspace/sub\"",
        "\"uid\":10001",
    ] {
        assert!(answer.contains(part), "{part} is missing: {answer}");
    }
    let name = docker(
        &bench.settings.socket,
        &[
            "ps",
            "-q",
            "--filter",
            &format!("label=aether.owner={}", bench.settings.owner),
        ],
    );
    let shown = docker(&bench.settings.socket, &["inspect", name.trim()]);
    assert!(
        !shown.contains("canary-of-input-66"),
        "input 66: docker inspect shows no variable"
    );
    assert_eq!(
        bench.runtime.start_app(app).await.unwrap(),
        handle,
        "starting a running one gives the running one"
    );
    assert_eq!(bench.runtime.list_apps().await.unwrap(), [handle]);
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    assert_eq!(bench.runtime.inspect_app(instance).await.unwrap(), None);
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a10_an_app_is_confined() {
    let bench = Bench::new().await;
    let script = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; touch /x /etc/x x; echo ok > /tmp/x; cat /tmp/x ~/../aether/none; ls /var/run/docker.sock; echo done; exec sleep 600";
    let app = bench.app(script, None);
    let instance = app.instance_id;
    bench.runtime.start_app(app).await.unwrap();
    let text = bench.wait_for_line(instance, "done").await.join("\n");
    for line in [
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "ok",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert_eq!(text.matches("Read-only file system").count(), 3, "{text}");
    let stats = bench.runtime.app_stats(instance).await.unwrap().unwrap();
    assert!(
        stats.memory_bytes > 0 && stats.memory_limit_bytes == 512 * 1024 * 1024 && stats.processes >= 2,
        "{stats:?}"
    );
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    assert_eq!(bench.runtime.app_stats(instance).await.unwrap(), None);
    bench.assert_nothing_left();
}

#[tokio::test]
async fn an_app_is_stopped_gently_first_and_the_signal_reaches_its_children() {
    let bench = Bench::new().await;
    let gentle = bench.app(
        "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done; true",
        None,
    );
    let nested = bench.app(
        "sh -c 'trap \"exit 0\" TERM; echo up; while :; do sleep 0.05; done'; echo after",
        None,
    );
    let stubborn = bench.app("trap '' TERM; echo up; while :; do sleep 1; done", None);
    for app in [&gentle, &nested, &stubborn] {
        bench.runtime.start_app(app.clone()).await.unwrap();
    }
    for (app, most) in [(gentle, 3), (nested, 3), (stubborn, 6)] {
        bench.wait_for_line(app.instance_id, "up").await;
        let asked = tokio::time::Instant::now();
        bench
            .runtime
            .stop_app(app.instance_id, Duration::from_secs(4))
            .await
            .unwrap();
        assert!(
            asked.elapsed() < Duration::from_secs(most),
            "{:?} for {}",
            asked.elapsed(),
            app.start_command
        );
    }
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f15_an_app_that_dies_is_started_again_at_the_same_address() {
    let bench = Bench::new().await;
    let app = bench.app("node server.js", Some("node"));
    write(
        &app.directory,
        &[(
            "server.js",
            "require('http').createServer((q,r)=>{if(q.url=='/die')process.exit(3);r.end('alive')}).listen(process.env.PORT)",
        )],
    );
    let instance = app.instance_id;
    let handle = bench.runtime.start_app(app).await.unwrap();
    get_when_ready(handle.address, "/").await;
    let _ = get(handle.address, "/die").await;
    let died = tokio::time::Instant::now();
    let again = bench
        .wait_for(instance, |handle| handle.restarts == 1 && is_running(handle))
        .await;
    assert_eq!(again.address, handle.address);
    assert!(get_when_ready(handle.address, "/").await.contains("alive"));
    assert!(died.elapsed() < Duration::from_secs(5), "{:?}", died.elapsed());
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f15_a_crash_loop_is_flagged_by_its_fifth_end() {
    let bench = Bench::new().await;
    let app = bench.app("echo begin; exit 3", None);
    let instance = app.instance_id;
    bench.runtime.start_app(app).await.unwrap();
    let backing_off = bench
        .wait_for(instance, |handle| {
            matches!(handle.state, AppState::BackingOff { .. })
        })
        .await;
    assert_eq!(
        backing_off.state,
        AppState::BackingOff {
            last_exit: "exited with code 3".to_owned()
        }
    );
    let looping = bench
        .wait_for(instance, |handle| {
            matches!(handle.state, AppState::CrashLooping { .. })
        })
        .await;
    assert_eq!(looping.restarts, 4, "{looping:?}");
    assert!(bench.runtime.app_log(instance, 0, 100).await.unwrap().len() >= 4);
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f15_an_app_that_runs_out_of_memory_says_so() {
    let bench = Bench::new().await;
    let mut app = bench.app(
        "exec node -e 'const a=[];for(;;)a.push(Buffer.alloc(8e6,1))'",
        Some("node"),
    );
    app.limits.memory_mb = 96;
    let instance = app.instance_id;
    bench.runtime.start_app(app).await.unwrap();
    let handle = bench.wait_for(instance, |handle| !is_running(handle)).await;
    assert_eq!(
        handle.state,
        AppState::BackingOff {
            last_exit: "ran out of memory".to_owned()
        }
    );
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn lines_are_numbered_without_gaps_over_restarts_of_app_and_worker() {
    let bench = Bench::new().await;
    let script = "for i in $(seq 1 500); do echo out $i; done; echo err >&2; sleep 0.3; exit 1";
    let app = bench.app(script, None);
    let instance = app.instance_id;
    bench.runtime.start_app(app).await.unwrap();
    bench.wait_for(instance, |handle| handle.restarts >= 2).await;
    let adopted = bench.restarted().await;
    bench.wait_for(instance, |handle| handle.restarts >= 3).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let lines = loop {
        let lines = adopted.app_log(instance, 0, 10_000).await.unwrap();
        if lines.len() >= 3 * 501 {
            break lines;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "only {} lines",
            lines.len()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(
        lines
            .iter()
            .enumerate()
            .all(|(place, line)| line.seq == place as i64 + 1),
        "numbers have no gap"
    );
    let out: Vec<&str> = lines
        .iter()
        .filter(|line| line.stream == LogStream::Stdout)
        .map(|line| line.text.as_str())
        .collect();
    for (place, text) in out.iter().enumerate() {
        assert_eq!(
            *text,
            format!("out {}", place % 500 + 1),
            "none is lost or doubled (line {place})"
        );
    }
    assert_eq!(
        adopted
            .app_log(instance, 10, 5)
            .await
            .unwrap()
            .iter()
            .map(|line| line.seq)
            .collect::<Vec<_>>(),
        [11, 12, 13, 14, 15]
    );
    adopted.stop_app(instance, GRACE).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a_worker_that_comes_back_knows_its_apps() {
    let bench = Bench::new().await;
    let app = bench.app("echo up; exec sleep 600", None);
    let handle = bench.runtime.start_app(app.clone()).await.unwrap();
    let adopted = bench.restarted().await;
    assert_eq!(adopted.list_apps().await.unwrap(), std::slice::from_ref(&handle));
    assert_eq!(adopted.start_app(app).await.unwrap(), handle);
    adopted.stop_app(handle.instance_id, GRACE).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f2_an_app_nobody_knows_of_is_removed_and_a_needed_one_stays() {
    let bench = Bench::new().await;
    let kept = bench
        .runtime
        .start_app(bench.app("exec sleep 600", None))
        .await
        .unwrap();
    bench
        .runtime
        .start_app(bench.app("exec sleep 600", None))
        .await
        .unwrap();
    let needed = Needed {
        instances: [kept.instance_id].into(),
        ..Needed::default()
    };
    let removed = bench.runtime.cleanup(&needed).await.unwrap();
    assert_eq!((removed.containers, removed.networks), (1, 1));
    assert_eq!(bench.runtime.list_apps().await.unwrap(), [kept]);
    bench.runtime.cleanup(&Needed::default()).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn volumes_keep_their_contents_over_deployments_and_go_with_the_project() {
    let bench = Bench::new().await;
    let mut first = bench.app("echo kept > /data/file && echo written; exec sleep 600", None);
    first.container.volumes = vec![VolumeMount {
        name: "data".to_owned(),
        path: "/data".to_owned(),
    }];
    let mut second = first.clone();
    second.instance_id = InstanceId::generate();
    second.start_command = "cat /data/file; exec sleep 600".to_owned();
    bench.runtime.start_app(first.clone()).await.unwrap();
    bench.wait_for_line(first.instance_id, "written").await;
    bench.runtime.stop_app(first.instance_id, GRACE).await.unwrap();
    bench.runtime.cleanup(&Needed::default()).await.unwrap();
    bench.runtime.start_app(second.clone()).await.unwrap();
    bench.wait_for_line(second.instance_id, "kept").await;
    let volumes = bench.runtime.volumes(first.project_id).await.unwrap();
    assert_eq!((volumes.len(), volumes[0].name.as_str()), (1, "data"));
    assert!(volumes[0].bytes.is_some_and(|bytes| bytes > 0));
    bench.runtime.stop_app(second.instance_id, GRACE).await.unwrap();
    bench.runtime.remove_volumes(first.project_id).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a_published_port_is_on_loopback_only() {
    let bench = Bench::with(|settings| settings.reach = AppReach::PublishedPort).await;
    let app = bench.app("node server.js", Some("node"));
    write(&app.directory, &[("server.js", SERVER)]);
    let (instance, port) = (app.instance_id, app.port);
    let handle = bench.runtime.start_app(app).await.unwrap();
    assert_eq!(handle.address.to_string(), format!("127.0.0.1:{port}"));
    get_when_ready(handle.address, "/").await;
    let ports = docker(
        &bench.settings.socket,
        &[
            "ps",
            "--format",
            "{{.Ports}}",
            "--filter",
            &format!("label=aether.owner={}", bench.settings.owner),
        ],
    );
    assert_eq!(ports.trim(), format!("127.0.0.1:{port}->{port}/tcp"));
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    bench.assert_nothing_left();
}
