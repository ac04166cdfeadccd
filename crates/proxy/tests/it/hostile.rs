//! Requests that a careful front server refuses, as raw bytes, and clients that are slow on purpose.

use std::time::Duration;

use aether_proxy::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::app::TestApp;
use crate::support::client::{Client, PATIENCE};
use crate::support::{TestProxy, TestSite};

const HOST: &str = "app.apps.example";

/// Sends bytes and gives the statuses of everything that comes back before the connection closes.
async fn statuses(proxy: &TestProxy, bytes: &[u8]) -> Vec<u16> {
    let mut client = Client::connect(proxy.addr).await;
    client.send(bytes).await;
    let rest = format!("\n{}", String::from_utf8_lossy(&client.rest().await));
    rest.split("\nHTTP/1.1 ")
        .skip(1)
        .map(|answer| answer[..3].parse().unwrap())
        .collect()
}

/// Requests and the status that refuses each; every one is followed by a request that must not be answered.
fn malformed() -> Vec<(String, u16)> {
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.apps.example\r\n\r\n";
    let post = |fields: &str, body: &str| {
        format!("POST / HTTP/1.1\r\nHost: {HOST}\r\n{fields}\r\n\r\n{body}{smuggled}")
    };
    vec![
        (
            post("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\nX"),
            400,
        ),
        (
            post("Transfer-Encoding: chunked\r\nContent-Length: 6", "0\r\n\r\nX"),
            400,
        ),
        (post("Transfer-Encoding: xchunked", "0\r\n\r\n"), 501),
        (post("Transfer-Encoding : chunked", "0\r\n\r\n"), 400),
        (
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                "0\r\n\r\n",
            ),
            400,
        ),
        (post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501),
        (post("Content-Length: +4", "abcd"), 400),
        (post("Content-Length: 4, 4", "abcd"), 400),
        (post("Content-Length: 4\r\nContent-Length: 4", "abcd"), 400),
        (post("Content-Length: -1", ""), 400),
        (post("Content-Length: 18446744073709551616", ""), 400),
        (format!("GET / HTTP/1.1\r\n\r\n{smuggled}"), 400),
        (
            format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nHost: {HOST}\r\n\r\n{smuggled}"),
            400,
        ),
        (format!("GET / HTTP/1.1\nHost: {HOST}\n\n{smuggled}"), 400),
        (
            format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nX: a\r\n folded\r\n\r\n{smuggled}"),
            400,
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nX: a\0b\r\n\r\n{smuggled}"),
            400,
        ),
        (format!("GET  / HTTP/1.1\r\nHost: {HOST}\r\n\r\n{smuggled}"), 400),
        (
            format!("CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}\r\n\r\n{smuggled}"),
            405,
        ),
        (
            format!("OPTIONS * HTTP/1.1\r\nHost: {HOST}\r\n\r\n{smuggled}"),
            405,
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        (format!("GET / HTTP/3.0\r\nHost: {HOST}\r\n\r\n"), 505),
        ("GET /\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}".to_owned(), 400),
        (
            format!("{} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n", "A".repeat(10_000)),
            400,
        ),
        (
            format!("GET /{} HTTP/1.1\r\nHost: {HOST}\r\n\r\n", "a".repeat(70_000)),
            414,
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nHost: {HOST}\r\nX: {}\r\n\r\n",
                "a".repeat(70_000)
            ),
            431,
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{}\r\n", "X: a\r\n".repeat(100)),
            431,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_78_to_81_malformed_requests_are_refused_and_nothing_is_smuggled() {
    let proxy = TestProxy::start().await;
    let app = TestApp::echo("one").await;
    proxy.app(HOST, &[app.addr]).await;
    for (request, status) in &malformed() {
        let got = statuses(&proxy, request.as_bytes()).await;
        assert_eq!(got, [*status], "{:?}", &request[..request.len().min(200)]);
    }
    assert_eq!(app.connections(), 0, "none of them reached the app");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_80_hosts_that_are_none_are_refused_and_trace_is_not_answered() {
    let proxy = TestProxy::start().await;
    let app = TestApp::echo("one").await;
    proxy.app(HOST, &[app.addr]).await;
    let long = "a".repeat(300);
    for host in [
        "a@b",
        "a:99999",
        "a/b",
        "[::1",
        "",
        &long,
        "app.apps.example:80:80",
        "app.apps.example, x",
    ] {
        assert_eq!(
            Client::get(proxy.addr, host, "/", "").await.status,
            400,
            "{host:?}"
        );
    }
    let differing = Client::get(proxy.addr, HOST, "http://other.apps.example/", "").await;
    assert_eq!(differing.status, 400);
    let same = Client::get(proxy.addr, HOST, "http://APP.apps.example/x", "").await;
    assert!(same.text().contains("GET /x"));
    let trace = Client::once(proxy.addr, &format!("TRACE / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")).await;
    assert_eq!(trace.status, 405);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_79_a_body_with_a_fault_never_looks_whole_to_the_app() {
    let proxy = TestProxy::start().await;
    let (heard, mut heads) = tokio::sync::mpsc::unbounded_channel();
    let app = TestApp::raw(move |_, mut stream| {
        let heard = heard.clone();
        async move {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            heard.send(String::from_utf8_lossy(&all).into_owned()).unwrap();
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    for chunk in [
        "0x1\r\na\r\n",
        "-1\r\n",
        "fffffffffffffffff\r\n",
        "1\na\r\n",
        "1\r\nab\r\n",
        "0\r\nContent-Length: 3\r\n\r\n",
    ] {
        let mut client = Client::connect(proxy.addr).await;
        let head =
            format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
        client.send(head.as_bytes()).await;
        client.send(chunk.as_bytes()).await;
        let rest = String::from_utf8_lossy(&client.rest().await).into_owned();
        assert!(rest.starts_with("HTTP/1.1 400 "), "{chunk:?}: {rest}");
    }
    while let Ok(seen) = heads.try_recv() {
        assert!(!seen.ends_with("0\r\n\r\n"), "{seen:?}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_fault_is_answered_first() {
    let proxy = TestProxy::start().await;
    proxy
        .site(HOST, &TestSite::new().html("index.html", "home\n"))
        .await;
    let good = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    let pipelined = format!("{good}{good}GET / HTTP/1.1\nHost: {HOST}\n\n{good}");
    assert_eq!(statuses(&proxy, pipelined.as_bytes()).await, [200, 200, 400]);
    proxy.stop().await;
}

fn impatient() -> Limits {
    Limits {
        head: Duration::from_millis(400),
        body: Duration::from_millis(400),
        write: Duration::from_millis(600),
        idle: Duration::from_millis(800),
        ..Limits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn input_88_slow_clients_are_cut_and_others_do_not_notice() {
    let proxy = TestProxy::start_with(|settings| settings.limits = impatient()).await;
    let app = TestApp::echo("one").await;
    proxy.app(HOST, &[app.addr]).await;
    let mut slow_head = Client::connect(proxy.addr).await;
    slow_head.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").await;
    let mut slow_body = Client::connect(proxy.addr).await;
    slow_body
        .send(format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\nx").as_bytes())
        .await;
    let silent = Client::connect(proxy.addr).await;
    let mut idle = Client::connect(proxy.addr).await;
    idle.send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    assert_eq!(idle.answer("GET").await.unwrap().status, 200);
    // All of them at once, so that the test takes as long as the longest timer.
    let (head, body, silent, idle) = tokio::join!(
        async { String::from_utf8(slow_head.rest().await).unwrap() },
        async { String::from_utf8(slow_body.rest().await).unwrap() },
        async { { silent }.rest().await },
        async { idle.rest().await },
    );
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    assert!(silent.is_empty() && idle.is_empty());
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 200);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_88_a_client_that_does_not_read_is_cut() {
    let proxy = TestProxy::start_with(|settings| settings.limits = impatient()).await;
    let large = TestSite::new().file("big", "application/octet-stream", vec![0; 30_000_000]);
    proxy.site(HOST, &large).await;
    let mut client = Client::connect(proxy.addr).await;
    client
        .send(format!("GET /big HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    let metrics = || async {
        Client::get(proxy.admin_addr, "x", "/metrics", "")
            .await
            .text()
            .to_owned()
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !metrics()
        .await
        .contains("connections_ended_total{reason=\"write_stall\"} 1")
    {
        assert!(tokio::time::Instant::now() < deadline, "was not cut");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(client.rest().await.len() < 30_000_000);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_88_connections_over_the_cap_of_a_client_are_closed() {
    let proxy = TestProxy::start_with(|settings| settings.limits.client_connections = 3).await;
    proxy
        .site(HOST, &TestSite::new().html("index.html", "home"))
        .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(proxy.addr).await;
        client
            .send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
            .await;
        assert_eq!(client.answer("GET").await.unwrap().status, 200);
        open.push(client);
    }
    assert!(Client::connect(proxy.addr).await.rest().await.is_empty());
    drop(open);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_holds_the_app_back_and_not_our_memory() {
    let proxy = TestProxy::start_with(|settings| settings.limits = impatient()).await;
    let (told, mut totals) = tokio::sync::mpsc::unbounded_channel();
    let app = TestApp::raw(move |_, mut stream| {
        let told = told.clone();
        async move {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
            let mut total = stream.write(head).await.unwrap();
            let piece = vec![0; 64 * 1024];
            while total < 1_000_000_000 {
                match stream.write(&piece).await {
                    Ok(count) => total += count,
                    Err(_) => break,
                }
            }
            told.send(total).unwrap();
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    client
        .send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    // The proxy gives the client up for not reading; until then the app could send only what the sockets hold.
    let total = tokio::time::timeout(PATIENCE, totals.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(total < 40_000_000, "{total} bytes were taken from the app");
    proxy.stop().await;
}
