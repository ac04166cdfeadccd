//! Git LFS: the batch interface and the files, as its specification has them
//! (<https://github.com/git-lfs/git-lfs/tree/main/docs/api>).

use std::sync::PoisonError;

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Body, LfsOptions, Shared, plain};

/// Where files are.
pub(super) const FILES: &str = "/lfs-files/";
const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// What a client has to send, and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    operation: String,
    transfers: Vec<String>,
    hash_algo: Option<String>,
    objects: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    oid: String,
    size: u64,
}

pub(super) fn oid(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

pub(super) fn pointer(content: &[u8]) -> String {
    format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
        oid(content),
        content.len()
    )
}

pub(super) async fn batch(
    shared: &Shared,
    options: &LfsOptions,
    request: Request<Incoming>,
) -> Response<Body> {
    let has = |name: header::HeaderName| {
        let mut values = request.headers().get_all(name).iter();
        values.next().is_some_and(|value| value == MEDIA_TYPE) && values.next().is_none()
    };
    if request.method() != Method::POST || !has(header::ACCEPT) || !has(header::CONTENT_TYPE) {
        return plain(StatusCode::NOT_ACCEPTABLE);
    }
    let own = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(|host| format!("http://{host}"))
        .unwrap_or_default();
    let Ok(body) = request.into_body().collect().await else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let Ok(batch) = serde_json::from_slice::<Batch>(&body.to_bytes()) else {
        return plain(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let is_download = batch.operation == "download" && batch.transfers == ["basic"];
    if !is_download || batch.hash_algo.is_some_and(|name| name != "sha256") {
        return plain(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let files = shared.files.lock().unwrap_or_else(PoisonError::into_inner);
    let store = options.store.as_ref().unwrap_or(&own);
    let objects: Vec<Value> = batch
        .objects
        .iter()
        .map(|Object { oid, size }| {
            // Another server may have the file; one that should be here and is not is an error of this object.
            if options.store.is_none() && !files.contains_key(oid) {
                return json!({"oid": oid, "size": size, "error": {"code": 404, "message": "Object does not exist"}});
            }
            let mut download = json!({"href": format!("{store}{FILES}{oid}"), "expires_in": 900});
            if let Some((name, value)) = &options.header {
                download["header"] = json!({ name.as_str(): value });
            }
            json!({"oid": oid, "size": size, "authenticated": true, "actions": {"download": download}})
        })
        .collect();
    let answer = json!({"transfer": "basic", "objects": objects, "hash_algo": "sha256"});
    let mut response = bytes(answer.to_string().into());
    let media_type = header::HeaderValue::from_static(MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

pub(super) fn file(shared: &Shared, options: &LfsOptions, oid: &str, headers: &HeaderMap) -> Response<Body> {
    if let Some((name, value)) = &options.header
        && headers.get(name.as_str()).and_then(|seen| seen.to_str().ok()) != Some(value)
    {
        return plain(StatusCode::FORBIDDEN);
    }
    if let Some(instead) = &options.instead {
        return bytes(instead.clone().into());
    }
    let files = shared.files.lock().unwrap_or_else(PoisonError::into_inner);
    match files.get(oid) {
        Some(content) => bytes(content.clone().into()),
        None => plain(StatusCode::NOT_FOUND),
    }
}

fn bytes(content: Bytes) -> Response<Body> {
    let body = Full::new(content).map_err(|never| match never {});
    Response::new(body.boxed_unsync())
}
