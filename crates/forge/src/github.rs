//! GitHub: webhooks here, GitHub Apps in the modules below.
//!
//! Source: <https://docs.github.com/webhooks/webhook-events-and-payloads>.

mod api;
mod app;
mod deployment;
mod error;
mod host;
mod installation;
mod manifest;
mod token;

use http::HeaderMap;

use crate::forge::single;
use crate::payload::PushPayload;
use crate::pull_request::PullRequestPayload;
use crate::{Event, Forge, WebhookError, WebhookRequest, WebhookSecret};

pub use api::rate_limit;
pub use app::{
    Account, AppCredentials, GitHubApp, Installation, RemoteRepository, RepositoryList, convert_manifest_code,
};
pub use deployment::{GitHubDeploymentState, GitHubDeploymentStatus, NewGitHubDeployment};
pub use error::GitHubError;
pub use host::{GitHubHost, InvalidGitHubHost};
pub use installation::{InstallationEvent, RepositoryName};
pub use manifest::{APP_NAME_MAX, AppManifest};
pub use token::{InstallationToken, TokenCache, TokenScope};

const SIGNATURE_HEADER: &str = "x-hub-signature-256";
const DELIVERY_HEADER: &str = "x-github-delivery";
const EVENT_HEADER: &str = "x-github-event";
/// GitHub's id of the App or repository whose webhook this is.
const TARGET_HEADER: &str = "x-github-hook-installation-target-id";
/// What that id is of: `integration` for an App.
const TARGET_KIND_HEADER: &str = "x-github-hook-installation-target-type";

/// GitHub, and who speaks like it.
#[derive(Debug, Clone, Copy)]
pub struct GitHub;

impl Forge for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn claims(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(SIGNATURE_HEADER)
    }

    fn verify(&self, secret: &WebhookSecret, request: WebhookRequest<'_>) -> bool {
        single(request.headers, SIGNATURE_HEADER)
            .is_some_and(|signature| secret.verify(signature, request.body))
    }

    fn delivery_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        single(headers, DELIVERY_HEADER)
    }

    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError> {
        single(headers, EVENT_HEADER).ok_or(WebhookError::EventName)
    }

    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError> {
        Ok(vec![match event_name {
            "push" => PushPayload::parse(body)?.into_event()?,
            "pull_request" => PullRequestPayload::parse(body)?.into_event(),
            "ping" => Event::Ping,
            // `create` and `delete` repeat what `push` says.
            _ => Event::Unknown,
        }])
    }
}

/// Id of the App whose webhook sent this, as the request has it; whether that is so, only its signature tells.
#[must_use]
pub fn app_of_delivery(headers: &HeaderMap) -> Option<i64> {
    if single(headers, TARGET_KIND_HEADER)? != "integration" {
        return None;
    }
    single(headers, TARGET_HEADER)?.parse().ok()
}
