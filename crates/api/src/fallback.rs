//! What no route answers: a path of the API that does not exist (404), a method it does not have (405), and everything
//! else, which is the dashboard's.

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::dashboard;
use crate::error::{ApiError, ApiResult};
use crate::router::API_BASE;
use crate::state::AppState;

/// Answers what no route took.
pub(crate) async fn fallback(state: Data<AppState>, request: HttpRequest) -> ApiResult<HttpResponse> {
    let path = request.path();
    let methods = state.operations.methods(path);
    if !methods.is_empty() {
        return Err(method_not_allowed(&methods));
    }
    // The whole first segment: nothing below `/api` is ever a page.
    if path.starts_with(API_BASE) || path == "/api" || path.starts_with("/api/") {
        return Err(ApiError::not_found("path"));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Err(method_not_allowed(&[Method::GET, Method::HEAD]));
    }
    Ok(dashboard::serve(&state, path, request.headers()))
}

fn method_not_allowed(methods: &[Method]) -> ApiError {
    let list = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let error = ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path has no such method",
        format!("it has {list}"),
    );
    match HeaderValue::from_str(&list) {
        Ok(value) => error.header(ALLOW, value),
        Err(_) => error,
    }
}
