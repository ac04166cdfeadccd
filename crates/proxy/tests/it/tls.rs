//! HTTPS and HTTP/2 with a certificate given by the operator, and HTTP/2 clients that misbehave (threats.md input 89).

use std::sync::Arc;

use aether_proxy::TlsSettings;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::app::TestApp;
use crate::support::client::{Client, PATIENCE};
use crate::support::{TestProxy, TestSite};

const HOST: &str = "site.apps.example";
const APP: &str = "app.apps.example";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:method GET`, `:scheme https`, `:path /` from the static table, `:authority` as a literal (RFC 7541).
const GET_HEAD: &[u8] = b"\x82\x87\x84\x41\x11site.apps.example";

struct Secure {
    proxy: TestProxy,
    certificate: CertificateDer<'static>,
}

impl Secure {
    async fn start() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let issued = rcgen::generate_simple_self_signed(["*.apps.example".to_owned()]).unwrap();
        let (certificate, key) = (keys.path().join("cert.pem"), keys.path().join("key.pem"));
        std::fs::write(&certificate, issued.cert.pem()).unwrap();
        std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
        let proxy = TestProxy::start_with(|settings| {
            settings.tls = Some(TlsSettings {
                addr: ([127, 0, 0, 1], 0).into(),
                certificate,
                key,
            });
        })
        .await;
        proxy
            .site(HOST, &TestSite::new().html("index.html", "home"))
            .await;
        Self {
            proxy,
            certificate: issued.cert.der().clone(),
        }
    }

    async fn connect(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.proxy.tls_addr.unwrap()).await.unwrap();
        let name = ServerName::try_from(HOST).unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        stream
    }

    async fn http2(&self) -> http2::SendRequest<Full<Bytes>> {
        let io = TokioIo::new(self.connect(b"h2").await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Sends what `next` gives until the proxy closes; gives the error code of its GOAWAY.
async fn flood(stream: TlsStream<TcpStream>, mut next: impl FnMut(u32) -> Vec<u8>) -> (u32, Option<u32>) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    writer
        .write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat())
        .await
        .unwrap();
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        let _ = reader.read_to_end(&mut all).await;
        all
    });
    let mut sent = 0;
    while sent < 200_000 && writer.write_all(&next(sent)).await.is_ok() {
        let _ = writer.flush().await;
        sent += 1;
        if reading.is_finished() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut all = &timeout(PATIENCE, reading).await.expect("was not cut").unwrap()[..];
    let mut code = None;
    while all.len() >= 9 {
        let length = usize::from(all[0]) << 16 | usize::from(all[1]) << 8 | usize::from(all[2]);
        if all[3] == GOAWAY && all.len() >= 17 {
            code = Some(u32::from_be_bytes([all[13], all[14], all[15], all[16]]));
        }
        all = all.get(9 + length..).unwrap_or_default();
    }
    (sent, code)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_are_served_over_tls() {
    let secure = Secure::start().await;
    let app = TestApp::echo("one").await;
    secure.proxy.app(APP, &[app.addr]).await;
    let mut client = Client::over(secure.connect(b"http/1.1").await);
    client
        .send(format!("GET / HTTP/1.1\r\nHost: {APP}\r\n\r\n").as_bytes())
        .await;
    assert!(
        client
            .answer("GET")
            .await
            .unwrap()
            .text()
            .contains("x-forwarded-proto: https\n")
    );
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
async fn input_89_floods_are_cut_and_others_are_served() {
    let secure = Secure::start().await;
    let (sent, code) = flood(secure.connect(b"h2").await, |n| {
        let stream = 2 * n + 1;
        [
            frame(HEADERS, END_STREAM | END_HEADERS, stream, GET_HEAD),
            frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]),
        ]
        .concat()
    })
    .await;
    assert!(sent < 100_000, "rapid reset: {sent} streams");
    assert_eq!(code, Some(11), "ENHANCE_YOUR_CALM");
    let (sent, code) = flood(secure.connect(b"h2").await, |n| match n {
        0 => frame(HEADERS, END_STREAM, 1, GET_HEAD),
        _ => frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b"),
    })
    .await;
    assert!(
        sent < 100_000 && code.is_some_and(|code| code != 0),
        "CONTINUATION: {sent} {code:?}"
    );
    for (name, head) in [
        (
            "upper-case name",
            b"\x82\x87\x84\x41\x11site.apps.example\x00\x01A\x01b".as_slice(),
        ),
        (
            "transfer-encoding",
            b"\x82\x87\x84\x41\x11site.apps.example\x00\x11transfer-encoding\x07chunked",
        ),
        (
            "line break in a value",
            b"\x82\x87\x84\x41\x11site.apps.example\x00\x01a\x03b\r\n",
        ),
    ] {
        let mut client = secure.connect(b"h2").await;
        let bytes = [
            PREFACE,
            &frame(SETTINGS, 0, 0, &[]),
            &frame(HEADERS, END_STREAM | END_HEADERS, 1, head),
        ]
        .concat();
        client.write_all(&bytes).await.unwrap();
        let mut kinds = Vec::new();
        while !kinds.contains(&RST_STREAM) && !kinds.contains(&GOAWAY) {
            let mut start = [0; 9];
            timeout(PATIENCE, client.read_exact(&mut start))
                .await
                .expect(name)
                .expect(name);
            let length = usize::from(start[1]) << 8 | usize::from(start[2]);
            client.read_exact(&mut vec![0; length]).await.unwrap();
            assert_ne!(start[3], HEADERS, "{name} was answered");
            kinds.push(start[3]);
        }
    }
    let mut sender = secure.http2().await;
    let request = Request::get(format!("https://{HOST}/"))
        .body(Full::default())
        .unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    secure.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_and_plain_http_on_the_tls_port_is_not() {
    let secure = Secure::start().await;
    let mut client = secure.connect(b"h2").await;
    client
        .write_all(
            &[
                PREFACE,
                &frame(SETTINGS, 0, 0, &[]),
                &frame(PING, 0, 0, b"12345678"),
            ]
            .concat(),
        )
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !seen.windows(8).any(|bytes| bytes == b"12345678") {
        let mut buffer = [0; 256];
        let count = timeout(PATIENCE, client.read(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        assert_ne!(count, 0);
        seen.extend_from_slice(&buffer[..count]);
    }
    let mut plain = Client::connect(secure.proxy.tls_addr.unwrap()).await;
    plain.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(!plain.rest().await.starts_with(b"HTTP"));
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
