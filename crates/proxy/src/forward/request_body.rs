//! The body of a request on its way to an app: counted, capped, and watched for a client that sends too slowly.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use crate::body::BodyError;
use crate::respond::Refusal;
use crate::server::Conn;

/// The body of a request.
pub(super) enum RequestBody {
    Empty,
    Streamed(Box<Streamed>),
}

/// A body that is there or on its way.
pub(super) struct Streamed {
    body: Incoming,
    conn: Rc<Conn>,
    is_awaited: bool,
    left: u64,
    /// Why it could not be sent.
    fault: Option<Refusal>,
}

impl RequestBody {
    /// Refuses a body that says beforehand that it is too large.
    pub(super) fn new(body: Incoming, conn: &Rc<Conn>, max: u64) -> Result<Self, Refusal> {
        if body.is_end_stream() {
            return Ok(Self::Empty);
        }
        if body.size_hint().lower() > max {
            return Err(Refusal::BodyTooLarge);
        }
        Ok(Self::Streamed(Box::new(Streamed {
            body,
            conn: Rc::clone(conn),
            is_awaited: false,
            left: max,
            fault: None,
        })))
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// What it is refused for.
    pub(super) fn fault(&self) -> Option<Refusal> {
        match self {
            Self::Empty => None,
            Self::Streamed(streamed) => streamed.fault,
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Streamed(streamed) => streamed.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streamed(streamed) => streamed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streamed(streamed) => streamed.body.size_hint(),
        }
    }
}

impl Streamed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let outcome = Pin::new(&mut self.body).poll_frame(cx);
        self.set_awaited(outcome.is_pending());
        match outcome {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                match self.left.checked_sub(length) {
                    Some(left) => self.left = left,
                    None => {
                        self.fault = Some(Refusal::BodyTooLarge);
                        return Poll::Ready(Some(Err("the body is larger than allowed".into())));
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.fault = Some(Refusal::BadRequest);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    fn set_awaited(&mut self, is_awaited: bool) {
        match (self.is_awaited, is_awaited) {
            (false, true) => self.conn.body_awaited(),
            (true, false) => self.conn.body_no_longer_awaited(),
            _ => {}
        }
        self.is_awaited = is_awaited;
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.set_awaited(false);
    }
}
