//! Tokens of GitHub Apps, for what the worker does at GitHub in a project's name: cloning and reporting.
//!
//! A token opens one repository where that will do, lives an hour, and is only ever in memory: it goes to GitHub in a
//! header, as credentials do in `git/http.rs`, and nowhere else.

use std::time::Duration;

use aether_forge::{GitHubApp, GitHubError, GitHubHost, TlsRoots, TokenCache, TokenScope};
use aether_models::{ProjectId, RepoCredentials, SharedClock, TeamId, UserError};
use aether_store::{ClaimedDeployment, GitHubRepositoryAccess, GitHubSecret, SecretsError, StoreError};
use secrecy::{ExposeSecret, SecretString};

use crate::environment::Environment;

/// Attempts to get a token while GitHub does not answer.
const ATTEMPTS: u32 = 3;
/// Pause after the first of them; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long the database is waited for before a deployment is given up; it was there a moment ago.
const STORE_PAUSES: u32 = 20;
const STORE_PAUSE: Duration = Duration::from_millis(250);

/// Tokens that this worker has.
#[derive(Debug, Default)]
pub struct GitHubTokens {
    tls: TlsRoots,
    tokens: TokenCache,
}

/// Which repositories a token is to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The project's own.
    Repository,
    /// All that the installation reaches, for submodules.
    Installation,
}

/// No credentials for a repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// A sealed value cannot be opened.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// GitHub gives none.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    /// The database cannot say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CredentialsError {
    /// What somebody is told who waits for it.
    pub(crate) fn to_user_error(&self) -> UserError {
        match self {
            Self::Secrets(_) => UserError::new(
                "secrets_unreadable",
                "The repository's credentials cannot be read",
                "They were sealed with another AETHER_SECRET_KEY than the worker has.",
            )
            .hint("Ask the operator to give API and worker the same AETHER_SECRET_KEY."),
            Self::GitHub(error) => error.to_user_error(),
            Self::Store(_) => UserError::new(
                "database_unavailable",
                "The database does not answer",
                "How the repository is opened could not be looked up.",
            )
            .hint("Deploy again once the database is back."),
        }
    }
}

impl GitHubTokens {
    /// A token for a project's repository that will last for a while yet.
    pub(crate) async fn token(
        &self,
        env: &Environment,
        access: &GitHubRepositoryAccess,
        reach: Reach,
    ) -> Result<SecretString, CredentialsError> {
        let scope = scope(access, reach);
        if let Some(token) = self.tokens.get(&scope, env.clock.now()) {
            return Ok(token.token);
        }
        let app = self.app(env, access)?;
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            match app
                .installation_token(access.installation_id, scope.repository)
                .await
            {
                Ok(token) => {
                    self.tokens.put(scope, token.clone(), env.clock.now());
                    return Ok(token.token);
                }
                Err(error) if attempt < ATTEMPTS && is_brief(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(GitHubError::Malformed.into())
    }

    /// Forgets a token that GitHub did not take: it was revoked before its time.
    pub(crate) fn forget(&self, access: &GitHubRepositoryAccess, reach: Reach) {
        self.tokens.forget(&scope(access, reach));
    }

    fn app(&self, env: &Environment, access: &GitHubRepositoryAccess) -> Result<GitHubApp, CredentialsError> {
        let record = &access.app;
        let pem = record.open(&env.keyring, GitHubSecret::PrivateKey)?;
        let pem: SecretString = String::from_utf8(pem.to_vec())
            .map_err(|_| SecretsError::Damaged)?
            .into();
        let host: GitHubHost = record.base_url.parse().map_err(|_| GitHubError::Malformed)?;
        let (policy, clock) = (&env.settings.git_hosts, SharedClock::clone(&env.clock));
        Ok(GitHubApp::new(
            &host,
            record.github_id,
            &pem,
            policy,
            &self.tls,
            clock,
        )?)
    }
}

/// A pause of seconds may mend it.
const fn is_brief(error: &GitHubError) -> bool {
    error.is_transient() && !matches!(error, GitHubError::RateLimited { .. })
}

const fn scope(access: &GitHubRepositoryAccess, reach: Reach) -> TokenScope {
    TokenScope {
        app: access.app.id.uuid(),
        installation: access.installation_id,
        repository: match reach {
            Reach::Repository => Some(access.repository_id),
            Reach::Installation => None,
        },
    }
}

/// What opens a project's repository over HTTP: what is stored for it, or a token of its GitHub App.
pub(crate) async fn repository_credentials(
    env: &Environment,
    team: TeamId,
    project: ProjectId,
    sealed: Option<&[u8]>,
    reach: Reach,
) -> Result<Option<RepoCredentials>, CredentialsError> {
    if let Some(credentials) = env.open_credentials(team, project, sealed)? {
        return Ok(Some(credentials));
    }
    let Some(access) = env.store.github_repository(team, project).await? else {
        return Ok(None);
    };
    let token = env.github.token(env, &access, reach).await?;
    Ok(Some(RepoCredentials::github(token.expose_secret())))
}

/// What opens the repository of a deployment. Submodules may need other repositories of the account; a fork's commit gets
/// the token for its own only, because its authors choose what is fetched (threats.md input 75).
pub(crate) async fn deployment_credentials(
    env: &Environment,
    claimed: &ClaimedDeployment,
) -> Result<Option<RepoCredentials>, UserError> {
    if claimed.is_upload
        || claimed
            .source
            .repo_url()
            .is_none_or(aether_models::RepoUrl::is_ssh)
    {
        return Ok(None);
    }
    let reach = if claimed.settings.submodules && !claimed.from_fork {
        Reach::Installation
    } else {
        Reach::Repository
    };
    let (team, project, sealed) = (
        claimed.team_id,
        claimed.project_id,
        claimed.repo_credentials.as_deref(),
    );
    let mut pauses = 0;
    loop {
        match repository_credentials(env, team, project, sealed, reach).await {
            Err(CredentialsError::Store(error)) if error.is_transient() && pauses < STORE_PAUSES => {
                pauses += 1;
                tokio::time::sleep(STORE_PAUSE).await;
            }
            outcome => {
                return outcome.map_err(|error| {
                    tracing::warn!(%error, %project, "a repository's credentials could not be had");
                    error.to_user_error()
                });
            }
        }
    }
}
