//! Forwarding to an app: choose an instance, take a connection, send, and stream the answer back.
//!
//! The connection to the instance is driven by the very task that serves the client. There is no second task to wake,
//! and back-pressure needs no code: when the client does not read, nobody polls the instance's side either.

mod cookies;
mod early_hints;
mod exchange;
mod headers;
mod link;
mod pool;
mod relay;
mod request_body;
mod upstream_body;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;

use crate::body::Body;
use crate::forward::early_hints::EarlyHints;
use crate::forward::exchange::{ExchangeError, exchange};
use crate::forward::headers::{Hop, prepare_request, prepare_response};
use crate::forward::link::Link;
pub(crate) use crate::forward::pool::Pool;
pub(crate) use crate::forward::relay::{Relay, Tunnel};
use crate::forward::request_body::RequestBody;
pub(crate) use crate::forward::upstream_body::UpstreamBody;
use crate::handler::is_idempotent;
use crate::release::{InFlightGuard, OutstandingGuard, Release, Upstream};
use crate::respond::Refusal;
use crate::server::{Conn, Thread};

/// Times a request is sent before giving up: a stale connection, a fresh one, another instance.
const ATTEMPTS_MAX: usize = 4;

/// An answer and the connection it comes on.
struct Answered {
    response: Response<Incoming>,
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
    let (mut parts, body) = request.into_parts();
    let request_id = thread.request_id();
    let takes_hints = !conn.is_h2() && early_hints::are_of_use(&parts);
    let hop = prepare_request(&mut parts, conn, &request_id, &thread.via)?;
    let body = RequestBody::new(body, conn, thread.shared.settings.limits.body_bytes)?;
    let wants_tunnel = hop.upgrade.is_some();
    let method = parts.method.clone();
    let hints = takes_hints.then(|| EarlyHints::new(conn));
    let answered = send(thread, release, parts, body, wants_tunnel, hints.as_ref()).await?;
    let Answered {
        mut response,
        link,
        outstanding,
    } = answered;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return switch(conn, hop, response, link, in_flight, outstanding).await;
    }
    prepare_response(response.headers_mut(), &hop, request_id);
    if response.status().is_informational() {
        return Err(Refusal::AppBadAnswer);
    }
    let (mut head, body) = response.into_parts();
    // hyper speaks the client's version; ours must not inherit the app's.
    head.version = if conn.is_h2() {
        Version::HTTP_2
    } else {
        Version::HTTP_11
    };
    let is_bodiless = method == Method::HEAD || matches!(head.status.as_u16(), 204 | 304);
    let limits = &thread.shared.settings.limits;
    let patience = if is_event_stream(&head.headers) {
        limits.tunnel_idle
    } else {
        limits.app_idle
    };
    let body = UpstreamBody::new(thread, link, body, patience, in_flight, outstanding);
    if is_bodiless {
        // Gives the connection back at once.
        drop(body);
        return Ok(Response::from_parts(head, Body::Empty));
    }
    Ok(Response::from_parts(head, Body::Upstream(Box::new(body))))
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
    parts: Parts,
    body: RequestBody,
    wants_tunnel: bool,
    hints: Option<&EarlyHints>,
) -> Result<Answered, Refusal> {
    // What is known to be needed again: only a request without a body, by a method that may be repeated.
    let is_repeatable = is_idempotent(&parts.method) && body.is_empty();
    let mut tried: Vec<u64> = Vec::new();
    let mut pending = Some((parts, body));
    let mut failure = Refusal::AppDown;
    for attempt in 0..ATTEMPTS_MAX {
        let Some(upstream) = release.choose(thread.now_ms(), thread.next_turn(), &tried) else {
            break;
        };
        let Some((parts, body)) = pending.take() else {
            break;
        };
        if attempt > 0 {
            thread.stats.upstream_retry();
        }
        let outstanding = upstream.begin();
        // After one stale connection the others of the pool are suspect too.
        let pooled = if attempt == 0 && !wants_tunnel {
            thread.pool.take(upstream.id)
        } else {
            None
        };
        let was_pooled = pooled.is_some();
        let link = match pooled {
            Some(link) => link,
            None => match connect(thread, upstream).await {
                Ok(link) => link,
                Err(refusal) => {
                    // Nothing was sent, so any method may go to another instance.
                    upstream.failed(thread.now_ms());
                    tried.push(upstream.id);
                    failure = refusal;
                    pending = Some((parts, body));
                    continue;
                }
            },
        };
        let spare = (was_pooled && is_repeatable).then(|| Spare::of(&parts));
        let request = Request::from_parts(parts, body);
        match exchange(thread, link, request, hints).await {
            Ok((response, link)) => {
                upstream.succeeded();
                return Ok(Answered {
                    response,
                    link,
                    outstanding,
                });
            }
            Err(ExchangeError::NotSent(request)) => pending = Some(request.into_parts()),
            // A pooled connection that dies before any byte of an answer was closed by the app while idle.
            Err(ExchangeError::Broken) => match spare {
                Some(spare) => pending = Some((spare.into_parts(), RequestBody::Empty)),
                None => {
                    upstream.failed(thread.now_ms());
                    return Err(Refusal::AppBadAnswer);
                }
            },
            Err(ExchangeError::TimedOut) => return Err(Refusal::AppTimeout),
            Err(ExchangeError::Body(refusal)) => return Err(refusal),
        }
    }
    Err(failure)
}

/// What it takes to send a request without a body again. A list costs half of what a second map would, and it is
/// needed once in many thousand times.
struct Spare {
    method: Method,
    uri: Uri,
    fields: Vec<(HeaderName, HeaderValue)>,
}

impl Spare {
    fn of(parts: &Parts) -> Self {
        let fields = parts.headers.iter();
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            fields: fields
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        }
    }

    fn into_parts(self) -> Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = self.method;
        parts.uri = self.uri;
        for (name, value) in self.fields {
            parts.headers.append(name, value);
        }
        parts
    }
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
        Err(_) => Err(Refusal::AppTimeout),
    }
}

/// The app agreed to another protocol: the client's connection becomes a tunnel once the answer is written.
async fn switch(
    conn: &Rc<Conn>,
    hop: Hop,
    response: Response<Incoming>,
    link: Box<Link>,
    in_flight: InFlightGuard,
    outstanding: OutstandingGuard,
) -> Result<Response<Body>, Refusal> {
    let Some(protocol) = hop.upgrade.clone() else {
        // Nobody asked; what follows would be bytes we cannot frame.
        return Err(Refusal::AppBadAnswer);
    };
    let (stream, early) = link.into_raw().await.ok_or(Refusal::AppBadAnswer)?;
    *conn.tunnel.borrow_mut() = Some(Tunnel {
        stream,
        early,
        guards: (in_flight, outstanding),
    });
    let (mut head, _) = response.into_parts();
    prepare_response(&mut head.headers, &hop, HeaderValue::from_static(""));
    head.headers.remove("x-request-id");
    let agreed = head.headers.remove(header::UPGRADE).unwrap_or(protocol);
    head.headers.insert(header::UPGRADE, agreed);
    head.headers
        .insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    head.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(head, Body::Empty))
}
