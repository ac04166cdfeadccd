//! A request on its way to an app: its head, and its body as the client sends it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::{self, HeaderMap, HeaderName};
use hyper::body::{Body as HttpBody, Frame};

use crate::forward::headers::is_claim;
use crate::forward::link::Link;
use crate::forward::request_body::RequestBody;
use crate::respond::Refusal;

/// The client's body is not asked for more while so many bytes of it wait for the app.
const WAITING_MAX: usize = 64 * 1024;
/// Most pieces given to the kernel at once.
const SLICES_MAX: usize = 16;

/// A request that is being sent.
pub(super) struct Outgoing {
    head: Vec<u8>,
    head_sent: usize,
    framing: Framing,
    body: RequestBody,
    is_body_over: bool,
    /// What of the body was taken from the client and waits for the app.
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// Bytes the app took in all.
    taken: u64,
}

/// How the body is framed (RFC 9112 section 6).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none, and the method says so.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, with these fields in the trailer section.
    Chunked(Vec<HeaderName>),
}

/// Why a request could not be sent as a whole.
#[derive(Debug)]
pub(super) enum SendError {
    /// The client's body is at fault.
    Body,
    /// The app takes no more.
    Link(io::Error),
}

impl Framing {
    /// The framing of `body`, of a request with these fields.
    pub(super) fn of(body: &RequestBody, method: &http::Method, headers: &HeaderMap) -> Self {
        use http::Method;
        if body.is_empty() {
            let has_meaning = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
            return if has_meaning || headers.contains_key(header::CONTENT_LENGTH) {
                Self::Length(0)
            } else {
                Self::None
            };
        }
        body.size_hint()
            .exact()
            .map_or_else(|| Self::Chunked(announced_trailers(headers)), Self::Length)
    }
}

impl Outgoing {
    pub(super) fn new(head: Vec<u8>, framing: Framing, body: RequestBody) -> Self {
        Self {
            head,
            head_sent: 0,
            is_body_over: body.is_empty(),
            framing,
            body,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            taken: 0,
        }
    }

    /// The app has got something of it.
    pub(super) fn has_begun(&self) -> bool {
        self.head_sent > 0
    }

    /// The app has got all of it.
    pub(super) fn is_sent(&self) -> bool {
        self.is_body_over && self.head_sent == self.head.len() && self.waiting.is_empty()
    }

    /// It can be sent again from its beginning.
    pub(super) fn is_bodiless(&self) -> bool {
        self.body.is_empty()
    }

    /// Bytes the app took in all.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What the client's body is refused for.
    pub(super) fn fault(&self) -> Option<Refusal> {
        self.body.fault()
    }

    /// Goes to another connection, from the beginning of the head.
    pub(super) fn rewind(&mut self) {
        self.head_sent = 0;
    }

    /// Sends as much as there is and the app takes; ready when that was all.
    ///
    /// # Errors
    /// [`SendError`]; what the app has answered already may still be read.
    pub(super) fn poll_send(&mut self, link: &mut Link, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        loop {
            self.poll_body(cx)?;
            if self.head_sent == self.head.len() && self.waiting.is_empty() {
                return if self.is_body_over {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
            let count = ready!(self.poll_write(link, cx)).map_err(SendError::Link)?;
            if count == 0 {
                return Poll::Ready(Err(SendError::Link(io::ErrorKind::WriteZero.into())));
            }
            self.advance(count);
        }
    }

    /// Takes what the client has sent, within bounds.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Result<(), SendError> {
        while !self.is_body_over && self.waiting_bytes < WAITING_MAX {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => self.take(frame)?,
                Poll::Ready(Some(Err(_))) => return Err(SendError::Body),
                Poll::Ready(None) => self.finish(None)?,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<(), SendError> {
        let data = match frame.into_data() {
            Ok(data) if data.is_empty() => return Ok(()),
            Ok(data) => data,
            Err(frame) => return self.finish(frame.trailers_ref()),
        };
        match &mut self.framing {
            Framing::Length(left) => {
                // The head has promised a length; a byte more would be the beginning of another request.
                *left = left.checked_sub(data.len() as u64).ok_or(SendError::Body)?;
                self.push(data);
            }
            Framing::Chunked(_) => {
                self.push(format!("{:x}\r\n", data.len()).into());
                self.push(data);
                self.push(Bytes::from_static(b"\r\n"));
            }
            Framing::None => return Err(SendError::Body),
        }
        Ok(())
    }

    fn finish(&mut self, trailers: Option<&HeaderMap>) -> Result<(), SendError> {
        self.is_body_over = true;
        match &self.framing {
            Framing::Length(left) if *left > 0 => return Err(SendError::Body),
            Framing::Length(_) | Framing::None => {}
            Framing::Chunked(announced) => {
                let mut end = b"0\r\n".to_vec();
                for (name, value) in trailers.into_iter().flatten() {
                    if announced.contains(name) {
                        write_field(&mut end, name.as_str(), value.as_bytes());
                    }
                }
                end.extend_from_slice(b"\r\n");
                self.push(end.into());
            }
        }
        Ok(())
    }

    fn push(&mut self, bytes: Bytes) {
        self.waiting_bytes += bytes.len();
        self.waiting.push_back(bytes);
    }

    fn poll_write(&self, link: &mut Link, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let head = &self.head[self.head_sent..];
        if self.waiting.is_empty() {
            // Nearly every write is one head, for which `send` does less than `writev`.
            return link.poll_write(cx, head);
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        slices[0] = IoSlice::new(head);
        let mut count = 1;
        for (slice, piece) in slices[1..].iter_mut().zip(&self.waiting) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        let first = usize::from(head.is_empty());
        link.poll_write_vectored(cx, &slices[first..count])
    }

    fn advance(&mut self, mut count: usize) {
        self.taken += count as u64;
        let of_head = count.min(self.head.len() - self.head_sent);
        self.head_sent += of_head;
        count -= of_head;
        self.waiting_bytes -= count;
        while count > 0
            && let Some(piece) = self.waiting.front_mut()
        {
            let of_piece = count.min(piece.len());
            piece.advance(of_piece);
            count -= of_piece;
            if piece.is_empty() {
                self.waiting.pop_front();
            }
        }
    }
}

/// Appends a line `name: value`.
pub(super) fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// What `Trailer` names, without what would change the meaning of the request itself (RFC 9110 section 6.5.1).
fn announced_trailers(headers: &HeaderMap) -> Vec<HeaderName> {
    let names = headers.get_all(header::TRAILER).iter();
    names
        .flat_map(|value| value.as_bytes().split(|&b| b == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !is_forbidden_trailer(name))
        .collect()
}

fn is_forbidden_trailer(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "authorization"
            | "cache-control"
            | "connection"
            | "cookie"
            | "expect"
            | "forwarded"
            | "host"
            | "max-forwards"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "via"
    ) || name.starts_with("content-")
        || is_claim(name)
}
