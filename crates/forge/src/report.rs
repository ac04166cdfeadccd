//! What is told back to a provider: the status of a commit, and one comment on a pull request. Requests are only put
//! together here; whoever has the network sends them.
//!
//! Sources: <https://docs.github.com/rest/commits/statuses>, <https://docs.github.com/rest/issues/comments>,
//! <https://docs.gitea.com/api/>, <https://docs.gitlab.com/api/commits/>, <https://docs.gitlab.com/api/notes/>,
//! <https://developer.atlassian.com/cloud/bitbucket/rest/>.

use std::fmt;

use aether_models::{DeploymentStatus, RepoUrl};
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// Name under which our statuses stand beside those of others.
const CONTEXT: &str = "aether";
/// Longest key of a status that Bitbucket takes.
const KEY_MAX: usize = 40;
/// Longest description a provider takes (GitHub: 140 characters).
pub(crate) const DESCRIPTION_MAX: usize = 140;

/// Whose interface it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// GitHub and GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
    /// Bitbucket Cloud.
    Bitbucket,
}

/// The name is not one of a provider that can be reported to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("choose one of github, gitlab, gitea and bitbucket")]
pub struct UnknownProvider;

/// A repository at a provider, and the right to report to it.
#[derive(Clone)]
pub struct Provider {
    kind: ProviderKind,
    api: Url,
    repository: String,
    token: String,
}

/// A request to be sent; its headers hold the token.
#[derive(Clone)]
pub struct ApiRequest {
    /// Its method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Who asks.
    pub authorization: (HeaderName, HeaderValue),
    /// What with, as JSON.
    pub body: Option<Value>,
}

impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({:?}, {})", self.kind, self.repository)
    }
}

/// The status of a commit.
#[derive(Debug, Clone)]
pub struct CommitStatus<'a> {
    /// The commit.
    pub commit: &'a str,
    /// How its deployment stands.
    pub status: DeploymentStatus,
    /// The environment it goes to.
    pub environment: &'a str,
    /// One line about it.
    pub description: &'a str,
    /// Where more is to be seen.
    pub link: &'a str,
}

impl ProviderKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Gitea, Self::Bitbucket];

    /// Its name, lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
            Self::Bitbucket => "bitbucket",
        }
    }

    /// Where its interface is for a repository, unless something else is said.
    #[must_use]
    pub fn default_api(self, repository: &RepoUrl) -> String {
        let origin = if repository.is_ssh() {
            format!("https://{}", repository.url().host_str().unwrap_or_default())
        } else {
            let mut origin = repository.url().clone();
            origin.set_path("");
            origin.as_str().trim_end_matches('/').to_owned()
        };
        match (self, repository.url().host_str()) {
            (Self::GitHub, Some("github.com")) => "https://api.github.com".to_owned(),
            (Self::GitHub, _) => format!("{origin}/api/v3"),
            (Self::GitLab, _) => format!("{origin}/api/v4"),
            (Self::Gitea, _) => format!("{origin}/api/v1"),
            (Self::Bitbucket, _) => "https://api.bitbucket.org/2.0".to_owned(),
        }
    }
}

impl std::str::FromStr for ProviderKind {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownProvider)
    }
}

impl Provider {
    /// The repository at `repo_url`, reported to through the interface at `api`.
    #[must_use]
    pub fn new(kind: ProviderKind, api: Url, repo_url: &RepoUrl, token: String) -> Self {
        let path = repo_url.url().path().trim_matches('/');
        Self {
            kind,
            api,
            repository: path.strip_suffix(".git").unwrap_or(path).to_owned(),
            token,
        }
    }

    /// Tells how a commit's deployment stands.
    ///
    /// # Errors
    /// When the token does not fit into a header.
    pub fn status(&self, status: &CommitStatus<'_>) -> Result<ApiRequest, http::Error> {
        let name = format!("{CONTEXT}/{}", status.environment);
        let description: String = status.description.chars().take(DESCRIPTION_MAX).collect();
        let state = self.state(status.status);
        let (path, body) = match self.kind {
            ProviderKind::GitHub | ProviderKind::Gitea => (
                vec!["statuses", status.commit],
                json!({"state": state, "target_url": status.link, "description": description, "context": name}),
            ),
            ProviderKind::GitLab => (
                vec!["statuses", status.commit],
                json!({"state": state, "target_url": status.link, "description": description, "name": name}),
            ),
            ProviderKind::Bitbucket => (
                vec!["commit", status.commit, "statuses", "build"],
                json!({"state": state, "url": status.link, "description": description, "key": short_key(&name), "name": name}),
            ),
        };
        self.request(Method::POST, &path, Some(body))
    }

