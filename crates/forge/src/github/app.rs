//! What a GitHub App asks of GitHub: its own making, its installations, their tokens and repositories.
//!
//! The App proves itself by a short token it signs with its key (RS256); for everything about repositories GitHub gives
//! it another one, of one installation and, where possible, of one repository. Sources:
//! <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app>, GitHub's published OpenAPI.

use aether_models::{GitHostPolicy, SharedClock};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::api::Api;
use super::{GitHubError, GitHubHost, InstallationToken};
use crate::outbound::TlsRoots;

/// The token's beginning lies so far back that a clock which is a little ahead does no harm, as GitHub advises.
const ISSUED_BEFORE: i64 = 60;
/// GitHub takes ten minutes at most, counted by its own clock.
const LIFETIME: i64 = 9 * 60;
/// Most entries of a page.
const PAGE: usize = 100;
/// Installations of an App that only its owner can install: one, or those of an organisation's.
const INSTALLATIONS_MAX: usize = 500;
/// Longest code GitHub would give; theirs have 40 characters.
const CODE_MAX: usize = 200;

/// What GitHub tells once about a new App.
#[derive(Debug, Clone, Deserialize)]
pub struct AppCredentials {
    /// GitHub's id of it.
    pub id: i64,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: Account,
    /// Its page.
    pub html_url: String,
    /// Names it as an OAuth client.
    pub client_id: String,
    /// Proves it as one.
    pub client_secret: SecretString,
    /// Signs webhooks; none when it has no webhook.
    pub webhook_secret: Option<SecretString>,
    /// Its key, as PEM.
    pub pem: SecretString,
}

/// A person or an organisation at GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Name in addresses.
    #[serde(alias = "slug")]
    pub login: String,
    /// `User` or `Organization`; an enterprise has none.
    #[serde(rename = "type", default)]
    pub kind: String,
}

/// An App on an account's repositories.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Installation {
    /// GitHub's id of it.
    pub id: i64,
    /// Whose repositories.
    pub account: Account,
    /// `all` of them, or `selected` ones.
    pub repository_selection: String,
    /// Where the account manages it.
    pub html_url: String,
    /// Since when it is suspended.
    #[serde(default)]
    pub suspended_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A repository that an installation reaches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RemoteRepository {
    /// GitHub's id of it; it survives a rename.
    pub id: i64,
    /// Owner and name.
    pub full_name: String,
    /// Only some can see it.
    pub private: bool,
    /// Nothing can be pushed to it any more.
    #[serde(default)]
    pub archived: bool,
    /// The branch that is checked out when none is named.
    pub default_branch: String,
    /// Its page.
    pub html_url: String,
    /// Where it is cloned from.
    pub clone_url: String,
    /// Time of the last push; none for an empty one.
    #[serde(default)]
    pub pushed_at: Option<DateTime<Utc>>,
}

/// Repositories of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryList {
    /// Those that were read.
    pub repositories: Vec<RemoteRepository>,
    /// How many there are in all.
    pub total: usize,
}

/// A GitHub App that can speak for itself.
#[derive(Clone)]
pub struct GitHubApp {
    api: Api,
    app_id: i64,
    key: EncodingKey,
    clock: SharedClock,
}

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

impl std::fmt::Debug for GitHubApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GitHubApp({})", self.app_id)
    }
}

/// Exchanges the code that GitHub gave a browser for the App it stands for. That works once, within an hour.
///
/// # Errors
/// [`GitHubError`].
pub async fn convert_manifest_code(
    host: &GitHubHost,
    code: &str,
    policy: &GitHostPolicy,
    tls: &TlsRoots,
    clock: SharedClock,
) -> Result<AppCredentials, GitHubError> {
    let is_code = !code.is_empty()
        && code.len() <= CODE_MAX
        && code
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !is_code {
        return Err(GitHubError::CodeRefused);
    }
    let api = Api::new(host, policy, tls, clock)?;
    let path = format!("/app-manifests/{code}/conversions");
    let answer = api.send(Method::POST, &path, None, None).await?;
    if matches!(
        answer.status(),
        StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY
    ) {
        return Err(GitHubError::CodeRefused);
    }
    let credentials: AppCredentials = api.expect(&answer, StatusCode::CREATED)?;
    // Its page becomes a link in the dashboard: it lies where the App was asked for.
    if !credentials.html_url.starts_with(&format!("{host}/")) {
        return Err(GitHubError::Malformed);
    }
    Ok(credentials)
}

