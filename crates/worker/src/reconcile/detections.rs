//! Dry runs of detection: fetch, look, answer. They are short and somebody waits for them, so they have their own
//! small pool beside the deployments.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aether_detect::{DetectOptions, DiskTree};
use aether_models::{GitRef, RepoCredentials, UserError};
use aether_store::{ClaimedDetection, DetectionResult, SecretsError, detection_context};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::git::{GitError, RemoteRepository};
use crate::github::{self, Reach};

/// At the same time.
const CONCURRENCY: usize = 2;
/// A worker that is silent for so long does not do it any more.
const LEASE: Duration = Duration::from_secs(60);
/// Longest dry run, well within the lease; somebody waits for it.
const TIME_MAX: Duration = Duration::from_secs(50);

/// Does dry runs as they are asked for, until `stop`.
pub(crate) async fn run(env: Environment, mut wake: watch::Receiver<u64>, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONCURRENCY));
    let poll = env.settings.timing.queue_poll;
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match env.store.claim_detection(LEASE).await {
            Ok(Some(claimed)) => {
                let (env, stop) = (env.clone(), stop.clone());
                tokio::spawn(async move {
                    detect(&env, claimed, &stop).await;
                    drop(permit);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the queue of dry runs could not be asked"),
        }
        drop(permit);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(poll) => {}
            changed = wake.changed() => if changed.is_err() { return },
        }
    }
}

async fn detect(env: &Environment, claimed: ClaimedDetection, stop: &CancellationToken) {
    let workspace = env.folders.workspace(claimed.id.uuid(), 0);
    let look = look(env, &claimed, &workspace, stop);
    let outcome = tokio::time::timeout(TIME_MAX, look).await;
    let outcome = outcome.unwrap_or(Err(Failure::Git(GitError::TimedOut(TIME_MAX))));
    let outcome = outcome.map_err(|failure| match failure {
        Failure::User(error) => error,
        Failure::Git(error) => {
            tracing::info!(%error, "a dry run of detection failed");
            error.to_user_error(claimed.repo_url.as_str())
        }
    });
    if let Err(error) = env.store.finish_detection(claimed.id, outcome.as_ref()).await {
        tracing::warn!(%error, "a dry run's result could not be stored");
    }
    if let Err(error) = tidy(env, &claimed, workspace).await {
        tracing::warn!(
            error = format!("{error:#}"),
            "a dry run left something behind; the clean-up will try again"
        );
    }
}

async fn tidy(env: &Environment, claimed: &ClaimedDetection, workspace: PathBuf) -> anyhow::Result<()> {
    // A repository without a project is looked at once.
    if claimed.project_id.is_none() {
        env.git.forget(claimed.id.uuid()).await?;
    }
    tokio::task::spawn_blocking(move || crate::folders::remove_tree(&workspace)).await??;
    Ok(())
}

enum Failure {
    Git(GitError),
    User(UserError),
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

/// What opens a repository that is no project yet: a token of a GitHub App, or what stood in its address.
fn open_given(
    env: &Environment,
    claimed: &ClaimedDetection,
) -> Result<Option<RepoCredentials>, SecretsError> {
    let Some(sealed) = &claimed.repo_credentials else {
        return Ok(None);
    };
    let plain = env.keyring.open(&detection_context(claimed.team_id), sealed)?;
    serde_json::from_slice(&plain)
        .map(Some)
        .map_err(|_| SecretsError::Damaged)
}

/// The repository, with what opens it.
async fn open_repository(env: &Environment, claimed: &ClaimedDetection) -> Result<RemoteRepository, Failure> {
    let unreadable = |_| {
        Failure::User(UserError::new(
            "secrets_unreadable",
            "The repository's credentials cannot be read",
            "They were sealed with another key.",
        ))
    };
    let (credentials, ssh) = match claimed.project_id {
        Some(project) => {
            let team = claimed.team_id;
            let sealed = env.store.sealed_deploy_key(team, project).await;
            let sealed = sealed.map_err(|error| GitError::Unreachable(error.to_string()))?;
            (
                github::repository_credentials(
                    env,
                    team,
                    project,
                    claimed.repo_credentials.as_deref(),
                    Reach::Repository,
                )
                .await
                .map_err(|error| Failure::User(error.to_user_error()))?,
                env.open_deploy_key(team, project, sealed.as_ref())
                    .map_err(unreadable)?,
            )
        }
        None => (open_given(env, claimed).map_err(unreadable)?, None),
    };
    Ok(RemoteRepository {
        url: claimed.repo_url.clone(),
        credentials,
        ssh,
    })
}

async fn look(
    env: &Environment,
    claimed: &ClaimedDetection,
    workspace: &Path,
    stop: &CancellationToken,
) -> Result<DetectionResult, Failure> {
    let repository = open_repository(env, claimed).await?;
    let reference: Option<GitRef> = match claimed.git_ref.as_deref() {
        None | Some("HEAD") => None,
        Some(name) => Some(name.parse().map_err(|_| GitError::RefNotFound(name.to_owned()))?),
    };
    let owner = claimed
        .project_id
        .map_or_else(|| claimed.id.uuid(), |project| project.uuid());
    let (refs, commit) = tokio::try_join!(
        env.git.ls_remote(&repository, stop),
        env.git
            .fetch(owner, &repository, reference.as_ref(), &|_| {}, stop),
    )?;
    crate::git::fresh_directory(workspace).map_err(|source| GitError::Io {
        context: "making the working folder",
        source,
    })?;
    env.git.checkout(owner, &commit.sha, workspace, stop).await?;
    let options = DetectOptions {
        root_dir: Some(claimed.root_dir.clone()),
        ..DetectOptions::default()
    };
    let tree = workspace.to_owned();
    let detection =
        tokio::task::spawn_blocking(move || Ok(aether_detect::detect(&DiskTree::open(tree)?, &options)))
            .await
            .map_err(|error| GitError::Io {
                context: "reading the repository",
                source: std::io::Error::other(error),
            })?
            .map_err(|source| GitError::Io {
                context: "reading the repository",
                source,
            })?;
    let head = refs.iter().find(|found| found.name == "HEAD");
    Ok(DetectionResult {
        candidates: detection.candidates,
        explanation: detection
            .explanation
            .map(|explanation| explanation.to_user_error()),
        branches: refs
            .iter()
            .filter_map(|found| found.branch().map(str::to_owned))
            .collect(),
        default_branch: head
            .and_then(|head| head.symref_target.as_deref())
            .and_then(|target| target.strip_prefix("refs/heads/"))
            .map(str::to_owned),
        commit_sha: Some(commit.sha),
    })
}
