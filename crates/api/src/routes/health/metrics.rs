//! `GET /metrics`

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, get, web};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::client_address::is_local;
use crate::error::{ApiError, ApiResult, Problems};
use crate::state::AppState;

/// Counters in Prometheus' text form, for this machine, or with `AETHER_METRICS_TOKEN` as bearer token.
#[utoipa::path(
    tag = "health",
    security(()),
    responses((status = 200, body = String, content_type = "text/plain"), Problems)
)]
#[get("/metrics")]
pub(crate) async fn get_metrics(state: web::Data<AppState>, request: HttpRequest) -> ApiResult<HttpResponse> {
    if !is_allowed(&state, &request) {
        return Err(ApiError::not_found("page"));
    }
    let text = state
        .metrics
        .as_ref()
        .map(aether_telemetry::Metrics::render)
        .unwrap_or_default();
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(text))
}

fn is_allowed(state: &AppState, request: &HttpRequest) -> bool {
    let Some(token) = &state.settings.metrics_token else {
        return is_local(request);
    };
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    given.is_some_and(|given| given.as_bytes().ct_eq(token.expose_secret().as_bytes()).into())
}
