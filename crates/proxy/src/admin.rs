//! Health, readiness and metrics, on a listener of their own so that no path of a site is shadowed.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::{Stats, render};
use crate::server::Shared;

/// Everything the answers are made of.
struct Admin {
    shared: Arc<Shared>,
    stats: Vec<Arc<Stats>>,
    ready: Arc<AtomicBool>,
}

/// Serves until `stop`.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    stats: Vec<Arc<Stats>>,
    ready: Arc<AtomicBool>,
    stop: CancellationToken,
) {
    let admin = Arc::new(Admin { shared, stats, ready });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let (admin, stop) = (Arc::clone(&admin), stop.clone());
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = admin.answer(request.uri().path());
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

impl Admin {
    fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let (status, content_type, text) = match path {
            "/health" => (
                StatusCode::OK,
                "application/json",
                r#"{"status":"ok"}"#.to_owned(),
            ),
            "/ready" => self.readiness(),
            "/metrics" => (
                StatusCode::OK,
                "text/plain; version=0.0.4",
                render(&self.shared, &self.stats),
            ),
            _ => (
                StatusCode::NOT_FOUND,
                "application/json",
                r#"{"status":"not_found"}"#.to_owned(),
            ),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    fn readiness(&self) -> (StatusCode, &'static str, String) {
        let (status, word) = if self.shared.draining.is_cancelled() {
            (StatusCode::SERVICE_UNAVAILABLE, "draining")
        } else if self.ready.load(Ordering::Relaxed) {
            (StatusCode::OK, "ready")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "no_routes_yet")
        };
        let table = self.shared.table.load();
        let text = format!(
            r#"{{"status":"{word}","route_version":{},"routes":{}}}"#,
            table.version(),
            table.len()
        );
        (status, "application/json", text)
    }
}
