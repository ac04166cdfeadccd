//! HTTP/2 clients that make us work without asking for anything (threats.md input 89).

use std::time::Instant;

use http::Request;
use http_body_util::Full;
use tokio::io::AsyncWriteExt;

use crate::support::app::TestApp;
use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, PRIORITY, RST_STREAM, Reply,
    SETTINGS, WINDOW_UPDATE, flood, frame, next_reply,
};
use crate::support::secure::{HOST, Secure};

const APP: &str = "app.apps.example";
/// `:method GET`, `:scheme https`, `:path /` from the static table, `:authority` as a literal (RFC 7541).
const GET: &[u8] = b"\x82\x87\x84\x41\x10app.apps.example";
const POST: &[u8] = b"\x83\x87\x84\x41\x10app.apps.example";
const ALL: u8 = END_STREAM | END_HEADERS;

const PROTOCOL_ERROR: u32 = 1;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Its name, what is sent each time, the codes it may be ended with.
type Flood = (&'static str, Box<dyn FnMut(u32) -> Vec<u8>>, &'static [u32]);

fn headers(stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, block)
}

/// Every flood is cut soon, and a visitor beside it is served.
#[expect(clippy::too_many_lines, reason = "it is a table")]
#[tokio::test(flavor = "multi_thread")]
async fn input_89_floods_are_cut_and_others_are_served() {
    let secure = Secure::start().await;
    let app = TestApp::echo("one").await;
    secure.proxy.app(APP, &[app.addr]).await;
    let increment = |stream| frame(WINDOW_UPDATE, 0, stream, &[0; 4]);
    let floods: Vec<Flood> = vec![
        (
            "rapid reset",
            Box::new(|n| {
                let stream = 2 * n + 1;
                [
                    headers(stream, ALL, GET),
                    frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]),
                ]
                .concat()
            }),
            &[ENHANCE_YOUR_CALM],
        ),
        (
            "CONTINUATION",
            Box::new(|n| match n {
                0 => headers(1, END_STREAM, GET),
                _ => frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b"),
            }),
            &[ENHANCE_YOUR_CALM, PROTOCOL_ERROR],
        ),
        (
            "empty CONTINUATION",
            Box::new(|n| match n {
                0 => headers(1, END_STREAM, GET),
                _ => frame(CONTINUATION, 0, 1, b""),
            }),
            &[ENHANCE_YOUR_CALM, PROTOCOL_ERROR],
        ),
        (
            "PING",
            Box::new(|_| frame(PING, 0, 0, b"12345678")),
            &[ENHANCE_YOUR_CALM],
        ),
        (
            "SETTINGS",
            Box::new(|_| frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
            &[ENHANCE_YOUR_CALM],
        ),
        (
            "PRIORITY",
            Box::new(|n| frame(PRIORITY, 0, 2 * n + 1, &[0, 0, 0, 0, 1])),
            &[ENHANCE_YOUR_CALM],
        ),
        (
            "unknown frames",
            Box::new(|_| frame(0xfa, 0, 0, b"")),
            &[ENHANCE_YOUR_CALM],
        ),
        (
            "empty DATA",
            Box::new(|n| match n {
                0 => headers(1, END_HEADERS, POST),
                _ => frame(DATA, 0, 1, b""),
            }),
            &[ENHANCE_YOUR_CALM],
        ),
        (
            "streams that we are made to reset (CVE-2025-8671)",
            Box::new(move |n| {
                let stream = 2 * n + 1;
                [headers(stream, END_HEADERS, POST), increment(stream)].concat()
            }),
            &[ENHANCE_YOUR_CALM, PROTOCOL_ERROR],
        ),
        (
            "more streams than allowed",
            Box::new(|n| headers(2 * n + 1, END_HEADERS, POST)),
            &[ENHANCE_YOUR_CALM, PROTOCOL_ERROR, REFUSED_STREAM],
        ),
    ];
    for (name, next, codes) in floods {
        let started = Instant::now();
        let (sent, code) = flood(secure.connect(b"h2").await, next).await;
        assert!(sent < 50_000, "{name}: {sent} frames were taken");
        // The code is lost when the client's own bytes cross the close.
        assert!(code.is_none_or(|code| codes.contains(&code)), "{name}: {code:?}");
        println!("{name}: cut after {sent}, {:?}, code {code:?}", started.elapsed());
        let mut sender = secure.http2().await;
        let request = Request::get(format!("https://{HOST}/"))
            .body(Full::default())
            .unwrap();
        assert_eq!(
            sender.send_request(request).await.unwrap().status(),
            200,
            "{name}"
        );
    }
    secure.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_89_a_small_block_cannot_stand_for_a_large_head() {
    let secure = Secure::start().await;
    // One field of 4,000 bytes is put into the table, then named 1,000 times with one byte each.
    let long = "a".repeat(4_000);
    let bomb = [GET, b"\x40\x01x\x7f\xa1\x1e", long.as_bytes(), &[0xbe; 1_000]].concat();
    let mut stream = secure.connect(b"h2").await;
    stream
        .write_all(&[PREFACE, &headers(1, ALL, &bomb)].concat())
        .await
        .unwrap();
    stream.flush().await.unwrap();
    loop {
        match next_reply(&mut stream).await {
            Reply::SettingsAck | Reply::Other(_) => {}
            // A literal `:status 431`, or the end.
            Reply::Head(first) => {
                assert_ne!(first, 0x88, "it was answered");
                break;
            }
            _ => break,
        }
    }
    secure.proxy.stop().await;
}
