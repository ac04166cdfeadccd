//! The body of a response: one enum, so that the usual cases cost no allocation and no virtual call.

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::access_log::Entry;
use crate::forward::UpstreamBody;
use crate::metrics::Source;
use crate::server::{Conn, Thread};
use crate::static_site::FileBody;

/// Any error that ends a body early; hyper then cuts the connection, so that no client takes it for the whole.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// What is sent.
pub(crate) enum Body {
    Empty,
    Full(Bytes),
    /// Several pieces known in advance (multipart ranges).
    Pieces(VecDeque<Bytes>),
    /// A file too large for memory.
    File(Box<FileBody>),
    /// What an app sends.
    Upstream(Box<UpstreamBody>),
}

/// A body that closes the books on its request when it is gone.
pub(crate) struct TrackedBody {
    body: Body,
    request: RequestGuard,
}

/// A request from its head to the end of its answer.
pub(crate) struct RequestGuard {
    thread: Rc<Thread>,
    conn: Rc<Conn>,
    started: Instant,
    source: Source,
    status: StatusCode,
    sent: u64,
    /// Where the project's requests are counted.
    slot: Option<u32>,
    pub(crate) log: Option<Box<Entry>>,
}

impl Body {
    pub(crate) fn full(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            Self::Empty
        } else {
            Self::Full(bytes)
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(|piece| Ok(Frame::data(piece)))),
            Self::File(file) => file.poll(cx),
            Self::Upstream(upstream) => upstream.poll(cx),
        }
    }

    fn is_end(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) => false,
            Self::Pieces(pieces) => pieces.is_empty(),
            Self::File(file) => file.left() == 0,
            Self::Upstream(upstream) => upstream.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces(pieces) => SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum()),
            Self::File(file) => SizeHint::with_exact(file.left()),
            Self::Upstream(upstream) => upstream.size_hint(),
        }
    }
}

impl TrackedBody {
    pub(crate) fn new(body: Body, request: RequestGuard) -> Self {
        Self { body, request }
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        let outcome = this.body.poll(cx);
        if let Poll::Ready(Some(Ok(frame))) = &outcome
            && let Some(data) = frame.data_ref()
        {
            this.request.sent += data.len() as u64;
        }
        outcome
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl RequestGuard {
    pub(crate) fn begin(thread: &Rc<Thread>, conn: &Rc<Conn>) -> Self {
        thread.turns.count();
        let started = Instant::now();
        thread.set_now(started);
        conn.request_begins();
        Self {
            thread: Rc::clone(thread),
            conn: Rc::clone(conn),
            started,
            source: Source::Page,
            // Stands if the client is gone before there is an answer, as in nginx.
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            sent: 0,
            slot: None,
            log: None,
        }
    }

    /// The request is for the project with this slot.
    pub(crate) fn belongs_to(&mut self, slot: u32) {
        self.slot = Some(slot);
        self.thread.stats.traffic.of(slot).request_begins();
    }

    pub(crate) fn answered(&mut self, status: StatusCode, source: Source) {
        self.status = status;
        self.source = source;
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        self.thread.stats.count_request(self.source, self.status, took);
        if let Some(slot) = self.slot {
            let stats = self.thread.stats.traffic.of(slot);
            stats.request_ends(self.status, took, self.sent);
        }
        if let Some(mut entry) = self.log.take() {
            entry.finish(self.status, self.sent, took);
            self.thread.shared.access_log.write(entry);
        }
        self.conn.request_ends(self.thread.now_ms());
    }
}
