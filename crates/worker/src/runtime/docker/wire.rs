//! Calls that the client library cannot make: builds with every limit the engine has, sessions for BuildKit's secrets,
//! and answers in the shape of engines older than the library.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::engine::{Engine, EngineError};

/// A request's body.
pub(super) type Body = BoxBody<Bytes, std::io::Error>;
/// The longest answer that is read at once.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(60);

/// Asks for a document.
pub(super) async fn get<T: DeserializeOwned>(
    engine: &Engine,
    context: &'static str,
    path: &str,
) -> Result<T, EngineError> {
    let request = Request::get(versioned(engine, path))
        .header(HOST, "docker")
        .body(empty());
    let ask = async {
        let response = send(engine, context, request.map_err(|error| gone(context, error))?).await?;
        let body = http_body_util::Limited::new(checked(context, response).await?.into_body(), ANSWER_MAX);
        let bytes = body
            .collect()
            .await
            .map_err(|error| gone(context, error))?
            .to_bytes();
        serde_json::from_slice(&bytes).map_err(|error| EngineError::Refused {
            context,
            message: format!("unreadable answer: {error}"),
        })
    };
    timeout(LIMIT, ask)
        .await
        .map_err(|_| EngineError::Silent { context })?
}

/// Asks for something to be done, and for no answer.
pub(super) async fn post(engine: &Engine, context: &'static str, path: &str) -> Result<(), EngineError> {
    let request = Request::post(versioned(engine, path))
        .header(HOST, "docker")
        .body(empty())
        .map_err(|error| gone(context, error))?;
    let ask = async { checked(context, send(engine, context, request).await?).await };
    timeout(LIMIT, ask)
        .await
        .map_err(|_| EngineError::Silent { context })?
        .map(drop)
}

/// Sends a tar archive and returns the answer as it comes; the caller bounds it in time.
pub(super) async fn post_tar(
    engine: &Engine,
    context: &'static str,
    path: &str,
    body: Body,
) -> Result<Incoming, EngineError> {
    let request = Request::post(versioned(engine, path))
        .header(HOST, "docker")
        .header(CONTENT_TYPE, "application/x-tar")
        .body(body)
        .map_err(|error| gone(context, error))?;
    Ok(checked(context, send(engine, context, request).await?)
        .await?
        .into_body())
}

/// Turns the connection around: the engine becomes the client of what is served on it.
pub(super) async fn upgrade(
    engine: &Engine,
    context: &'static str,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<TokioIo<Upgraded>, EngineError> {
    let mut request = Request::post(versioned(engine, path))
        .header(HOST, "docker")
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "h2c");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(empty()).map_err(|error| gone(context, error))?;
    let ask = async {
        let response = send(engine, context, request).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            checked(context, response).await?;
            return Err(EngineError::Refused {
                context,
                message: "the engine did not change protocols".to_owned(),
            });
        }
        hyper::upgrade::on(response)
            .await
            .map(TokioIo::new)
            .map_err(|error| gone(context, error))
    };
    timeout(LIMIT, ask)
        .await
        .map_err(|_| EngineError::Silent { context })?
}

async fn send(
    engine: &Engine,
    context: &'static str,
    request: Request<Body>,
) -> Result<Response<Incoming>, EngineError> {
    let stream = UnixStream::connect(engine.socket())
        .await
        .map_err(|error| gone(context, error))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| gone(context, error))?;
    // Ends with the connection, which ends when the answer is dropped.
    tokio::spawn(connection.with_upgrades());
    sender
        .send_request(request)
        .await
        .map_err(|error| gone(context, error))
}

async fn checked(
    context: &'static str,
    response: Response<Incoming>,
) -> Result<Response<Incoming>, EngineError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = http_body_util::Limited::new(response.into_body(), 64 * 1024)
        .collect()
        .await;
    let bytes = body.map(|body| body.to_bytes()).unwrap_or_default();
    let message = serde_json::from_slice::<serde_json::Value>(&bytes)
        .ok()
        .and_then(|answer| Some(answer.get("message")?.as_str()?.to_owned()))
        .unwrap_or_else(|| status.to_string());
    Err(match status {
        StatusCode::NOT_FOUND => EngineError::NotFound { context, message },
        StatusCode::CONFLICT => EngineError::Conflict { context, message },
        _ => EngineError::Refused { context, message },
    })
}

fn versioned(engine: &Engine, path: &str) -> String {
    format!("/v{}{path}", engine.facts.api)
}

fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

fn gone(context: &'static str, error: impl std::fmt::Display) -> EngineError {
    EngineError::Gone {
        context,
        message: error.to_string(),
    }
}
