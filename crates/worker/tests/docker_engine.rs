//! An engine that is restarted, killed, hangs or is not there at all: a private one, so that nobody else is hurt.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod docker_support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aether_models::SystemClock;
use aether_worker::runtime::docker::{DockerRuntime, DockerRuntimeSettings, FirewallMode, Needed};
use aether_worker::runtime::{ExitReport, Runtime, RuntimeError};
use docker_support::{Bench, DEBIAN, PrivateEngine, get_when_ready, is_running};
use nix::sys::signal::Signal;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A runtime over a private engine. The networks of the machine's engine are on the same machine, so it has another pool.
async fn bench_on(engine: &PrivateEngine, change: impl FnOnce(&mut DockerRuntimeSettings)) -> Bench {
    let socket = engine.socket();
    Bench::with(|settings| {
        settings.socket = socket;
        settings.network_pool = format!("10.202.{}.0/24", rand::random::<u8>()).parse().unwrap();
        settings.firewall = FirewallMode::Off;
        settings.call_timeout = Duration::from_secs(3);
        settings.engine_patience = Duration::from_secs(3);
        change(settings);
    })
    .await
}

fn is_engine_trouble(error: &RuntimeError) -> bool {
    matches!(error, RuntimeError::Io { .. })
}

#[tokio::test]
async fn without_an_engine_the_user_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = DockerRuntimeSettings::new(folder.path());
    settings.socket = PathBuf::from("/nonexistent/docker.sock");
    let error = DockerRuntime::connect(settings, Arc::new(SystemClock))
        .await
        .unwrap_err();
    let RuntimeError::User(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.code, "docker_unavailable");
    assert!(error.hint.unwrap().contains("AETHER_RUNTIME=process"));
}

#[tokio::test]
async fn f12_apps_stay_and_builds_fail_retryably_when_the_engine_is_killed() {
    let mut engine = PrivateEngine::start(true);
    engine.load(DEBIAN);
    let bench = bench_on(&engine, |_| {}).await;
    // bash answers over the network without any package.
    let app = bench.app("exec perl -MIO::Socket -e '$|=1;$s=IO::Socket::INET->new(Listen=>9,LocalPort=>$ENV{PORT},ReuseAddr=>1);print \"up\\n\";while($c=$s->accept){sysread $c,$b,9999;print $c \"HTTP/1.0 200 OK\\r\\n\\r\\nalive $$\";close $c}'", None);
    let handle = bench.runtime.start_app(app.clone()).await.unwrap();
    let before = get_when_ready(handle.address, "/").await;

    let (sink, mut lines) = tokio::sync::mpsc::channel(8);
    let command = bench.build("echo started; sleep 60");
    let (runtime, again) = (bench.runtime.clone(), command.clone());
    let build = tokio::spawn(async move { runtime.run_build(command, sink, CancellationToken::new()).await });
    assert_eq!(lines.recv().await.unwrap().1, "started");

    engine.end_dockerd(Signal::SIGKILL);
    let error = build.await.unwrap().unwrap_err();
    assert!(is_engine_trouble(&error), "{error}");
    assert!(is_engine_trouble(&bench.runtime.list_apps().await.unwrap_err()));
    assert_eq!(
        get_when_ready(handle.address, "/").await,
        before,
        "the app answers without an engine"
    );

    engine.start_dockerd();
    let adopted = bench
        .runtime
        .inspect_app(handle.instance_id)
        .await
        .unwrap()
        .unwrap();
    assert!(is_running(&adopted) && adopted.restarts == 0, "{adopted:?}");
    assert_eq!(
        get_when_ready(handle.address, "/").await,
        before,
        "it is the same process"
    );
    let mut retried = again;
    retried.script = "echo second".to_owned();
    assert_eq!(bench.run(retried).await.report, ExitReport::Exited(0));
    bench
        .runtime
        .stop_app(handle.instance_id, Duration::from_secs(2))
        .await
        .unwrap();
    bench.runtime.cleanup(&Needed::default()).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f12_apps_come_back_with_an_engine_that_does_not_keep_them() {
    let mut engine = PrivateEngine::start(false);
    engine.load(DEBIAN);
    let bench = bench_on(&engine, |_| {}).await;
    let app = bench.app("echo up; exec sleep 600", None);
    let handle = bench.runtime.start_app(app).await.unwrap();
    bench.wait_for_line(handle.instance_id, "up").await;
    engine.end_dockerd(Signal::SIGTERM);
    engine.start_dockerd();
    let back = bench.wait_for(handle.instance_id, is_running).await;
    assert_eq!(back.address, handle.address);
    let deadline = Instant::now() + Duration::from_secs(20);
    while bench
        .runtime
        .app_log(handle.instance_id, 0, 10)
        .await
        .unwrap()
        .len()
        < 2
    {
        assert!(Instant::now() < deadline, "its log goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bench
        .runtime
        .stop_app(handle.instance_id, Duration::from_secs(2))
        .await
        .unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn f13_a_hanging_engine_holds_nobody_longer_than_the_limit() {
    let engine = PrivateEngine::start(true);
    engine.load(DEBIAN);
    let bench = bench_on(&engine, |_| {}).await;
    let handle = bench
        .runtime
        .start_app(bench.app("echo up; exec sleep 600", None))
        .await
        .unwrap();
    bench.wait_for_line(handle.instance_id, "up").await;
    let (sink, mut lines) = tokio::sync::mpsc::channel(8);
    let runtime = bench.runtime.clone();
    let command = bench.build("echo started; sleep 60");
    let build = tokio::spawn(async move { runtime.run_build(command, sink, CancellationToken::new()).await });
    assert_eq!(lines.recv().await.unwrap().1, "started");

    engine.freeze();
    let hung = Instant::now();
    assert!(is_engine_trouble(
        &bench.runtime.inspect_app(handle.instance_id).await.unwrap_err()
    ));
    assert!(is_engine_trouble(&bench.runtime.ping().await.unwrap_err()));
    assert!(
        bench
            .runtime
            .stop_app(handle.instance_id, Duration::from_secs(1))
            .await
            .is_err()
    );
    assert_eq!(
        bench
            .runtime
            .app_log(handle.instance_id, 0, 10)
            .await
            .unwrap()
            .len(),
        1,
        "its log is still read"
    );
    assert!(is_engine_trouble(&build.await.unwrap().unwrap_err()));
    assert!(hung.elapsed() < Duration::from_secs(60), "{:?}", hung.elapsed());
    engine.signal(Signal::SIGCONT);

    let deadline = Instant::now() + Duration::from_secs(20);
    while bench
        .runtime
        .stop_app(handle.instance_id, Duration::from_secs(1))
        .await
        .is_err()
    {
        assert!(Instant::now() < deadline, "the engine is back");
    }
    bench.runtime.cleanup(&Needed::default()).await.unwrap();
    bench.assert_nothing_left();
}
