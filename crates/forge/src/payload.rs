//! The part of a push payload that GitHub, Gitea, Forgejo, GitLab and hand-written senders have in common.
//!
//! Providers add fields as they like, so unknown ones are skipped here, unlike in our own API.

use std::collections::BTreeSet;

use aether_models::GitRef;
use serde::Deserialize;
use serde_json::Value;

use crate::{Changes, Event, Push, Repository, WebhookError};

const HEADS: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";
/// Where GitHub stops listing commits of a push.
const COMMITS_CUT: usize = 2048;
/// Where GitHub stops listing files.
const FILES_CUT: usize = 3000;

/// A push as it is sent.
#[derive(Debug, Deserialize)]
pub(crate) struct PushPayload {
    #[serde(rename = "ref")]
    git_ref: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    head_commit: Option<CommitPayload>,
    /// GitLab sends null for a branch without new commits.
    commits: Option<Vec<CommitPayload>>,
    /// How many there are, at GitLab.
    total_commits_count: Option<usize>,
    /// How many there are, at Gitea.
    total_commits: Option<usize>,
    repository: Option<RepositoryPayload>,
    /// GitLab's word for the repository.
    project: Option<RepositoryPayload>,
}

#[derive(Debug, Deserialize)]
struct CommitPayload {
    id: Option<String>,
    message: Option<String>,
    added: Option<Vec<String>>,
    modified: Option<Vec<String>>,
    removed: Option<Vec<String>>,
}

/// A repository as it is sent.
#[derive(Debug, Deserialize)]
pub(crate) struct RepositoryPayload {
    /// A number at most providers, text at some.
    id: Option<Value>,
    clone_url: Option<String>,
    html_url: Option<String>,
    git_http_url: Option<String>,
    web_url: Option<String>,
    url: Option<String>,
    default_branch: Option<String>,
}

/// A branch or tag that was deleted, as Gitea tells it.
#[derive(Debug, Deserialize)]
struct DeletionPayload {
    #[serde(rename = "ref")]
    name: String,
    ref_type: String,
    repository: Option<RepositoryPayload>,
}

impl PushPayload {
    /// Reads a body whose signature was checked.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, WebhookError> {
        serde_json::from_slice(body).map_err(|_| WebhookError::Payload)
    }

    /// Reads Gitea's `delete` event.
    pub(crate) fn parse_deletion(body: &[u8]) -> Result<Event, WebhookError> {
        let payload: DeletionPayload = serde_json::from_slice(body).map_err(|_| WebhookError::Payload)?;
        let repository = payload.repository.map(RepositoryPayload::into_repository);
        if payload.ref_type != "branch" {
            return Ok(Event::Tag {
                name: payload.name,
                repository,
            });
        }
        let branch = payload.name.parse().map_err(|_| WebhookError::Payload)?;
        Ok(Event::BranchDeleted { branch, repository })
    }

    /// What the push says.
    pub(crate) fn into_event(self) -> Result<Event, WebhookError> {
        if let Some(tag) = self.git_ref.strip_prefix(TAGS) {
            return Ok(Event::Tag {
                name: tag.to_owned(),
                repository: self.repository(),
            });
        }
        let name = self.git_ref.strip_prefix(HEADS).unwrap_or(&self.git_ref);
        let branch: GitRef = name.parse().map_err(|_| WebhookError::Payload)?;
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
            changes: self.changes(),
            repository: self.repository(),
            commit: self.after,
        }))
    }

    fn head_message(&self) -> Option<String> {
        let is_head = |commit: &&CommitPayload| commit.id.as_deref() == Some(self.after.as_str());
        let commits = self.commits.as_deref().unwrap_or_default();
        let head = self
            .head_commit
            .as_ref()
            .or_else(|| commits.iter().find(is_head))
            .or(commits.last());
        head.and_then(|commit| commit.message.clone())
    }

    /// Files of all commits together. Whenever something may be missing, nothing is said to be known: a deployment too
    /// many does no harm, one too few does.
    fn changes(&self) -> Changes {
        let commits = self.commits.as_deref().unwrap_or_default();
        let total = self.total_commits_count.or(self.total_commits).unwrap_or(0);
        if self.forced {
            return Changes::Unknown("the branch was rewritten");
        }
        if is_zero(&self.before) || self.before.is_empty() {
            return Changes::Unknown("the branch is new");
        }
        if commits.is_empty() {
            return Changes::Unknown("the delivery lists no commits");
        }
        if commits.len() >= COMMITS_CUT || total > commits.len() {
            return Changes::Unknown("the provider cut the list of commits");
        }
        let mut files = BTreeSet::new();
        for commit in commits {
            let lists = [&commit.added, &commit.modified, &commit.removed];
            if lists.iter().all(|list| list.is_none()) {
                return Changes::Unknown("the delivery lists no files");
            }
            files.extend(lists.into_iter().flatten().flatten().cloned());
        }
        if files.len() >= FILES_CUT {
            return Changes::Unknown("the provider cut the list of files");
        }
        Changes::Known(files.into_iter().collect())
    }

    fn repository(&self) -> Option<Repository> {
        let parts: Vec<&RepositoryPayload> = self.repository.iter().chain(&self.project).collect();
        parts.first()?;
        Some(Repository {
            id: parts.iter().find_map(|part| part.id()),
            urls: parts.iter().flat_map(|part| part.urls()).collect(),
            default_branch: parts.iter().find_map(|part| part.default_branch.clone()),
        })
    }
}

impl RepositoryPayload {
    pub(crate) fn into_repository(self) -> Repository {
        Repository {
            id: self.id(),
            urls: self.urls(),
            default_branch: self.default_branch,
        }
    }

    fn id(&self) -> Option<String> {
        match self.id.as_ref()? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn urls(&self) -> Vec<String> {
        let all = [
            &self.clone_url,
            &self.html_url,
            &self.git_http_url,
            &self.web_url,
            &self.url,
        ];
        let given = all.into_iter().filter_map(Clone::clone);
        given.filter(|url| url.starts_with("http")).collect()
    }
}

pub(crate) fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Forty (or 64) zeros: how Git names "no object".
fn is_zero(text: &str) -> bool {
    is_object_id(text) && text.bytes().all(|b| b == b'0')
}
