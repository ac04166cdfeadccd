//! GitLab's webhooks. GitLab does not sign: it sends the secret itself, which proves who sends but not what. The
//! delivery's id is the one that stays the same when GitLab tries again.
//!
//! Source: <https://docs.gitlab.com/user/project/integrations/webhook_events/>.

use aether_models::GitRef;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use crate::forge::single;
use crate::payload::{PushPayload, RepositoryPayload, is_object_id};
use crate::{Event, Forge, PullRequest, PullRequestAction, WebhookError, WebhookRequest, WebhookSecret};

const TOKEN_HEADER: &str = "x-gitlab-token";
/// Stays the same over GitLab's own repetitions; older versions only have the second one.
const DELIVERY_HEADERS: [&str; 2] = ["idempotency-key", "x-gitlab-event-uuid"];
const EVENT_HEADER: &str = "x-gitlab-event";

/// GitLab.
#[derive(Debug, Clone, Copy)]
pub struct GitLab;

impl Forge for GitLab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn claims(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(TOKEN_HEADER)
    }

    fn verify(&self, secret: &WebhookSecret, request: WebhookRequest<'_>) -> bool {
        single(request.headers, TOKEN_HEADER).is_some_and(|token| secret.is(token))
    }

    fn delivery_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        DELIVERY_HEADERS
            .into_iter()
            .find_map(|name| single(headers, name))
    }

    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError> {
        single(headers, EVENT_HEADER).ok_or(WebhookError::EventName)
    }

    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError> {
        Ok(vec![match event_name {
            "Push Hook" | "Tag Push Hook" => PushPayload::parse(body)?.into_event()?,
            "Merge Request Hook" => merge_request(body)?,
            _ => Event::Unknown,
        }])
    }
}

#[derive(Debug, Deserialize)]
struct MergeRequestPayload {
    object_attributes: Attributes,
    project: Option<RepositoryPayload>,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    iid: i32,
    #[serde(default)]
    title: String,
    url: Option<String>,
    action: Option<String>,
    /// There when an update brought commits.
    oldrev: Option<String>,
    source_branch: String,
    source_project_id: Option<Value>,
    target_project_id: Option<Value>,
    last_commit: Option<LastCommit>,
}

#[derive(Debug, Deserialize)]
struct LastCommit {
    id: String,
}

fn merge_request(body: &[u8]) -> Result<Event, WebhookError> {
    let payload: MergeRequestPayload = serde_json::from_slice(body).map_err(|_| WebhookError::Payload)?;
    let request = payload.object_attributes;
    let action = match request.action.as_deref() {
        Some("open" | "reopen") => PullRequestAction::Opened,
        Some("update") if request.oldrev.is_some() => PullRequestAction::Synchronised,
        Some("close" | "merge") => PullRequestAction::Closed,
        _ => PullRequestAction::Other,
    };
    let fetch_ref: Option<GitRef> = format!("refs/merge-requests/{}/head", request.iid).parse().ok();
    Ok(Event::PullRequest(PullRequest {
        number: request.iid,
        action,
        title: request.title,
        url: request.url,
        branch: request.source_branch.parse().ok(),
        commit: request
            .last_commit
            .map(|commit| commit.id)
            .filter(|id| is_object_id(id)),
        // A source project that is gone counts as a stranger's.
        from_fork: request.source_project_id.is_none()
            || request.source_project_id != request.target_project_id,
        fetch_ref,
        fork: None,
        repository: payload.project.map(RepositoryPayload::into_repository),
    }))
}