    /// Both are the same to this provider. (GitLab refuses a status that changes nothing.)
    #[must_use]
    pub fn is_same(&self, one: DeploymentStatus, other: DeploymentStatus) -> bool {
        self.state(one) == self.state(other)
    }

    /// Writes a comment on a pull request: a new one, or the one with this id.
    ///
    /// # Errors
    /// When the token does not fit into a header.
    pub fn comment(
        &self,
        number: i32,
        existing: Option<&str>,
        text: &str,
    ) -> Result<ApiRequest, http::Error> {
        let number = number.to_string();
        let body = match self.kind {
            ProviderKind::Bitbucket => json!({"content": {"raw": text}}),
            _ => json!({ "body": text }),
        };
        let path = self.comment_path(&number, existing);
        let method = match (existing, self.kind) {
            (None, _) => Method::POST,
            (Some(_), ProviderKind::GitHub | ProviderKind::Gitea) => Method::PATCH,
            (Some(_), ProviderKind::GitLab | ProviderKind::Bitbucket) => Method::PUT,
        };
        self.request(method, &path, Some(body))
    }

    /// Removes a comment.
    ///
    /// # Errors
    /// When the token does not fit into a header.
    pub fn delete_comment(&self, number: i32, id: &str) -> Result<ApiRequest, http::Error> {
        let number = number.to_string();
        self.request(Method::DELETE, &self.comment_path(&number, Some(id)), None)
    }

    /// The id of the comment that a provider answered with.
    #[must_use]
    pub fn comment_id(answer: &Value) -> Option<String> {
        match answer.get("id")? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn comment_path<'a>(&self, number: &'a str, existing: Option<&'a str>) -> Vec<&'a str> {
        let mut path = match (self.kind, existing) {
            // A comment is named without its request at these two.
            (ProviderKind::GitHub | ProviderKind::Gitea, Some(_)) => vec!["issues", "comments"],
            (ProviderKind::GitHub | ProviderKind::Gitea, None) => vec!["issues", number, "comments"],
            (ProviderKind::GitLab, _) => vec!["merge_requests", number, "notes"],
            (ProviderKind::Bitbucket, _) => vec!["pullrequests", number, "comments"],
        };
        path.extend(existing);
        path
    }

    /// The provider's word for a status.
    const fn state(&self, status: DeploymentStatus) -> &'static str {
        use DeploymentStatus as S;
        match (self.kind, status) {
            (ProviderKind::GitHub | ProviderKind::Gitea, S::Ready) => "success",
            (ProviderKind::GitHub | ProviderKind::Gitea, S::Failed) => "failure",
            (ProviderKind::GitHub | ProviderKind::Gitea, S::Cancelled | S::Superseded) => "error",
            (ProviderKind::GitHub | ProviderKind::Gitea, _) => "pending",
            (ProviderKind::GitLab, S::Ready) => "success",
            (ProviderKind::GitLab, S::Failed) => "failed",
            (ProviderKind::GitLab, S::Cancelled | S::Superseded) => "canceled",
            (ProviderKind::GitLab, S::Queued) => "pending",
            (ProviderKind::GitLab, _) => "running",
            (ProviderKind::Bitbucket, S::Ready) => "SUCCESSFUL",
            (ProviderKind::Bitbucket, S::Failed) => "FAILED",
            (ProviderKind::Bitbucket, S::Cancelled | S::Superseded) => "STOPPED",
            (ProviderKind::Bitbucket, _) => "INPROGRESS",
        }
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<ApiRequest, http::Error> {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            match self.kind {
                ProviderKind::GitHub | ProviderKind::Gitea => {
                    segments.push("repos").extend(self.repository.split('/'));
                }
                // GitLab wants the whole path as one, its slashes encoded.
                ProviderKind::GitLab => {
                    segments.push("projects").push(&self.repository);
                }
                ProviderKind::Bitbucket => {
                    segments.push("repositories").extend(self.repository.split('/'));
                }
            }
            segments.extend(path);
        }
        let (name, value) = match self.kind {
            ProviderKind::GitHub | ProviderKind::Bitbucket => {
                ("authorization", format!("Bearer {}", self.token))
            }
            ProviderKind::Gitea => ("authorization", format!("token {}", self.token)),
            ProviderKind::GitLab => ("private-token", self.token.clone()),
        };
        let mut value = HeaderValue::try_from(value)?;
        value.set_sensitive(true);
        Ok(ApiRequest {
            method,
            url,
            authorization: (HeaderName::from_static(name), value),
            body,
        })
    }
}

