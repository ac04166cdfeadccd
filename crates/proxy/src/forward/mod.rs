//! Forwarding to an app: choose an instance, take a connection, send, and stream the answer back.
//!
//! The connection to the instance is driven by the very task that serves the client. There is no second task to wake,
//! and back-pressure needs no code: when the client does not read, nobody polls the instance's side either.
//!
//! HTTP/1 towards apps is spoken by the modules here, not by hyper's client: a head is written once, from the client's
//! fields straight into the bytes to send, and is there again when it has to be sent again.

mod answer;
mod content;
mod cookies;
mod early_hints;
mod exchange;
#[cfg(test)]
mod fuzz;
mod headers;
mod link;
mod outgoing;
mod pool;
mod relay;
mod request_body;
mod upstream_body;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::body::Body;
use crate::forward::answer::Answer;
use crate::forward::early_hints::EarlyHints;
use crate::forward::exchange::{ExchangeError, exchange};
use crate::forward::headers::{Hop, prepare_response, write_request};
use crate::forward::link::Link;
use crate::forward::outgoing::{Framing, Outgoing};
pub(crate) use crate::forward::pool::Pool;
pub(crate) use crate::forward::relay::{Relay, Tunnel};
use crate::forward::request_body::RequestBody;
use crate::forward::upstream_body::Underway;
pub(crate) use crate::forward::upstream_body::UpstreamBody;
use crate::handler::is_idempotent;
use crate::release::{InFlightGuard, OutstandingGuard, Release, Upstream};
use crate::respond::Refusal;
use crate::server::{Conn, Thread};

/// Times a request is sent before giving up: a stale connection, a fresh one, another instance.
const ATTEMPTS_MAX: usize = 4;

/// An answer and the connection it comes on.
struct Answered {
    answer: Answer,
    link: Box<Link>,
    outstanding: OutstandingGuard,
}

/// Forwards a request to the app.
pub(crate) async fn forward(
    thread: &Rc<Thread>,
    conn: &Rc<Conn>,
    release: &Release,
    in_flight: InFlightGuard,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    let request_id = thread.request_id();
    let body = RequestBody::new(body, conn, thread.shared.settings.limits.body_bytes)?;
    let framing = Framing::of(&body, &parts.method, &parts.headers);
    let (head, hop) = write_request(&parts, &framing, conn, &request_id, &thread.via)?;
    let takes_hints = !conn.is_h2() && early_hints::are_of_use(&parts);
    let hints = takes_hints.then(|| EarlyHints::new(conn));
    let method = parts.method;
    let mut outgoing = Outgoing::new(head, framing, body);
    let wants_tunnel = hop.upgrade.is_some();
    let Answered {
        mut answer,
        link,
        outstanding,
    } = send(
        thread,
        release,
        &method,
        &mut outgoing,
        wants_tunnel,
        hints.as_ref(),
    )
    .await?;
    if answer.status == StatusCode::SWITCHING_PROTOCOLS {
        return switch(conn, &hop, answer, *link, in_flight, outstanding);
    }
    prepare_response(&mut answer.headers, &hop, request_id);
    let patience = patience(thread, &answer.headers);
    let mut underway = Underway {
        link,
        content: answer.content,
        outgoing: (!outgoing.is_sent()).then_some(outgoing),
        is_persistent: answer.is_persistent,
    };
    let body = if underway.content.is_over() && underway.outgoing.is_none() {
        underway.give_back(thread);
        Body::Empty
    } else if let Some(whole) = underway.take_whole() {
        // Most answers are here by now, and their connection is free for another request at once.
        underway.give_back(thread);
        Body::full(whole)
    } else {
        let body = UpstreamBody::new(thread, underway, patience, in_flight, outstanding);
        Body::Upstream(Box::new(body))
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// How long the app may pause within its answer.
fn patience(thread: &Thread, headers: &HeaderMap) -> Duration {
    let limits = &thread.shared.settings.limits;
    if is_event_stream(headers) {
        limits.tunnel_idle
    } else {
        limits.app_idle
    }
}

/// Events come when something happens, which may take its time.
fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|value| {
        let media_type = value.split(|&b| b == b';').next().unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    })
}

