//! Forwarding over real sockets: heads, bodies both ways, tunnels, events, retries, refusals.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aether_proxy::Limits;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestProxy;
use crate::support::app::TestApp;
use crate::support::client::{Client, PATIENCE};

const HOST: &str = "app.apps.example";

/// Reads up to the empty line of a head.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// An app that sends the same bytes to everybody and closes.
async fn saying(bytes: &'static [u8]) -> TestApp {
    TestApp::raw(move |_, mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(bytes).await;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_reaches_the_app_as_it_was_sent() {
    let proxy = TestProxy::start().await;
    let app = TestApp::echo("one").await;
    proxy.app(HOST, &[app.addr]).await;
    let answer = Client::once(
        proxy.addr,
        &format!("PATCH /a%2Fb//c/../d?x=%20&y HTTP/1.1\r\nHost: {HOST}:3005\r\nX-Own: 1\r\nContent-Length: 5\r\n\r\nhello"),
    )
    .await;
    let text = answer.text();
    assert_eq!(answer.status, 200);
    assert!(text.starts_with("one\nPATCH /a%2Fb//c/../d?x=%20&y\n"), "{text}");
    for expected in [
        "host: app.apps.example:3005\n",
        "x-own: 1\n",
        "body: 5\n",
        "x-forwarded-for: 127.0.0.1\n",
        "x-forwarded-proto: http\n",
        "x-forwarded-host: app.apps.example:3005\n",
        "x-real-ip: 127.0.0.1\n",
        "forwarded: for=127.0.0.1;host=\"app.apps.example:3005\";proto=http\n",
        "via: 1.1 aether-",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in {text}");
    }
    let id = answer.header("x-request-id").unwrap();
    assert!(id.len() == 24 && text.contains(&format!("x-request-id: {id}\n")));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_82_and_83_claims_and_fields_of_the_connection_do_not_pass() {
    let proxy = TestProxy::start().await;
    let app = TestApp::http(|request: Request<Incoming>| async move {
        let sent = format!("{:?}", request.headers());
        Response::builder()
            .header("connection", "x-secret, keep-alive")
            .header("x-secret", "1")
            .header("keep-alive", "timeout=5")
            .header("proxy-authenticate", "Basic")
            .header("set-cookie", "a=b; Domain=apps.example; Path=/")
            .header("set-cookie", "c=d")
            .body(Full::from(sent))
            .unwrap()
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let fields = "X-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\nX-Platform-User: root\r\n\
                  Connection: X-Forwarded-For, cookie\r\nCookie: s=1\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nTE: gzip\r\n";
    let answer = Client::get(proxy.addr, HOST, "/", fields).await;
    for gone in [
        "9.9.9.9",
        "x-platform",
        "cookie",
        "proxy-authorization",
        "h2c",
        "\"te\"",
        "\"connection\"",
    ] {
        assert!(!answer.text().contains(gone), "{gone} passed: {}", answer.text());
    }
    assert!(answer.text().contains("\"x-forwarded-for\": \"127.0.0.1\""));
    for gone in ["x-secret", "keep-alive", "proxy-authenticate"] {
        assert_eq!(answer.header(gone), None, "{gone}");
    }
    let cookies: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(cookies, ["a=b; Path=/", "c=d"], "input 87");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_an_app_are_used_again_and_never_shared_between_releases() {
    let proxy = TestProxy::start_with(|settings| settings.threads = 1).await;
    let app = TestApp::echo("one").await;
    proxy.app(HOST, &[app.addr]).await;
    for _ in 0..20 {
        assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 200);
    }
    assert_eq!(app.connections(), 1);
    proxy.app(HOST, &[app.addr]).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 200);
    assert_eq!(app.connections(), 2, "a new release on the same address");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_stream_both_ways_without_being_held() {
    let proxy = TestProxy::start().await;
    // Answers each piece of the body as soon as it is there.
    let app = TestApp::raw(|_, mut stream| async move {
        let head = read_head(&mut stream).await;
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        let mut buffer = [0; 1024];
        loop {
            let count = stream.read(&mut buffer).await.unwrap();
            if count == 0 || buffer[..count].ends_with(b"0\r\n\r\n") {
                break;
            }
            stream.write_all(b"2\r\nok\r\n").await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    client
        .send(format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes())
        .await;
    client.send(b"5\r\nhello\r\n").await;
    let (status, _) = client.head().await.unwrap();
    assert_eq!(status, 200);
    for _ in 0..3 {
        assert_eq!(client.chunk().await.unwrap(), b"ok");
        client.send(b"5\r\nagain\r\n").await;
    }
    assert_eq!(client.chunk().await.unwrap(), b"ok");
    client.send(b"0\r\n\r\n").await;
    assert_eq!(client.chunk().await.unwrap(), b"");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_100_mb_arrives_whole() {
    let proxy = TestProxy::start().await;
    let app = TestApp::http(|request: Request<Incoming>| async move {
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
        }
        Response::new(Full::from(length.to_string()))
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    let size = 100 * 1024 * 1024;
    client
        .send(format!("PUT / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n").as_bytes())
        .await;
    let piece = vec![7; 1024 * 1024];
    for _ in 0..100 {
        client.send(&piece).await;
    }
    assert_eq!(client.answer("PUT").await.unwrap().text(), size.to_string());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_100_continue_is_answered_and_larger_bodies_than_allowed_are_refused_before_they_are_sent() {
    let proxy = TestProxy::start_with(|settings| {
        settings.limits = Limits {
            body_bytes: 10,
            ..Limits::default()
        };
    })
    .await;
    let app = TestApp::echo("one").await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    let head = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\n");
    client
        .send(format!("{head}Content-Length: 5\r\n\r\n").as_bytes())
        .await;
    assert_eq!(client.head().await.unwrap().0, 100);
    client.send(b"hello").await;
    assert!(client.answer("POST").await.unwrap().text().contains("body: 5"));
    client
        .send(format!("{head}Content-Length: 11\r\n\r\n").as_bytes())
        .await;
    assert_eq!(client.head().await.unwrap().0, 413, "no 100 first");
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n"
    );
    assert_eq!(Client::once(proxy.addr, &chunked).await.status, 413);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_passes_both_ways_and_its_end_is_seen() {
    use futures::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;

    let proxy = TestProxy::start().await;
    let (closed, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let app = TestApp::raw(move |_, stream| {
        let closed = closed.clone();
        async move {
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            socket.send(Message::text("hello first")).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() {
                    socket.send(message).await.unwrap();
                }
            }
            closed.send(()).unwrap();
        }
    })
    .await;
    let id = proxy.app(HOST, &[app.addr]).await;
    let stream = TcpStream::connect(proxy.addr).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{HOST}/chat"), stream)
        .await
        .unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("hello first")
    );
    for size in [1, 125, 70_000, 1_000_000] {
        socket.send(Message::text("x".repeat(size))).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap().len(), size);
    }
    proxy
        .source
        .reported(|report| report.in_flight.get(&id) == Some(&1))
        .await;
    let closing = Instant::now();
    drop(socket);
    tokio::time::timeout(PATIENCE, seen.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(closing.elapsed() < Duration::from_secs(1));
    proxy.source.reported(|report| report.in_flight.is_empty()).await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upgrade_leaves_the_connection_usable() {
    let proxy = TestProxy::start().await;
    let app = TestApp::echo("one").await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    let upgrade =
        format!("GET /1 HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.send(upgrade.as_bytes()).await;
    client
        .send(format!("GET /2 HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    assert!(client.answer("GET").await.unwrap().text().contains("GET /1"));
    assert!(client.answer("GET").await.unwrap().text().contains("GET /2"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_the_client_one_by_one_and_its_leaving_reaches_the_app() {
    let proxy = TestProxy::start().await;
    let (left, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let app = TestApp::raw(move |_, mut stream| {
        let left = left.clone();
        async move {
            read_head(&mut stream).await;
            let head =
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let mut byte = [0];
            stream.write_all(b"b\r\ndata: one\n\n\r\n").await.unwrap();
            // The next event waits for nothing but the client's leaving.
            let _ = stream.read(&mut byte).await;
            left.send(()).unwrap();
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    client
        .send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/event-stream\r\n\r\n").as_bytes())
        .await;
    assert_eq!(client.head().await.unwrap().0, 200);
    assert_eq!(client.chunk().await.unwrap(), b"data: one\n\n");
    drop(client);
    tokio::time::timeout(PATIENCE, seen.recv())
        .await
        .unwrap()
        .unwrap();
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_connection_costs_an_idempotent_request_nothing_and_a_post_is_not_doubled() {
    let proxy = TestProxy::start_with(|settings| settings.threads = 1).await;
    let posts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&posts);
    // Answers one request per connection, then swallows the next and closes without a word.
    let app = TestApp::raw(move |_, mut stream| {
        let posts = Arc::clone(&count);
        async move {
            read_head(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .unwrap();
            if read_head(&mut stream).await.starts_with("POST") {
                posts.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    for _ in 0..10 {
        assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 200);
    }
    let post = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1\r\n\r\nx");
    assert_eq!(Client::once(proxy.addr, &post).await.status, 502);
    assert_eq!(posts.load(Ordering::SeqCst), 1);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_down_costs_no_request() {
    let proxy = TestProxy::start().await;
    let app = TestApp::echo("one").await;
    let down = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    proxy.app(HOST, &[down, app.addr]).await;
    for _ in 0..20 {
        let post = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1\r\n\r\nx");
        assert_eq!(Client::once(proxy.addr, &post).await.status, 200);
    }
    proxy.app(HOST, &[down]).await;
    let answer = Client::get(proxy.addr, HOST, "/", "Accept: application/json\r\n").await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("\"app_down\"") && !answer.text().contains("127.0.0.1"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_86_answers_that_are_none_become_502_or_end_short() {
    let proxy = TestProxy::start().await;
    let huge: &'static [u8] = [&b"HTTP/1.1 200 OK\r\nx: "[..], &vec![b'a'; 10_000_000]]
        .concat()
        .leak();
    for (bytes, status) in [
        (&b""[..], 502),
        (b"SSH-2.0-OpenSSH\r\n", 502),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
            502,
        ),
        (b"HTTP/1.1 200 OK\r\nx y: z\r\n\r\n", 502),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            502,
        ),
        (
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            200,
        ),
        (huge, 502),
    ] {
        let app = saying(bytes).await;
        proxy.app(HOST, &[app.addr]).await;
        let answer = Client::get(proxy.addr, HOST, "/", "").await;
        assert_eq!(
            answer.status,
            status,
            "{:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(80)])
        );
    }
    for bytes in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
    ] {
        let app = saying(bytes).await;
        proxy.app(HOST, &[app.addr]).await;
        let mut client = Client::connect(proxy.addr).await;
        client
            .send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
            .await;
        assert_eq!(client.head().await.unwrap().0, 200);
        let rest = client.rest().await;
        assert!(
            rest.windows(5).any(|piece| piece == b"short") && !rest.ends_with(b"0\r\n\r\n"),
            "{rest:?}"
        );
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_does_not_answer_is_given_up_with_504() {
    let proxy =
        TestProxy::start_with(|settings| settings.limits.first_byte = Duration::from_millis(300)).await;
    let silent = TestApp::raw(|_, mut stream| async move {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    proxy.app(HOST, &[silent.addr]).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 504);
    // 1xx for ever are no answer either.
    let flood = TestApp::raw(|_, mut stream| async move {
        while stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    proxy.app(HOST, &[flood.addr]).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 504);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_90_a_request_that_goes_in_circles_is_stopped() {
    let proxy = TestProxy::start().await;
    let target = proxy.addr;
    // An app that sends everything back to the proxy, as a wrongly configured one would.
    let app = TestApp::raw(move |_, mut stream| async move {
        let mut onward = TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 508);
    // The proxy's own address is not even tried.
    proxy.app(HOST, &[proxy.addr]).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 502);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_91_a_busy_app_leaves_the_others_alone() {
    let proxy = TestProxy::start_with(|settings| settings.limits.site_requests = 3).await;
    let silent = TestApp::raw(|_, mut stream| async move {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let id = proxy.app("busy.apps.example", &[silent.addr]).await;
    let app = TestApp::echo("calm").await;
    proxy.app(HOST, &[app.addr]).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(proxy.addr).await;
        client
            .send(b"GET / HTTP/1.1\r\nHost: busy.apps.example\r\n\r\n")
            .await;
        waiting.push(client);
    }
    proxy
        .source
        .reported(|report| report.in_flight.get(&id) == Some(&3))
        .await;
    let refused = Client::get(proxy.addr, "busy.apps.example", "/", "").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 200);
    drop(waiting);
    proxy.source.reported(|report| report.in_flight.is_empty()).await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_and_bodiless_answers_keep_the_connection() {
    let proxy = TestProxy::start_with(|settings| settings.threads = 1).await;
    let app = TestApp::http(|request: Request<Incoming>| async move {
        let status: u16 = request.uri().path()[1..].parse().unwrap();
        Response::builder().status(status).body(Full::default()).unwrap()
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    for (method, status) in [
        ("HEAD", 200),
        ("GET", 204),
        ("GET", 304),
        ("GET", 404),
        ("DELETE", 200),
    ] {
        client
            .send(format!("{method} /{status} HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
            .await;
        assert_eq!(client.answer(method).await.unwrap().status, status);
    }
    assert_eq!(app.connections(), 1);
    proxy.stop().await;
}
