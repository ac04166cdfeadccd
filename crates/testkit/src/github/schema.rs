//! What GitHub takes, field by field, as its published OpenAPI (`api.github.com.json`) and its page on App manifests say.
//! Anything else in a body is a fault of ours.

#![allow(dead_code, reason = "the fields are there to be checked, not to be read")]

use std::collections::HashMap;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longest description of a status.
const DESCRIPTION_MAX: usize = 140;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessTokenRequest {
    repositories: Option<Vec<String>>,
    repository_ids: Option<Vec<i64>>,
    permissions: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CommitState {
    Error,
    Failure,
    Pending,
    Success,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCommitStatus {
    state: CommitState,
    target_url: Option<String>,
    description: Option<String>,
    context: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDeployment {
    r#ref: String,
    task: Option<String>,
    auto_merge: Option<bool>,
    required_contexts: Option<Vec<String>>,
    payload: Option<Value>,
    environment: Option<String>,
    description: Option<String>,
    transient_environment: Option<bool>,
    production_environment: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeploymentState {
    Error,
    Failure,
    Inactive,
    InProgress,
    Queued,
    Pending,
    Success,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDeploymentStatus {
    state: DeploymentState,
    target_url: Option<String>,
    log_url: Option<String>,
    description: Option<String>,
    environment: Option<String>,
    environment_url: Option<String>,
    auto_inactive: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewComment {
    body: String,
}

/// The manifest of an App.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) hook_attributes: Option<HookAttributes>,
    pub(super) redirect_url: String,
    callback_urls: Option<Vec<String>>,
    setup_url: Option<String>,
    description: Option<String>,
    public: Option<bool>,
    default_events: Option<Vec<String>>,
    default_permissions: Option<HashMap<String, String>>,
    request_oauth_on_install: Option<bool>,
    setup_on_update: Option<bool>,
}

/// Where an App's webhook goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HookAttributes {
    pub(super) url: String,
    active: Option<bool>,
}

/// Why GitHub would not take this body, if so. `path` begins behind the interface's base.
pub(super) fn fault(method: &Method, path: &[&str], body: &[u8]) -> Option<String> {
    let checked = match (method.as_str(), path) {
        ("POST", ["app", "installations", _, "access_tokens"]) => check::<AccessTokenRequest>(body),
        ("POST", ["repos", _, _, "statuses", _]) => check::<NewCommitStatus>(body).and_then(|()| short(body)),
        ("POST", ["repos", _, _, "deployments"]) => check::<NewDeployment>(body).and_then(|()| short(body)),
        ("POST", ["repos", _, _, "deployments", _, "statuses"]) => {
            check::<NewDeploymentStatus>(body).and_then(|()| short(body))
        }
        ("POST", ["repos", _, _, "issues", _, "comments"])
        | ("PATCH", ["repos", _, _, "issues", "comments", _]) => check::<NewComment>(body),
        ("POST", ["app-manifests", _, "conversions"]) | ("GET" | "DELETE", _) if body.is_empty() => Ok(()),
        _ => Err("GitHub has no such operation, or takes no body for it".to_owned()),
    };
    checked.err()
}

fn check<T: DeserializeOwned>(body: &[u8]) -> Result<(), String> {
    serde_json::from_slice::<T>(body)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn short(body: &[u8]) -> Result<(), String> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    match value["description"].as_str() {
        Some(text) if text.chars().count() > DESCRIPTION_MAX => Err("the description is too long".to_owned()),
        _ => Ok(()),
    }
}
