//! The body of an app's answer on its way to the client. When it ends, its connection goes back to the pool.

use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use crate::body::BodyError;
use crate::forward::content::Content;
use crate::forward::link::Link;
use crate::forward::outgoing::Outgoing;
use crate::release::{InFlightGuard, OutstandingGuard};
use crate::server::{Deadline, Thread};

/// What an app sends, and the connection it comes on.
pub(crate) struct UpstreamBody {
    thread: Rc<Thread>,
    link: Option<Box<Link>>,
    content: Content,
    /// What of the request is still to be sent.
    outgoing: Option<Outgoing>,
    /// The connection may carry another request afterwards.
    is_persistent: bool,
    /// The client has taken everything and waits for more.
    is_awaited: bool,
    patience: Duration,
    idle: Deadline,
    failure: Option<BodyError>,
    _guards: (InFlightGuard, OutstandingGuard),
}

/// An answer's connection and what is underway on it.
pub(super) struct Underway {
    pub(super) link: Box<Link>,
    pub(super) content: Content,
    pub(super) outgoing: Option<Outgoing>,
    pub(super) is_persistent: bool,
}

impl UpstreamBody {
    pub(super) fn new(
        thread: &Rc<Thread>,
        underway: Underway,
        patience: Duration,
        in_flight: InFlightGuard,
        outstanding: OutstandingGuard,
    ) -> Self {
        Self {
            thread: Rc::clone(thread),
            link: Some(underway.link),
            content: underway.content,
            outgoing: underway.outgoing,
            is_persistent: underway.is_persistent,
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
        self.send_on(cx);
        match self.poll_content(cx) {
            Poll::Ready(Ok(frame)) => {
                self.is_awaited = false;
                Poll::Ready(frame.map(Ok))
            }
            Poll::Ready(Err(error)) => self.fail(error.into(), cx),
            Poll::Pending => {
                // Time that the client took to read does not count against the app.
                if !std::mem::replace(&mut self.is_awaited, true) {
                    self.idle.restart(self.patience);
                }
                if self.idle.is_over(cx) {
                    return self.fail("the app paused for too long".into(), cx);
                }
                Poll::Pending
            }
        }
    }

    /// Sends what there is of the rest of the request: an app may answer while it reads.
    fn send_on(&mut self, cx: &mut Context<'_>) {
        let (Some(link), Some(outgoing)) = (&mut self.link, &mut self.outgoing) else {
            return;
        };
        match outgoing.poll_send(link, cx) {
            Poll::Ready(Ok(())) => self.outgoing = None,
            Poll::Ready(Err(error)) => {
                tracing::debug!(?error, "the rest of the request was not sent");
                self.outgoing = None;
                self.is_persistent = false;
            }
            Poll::Pending => {}
        }
    }

    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, &'static str>> {
        loop {
            let Some(link) = &mut self.link else {
                return Poll::Ready(Ok(None));
            };
            if self.content.is_over() {
                return Poll::Ready(Ok(None));
            }
            if let Some(frame) = self.content.next(&mut link.received)? {
                return Poll::Ready(Ok(Some(frame)));
            }
            if self.content.is_over() {
                return Poll::Ready(Ok(None));
            }
            match link.poll_receive(&self.thread, self.content.known_left(), cx) {
                Poll::Ready(Ok(0)) => self.content.end()?,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "the connection to the app broke");
                    // A reset is no proper end, not even of content without a length.
                    return Poll::Ready(Err("the connection to the app broke"));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
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
        self.content.is_over() && self.failure.is_none()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

impl Underway {
    /// All of the content, if it has been received already and nothing is left to be sent.
    pub(super) fn take_whole(&mut self) -> Option<Bytes> {
        let Content::Length(length) = self.content else {
            return None;
        };
        if self.outgoing.is_some() || (self.link.received.len() as u64) < length {
            return None;
        }
        let frame = self.content.next(&mut self.link.received).ok()??;
        frame.into_data().ok()
    }

    /// Gives the connection back for another request, if it is good for one.
    pub(super) fn give_back(self, thread: &Thread) {
        give_back(
            thread,
            self.link,
            &self.content,
            self.outgoing.is_some(),
            self.is_persistent,
        );
    }
}

fn give_back(thread: &Thread, mut link: Box<Link>, content: &Content, is_sending: bool, is_persistent: bool) {
    if content.is_over() && !is_sending && is_persistent && link.is_reusable() {
        thread.pool.put(link, thread.now_ms());
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            give_back(
                &self.thread,
                link,
                &self.content,
                self.outgoing.is_some(),
                self.is_persistent,
            );
        }
    }
}