/// The name itself, or its begin and a digest where it is too long for a key.
fn short_key(name: &str) -> String {
    if name.chars().count() <= KEY_MAX {
        return name.to_owned();
    }
    let digest = hex::encode(Sha256::digest(name));
    let begin: String = name.chars().take(KEY_MAX - 13).collect();
    format!("{begin}-{}", &digest[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(kind: ProviderKind) -> Provider {
        let repo: RepoUrl = "https://git.example.com/group/site.git".parse().unwrap();
        let api = Url::parse(&kind.default_api(&repo)).unwrap();
        Provider::new(kind, api, &repo, "a token".to_owned())
    }

    #[test]
    fn every_provider_is_told_in_its_own_words() {
        let mut told = Vec::new();
        for kind in ProviderKind::ALL {
            let provider = provider(kind);
            let status = CommitStatus {
                commit: "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",
                status: DeploymentStatus::Ready,
                environment: "production",
                description: "Ready in 12 s",
                link: "https://aether.example.com/x",
            };
            for request in [
                provider.status(&status),
                provider.comment(7, None, "text"),
                provider.comment(7, Some("42"), "text"),
                provider.delete_comment(7, "42"),
            ] {
                let request = request.unwrap();
                let shown = format!("{request:?}");
                told.push(format!("{shown} {}", request.body.unwrap_or_default()));
                assert!(
                    !told.last().unwrap().contains("a token"),
                    "the token stays in its header"
                );
            }
        }
        let expected = [
            r#"POST https://git.example.com/api/v3/repos/group/site/statuses/59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5 {"context":"aether/production","description":"Ready in 12 s","state":"success","target_url":"https://aether.example.com/x"}"#,
            r#"POST https://git.example.com/api/v3/repos/group/site/issues/7/comments {"body":"text"}"#,
            r#"PATCH https://git.example.com/api/v3/repos/group/site/issues/comments/42 {"body":"text"}"#,
            "DELETE https://git.example.com/api/v3/repos/group/site/issues/comments/42 null",
            r#"POST https://git.example.com/api/v4/projects/group%2Fsite/statuses/59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5 {"description":"Ready in 12 s","name":"aether/production","state":"success","target_url":"https://aether.example.com/x"}"#,
            r#"POST https://git.example.com/api/v4/projects/group%2Fsite/merge_requests/7/notes {"body":"text"}"#,
            r#"PUT https://git.example.com/api/v4/projects/group%2Fsite/merge_requests/7/notes/42 {"body":"text"}"#,
            "DELETE https://git.example.com/api/v4/projects/group%2Fsite/merge_requests/7/notes/42 null",
            r#"POST https://git.example.com/api/v1/repos/group/site/statuses/59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5 {"context":"aether/production","description":"Ready in 12 s","state":"success","target_url":"https://aether.example.com/x"}"#,
            r#"POST https://git.example.com/api/v1/repos/group/site/issues/7/comments {"body":"text"}"#,
            r#"PATCH https://git.example.com/api/v1/repos/group/site/issues/comments/42 {"body":"text"}"#,
            "DELETE https://git.example.com/api/v1/repos/group/site/issues/comments/42 null",
            r#"POST https://api.bitbucket.org/2.0/repositories/group/site/commit/59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5/statuses/build {"description":"Ready in 12 s","key":"aether/production","name":"aether/production","state":"SUCCESSFUL","url":"https://aether.example.com/x"}"#,
            r#"POST https://api.bitbucket.org/2.0/repositories/group/site/pullrequests/7/comments {"content":{"raw":"text"}}"#,
            r#"PUT https://api.bitbucket.org/2.0/repositories/group/site/pullrequests/7/comments/42 {"content":{"raw":"text"}}"#,
            "DELETE https://api.bitbucket.org/2.0/repositories/group/site/pullrequests/7/comments/42 null",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_interface_is_found_by_the_repositorys_host() {
        let repo: RepoUrl = "https://github.com/a/b".parse().unwrap();
        assert_eq!(ProviderKind::GitHub.default_api(&repo), "https://api.github.com");
        let repo: RepoUrl = "https://git.example.com/a/b".parse().unwrap();
        assert_eq!(
            ProviderKind::GitHub.default_api(&repo),
            "https://git.example.com/api/v3"
        );
    }

    #[test]
    fn a_token_with_a_line_break_is_no_header() {
        let mut provider = provider(ProviderKind::Gitea);
        provider.token = "a\nb: c".to_owned();
        assert!(provider.delete_comment(1, "2").is_err());
    }
}
