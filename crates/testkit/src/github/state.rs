//! What a GitHub knows: Apps, installations, tokens, and what it was told.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

/// Status, headers and message of a refusal.
pub type GitHubRefusal = (u16, Vec<(&'static str, String)>, &'static str);

/// How it behaves.
#[derive(Debug, Clone, Default)]
pub struct GitHubBehaviour {
    /// Every request to the interface is answered with this status, these headers and this message.
    pub refuse: Option<GitHubRefusal>,
    /// Its clock is so many seconds ahead of this machine's.
    pub clock_ahead: i64,
    /// Tokens live so many seconds; an hour when 0.
    pub token_seconds: i64,
}

/// One call of the interface.
#[derive(Debug, Clone)]
pub struct GitHubCall {
    /// Method and path behind the interface's base.
    pub line: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The body.
    pub body: Value,
    /// The status it was answered with.
    pub status: u16,
}

/// A deployment object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubDeployment {
    /// Its id.
    pub id: i64,
    /// Name of its environment.
    pub environment: String,
    /// It is production.
    pub production: bool,
    /// The commit.
    pub commit: String,
    /// What it was said to be, in order.
    pub states: Vec<String>,
    /// Where it was last said to be seen.
    pub environment_url: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct App {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) webhook_secret: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Installation {
    pub(super) app: i64,
    pub(super) account: String,
    pub(super) repositories: Vec<i64>,
    pub(super) suspended: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) full_name: String,
    pub(super) private: bool,
    pub(super) pushed_at: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) repositories: HashSet<i64>,
    pub(super) ends_at: i64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) base: String,
    pub(super) behaviour: GitHubBehaviour,
    pub(super) next_id: i64,
    pub(super) codes: HashMap<String, App>,
    pub(super) apps: HashMap<i64, App>,
    pub(super) installations: HashMap<i64, Installation>,
    pub(super) repositories: HashMap<i64, Repository>,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) deployments: Vec<GitHubDeployment>,
    pub(super) comments: HashMap<i64, String>,
    pub(super) calls: Vec<GitHubCall>,
    pub(super) faults: Vec<String>,
}

impl State {
    pub(super) fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        1000 + self.next_id
    }

    /// The repository of this name that a live token opens.
    pub(super) fn opened(&self, token: &str, full_name: &str, now: i64) -> Option<i64> {
        let token = self.tokens.get(token).filter(|token| token.ends_at > now)?;
        let named = self
            .repositories
            .iter()
            .find(|(_, repository)| repository.full_name == full_name)?;
        token.repositories.contains(named.0).then_some(*named.0)
    }

    pub(super) fn installation_json(&self, id: i64, now: i64) -> Value {
        let Some(installation) = self.installations.get(&id) else {
            return Value::Null;
        };
        let time = time(now);
        json!({
            "id": id, "app_id": installation.app, "target_type": "Organization", "target_id": 1,
            "account": {"login": installation.account, "id": 1, "type": "Organization"},
            "repository_selection": "selected", "permissions": {"contents": "read"}, "events": ["push"],
            "html_url": format!("{}/organizations/{}/settings/installations/{id}", self.base, installation.account),
            "created_at": time, "updated_at": time,
            "suspended_at": installation.suspended.then_some(time),
        })
    }

    pub(super) fn repository_json(&self, id: i64) -> Value {
        let Some(repository) = self.repositories.get(&id) else {
            return Value::Null;
        };
        let (base, full_name) = (&self.base, &repository.full_name);
        json!({
            "id": id, "full_name": full_name, "name": full_name.split('/').nth(1), "private": repository.private,
            "archived": false, "default_branch": "main", "html_url": format!("{base}/{full_name}"),
            "clone_url": format!("{base}/{full_name}.git"), "pushed_at": time(repository.pushed_at),
        })
    }
}

pub(super) fn time(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
