//! Bodies as the published descriptions of the interfaces have them; a field that is not there is a fault.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Kind;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GitLabStatus {
    state: GitLabState,
    name: String,
    target_url: Url,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum GitLabState {
    Pending,
    Running,
    Success,
    Failed,
    Canceled,
    Skipped,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GiteaStatus {
    state: GiteaState,
    context: String,
    target_url: Url,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum GiteaState {
    Pending,
    Success,
    Error,
    Failure,
    Warning,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BitbucketStatus {
    state: BitbucketState,
    key: String,
    name: String,
    url: Url,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum BitbucketState {
    Successful,
    Failed,
    InProgress,
    Stopped,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BitbucketComment {
    content: Raw,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    raw: String,
}

/// Name and state of a commit's status.
pub(super) fn status(kind: Kind, body: &Value) -> Result<(String, String), String> {
    let text = |error: serde_json::Error| error.to_string();
    let state = body["state"].as_str().unwrap_or_default().to_owned();
    let (name, description, link) = match kind {
        Kind::GitLab => {
            let GitLabStatus {
                state,
                name,
                target_url,
                description,
            } = GitLabStatus::deserialize(body).map_err(text)?;
            let _ = state;
            (name, description, target_url)
        }
        Kind::Gitea => {
            let status = GiteaStatus::deserialize(body).map_err(text)?;
            let _ = status.state;
            (status.context, status.description, status.target_url)
        }
        Kind::Bitbucket => {
            let status = BitbucketStatus::deserialize(body).map_err(text)?;
            let _ = status.state;
            if status.key.chars().count() > 40 || status.name.is_empty() {
                return Err("a key has at most 40 characters, and a status has a name".to_owned());
            }
            (status.key, status.description, status.url)
        }
    };
    let is_web = matches!(link.scheme(), "http" | "https") && link.as_str().len() <= 255;
    if name.is_empty() || name.len() > 255 || description.chars().count() > 255 || !is_web {
        return Err("a name, description or address out of bounds".to_owned());
    }
    Ok((name, state))
}

/// Text of a comment.
pub(super) fn comment(kind: Kind, body: &Value) -> Result<String, String> {
    let text = match kind {
        Kind::Bitbucket => BitbucketComment::deserialize(body).map(|comment| comment.content.raw),
        Kind::GitLab | Kind::Gitea => Note::deserialize(body).map(|note| note.body),
    };
    let text = text.map_err(|error| error.to_string())?;
    if text.trim().is_empty() {
        return Err("an empty comment".to_owned());
    }
    Ok(text)
}
