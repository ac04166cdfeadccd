//! What happens within and between answers: early hints, apps that pause, connections that rest.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::app::TestApp;
use crate::support::client::{Client, PATIENCE};
use crate::support::secure::Secure;
use crate::support::{TestProxy, TestSite};

const HOST: &str = "app.apps.example";
const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

async fn read_head(stream: &mut TcpStream) {
    use tokio::io::AsyncReadExt;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
}

fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{fields}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn early_hints_reach_a_browser_before_the_page() {
    let proxy = TestProxy::start().await;
    let go_on = std::sync::Arc::new(Notify::new());
    let told = std::sync::Arc::clone(&go_on);
    let app = TestApp::raw(move |_, mut stream| {
        let told = std::sync::Arc::clone(&told);
        async move {
            for _ in 0..2 {
                read_head(&mut stream).await;
                let hints =
                    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nSet-Cookie: a=b\r\n\r\n";
                stream.write_all(hints).await.unwrap();
                told.notified().await;
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage")
                    .await
                    .unwrap();
            }
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send(get(BROWSER).as_bytes()).await;
    let (status, fields) = client.head().await.unwrap();
    // The page waits until the hints were seen: they really come first.
    assert_eq!(
        (status, fields),
        (103, vec![("link".to_owned(), "</a.css>; rel=preload".to_owned())])
    );
    go_on.notify_one();
    let page = client.answer("GET").await.unwrap();
    assert_eq!(
        (page.status, page.text(), page.header("set-cookie")),
        (200, "page", None)
    );
    // A client that does not open a page gets none, on the same connection.
    client.send(get("Accept: */*\r\n").as_bytes()).await;
    go_on.notify_one();
    assert_eq!(client.head().await.unwrap().0, 200);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_pauses_within_its_answer_is_given_up_but_events_may_take_their_time() {
    let proxy = TestProxy::start_with(|settings| {
        settings.limits.app_idle = Duration::from_millis(300);
        settings.limits.tunnel_idle = Duration::from_millis(1_500);
    })
    .await;
    for (content_type, least, most) in [
        (
            "text/plain",
            Duration::from_millis(250),
            Duration::from_millis(1_400),
        ),
        (
            "text/event-stream; charset=utf-8",
            Duration::from_millis(1_400),
            PATIENCE,
        ),
    ] {
        let app = TestApp::raw(move |_, mut stream| async move {
            read_head(&mut stream).await;
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        })
        .await;
        proxy.app(HOST, &[app.addr]).await;
        let mut client = Client::connect(proxy.addr).await;
        client.send(get("").as_bytes()).await;
        assert_eq!(client.head().await.unwrap().0, 200);
        assert_eq!(client.chunk().await.unwrap(), b"hi");
        let waiting = std::time::Instant::now();
        let rest = client.rest().await;
        assert!(!rest.ends_with(b"0\r\n\r\n"), "it must not look whole");
        let took = waiting.elapsed();
        assert!(took >= least && took < most, "{content_type}: {took:?}");
    }
    proxy.stop().await;
}

/// Waits until a line of the metrics is there.
async fn metric(proxy: &TestProxy, line: &str) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = Client::get(proxy.admin_addr, "x", "/metrics", "").await;
        if answer.text().lines().any(|known| known == line) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "no {line:?} in\n{}",
            answer.text()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_rested_goes_on_as_before() {
    let secure = Secure::start_with(|settings| {
        settings.threads = 1;
        settings.limits.rest = Duration::from_millis(50);
    })
    .await;
    let proxy = &secure.proxy;
    proxy
        .site(HOST, &TestSite::new().html("index.html", "home"))
        .await;
    let site = get("").replace(HOST, crate::support::secure::HOST);
    let mut plain = Client::connect(proxy.addr).await;
    let mut encrypted = Client::over(secure.connect(b"http/1.1").await);
    for round in 1..4 {
        // Two requests at once, so that the second is read together with the first.
        plain.send([get(""), get("")].concat().as_bytes()).await;
        encrypted
            .send([site.clone(), site.clone()].concat().as_bytes())
            .await;
        for _ in 0..2 {
            assert_eq!(plain.answer("GET").await.unwrap().text(), "home");
            assert_eq!(encrypted.answer("GET").await.unwrap().text(), "home");
        }
        metric(
            proxy,
            &format!("aether_proxy_connections_rested_total {}", 2 * round),
        )
        .await;
    }
    // A head that comes in pieces after a rest, and one that is at fault.
    let whole = get("");
    let (first, second) = whole.split_at(20);
    plain.send(first.as_bytes()).await;
    metric(proxy, "aether_proxy_connections_rested_total 6").await;
    plain.send(second.as_bytes()).await;
    assert_eq!(plain.answer("GET").await.unwrap().text(), "home");
    metric(proxy, "aether_proxy_connections_rested_total 7").await;
    plain.send(b"GET / HTTP/1.1\nHost: a\n\n").await;
    assert_eq!(plain.answer("GET").await.unwrap().status, 400);
    secure.proxy.stop().await;
}

/// A tunnel has a timer of its own; that of idle connections does not apply.
#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_websocket_outlives_idle_connections() {
    use futures::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;

    let proxy = TestProxy::start_with(|settings| {
        settings.limits.idle = Duration::from_millis(200);
        settings.limits.head = Duration::from_millis(200);
        settings.limits.tunnel_idle = Duration::from_millis(1_500);
    })
    .await;
    let app = TestApp::raw(|_, stream| async move {
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let stream = TcpStream::connect(proxy.addr).await.unwrap();
    let url = format!("ws://{HOST}/chat");
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    // An ordinary connection that was opened later is closed for idling; by then the tunnel has been quiet for longer.
    let mut idle = Client::connect(proxy.addr).await;
    idle.send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    drop(idle);
    for _ in 0..2 {
        let silent = Client::connect(proxy.addr).await;
        assert!({ silent }.rest().await.is_empty());
    }
    socket.send(Message::text("still there")).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("still there")
    );
    // Then nothing at all, until its own timer is over.
    let end = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
    proxy.stop().await;
}