impl GitHubApp {
    /// The App with this id and key.
    ///
    /// # Errors
    /// [`GitHubError`].
    pub fn new(
        host: &GitHubHost,
        app_id: i64,
        pem: &SecretString,
        policy: &GitHostPolicy,
        tls: &TlsRoots,
        clock: SharedClock,
    ) -> Result<Self, GitHubError> {
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
            .map_err(|error| GitHubError::Key(error.to_string()))?;
        Ok(Self {
            api: Api::new(host, policy, tls, SharedClock::clone(&clock))?,
            app_id,
            key,
            clock,
        })
    }

    /// Every installation.
    ///
    /// # Errors
    /// [`GitHubError`].
    pub async fn installations(&self) -> Result<Vec<Installation>, GitHubError> {
        let mut all: Vec<Installation> = Vec::new();
        for page in 1.. {
            let path = format!("/app/installations?per_page={PAGE}&page={page}");
            let answer = self
                .api
                .send(Method::GET, &path, Some(&self.proof()?), None)
                .await?;
            let found: Vec<Installation> = self.api.expect(&answer, StatusCode::OK)?;
            let is_last = found.len() < PAGE;
            all.extend(found);
            if is_last || all.len() >= INSTALLATIONS_MAX {
                break;
            }
        }
        Ok(all)
    }

    /// A new token of an installation, for one repository or all of them.
    ///
    /// # Errors
    /// [`GitHubError`].
    pub async fn installation_token(
        &self,
        installation: i64,
        repository: Option<i64>,
    ) -> Result<InstallationToken, GitHubError> {
        #[derive(Deserialize)]
        struct Given {
            token: SecretString,
            expires_at: DateTime<Utc>,
        }
        let path = format!("/app/installations/{installation}/access_tokens");
        let body = match repository {
            Some(id) => json!({"repository_ids": [id]}),
            None => json!({}),
        };
        let proof = self.proof()?;
        let answer = self
            .api
            .send(Method::POST, &path, Some(&proof), Some(&body))
            .await?;
        match answer.status() {
            StatusCode::NOT_FOUND => return Err(GitHubError::InstallationGone),
            StatusCode::UNPROCESSABLE_ENTITY => return Err(GitHubError::RepositoryNotIncluded),
            StatusCode::FORBIDDEN if answer.says("suspended") => {
                return Err(GitHubError::InstallationSuspended);
            }
            _ => {}
        }
        let given: Given = self.api.expect(&answer, StatusCode::CREATED)?;
        Ok(InstallationToken {
            token: given.token,
            expires_at: given.expires_at,
        })
    }

    /// The repositories that a token opens, `most` at the most.
    ///
    /// # Errors
    /// [`GitHubError`].
    pub async fn repositories(
        &self,
        token: &InstallationToken,
        most: usize,
    ) -> Result<RepositoryList, GitHubError> {
        #[derive(Deserialize)]
        struct Page {
            total_count: usize,
            repositories: Vec<RemoteRepository>,
        }
        let mut list = RepositoryList {
            repositories: Vec::new(),
            total: 0,
        };
        for number in 1.. {
            let path = format!("/installation/repositories?per_page={PAGE}&page={number}");
            let bearer = token.token.expose_secret();
            let answer = self.api.send(Method::GET, &path, Some(bearer), None).await?;
            let page: Page = self.api.expect(&answer, StatusCode::OK)?;
            let is_last = page.repositories.len() < PAGE;
            list.total = page.total_count;
            list.repositories.extend(page.repositories);
            if is_last || list.repositories.len() >= most {
                break;
            }
        }
        Ok(list)
    }

    /// The token by which the App proves itself.
    fn proof(&self) -> Result<String, GitHubError> {
        let now = self.clock.now().timestamp();
        let claims = Claims {
            iat: now - ISSUED_BEFORE,
            exp: now + LIFETIME,
            iss: self.app_id.to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map_err(|error| GitHubError::Key(error.to_string()))
    }
}
