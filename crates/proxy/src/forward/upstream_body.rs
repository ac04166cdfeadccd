//! The body of an app's answer on its way to the client. When it ends, its connection goes back to the pool.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use crate::body::BodyError;
use crate::forward::link::Link;
use crate::release::{InFlightGuard, OutstandingGuard};
use crate::server::{Deadline, Thread};

/// What an app sends, and the connection it comes on.
pub(crate) struct UpstreamBody {
    thread: Rc<Thread>,
    link: Option<Box<Link>>,
    body: Incoming,
    is_ended: bool,
    /// The client has taken everything and waits for more.
    is_awaited: bool,
    patience: Duration,
    idle: Deadline,
    failure: Option<BodyError>,
    _guards: (InFlightGuard, OutstandingGuard),
}

impl UpstreamBody {
    pub(super) fn new(
        thread: &Rc<Thread>,
        link: Box<Link>,
        body: Incoming,
        patience: Duration,
        in_flight: InFlightGuard,
        outstanding: OutstandingGuard,
    ) -> Self {
        Self {
            thread: Rc::clone(thread),
            link: Some(link),
            body,
            is_ended: false,
            is_awaited: false,
            patience,
            idle: thread.deadline(patience),
            failure: None,
            _guards: (in_flight, outstanding),
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(error) = self.failure.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let Some(link) = &mut self.link else {
            return Poll::Ready(None);
        };
        // As in `exchange`: the body can only grow by driving the link, so it needs no waker of its own. Asking it for
        // more may be what the link was waiting for, hence the second round.
        let mut idle = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            let over = link.drive(cx);
            match Pin::new(&mut self.body).poll_frame(&mut idle) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.is_awaited = false;
                    return Poll::Ready(Some(Ok(frame)));
                }
                Poll::Ready(Some(Err(error))) => return self.fail(error.into(), cx),
                Poll::Ready(None) => {
                    self.is_ended = true;
                    return Poll::Ready(None);
                }
                Poll::Pending if over.is_ready() => {
                    return self.fail("the app closed the connection".into(), cx);
                }
                Poll::Pending => {}
            }
        }
        // Time that the client took to read does not count against the app.
        if !std::mem::replace(&mut self.is_awaited, true) {
            self.idle.restart(self.patience);
        }
        if self.idle.is_over(cx) {
            return self.fail("the app paused for too long".into(), cx);
        }
        Poll::Pending
    }

    /// hyper drops what it has buffered when a body fails, so the failure is told in the next round, after a flush: the
    /// client gets what there is, and then the connection ends short.
    fn fail(&mut self, error: BodyError, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.link = None;
        self.failure = Some(error);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    pub(crate) fn is_end(&self) -> bool {
        self.body.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        if let Some(mut link) = self.link.take()
            && (self.is_ended || self.body.is_end_stream())
            && link.is_reusable(&mut Context::from_waker(Waker::noop()))
        {
            self.thread.pool.put(link, self.thread.now_ms());
        }
    }
}
