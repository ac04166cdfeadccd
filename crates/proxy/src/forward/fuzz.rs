//! Fuzzing of what apps send.

use bytes::Bytes;
use http::Method;
use hyper::body::Frame;

use crate::forward::answer::take_answer;
use crate::forward::content::Content;
use crate::fuzz::fuzz;

/// What the proxy makes of one answer: status, data, whether there was a trailer section, and whether it ended as it should.
type Outcome = Option<(u16, Vec<u8>, bool, bool)>;

/// Reads an answer that comes in pieces of `step` bytes.
fn read(input: &[u8], step: usize) -> Outcome {
    let mut received = Bytes::new();
    let mut pieces = input.chunks(step);
    let mut answer = loop {
        match take_answer(&mut received, &Method::GET) {
            Err(_) => return None,
            Ok(Some(answer)) => break answer,
            Ok(None) => received = [&received, pieces.next()?].concat().into(),
        }
    };
    let (mut data, mut has_trailers) = (Vec::new(), false);
    loop {
        while !received.is_empty() && !answer.content.is_over() {
            let Ok(frame) = answer.content.next(&mut received) else {
                return Some((answer.status.as_u16(), data, has_trailers, false));
            };
            match frame.map(Frame::into_data) {
                Some(Ok(bytes)) => data.extend_from_slice(&bytes),
                Some(Err(_)) => has_trailers = true,
                None => {}
            }
        }
        match pieces.next() {
            Some(piece) if !answer.content.is_over() => received = Bytes::copy_from_slice(piece),
            _ => break,
        }
    }
    assert!(data.is_empty() || !matches!(answer.content, Content::Over) || data.len() < input.len());
    let is_whole = answer.content.end().is_ok();
    Some((answer.status.as_u16(), data, has_trailers, is_whole))
}

#[test]
fn fuzz_answers() {
    let seeds = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\nuntil the end",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    ];
    let words = [
        "\r\n",
        "\n",
        "\0",
        "Content-Length: 3\r\n",
        "Content-Length: 3, 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Connection: close\r\n",
        "0\r\n\r\n",
        "3\r\nabc\r\n",
        "ffffffffffffffff\r\n",
        "HTTP/1.0 ",
        "HTTP/1.1 204 No Content\r\n",
        ";",
        ":",
        " ",
    ];
    fuzz("answers", &seeds, &words, |bytes| {
        let outcome = read(bytes, bytes.len().max(1));
        assert_eq!(outcome, read(bytes, 1), "how it is cut does not matter");
        assert_eq!(outcome, read(bytes, 7), "how it is cut does not matter");
        outcome
            .map(|(status, data, has_trailers, is_whole)| (status / 100, data.len(), has_trailers, is_whole))
    });
}
