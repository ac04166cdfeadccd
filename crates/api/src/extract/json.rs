//! A JSON body. The types it is read into refuse unknown fields; `serde_json` refuses doubled keys, more than 128 levels,
//! bytes behind the end, a byte order mark, lone surrogates and numbers out of range (threats.md inputs 19 to 22).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::body::{read_body, unsupported};
use crate::error::{ApiError, ApiResult};

/// Most bytes of a JSON body; a thousand variables of 64 KiB do not fit, but nobody has those.
const JSON_MAX: usize = 2 * 1024 * 1024;

/// The body as a `T`.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            require_json(&request)?;
            let body = read_body(&request, payload, JSON_MAX).await?;
            // Without this a list would be read as the fields of a struct in their order.
            if body.trim_ascii_start().starts_with(b"[") {
                return Err(ApiError::malformed(
                    "malformed_json",
                    "the body is a list, not an object",
                ));
            }
            serde_json::from_slice(&body)
                .map(Self)
                .map_err(|error| malformed(&error))
        })
    }
}

/// The body is declared as JSON in UTF-8.
pub(crate) fn require_json(request: &HttpRequest) -> ApiResult<()> {
    let wrong = || unsupported("the body's type is not application/json in UTF-8");
    let value = request.headers().get(CONTENT_TYPE).ok_or_else(wrong)?;
    let text = value.to_str().map_err(|_| wrong())?;
    let mut parts = text.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if is_json && is_utf8 { Ok(()) } else { Err(wrong()) }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    // The text names fields and positions; of values it shows short ones of the caller's own only.
    let detail: String = error.to_string().chars().take(300).collect();
    ApiError::malformed("malformed_json", detail)
}
