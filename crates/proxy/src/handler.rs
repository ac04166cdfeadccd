//! The life of a request: pick, then static | forward | refuse, then the answer.
//!
//! A decision is made and a release's count raised without an await in between, from one version of the table. So a
//! thread that has run any other task since a table was replaced has no request left that will still go by the old one
//! (see `server::barrier`).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::Service;

use crate::access_log::{Begun, Entry};
use crate::body::{Body, RequestGuard, TrackedBody};
use crate::forward;
use crate::metrics::Source;
use crate::pick::{Picked, RequestHead, RouteDecision, pick};
use crate::release::Release;
use crate::respond::{Refusal, refuse};
use crate::server::{Conn, Thread};
use crate::static_site::{self, Served, SiteSlot};

/// Answers the requests of one connection.
pub(crate) struct Handler {
    pub(crate) thread: Rc<Thread>,
    pub(crate) conn: Rc<Conn>,
}

/// An answer that is there, or is being made.
pub(crate) enum Answering {
    Now(Option<Response<TrackedBody>>),
    Later(Pin<Box<dyn Future<Output = Response<TrackedBody>>>>),
}

impl Service<Request<Incoming>> for Handler {
    type Response = Response<TrackedBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let mut guard = RequestGuard::begin(&self.thread, &self.conn);
        let table = self.thread.shared.table.load();
        let head = RequestHead {
            method: request.method(),
            host: request.headers().get(header::HOST).map(HeaderValue::as_bytes),
            authority: request.uri().authority().map(http::uri::Authority::as_str),
            hops: forward::hops(request.headers(), &self.thread.via),
            tls: self.conn.tls_names(),
        };
        let wants_tunnel = request.headers().contains_key(header::UPGRADE);
        let picked = pick(&table, &head);
        self.open_books(&mut guard, &picked, &request);
        match picked.decision {
            RouteDecision::Refuse(refusal) => {
                let response = refuse(refusal, request.method(), request.headers());
                self.now(guard, response, Source::Page, wants_tunnel)
            }
            RouteDecision::Static(site) => self.site(guard, site, request, wants_tunnel),
            RouteDecision::App(release) => self.app(guard, release, request, wants_tunnel),
        }
    }
}

impl Handler {
    /// Counts the request for its project and begins its line in the access log.
    fn open_books(&self, guard: &mut RequestGuard, picked: &Picked<'_>, request: &Request<Incoming>) {
        let shared = &self.thread.shared;
        if let Some(row) = picked.row {
            guard.belongs_to(shared.projects.slot(row.project_id, &row.slot));
        }
        if shared
            .access_log
            .wants(picked.row.map_or(0, |row| row.access_log_percent))
        {
            guard.log = Some(Entry::begin(&Begun {
                project: picked.row.map(|row| row.project_id),
                client: self.conn.peer.ip(),
                method: request.method(),
                host: request.headers().get(header::HOST),
                path: request.uri().path(),
            }));
        }
    }

    fn site(
        &self,
        guard: RequestGuard,
        site: &Arc<SiteSlot>,
        request: Request<Incoming>,
        wants_tunnel: bool,
    ) -> Answering {
        match static_site::serve(&self.thread, site, request) {
            Served::Now(response) => self.now(guard, response, Source::Static, wants_tunnel),
            Served::Later(response) => {
                let (thread, conn) = (Rc::clone(&self.thread), Rc::clone(&self.conn));
                Answering::Later(Box::pin(async move {
                    let response = response.await;
                    finish(&thread, &conn, guard, response, Source::Static, wants_tunnel)
                }))
            }
        }
    }

    fn app(
        &self,
        guard: RequestGuard,
        release: &Arc<Release>,
        request: Request<Incoming>,
        wants_tunnel: bool,
    ) -> Answering {
        let limits = &self.thread.shared.settings.limits;
        if release.in_flight.count() as usize >= limits.site_requests {
            let response = refuse(Refusal::SiteBusy, request.method(), request.headers());
            return self.now(guard, response, Source::Page, wants_tunnel);
        }
        let in_flight = release.in_flight.begin();
        let (thread, conn, release) = (
            Rc::clone(&self.thread),
            Rc::clone(&self.conn),
            Arc::clone(release),
        );
        Answering::Later(Box::pin(async move {
            let (method, accept) = (
                request.method().clone(),
                request.headers().get(header::ACCEPT).cloned(),
            );
            match forward::forward(&thread, &conn, &release, in_flight, request).await {
                Ok(response) => finish(&thread, &conn, guard, response, Source::App, wants_tunnel),
                Err(refusal) => {
                    let headers: HeaderMap = accept
                        .map(|accept| (header::ACCEPT, accept))
                        .into_iter()
                        .collect();
                    let response = refuse(refusal, &method, &headers);
                    finish(&thread, &conn, guard, response, Source::Page, wants_tunnel)
                }
            }
        }))
    }

    fn now(
        &self,
        guard: RequestGuard,
        response: Response<Body>,
        source: Source,
        wants_tunnel: bool,
    ) -> Answering {
        let response = finish(&self.thread, &self.conn, guard, response, source, wants_tunnel);
        Answering::Now(Some(response))
    }
}

impl Future for Answering {
    type Output = Result<Response<TrackedBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Now(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
            Self::Later(response) => response.as_mut().poll(cx).map(Ok),
        }
    }
}

/// Ties the answer to its request's books.
fn finish(
    thread: &Thread,
    conn: &Conn,
    mut guard: RequestGuard,
    mut response: Response<Body>,
    source: Source,
    wants_tunnel: bool,
) -> Response<TrackedBody> {
    guard.answered(response.status(), source);
    conn.withdraw_hints();
    if wants_tunnel && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        conn.resume_reading();
    }
    if thread.is_draining() && !conn.is_h2() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        // The client hears with its answer that the next request needs another connection.
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| TrackedBody::new(body, guard))
}

/// Whether a request is safe to send twice (RFC 9110 section 9.2.2).
pub(crate) fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
    )
}
