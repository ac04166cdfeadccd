//! What HTTP asks of whoever stands between a client and an app: trailers, older clients, early answers, half-closed
//! tunnels.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::TestProxy;
use crate::support::app::TestApp;
use crate::support::client::{Client, PATIENCE};

const HOST: &str = "app.apps.example";

/// Reads until what was read ends with `end`; what there is when the peer closes first.
async fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            break;
        }
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_pass_both_ways_and_stay_trailers() {
    let proxy = TestProxy::start().await;
    let (told, mut requests) = mpsc::unbounded_channel();
    let app = TestApp::raw(move |_, mut stream| {
        let told = told.clone();
        async move {
            let request = read_until(&mut stream, b"x-sum: 5\r\n\r\n").await;
            told.send(request).unwrap();
            let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-check\r\n\r\n\
                          4\r\nbody\r\n0\r\nx-check: good\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.read(&mut [0]).await;
        }
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
         5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n"
    );
    client.send(request.as_bytes()).await;
    let request = timeout(PATIENCE, requests.recv()).await.unwrap().unwrap();
    let request = String::from_utf8(request).unwrap().to_ascii_lowercase();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("trailer: x-sum") && !head.contains("x-sum: 5"),
        "{head}"
    );
    assert!(
        body.contains("hello") && body.ends_with("\r\nx-sum: 5\r\n\r\n"),
        "{body}"
    );

    let (status, fields) = client.head().await.unwrap();
    assert_eq!(status, 200);
    assert!(fields.iter().all(|(name, _)| name != "x-check"), "{fields:?}");
    assert_eq!(client.chunk().await.unwrap(), b"body");
    // The line of the last chunk is followed by the trailer, then by the empty line.
    let mut rest = Vec::new();
    while !rest.ends_with(b"\r\n\r\n") {
        rest.extend(client.bytes(1).await);
    }
    assert_eq!(String::from_utf8(rest).unwrap(), "0\r\nx-check: good\r\n\r\n");
    drop(client);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http_1_0_gets_no_chunks() {
    let proxy = TestProxy::start().await;
    let app = TestApp::raw(|_, mut stream| async move {
        read_until(&mut stream, b"\r\n\r\n").await;
        let answer =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    client
        .send(format!("GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    let (status, fields) = client.head().await.unwrap();
    assert_eq!(status, 200);
    assert!(
        fields
            .iter()
            .all(|(name, _)| name != "transfer-encoding" && name != "content-length"),
        "{fields:?}"
    );
    // The end of the body is the end of the connection.
    assert_eq!(String::from_utf8(client.rest().await).unwrap(), "hello world");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_wait_for_the_body_reaches_the_client() {
    let proxy = TestProxy::start().await;
    let app = TestApp::raw(|_, mut stream| async move {
        read_until(&mut stream, b"\r\n\r\n").await;
        let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut client = Client::connect(proxy.addr).await;
    client
        .send(format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000000\r\n\r\n").as_bytes())
        .await;
    let answer = client.answer("POST").await.unwrap();
    assert_eq!((answer.status, answer.text()), (403, "no"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_passes_on_that_one_side_has_finished() {
    let proxy = TestProxy::start().await;
    let app = TestApp::raw(|_, mut stream| async move {
        read_until(&mut stream, b"\r\n\r\n").await;
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: lines\r\nconnection: upgrade\r\n\r\nfirst ";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        // The client has finished; the app has not.
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(&said).await.unwrap();
    })
    .await;
    proxy.app(HOST, &[app.addr]).await;
    let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = timeout(PATIENCE, read_until(&mut stream, b"first "))
        .await
        .unwrap();
    assert!(
        head.starts_with(b"HTTP/1.1 101 "),
        "{}",
        String::from_utf8_lossy(&head)
    );
    stream.write_all(b"the last word").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(String::from_utf8(rest).unwrap(), "the last word");
    proxy.stop().await;
}
