//! GitHub Apps as this service uses them: opened from the store, with tokens and lists that are kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use aether_forge::{
    GitHubApp, GitHubError, GitHubHost, InstallationToken, RepositoryList, TlsRoots, TokenCache, TokenScope,
};
use aether_models::{GitHubAppId, SharedClock};
use aether_store::{GitHubAppRecord, GitHubSecret};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// A list of repositories is good for so long: typing into a search field asks GitHub once.
const LIST_AGE: TimeDelta = TimeDelta::seconds(60);
/// Repositories read of one installation; an organisation with more picks those the App may see.
const REPOSITORIES_MAX: usize = 3000;

/// What is known of GitHub in this process.
#[derive(Debug, Default)]
pub(crate) struct GitHub {
    pub(crate) tls: TlsRoots,
    tokens: TokenCache,
    lists: Mutex<HashMap<(GitHubAppId, i64), KeptList>>,
}

#[derive(Debug)]
struct KeptList {
    read_at: DateTime<Utc>,
    list: Arc<RepositoryList>,
}

impl GitHub {
    /// The App, able to speak.
    pub(crate) fn app(&self, state: &AppState, record: &GitHubAppRecord) -> ApiResult<GitHubApp> {
        let pem = record
            .open(&state.keyring, GitHubSecret::PrivateKey)
            .map_err(ApiError::internal)?;
        let pem: SecretString = String::from_utf8(pem.to_vec())
            .map_err(ApiError::internal)?
            .into();
        let host: GitHubHost = record.base_url.parse().map_err(ApiError::internal)?;
        let (policy, clock) = (&state.settings.git_hosts, SharedClock::clone(&state.clock));
        GitHubApp::new(&host, record.github_id, &pem, policy, &self.tls, clock)
            .map_err(|error| refused(&error))
    }

    /// A token of an installation, for one repository or all of its.
    pub(crate) async fn token(
        &self,
        state: &AppState,
        record: &GitHubAppRecord,
        installation: i64,
        repository: Option<i64>,
    ) -> ApiResult<InstallationToken> {
        let scope = TokenScope {
            app: record.id.uuid(),
            installation,
            repository,
        };
        if let Some(token) = self.tokens.get(&scope, state.clock.now()) {
            return Ok(token);
        }
        let app = self.app(state, record)?;
        let token = app.installation_token(installation, repository).await;
        let token = token.map_err(|error| refused(&error))?;
        self.tokens.put(scope, token.clone(), state.clock.now());
        Ok(token)
    }

    /// The repositories of an installation, as of a minute ago at most.
    pub(crate) async fn repositories(
        &self,
        state: &AppState,
        record: &GitHubAppRecord,
        installation: i64,
    ) -> ApiResult<Arc<RepositoryList>> {
        let key = (record.id, installation);
        let now = state.clock.now();
        if let Some(list) = self.kept(key, now) {
            return Ok(list);
        }
        let token = self.token(state, record, installation, None).await?;
        let found = self
            .app(state, record)?
            .repositories(&token, REPOSITORIES_MAX)
            .await;
        if matches!(found, Err(GitHubError::AppRefused)) {
            // The token was revoked before its time, as it is when an account suspends the App.
            let scope = TokenScope {
                app: record.id.uuid(),
                installation,
                repository: None,
            };
            self.tokens.forget(&scope);
        }
        let list = Arc::new(found.map_err(|error| refused(&error))?);
        let kept = KeptList {
            read_at: now,
            list: Arc::clone(&list),
        };
        self.lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, kept);
        Ok(list)
    }

    /// Forgets the lists of an App: its installations have changed.
    pub(crate) fn forget_lists(&self, app: GitHubAppId) {
        self.lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(of, _), _| *of != app);
    }

    fn kept(&self, key: (GitHubAppId, i64), now: DateTime<Utc>) -> Option<Arc<RepositoryList>> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|_, kept| now - kept.read_at < LIST_AGE);
        lists.get(&key).map(|kept| Arc::clone(&kept.list))
    }
}

/// What GitHub's refusal means to a caller: 503 or 429 for what may go better later, 422 for the rest.
pub(crate) fn refused(error: &GitHubError) -> ApiError {
    let told = error.to_user_error();
    let hint = told.hint.unwrap_or_default();
    if let GitHubError::RateLimited { seconds } = error {
        return ApiError::too_many("github_rate_limited", told.detail, *seconds).hint(hint);
    }
    let detail = format!("{}: {}", told.title, told.detail);
    if error.is_transient() {
        return ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "github_unavailable",
            "GitHub does not answer",
            detail,
        )
        .hint(hint)
        .header(RETRY_AFTER, HeaderValue::from_static("10"));
    }
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "github_refused",
        "GitHub refused",
        detail,
    )
    .hint(hint)
}
