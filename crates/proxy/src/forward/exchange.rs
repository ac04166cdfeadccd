//! One request and the head of its answer on one connection.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use http::{Method, StatusCode};

use crate::forward::answer::{Answer, take_answer};
use crate::forward::early_hints::EarlyHints;
use crate::forward::link::Link;
use crate::forward::outgoing::{Outgoing, SendError};
use crate::respond::Refusal;
use crate::server::Thread;

/// Reads in a row before other connections have their turn, when an app has no end of interim answers.
const READS_MAX: usize = 16;

/// Why there is no answer.
pub(super) enum ExchangeError {
    /// Nothing of the request was sent.
    NotSent,
    /// The connection ended, or what came was no answer.
    Broken,
    /// The app did not answer in time.
    TimedOut,
    /// The client's body is at fault.
    Body(Refusal),
}

/// How far the sending has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    Underway,
    Done,
    /// The app takes no more; it may have answered nevertheless.
    Broken,
}

/// Sends `outgoing` and waits for the head of the answer. The rest of a body may still have to be sent then.
pub(super) async fn exchange(
    thread: &Rc<Thread>,
    link: &mut Link,
    method: &Method,
    outgoing: &mut Outgoing,
    hints: Option<&EarlyHints>,
) -> Result<Answer, ExchangeError> {
    let patience = thread.shared.settings.limits.first_byte;
    let mut deadline = thread.deadline(patience);
    let mut sending = Sending::Underway;
    poll_fn(|cx| {
        if sending == Sending::Underway {
            let taken = outgoing.taken();
            match outgoing.poll_send(link, cx) {
                Poll::Ready(Ok(())) => sending = Sending::Done,
                Poll::Ready(Err(SendError::Link(_))) if !outgoing.has_begun() => {
                    return Poll::Ready(Err(ExchangeError::NotSent));
                }
                Poll::Ready(Err(SendError::Link(error))) => {
                    tracing::debug!(%error, "the app takes no more of the request");
                    sending = Sending::Broken;
                }
                Poll::Ready(Err(SendError::Body)) => {
                    let refusal = outgoing.fault().unwrap_or(Refusal::BadRequest);
                    return Poll::Ready(Err(ExchangeError::Body(refusal)));
                }
                Poll::Pending => {}
            }
            if outgoing.taken() != taken {
                // The time counts from the end of the request.
                deadline.restart(patience);
            }
        }
        match poll_answer(thread, link, method, hints, cx) {
            Poll::Ready(Ok(answer)) => Poll::Ready(Ok(answer)),
            Poll::Ready(Err(error)) => {
                tracing::debug!(error, "the app gave no answer");
                Poll::Ready(Err(ExchangeError::Broken))
            }
            Poll::Pending if deadline.is_over(cx) => Poll::Ready(Err(ExchangeError::TimedOut)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The head of the final answer; interim ones are passed on or left out.
fn poll_answer(
    thread: &Rc<Thread>,
    link: &mut Link,
    method: &Method,
    hints: Option<&EarlyHints>,
    cx: &mut Context<'_>,
) -> Poll<Result<Answer, &'static str>> {
    for _ in 0..READS_MAX {
        while !link.received.is_empty() {
            let Some(answer) = take_answer(&mut link.received, method)? else {
                break;
            };
            if !answer.status.is_informational() || answer.status == StatusCode::SWITCHING_PROTOCOLS {
                return Poll::Ready(Ok(answer));
            }
            if let Some(hints) = hints {
                hints.pass_on(&answer);
            }
        }
        match ready!(link.poll_receive(thread, 0, cx)) {
            Ok(0) => return Poll::Ready(Err("the app closed the connection")),
            Ok(_) => {}
            Err(_) => return Poll::Ready(Err("the connection to the app broke")),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
