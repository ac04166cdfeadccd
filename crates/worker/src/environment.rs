//! Every outside capability of the worker in one struct, so that a test can replace each.

use std::sync::Arc;

use aether_models::{AppHosts, EnvVar, ProjectId, RepoCredentials, SharedClock, TeamId};
use aether_store::{Keyring, SealContext, SealedDeployKey, SealedEnvVar, SecretsError, Store};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::folders::Folders;
use crate::git::{GitClient, SshIdentity};
use crate::github::GitHubTokens;
use crate::runtime::Runtimes;
use crate::settings::Settings;

/// Name under which a project's repository credentials are sealed.
const REPO_CREDENTIALS: &str = "repo_credentials";

/// Name under which a project's SSH key is sealed.
const DEPLOY_KEY: &str = "deploy_key";

/// What the worker works with.
#[derive(Clone)]
pub struct Environment {
    /// How to work.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: SharedClock,
    /// Postgres and Redis.
    pub store: Store,
    /// Opens sealed values.
    pub keyring: Keyring,
    /// Runs builds and apps.
    pub runtime: Runtimes,
    /// Fetches repositories.
    pub git: GitClient,
    /// Tokens of GitHub Apps.
    pub github: Arc<GitHubTokens>,
    /// The disk.
    pub folders: Folders,
    /// Host names of projects.
    pub hosts: AppHosts,
    /// This worker, unique per start: a worker that comes back must not be taken for its former self.
    pub worker: String,
}

impl Environment {
    /// The variables of a deployment in the clear. Names that this version refuses are left out.
    ///
    /// # Errors
    /// [`SecretsError`] when a value was sealed by a key that is not here.
    pub fn open_variables(
        &self,
        team: TeamId,
        project: ProjectId,
        sealed: &[SealedEnvVar],
    ) -> Result<Vec<EnvVar>, SecretsError> {
        let open = |variable: &SealedEnvVar| {
            let name = match variable.name.parse() {
                Ok(name) => name,
                Err(error) => {
                    tracing::warn!(%error, %project, "a stored variable is left out");
                    return Ok(None);
                }
            };
            let bytes = STANDARD
                .decode(&variable.value)
                .map_err(|_| SecretsError::Damaged)?;
            let value = self.keyring.open(
                &SealContext {
                    team,
                    project,
                    name: &variable.name,
                },
                &bytes,
            )?;
            let value = String::from_utf8(value.to_vec()).map_err(|_| SecretsError::Damaged)?;
            Ok(Some(EnvVar {
                name,
                value,
                scope: variable.scope,
                secret: variable.secret,
            }))
        };
        sealed
            .iter()
            .filter_map(|variable| open(variable).transpose())
            .collect()
    }

    /// The credentials of a project's repository in the clear.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn open_credentials(
        &self,
        team: TeamId,
        project: ProjectId,
        sealed: Option<&[u8]>,
    ) -> Result<Option<RepoCredentials>, SecretsError> {
        let Some(sealed) = sealed else { return Ok(None) };
        let plain = self.keyring.open(
            &SealContext {
                team,
                project,
                name: REPO_CREDENTIALS,
            },
            sealed,
        )?;
        serde_json::from_slice(&plain)
            .map(Some)
            .map_err(|_| SecretsError::Damaged)
    }

    /// The SSH key of a project in the clear.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn open_deploy_key(
        &self,
        team: TeamId,
        project: ProjectId,
        sealed: Option<&SealedDeployKey>,
    ) -> Result<Option<SshIdentity>, SecretsError> {
        let Some(sealed) = sealed else { return Ok(None) };
        let context = SealContext {
            team,
            project,
            name: DEPLOY_KEY,
        };
        let plain = self.keyring.open(&context, &sealed.private_key)?;
        Ok(Some(SshIdentity {
            private_key: String::from_utf8(plain.to_vec()).map_err(|_| SecretsError::Damaged)?,
            host_key: sealed.host_key.clone(),
            ..SshIdentity::default()
        }))
    }
}
