//! Reading a body whole: at most so many bytes, in at most so much time, never decompressed.
//!
//! A compressed body could unpack to anything (threats.md input 22), and the signature of a webhook is over the raw bytes.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{Bytes, BytesMut};
use futures::StreamExt;

use crate::error::{ApiError, ApiResult};

/// A sender gets this long for its whole body.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads the body.
pub(crate) async fn read_body(request: &HttpRequest, payload: Payload, limit: usize) -> ApiResult<Bytes> {
    read_body_within(request, payload, limit, READ_TIMEOUT).await
}

/// Reads a body that may take longer.
pub(crate) async fn read_body_within(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    patience: Duration,
) -> ApiResult<Bytes> {
    let encoding = request.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("compressed bodies are not taken"));
    }
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > limit) {
        return Err(too_large(limit));
    }
    match tokio::time::timeout(patience, collect(payload, limit)).await {
        Ok(result) => result,
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "The request took too long",
            "the body did not arrive in time",
        )),
    }
}

/// 415: a body of a kind that is not taken.
pub(crate) fn unsupported(detail: &'static str) -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "The body has the wrong type",
        detail,
    )
    .hint("send it as application/json in UTF-8, uncompressed")
}

async fn collect(mut payload: Payload, limit: usize) -> ApiResult<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_| ApiError::malformed("broken_body", "the body ended before it was whole"))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        "The body is too large",
        format!("the body of this call has at most {} KiB", limit / 1024),
    )
}
