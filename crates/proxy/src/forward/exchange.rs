//! One request and the head of its answer on one connection.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;

use crate::forward::early_hints::EarlyHints;
use crate::forward::link::Link;
use crate::forward::request_body::RequestBody;
use crate::respond::Refusal;
use crate::server::Thread;

/// Why there is no answer.
pub(super) enum ExchangeError {
    /// Nothing of it was sent; here it is again.
    NotSent(Box<Request<RequestBody>>),
    /// The connection ended, or what came was no answer.
    Broken,
    /// The app did not answer in time.
    TimedOut,
    /// The client's body is at fault.
    Body(Refusal),
}

/// Sends `request` and waits for the head of the answer.
pub(super) async fn exchange(
    thread: &Rc<Thread>,
    mut link: Box<Link>,
    mut request: Request<RequestBody>,
    hints: Option<&EarlyHints>,
) -> Result<(Response<Incoming>, Box<Link>), ExchangeError> {
    let fault = request.body().fault();
    if let Some(hints) = hints {
        hints.listen(&mut request);
    }
    let mut deadline = thread.deadline(thread.shared.settings.limits.first_byte);
    let mut answer = pin!(link.sender.try_send_request(request));
    // The answer can only come from driving the connection, which happens here. So its future needs no waker of the
    // task, and the task is not woken once more for something it has just done itself.
    let mut idle = Context::from_waker(Waker::noop());
    let outcome = poll_fn(|cx| {
        let over = link.drive(cx);
        if let Some(hints) = hints {
            hints.pass_on();
        }
        match answer.as_mut().poll(&mut idle) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if over.is_ready() || deadline.is_over(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    match outcome {
        Some(Ok(response)) => Ok((response, link)),
        Some(Err(mut error)) => match (error.take_message(), fault.get()) {
            (_, Some(refusal)) => Err(ExchangeError::Body(refusal)),
            (Some(request), None) => Err(ExchangeError::NotSent(Box::new(request))),
            (None, None) => {
                tracing::debug!(error = %error.error(), "the app gave no answer");
                Err(ExchangeError::Broken)
            }
        },
        None => match fault.get() {
            Some(refusal) => Err(ExchangeError::Body(refusal)),
            None if link.drive(&mut idle).is_ready() => Err(ExchangeError::Broken),
            None => Err(ExchangeError::TimedOut),
        },
    }
}
