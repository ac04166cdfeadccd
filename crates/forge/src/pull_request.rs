//! Pull requests as GitHub, Gitea and Forgejo send them.

use aether_models::GitRef;
use serde::Deserialize;
use serde_json::Value;

use crate::payload::{RepositoryPayload, is_object_id};
use crate::{Event, PullRequest, PullRequestAction, WebhookError};

/// A pull request's event as it is sent.
#[derive(Debug, Deserialize)]
pub(crate) struct PullRequestPayload {
    action: String,
    number: i32,
    pull_request: RequestPayload,
    repository: Option<RepositoryPayload>,
}

#[derive(Debug, Deserialize)]
struct RequestPayload {
    #[serde(default)]
    title: String,
    html_url: Option<String>,
    head: Side,
    base: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    #[serde(rename = "ref", default)]
    git_ref: String,
    #[serde(default)]
    sha: String,
    /// Null once the fork was deleted.
    repo: Option<SideRepository>,
}

#[derive(Debug, Deserialize)]
struct SideRepository {
    id: Value,
}

impl PullRequestPayload {
    /// Reads a body whose signature was checked.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, WebhookError> {
        serde_json::from_slice(body).map_err(|_| WebhookError::Payload)
    }

    /// What it says.
    pub(crate) fn into_event(self) -> Event {
        let action = match self.action.as_str() {
            "opened" | "reopened" => PullRequestAction::Opened,
            "synchronize" | "synchronized" => PullRequestAction::Synchronised,
            "closed" => PullRequestAction::Closed,
            _ => PullRequestAction::Other,
        };
        let RequestPayload {
            title,
            html_url,
            head,
            base,
        } = self.pull_request;
        let id = |side: &Side| side.repo.as_ref().map(|repository| repository.id.clone());
        let fetch_ref: Option<GitRef> = format!("refs/pull/{}/head", self.number).parse().ok();
        Event::PullRequest(PullRequest {
            number: self.number,
            action,
            title,
            url: html_url,
            from_fork: id(&head).is_none() || id(&head) != id(&base),
            branch: head.git_ref.parse().ok(),
            commit: Some(head.sha).filter(|sha| is_object_id(sha)),
            fetch_ref,
            fork: None,
            repository: self.repository.map(RepositoryPayload::into_repository),
        })
    }
}
