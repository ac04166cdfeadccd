//! Deployment objects: how GitHub itself shows what is live where.
//!
//! Source: <https://docs.github.com/rest/deployments>, and GitHub's published OpenAPI for every field.

use http::Method;
use serde_json::{Value, json};

use crate::report::{ApiRequest, DESCRIPTION_MAX, Provider};

/// A deployment to be shown by GitHub.
#[derive(Debug, Clone)]
pub struct NewGitHubDeployment<'a> {
    /// The commit.
    pub commit: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// It is what visitors see, not a preview.
    pub production: bool,
    /// One line about it.
    pub description: &'a str,
}

/// How a deployment stands, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitHubDeploymentState {
    /// It waits.
    Queued,
    /// It is built.
    InProgress,
    /// It is live.
    Success,
    /// It could not be built or did not become healthy.
    Failure,
    /// It is not live any more, or never came to be.
    Inactive,
}

/// A deployment's state to be shown.
#[derive(Debug, Clone)]
pub struct GitHubDeploymentStatus<'a> {
    /// The state.
    pub state: GitHubDeploymentState,
    /// One line about it.
    pub description: &'a str,
    /// Where it is to be seen, once it is live.
    pub environment_url: Option<&'a str>,
    /// Its log.
    pub log_url: &'a str,
}

impl GitHubDeploymentState {
    const ALL: [Self; 5] = [
        Self::Queued,
        Self::InProgress,
        Self::Success,
        Self::Failure,
        Self::Inactive,
    ];

    /// GitHub's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Inactive => "inactive",
        }
    }

    /// The state of this word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl Provider {
    /// Makes a deployment object. It asks for no merge and waits for no other check: what it is about happens anyway.
    ///
    /// # Errors
    /// When the token does not fit into a header.
    pub fn github_deployment(&self, new: &NewGitHubDeployment<'_>) -> Result<ApiRequest, http::Error> {
        let body = json!({
            "ref": new.commit,
            "task": "deploy",
            "auto_merge": false,
            "required_contexts": [],
            "environment": new.environment,
            "description": cut(new.description),
            "transient_environment": !new.production,
            "production_environment": new.production,
        });
        self.request(Method::POST, &["deployments"], Some(body))
    }

    /// Tells how a deployment object stands. Which ones are inactive is said for each: GitHub's own guess leaves out
    /// production.
    ///
    /// # Errors
    /// When the token does not fit into a header.
    pub fn github_deployment_status(
        &self,
        deployment: i64,
        status: &GitHubDeploymentStatus<'_>,
    ) -> Result<ApiRequest, http::Error> {
        let mut body = json!({
            "state": status.state.as_str(),
            "log_url": status.log_url,
            "description": cut(status.description),
            "auto_inactive": false,
        });
        if let Some(url) = status.environment_url {
            body["environment_url"] = json!(url);
        }
        let id = deployment.to_string();
        self.request(Method::POST, &["deployments", &id, "statuses"], Some(body))
    }

    /// The id in the answer to [`Self::github_deployment`].
    #[must_use]
    pub fn github_deployment_id(answer: &Value) -> Option<i64> {
        answer["id"].as_i64()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(DESCRIPTION_MAX).collect()
}
