//! 103 answers: what a page will need, told by the app before the page is ready (RFC 8297).
//!
//! hyper's server cannot send interim answers. So the bytes are written by the connection itself, at a moment when
//! hyper has nothing to write (`server::io`). HTTP/2 has no such moment; there they are dropped.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode, Version};

use crate::forward::answer::Answer;
use crate::server::Conn;

/// Most bytes of one interim answer; more is left out.
const BYTES_MAX: usize = 4 * 1024;

/// The way of interim answers from one request's app to its client.
pub(super) struct EarlyHints {
    conn: Rc<Conn>,
}

/// Only a browser that opens a page makes use of them, and every other client would pay for bytes it drops. HTTP/1.0 knows no
/// interim answers.
pub(super) fn are_of_use(parts: &Parts) -> bool {
    let accept = parts.headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && accept.is_some_and(|accept| accept.starts_with(b"text/html"))
}

impl EarlyHints {
    pub(super) fn new(conn: &Rc<Conn>) -> Self {
        Self {
            conn: Rc::clone(conn),
        }
    }

    /// Gives what an interim answer tells to the client's connection.
    pub(super) fn pass_on(&self, interim: &Answer) {
        if interim.status == StatusCode::EARLY_HINTS
            && let Some(answer) = render(interim.headers.get_all(header::LINK).iter())
        {
            self.conn.offer_hints(answer);
        }
    }
}

/// Links only: everything else is for the final answer to say.
fn render<'a>(links: impl Iterator<Item = &'a HeaderValue>) -> Option<Bytes> {
    let mut text = b"HTTP/1.1 103 Early Hints\r\n".to_vec();
    let empty = text.len();
    for link in links.filter(|link| !link.is_empty()) {
        if text.len() + link.len() > BYTES_MAX {
            break;
        }
        text.extend_from_slice(b"link: ");
        text.extend_from_slice(link.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    let has_links = text.len() > empty;
    text.extend_from_slice(b"\r\n");
    has_links.then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_are_told_ahead_and_not_without_end() {
        let links = [
            HeaderValue::from_static("</a.css>; rel=preload"),
            HeaderValue::from_static(""),
        ];
        assert_eq!(
            render(links.iter()).unwrap(),
            "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n"
        );
        assert_eq!(render(std::iter::empty()), None);
        let long = HeaderValue::from_str(&"x".repeat(1_000)).unwrap();
        let rendered = render(std::iter::repeat_n(&long, 50)).unwrap();
        assert!(rendered.len() < BYTES_MAX + 100 && rendered.ends_with(b"\r\n\r\n"));
    }
}
