//! One deployment in the hands of this worker.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use aether_models::{Commit, DeploymentId, EnvVar, ProjectId, RepoCredentials, UserError};
use aether_store::{ClaimedDeployment, Heartbeat};
use tokio::time::{Duration, Instant};

use super::logs::BuildLog;
use super::step::{StepError, persist};
use crate::environment::Environment;
use crate::git::SshIdentity;
use crate::lease::{StopReason, StopSignal};
use crate::runtime::Runtime;

/// A claimed deployment and what its steps share.
pub(crate) struct Job {
    /// What the worker works with.
    pub env: Environment,
    /// The claim.
    pub claimed: ClaimedDeployment,
    /// Its variables in the clear.
    pub variables: Vec<EnvVar>,
    /// Credentials of its repository in the clear.
    pub credentials: Option<RepoCredentials>,
    /// SSH key of its project in the clear.
    pub deploy_key: Option<SshIdentity>,
    /// Its log.
    pub log: BuildLog,
    /// Tells it to stop.
    pub stop: StopSignal,
    /// When install and build must be done.
    pub deadline: Instant,
    /// Set once the working tree belongs to the account that builds run as.
    pub given: tokio::sync::OnceCell<()>,
}

/// The working tree of one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The repository's root.
    pub workspace: PathBuf,
    /// What was checked out; a template or an upload has no commit.
    pub commit: Option<Commit>,
}

impl Job {
    /// The deployment's id.
    #[must_use]
    pub(crate) const fn id(&self) -> DeploymentId {
        self.claimed.lease.deployment_id
    }

    /// What runs this project's builds and apps.
    ///
    /// # Errors
    /// A [`UserError`] when it is pinned to a runtime that this worker does not have.
    pub(crate) fn runtime(&self) -> Result<&Arc<dyn Runtime>, UserError> {
        self.env.runtime.of(&self.claimed.settings)
    }

    /// The folder of this attempt. An earlier attempt that is only frozen cannot disturb it: it has another one.
    #[must_use]
    pub(crate) fn workspace(&self) -> PathBuf {
        self.env
            .folders
            .workspace(self.id().uuid(), self.claimed.lease.fencing_token)
    }

    /// Whose caches this deployment reads and writes. A fork's code gets caches of its own, so that nothing it leaves there
    /// is ever part of a build of the team's (threats.md input 75).
    #[must_use]
    pub(crate) const fn cache_owner(&self) -> ProjectId {
        if self.claimed.from_fork {
            ProjectId::from_uuid(self.claimed.environment_id.uuid())
        } else {
            self.claimed.project_id
        }
    }

    /// Fails when it was told to stop.
    ///
    /// # Errors
    /// [`StepError::Stopped`].
    pub(crate) fn check_stop(&self) -> Result<(), StepError> {
        if self.stop.reason().is_some() {
            Err(StepError::Stopped)
        } else {
            Ok(())
        }
    }

    /// Asks Postgres whether the deployment is still ours; before everything that others can see.
    ///
    /// # Errors
    /// [`StepError::Stopped`] when it is not, or was cancelled.
    pub(crate) async fn confirm_lease(&self) -> Result<(), StepError> {
        let lease = self.env.settings.timing.lease;
        match persist(self, || self.env.store.heartbeat(&self.claimed.lease, lease)).await? {
            Heartbeat::Held {
                cancel_requested: false,
            } => {}
            Heartbeat::Held {
                cancel_requested: true,
            } => self.stop.stop(StopReason::Cancelled),
            Heartbeat::Lost => self.stop.stop(StopReason::LeaseLost),
        }
        self.check_stop()
    }

    /// Time that install and build have left.
    #[must_use]
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The environment of install and build commands.
    #[must_use]
    pub(crate) fn build_environment(&self, commit: Option<&Commit>) -> BTreeMap<String, String> {
        let visible = self.variables.iter().filter(|variable| variable.scope.in_build());
        let mut env: BTreeMap<String, String> = visible
            .map(|variable| (variable.name.to_string(), variable.value.clone()))
            .collect();
        env.extend(self.platform_variables());
        if let Some(commit) = commit {
            env.insert("AETHER_GIT_COMMIT_SHA".to_owned(), commit.sha.clone());
            env.insert(
                "AETHER_GIT_COMMIT_MESSAGE".to_owned(),
                commit.message.replace('\0', ""),
            );
            env.insert(
                "AETHER_GIT_COMMIT_AUTHOR".to_owned(),
                commit.author.replace('\0', ""),
            );
        }
        env.insert("CI".to_owned(), "1".to_owned());
        env
    }

    fn platform_variables(&self) -> [(String, String); 7] {
        let hosts = &self.env.hosts;
        let host = match &self.claimed.preview_host {
            Some(host) => host.clone(),
            None => hosts.production(&self.claimed.slug),
        };
        [
            ("AETHER", "1".to_owned()),
            ("AETHER_DEPLOYMENT_ID", self.id().to_string()),
            ("AETHER_PROJECT", self.claimed.slug.to_string()),
            ("AETHER_GIT_REF", self.claimed.git_ref.clone()),
            (
                "AETHER_ENVIRONMENT",
                self.claimed.environment_kind.as_str().to_owned(),
            ),
            ("AETHER_HOST", host.to_string()),
            (
                "AETHER_DEPLOYMENT_HOST",
                hosts
                    .deployment(&self.claimed.slug, self.claimed.number)
                    .to_string(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }
}