/// How often a request came through this proxy: our pseudonym in `Via` (RFC 9110 section 7.6.3).
pub(crate) fn hops(headers: &HeaderMap, via: &HeaderValue) -> usize {
    let own = via.as_bytes();
    let entries = headers.get_all(header::VIA).iter();
    entries
        .flat_map(|value| value.as_bytes().split(|&b| b == b','))
        .filter(|entry| entry.trim_ascii() == own)
        .count()
}

/// Sends a request until an instance answers, as often as that is safe.
async fn send(
    thread: &Rc<Thread>,
    release: &Release,
    method: &Method,
    outgoing: &mut Outgoing,
    wants_tunnel: bool,
    hints: Option<&EarlyHints>,
) -> Result<Answered, Refusal> {
    // What is known to be needed again: only a request without a body, by a method that may be repeated.
    let is_repeatable = is_idempotent(method) && outgoing.is_bodiless();
    let mut tried: Vec<u64> = Vec::new();
    let mut failure = Refusal::AppDown;
    for attempt in 0..ATTEMPTS_MAX {
        let Some(upstream) = release.choose(thread.now_ms(), thread.next_turn(), &tried) else {
            break;
        };
        if attempt > 0 {
            thread.stats.upstream_retry();
            outgoing.rewind();
        }
        let outstanding = upstream.begin();
        // After one stale connection the others of the pool are suspect too.
        let pooled = if attempt == 0 && !wants_tunnel {
            thread.pool.take(upstream.id)
        } else {
            None
        };
        let was_pooled = pooled.is_some();
        let mut link = match pooled {
            Some(link) => link,
            None => match connect(thread, upstream).await {
                Ok(link) => link,
                Err(refusal) => {
                    // Nothing was sent, so any method may go to another instance.
                    upstream.failed(thread.now_ms());
                    tried.push(upstream.id);
                    failure = refusal;
                    continue;
                }
            },
        };
        match exchange(thread, &mut link, method, outgoing, hints).await {
            Ok(answer) => {
                upstream.succeeded();
                return Ok(Answered {
                    answer,
                    link,
                    outstanding,
                });
            }
            Err(ExchangeError::NotSent) => {}
            // A pooled connection that dies before any byte of an answer was closed by the app while idle.
            Err(ExchangeError::Broken) if was_pooled && is_repeatable => {}
            Err(ExchangeError::Broken) => {
                upstream.failed(thread.now_ms());
                return Err(Refusal::AppBadAnswer);
            }
            Err(ExchangeError::TimedOut) => return Err(Refusal::AppTimeout),
            Err(ExchangeError::Body(refusal)) => return Err(refusal),
        }
    }
    Err(failure)
}

/// Connects, once more after a moment when it is the app's only instance: it may be restarting.
async fn connect(thread: &Rc<Thread>, upstream: &Arc<Upstream>) -> Result<Box<Link>, Refusal> {
    let limit: Duration = thread.shared.settings.limits.connect;
    thread.stats.upstream_connect();
    match tokio::time::timeout(limit, Link::connect(upstream)).await {
        Ok(Ok(link)) => Ok(Box::new(link)),
        Ok(Err(error)) => {
            tracing::debug!(%error, upstream = %upstream.addr, "cannot connect to the app");
            Err(Refusal::AppDown)
        }
        Err(_) => {
            // Nothing was asked yet: such an app is not slow but away, as the address of a stopped container is.
            tracing::debug!(upstream = %upstream.addr, "the app takes no connection");
            Err(Refusal::AppDown)
        }
    }
}

/// The app agreed to another protocol: the client's connection becomes a tunnel once the answer is written.
fn switch(
    conn: &Rc<Conn>,
    hop: &Hop,
    answer: Answer,
    link: Link,
    in_flight: InFlightGuard,
    outstanding: OutstandingGuard,
) -> Result<Response<Body>, Refusal> {
    let Some(protocol) = hop.upgrade.clone() else {
        // Nobody asked; what follows would be bytes we cannot frame.
        return Err(Refusal::AppBadAnswer);
    };
    let (stream, early) = link.into_raw();
    *conn.tunnel.borrow_mut() = Some(Tunnel {
        stream,
        early,
        guards: (in_flight, outstanding),
    });
    let mut headers = answer.headers;
    prepare_response(&mut headers, hop, HeaderValue::from_static(""));
    headers.remove("x-request-id");
    let agreed = headers.remove(header::UPGRADE).unwrap_or(protocol);
    headers.insert(header::UPGRADE, agreed);
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.remove(header::CONTENT_LENGTH);
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    Ok(response)
}
