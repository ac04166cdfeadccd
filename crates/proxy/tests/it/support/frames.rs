//! HTTP/2 frames as raw bytes, and what came back.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::client::PATIENCE;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
pub(crate) const PRIORITY_FLAG: u8 = 0x20;

/// What a client says first, with empty settings.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// How long a frame is waited for.
const QUIET: Duration = Duration::from_secs(3);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `GOAWAY` with this error code.
    GoAway(u32),
    /// `RST_STREAM` with this error code.
    Reset(u32),
    /// A head, as its first byte: 0x88 is `:status 200` (RFC 7541 appendix A).
    Head(u8),
    Pong,
    SettingsAck,
    /// Something else.
    Other(u8),
    Closed,
    /// Not a byte for a while.
    Nothing,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field as a literal that is not indexed (RFC 7541 section 6.2.2).
pub(crate) fn literal(name: &str, value: &str) -> Vec<u8> {
    assert!(name.len() < 127 && value.len() < 127);
    [
        &[0, name.len() as u8],
        name.as_bytes(),
        &[value.len() as u8],
        value.as_bytes(),
    ]
    .concat()
}

/// A block of literals.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields
        .iter()
        .flat_map(|(name, value)| literal(name, value))
        .collect()
}

/// The next frame.
pub(crate) async fn next_reply(stream: &mut (impl AsyncRead + Unpin)) -> Reply {
    let mut head = [0; 9];
    match timeout(QUIET, stream.read_exact(&mut head)).await {
        Err(_) => return Reply::Nothing,
        Ok(Err(_)) => return Reply::Closed,
        Ok(Ok(_)) => {}
    }
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    let mut payload = vec![0; length];
    if stream.read_exact(&mut payload).await.is_err() {
        return Reply::Closed;
    }
    let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
    match (head[3], head[4] & ACK) {
        (GOAWAY, _) => Reply::GoAway(code(4)),
        (RST_STREAM, _) => Reply::Reset(code(0)),
        (HEADERS, _) => Reply::Head(payload[0]),
        (PING, ACK) => Reply::Pong,
        (SETTINGS, ACK) => Reply::SettingsAck,
        (kind, _) => Reply::Other(kind),
    }
}

/// Sends what `next` gives until the proxy closes; gives how often that was, and the error code of its GOAWAY.
pub(crate) async fn flood<S>(stream: S, mut next: impl FnMut(u32) -> Vec<u8>) -> (u32, Option<u32>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    writer.write_all(PREFACE).await.unwrap();
    let reading = tokio::spawn(async move {
        let mut code = None;
        loop {
            match next_reply(&mut reader).await {
                Reply::GoAway(told) => code = Some(told),
                Reply::Closed => return code,
                _ => {}
            }
        }
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
    let code = timeout(PATIENCE, reading).await.expect("was not cut").unwrap();
    (sent, code)
}
