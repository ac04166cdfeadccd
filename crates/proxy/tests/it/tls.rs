//! HTTPS and HTTP/2 with a certificate given by the operator.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::support::TestSite;
use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::secure::{HOST, Secure};

const APP: &str = "app.apps.example";

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_are_served_over_tls() {
    let secure = Secure::start().await;
    let app = TestApp::echo("one").await;
    secure.proxy.app(APP, &[app.addr]).await;
    let mut client = Client::over(secure.connect(b"http/1.1").await);
    client
        .send(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
        .await;
    assert_eq!(client.answer("GET").await.unwrap().text(), "home");
    let mut sender = secure.http2().await;
    let request = |uri: String| Request::get(uri).body(Full::<Bytes>::default()).unwrap();
    let page = sender
        .send_request(request(format!("https://{HOST}/")))
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.into_body().collect().await.unwrap().to_bytes(), "home");
    let post = Request::post(format!("https://{APP}/x?y"))
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Full::from(vec![1; 300_000]))
        .unwrap();
    let answer = sender
        .send_request(post)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    let text = String::from_utf8(answer.to_vec()).unwrap();
    for expected in [
        "POST /x?y\n",
        "host: app.apps.example\n",
        "cookie: a=1; b=2\n",
        "body: 300000\n",
        "forwarded-proto: https\n",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in {text}");
    }
    secure.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_hot_file_is_encrypted_like_any_other() {
    let secure = Secure::start().await;
    let contents: Vec<u8> = (0..300_000).map(|n| (n % 251) as u8).collect();
    let site = TestSite::new().file("large", "application/octet-stream", contents.clone());
    secure.proxy.site(HOST, &site).await;
    let mut client = Client::over(secure.connect(b"http/1.1").await);
    for _ in 0..2 {
        client
            .send(format!("GET /large HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
            .await;
        assert!(client.answer("GET").await.unwrap().body == contents);
    }
    let mut sender = secure.http2().await;
    let request = Request::get(format!("https://{HOST}/large"));
    let answer = sender
        .send_request(request.body(Full::<Bytes>::default()).unwrap())
        .await
        .unwrap();
    assert!(answer.into_body().collect().await.unwrap().to_bytes() == contents);
    secure.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_89_an_authority_that_differs_from_the_host_is_refused() {
    let secure = Secure::start().await;
    let mut sender = secure.http2().await;
    let request = Request::get(format!("https://{HOST}/"))
        .header("host", APP)
        .body(Full::default())
        .unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 400);
    let request = Request::connect("site.apps.example:443")
        .body(Full::default())
        .unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 405);
    secure.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_on_the_tls_port_is_not_answered() {
    let secure = Secure::start().await;
    let mut plain = Client::connect(secure.proxy.tls_addr.unwrap()).await;
    plain.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(!plain.rest().await.starts_with(b"HTTP"));
    secure.proxy.stop().await;
}

/// RFC 9110 section 7.4: a connection is used for what it was made for, or, with HTTP/2, for what its certificate says.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_another_host_than_the_connection_is_misdirected() {
    let secure = Secure::start().await;
    let app = TestApp::echo("one").await;
    secure.proxy.app(APP, &[app.addr]).await;
    secure.proxy.app("elsewhere.example", &[app.addr]).await;
    let mut client = Client::over(secure.connect(b"http/1.1").await);
    for (host, status) in [(HOST, 200), (APP, 421), (HOST, 200)] {
        client
            .send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
            .await;
        assert_eq!(client.answer("GET").await.unwrap().status, status, "{host}");
    }
    let mut sender = secure.http2().await;
    for (host, status) in [(HOST, 200), (APP, 200), ("elsewhere.example", 421)] {
        let request = Request::get(format!("https://{host}/"))
            .body(Full::default())
            .unwrap();
        assert_eq!(
            sender.send_request(request).await.unwrap().status(),
            status,
            "{host}"
        );
    }
    assert_eq!(Client::get(secure.proxy.addr, APP, "/", "").await.status, 200);
    secure.proxy.stop().await;
}

/// h2c stays off: its preface on the plain port is refused like any other unknown version.
#[tokio::test(flavor = "multi_thread")]
async fn http2_without_tls_is_refused() {
    let secure = Secure::start().await;
    let stream = TcpStream::connect(secure.proxy.addr).await.unwrap();
    let (mut sender, connection) =
        http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("http://{HOST}/"))
        .body(Empty::new())
        .unwrap();
    assert!(sender.send_request(request).await.is_err());
    secure.proxy.stop().await;
}
