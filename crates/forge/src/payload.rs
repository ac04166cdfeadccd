//! The part of a push payload that GitHub, Gitea, Forgejo, GitLab and hand-written senders have in common.
//!
//! Providers add fields as they like, so unknown ones are skipped here, unlike in our own API.

use serde::Deserialize;
use serde_json::Value;

use crate::{Event, Push, Repository, WebhookError};

const HEADS: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// A push as it is sent.
#[derive(Debug, Deserialize)]
pub(crate) struct PushPayload {
    #[serde(rename = "ref")]
    git_ref: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    deleted: bool,
    head_commit: Option<CommitPayload>,
    #[serde(default)]
    commits: Vec<CommitPayload>,
    repository: Option<RepositoryPayload>,
    /// GitLab's word for the repository.
    project: Option<RepositoryPayload>,
}

#[derive(Debug, Deserialize)]
struct CommitPayload {
    id: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RepositoryPayload {
    /// A number at most providers, text at some.
    id: Option<Value>,
    clone_url: Option<String>,
    html_url: Option<String>,
    git_http_url: Option<String>,
    web_url: Option<String>,
    url: Option<String>,
    default_branch: Option<String>,
}

impl PushPayload {
    /// Reads a body whose signature was checked.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, WebhookError> {
        serde_json::from_slice(body).map_err(|_| WebhookError::Payload)
    }

    /// What the push says.
    pub(crate) fn into_event(self) -> Result<Event, WebhookError> {
        if let Some(tag) = self.git_ref.strip_prefix(TAGS) {
            return Ok(Event::Tag { name: tag.to_owned() });
        }
        let name = self.git_ref.strip_prefix(HEADS).unwrap_or(&self.git_ref);
        let branch = name.parse().map_err(|_| WebhookError::Payload)?;
        if self.deleted || is_zero(&self.after) {
            return Ok(Event::BranchDeleted {
                branch,
                repository: self.repository(),
            });
        }
        if !is_object_id(&self.after) {
            return Err(WebhookError::Payload);
        }
        Ok(Event::Push(Push {
            branch,
            message: self.head_message(),
            repository: self.repository(),
            commit: self.after,
        }))
    }

    fn head_message(&self) -> Option<String> {
        let is_head = |commit: &&CommitPayload| commit.id.as_deref() == Some(self.after.as_str());
        let head = self
            .head_commit
            .as_ref()
            .or_else(|| self.commits.iter().find(is_head))
            .or(self.commits.last());
        head.and_then(|commit| commit.message.clone())
    }

    fn repository(&self) -> Option<Repository> {
        let parts = || self.repository.iter().chain(&self.project);
        parts().next()?;
        let id = parts().find_map(|part| match part.id.as_ref()? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
            _ => None,
        });
        let urls = parts()
            .flat_map(|part| {
                [
                    &part.clone_url,
                    &part.html_url,
                    &part.git_http_url,
                    &part.web_url,
                    &part.url,
                ]
            })
            .filter_map(Clone::clone)
            .filter(|url| url.starts_with("http"))
            .collect();
        Some(Repository {
            id,
            urls,
            default_branch: parts().find_map(|part| part.default_branch.clone()),
        })
    }
}

fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Forty (or 64) zeros: how Git names "no object".
fn is_zero(text: &str) -> bool {
    is_object_id(text) && text.bytes().all(|b| b == b'0')
}
