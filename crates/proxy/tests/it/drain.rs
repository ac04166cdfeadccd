//! Swaps and restarts under load: no request fails, and the drain sees what is in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::{TestProxy, TestSite};

const HOST: &str = "app.apps.example";

/// Clients that ask without a pause until told to stop; gives how many answers they got. Any failure panics.
struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<usize>,
}

impl Load {
    fn start(proxy: &TestProxy, clients: usize, check: fn(&str) -> bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let addr = proxy.addr;
        let mut set = JoinSet::new();
        for _ in 0..clients {
            let stop = Arc::clone(&stop);
            set.spawn(async move {
                let mut answers = 0;
                let mut client = Client::connect(addr).await;
                while !stop.load(Ordering::Relaxed) {
                    client
                        .send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
                        .await;
                    let answer = client
                        .answer("GET")
                        .await
                        .expect("the connection was closed without an answer");
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    assert!(check(answer.text()), "{}", answer.text());
                    answers += 1;
                    if answer.header("connection") == Some("close") {
                        client = Client::connect(addr).await;
                    }
                }
                answers
            });
        }
        Self { stop, clients: set }
    }

    async fn finish(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.join_all().await.into_iter().sum()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_swaps_of_an_app_under_load_fail_no_request() {
    let proxy = TestProxy::start().await;
    let mut old = TestApp::echo("release").await;
    let mut old_id = proxy.app(HOST, &[old.addr]).await;
    let load = Load::start(&proxy, 28, |text| text.starts_with("release"));
    for _ in 0..200 {
        let new = TestApp::echo("release").await;
        let new_id = proxy.app(HOST, &[new.addr]).await;
        // As the worker does it: the old one is stopped when nothing is in flight there any more.
        let gone = old_id;
        proxy
            .source
            .reported(|report| !report.in_flight.contains_key(&gone))
            .await;
        old = new;
        old_id = new_id;
    }
    let answers = load.finish().await;
    assert!(answers > 1_000, "{answers}");
    drop(old);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_swaps_of_a_static_site_under_load_fail_no_request() {
    let proxy = TestProxy::start().await;
    proxy
        .site(HOST, &TestSite::new().html("index.html", "page"))
        .await;
    let load = Load::start(&proxy, 8, |text| text == "page");
    for _ in 0..200 {
        proxy
            .site(HOST, &TestSite::new().html("index.html", "page"))
            .await;
    }
    assert!(load.finish().await > 200);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_restarts_under_load_fail_no_request() {
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().to_owned();
    let mut proxy = TestProxy::start_with(|settings| settings.data_dir = data_dir.clone()).await;
    let app = TestApp::echo("app").await;
    proxy.app(HOST, &[app.addr]).await;
    let addr = proxy.addr;
    let load = Load::start(&proxy, 6, |text| text.starts_with("app"));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let new_connections = tokio::spawn(async move {
        let mut answers = 0;
        while !stopped.load(Ordering::Relaxed) {
            assert_eq!(Client::get(addr, HOST, "/", "").await.status, 200);
            answers += 1;
        }
        answers
    });
    for _ in 0..50 {
        // Both hold the port for a while; the old one leaves when the new one serves.
        let folder = tempfile::tempdir().unwrap();
        let next = TestProxy::start_in(folder, proxy.source.clone(), |settings| {
            settings.addr = addr;
            settings.data_dir = data_dir.clone();
        })
        .await;
        while Client::get(next.admin_addr, "x", "/ready", "").await.status != 200 {
            tokio::task::yield_now().await;
        }
        proxy.stop().await;
        proxy = next;
    }
    stop.store(true, Ordering::Relaxed);
    assert!(load.finish().await + new_connections.await.unwrap() > 500);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_a_request_of_the_old_release_finishes_there_and_the_drain_waits_for_it() {
    let proxy = TestProxy::start().await;
    let finish = Arc::new(Notify::new());
    let gate = Arc::clone(&finish);
    let old = TestApp::http(move |_: Request<Incoming>| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Response::new(Full::<Bytes>::from("old"))
        }
    })
    .await;
    let old_id = proxy.app(HOST, &[old.addr]).await;
    let mut slow = Client::connect(proxy.addr).await;
    slow.send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    proxy
        .source
        .reported(|report| report.in_flight.get(&old_id) == Some(&1))
        .await;
    let new = TestApp::echo("new").await;
    proxy.app(HOST, &[new.addr]).await;
    let report = proxy.source.reported(|_| true).await;
    assert_eq!(
        report.in_flight.get(&old_id),
        Some(&1),
        "the swap is reported with what is still in flight"
    );
    assert!(
        Client::get(proxy.addr, HOST, "/", "")
            .await
            .text()
            .starts_with("new")
    );
    finish.notify_one();
    assert_eq!(slow.answer("GET").await.unwrap().text(), "old");
    proxy.source.reported(|report| report.in_flight.is_empty()).await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_a_stopping_proxy_finishes_what_it_has_and_says_goodbye() {
    let proxy = TestProxy::start().await;
    let (started, finish) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, gate) = (Arc::clone(&started), Arc::clone(&finish));
    let app = TestApp::http(move |_: Request<Incoming>| {
        let (count, gate) = (Arc::clone(&count), Arc::clone(&gate));
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            gate.notified().await;
            Response::new(Full::<Bytes>::from("done"))
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut busy = Client::connect(proxy.addr).await;
    busy.send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    while started.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    proxy.ask_stop();
    // New connections are refused as soon as the listeners are closed.
    while tokio::net::TcpStream::connect(proxy.addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    finish.notify_one();
    let answer = busy.answer("GET").await.unwrap();
    assert_eq!(
        (answer.text(), answer.header("connection")),
        ("done", Some("close"))
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_what_outlasts_the_drain_time_is_cut() {
    let proxy = TestProxy::start_with(|settings| settings.drain = Duration::from_millis(200)).await;
    let app = TestApp::http(|_: Request<Incoming>| std::future::pending::<Response<Full<Bytes>>>()).await;
    let id = proxy.app(HOST, &[app.addr]).await;
    let mut stuck = Client::connect(proxy.addr).await;
    stuck
        .send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    proxy
        .source
        .reported(|report| report.in_flight.get(&id) == Some(&1))
        .await;
    proxy.stop().await;
    assert!(stuck.rest().await.is_empty());
}
