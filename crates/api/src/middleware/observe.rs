//! The outermost layer: gives the request its id, writes one line to the access log, and counts.
//!
//! The line has the route's pattern and the path, never the query or a header, and is cut and escaped by `tracing`
//! (threats.md input 110).

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;

use crate::middleware::request_id::{self, REQUEST_ID_HEADER};

/// Longest part of a path in the log.
const PATH_MAX: usize = 200;

/// Wraps the whole application.
pub(crate) async fn observe<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = request_id::generate();
    let started = Instant::now();
    let method = request.method().clone();
    let path: String = request.path().chars().take(PATH_MAX).collect();
    let result = request_id::scope(id.clone(), next.call(request)).await;
    let status = match &result {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    let route = match &result {
        Ok(response) => response
            .request()
            .match_pattern()
            .unwrap_or_else(|| "unmatched".to_owned()),
        Err(_) => "unmatched".to_owned(),
    };
    let elapsed = started.elapsed();
    tracing::info!(
        target: "aether_api::access",
        request_id = id, %method, route, ?path, status, ms = elapsed.as_secs_f64() * 1000.0
    );
    let labels = [
        ("method", method.to_string()),
        ("route", route),
        ("status", status.to_string()),
    ];
    metrics::counter!("aether_api_requests_total", &labels).increment(1);
    metrics::histogram!("aether_api_request_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let mut response = result?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(REQUEST_ID_HEADER), value);
    }
    Ok(response)
}
