//! Step one: the commit's files, or an upload's, in a clean folder.

use std::sync::PoisonError;

use aether_models::{Commit, GitRef};

use super::Job;
use super::job::Source;
use super::step::{Done, StepError, persist};
use crate::fail_points::reached;
use crate::git::{CheckoutReport, GitError, RemoteRepository};

/// Brings the files into the workspace.
pub(super) async fn run(job: &Job) -> Result<Done<Source>, StepError> {
    let workspace = job.workspace();
    let fresh = workspace.clone();
    tokio::task::spawn_blocking(move || crate::git::fresh_directory(&fresh))
        .await
        .map_err(|error| StepError::Retry(error.into()))?
        .map_err(StepError::machine("making the working folder"))?;
    let commit = if job.claimed.is_upload {
        super::upload::write(job).await?;
        None
    } else {
        Some(clone(job).await?)
    };
    reached("cloned");
    Ok(Done::Succeeded(Source { workspace, commit }))
}

/// Fetches and checks out.
async fn clone(job: &Job) -> Result<Commit, StepError> {
    let log = job.log.of_step(aether_models::Step::Clone);
    let commit = fetch(job, &log).await?;
    persist(job, || job.env.store.record_commit(&job.claimed.lease, &commit)).await?;
    let (url, workspace) = (job.claimed.repo_url.as_str(), job.workspace());
    let report = match checkout(job, &commit.sha).await {
        // The cache lacks an object, so it is of no use: once more from the server.
        Err(GitError::Repository(error)) => {
            tracing::warn!(%error, deployment = %job.id(), "the repository cache was incomplete");
            job.env
                .git
                .forget(job.cache_owner().uuid())
                .await
                .map_err(StepError::git(url))?;
            fetch(job, &log).await?;
            crate::git::fresh_directory(&workspace)
                .map_err(StepError::machine("making the working folder"))?;
            checkout(job, &commit.sha).await.map_err(StepError::git(url))?
        }
        outcome => outcome.map_err(StepError::git(url))?,
    };
    log.say(format!(
        "Checked out {} \"{}\": {} files",
        &commit.sha[..7],
        commit.message,
        report.files
    ));
    warn_of_what_was_left_out(&log, &report);
    if job.claimed.settings.submodules {
        super::submodules::fetch_all(job, &log, report.submodules).await?;
    } else {
        for module in report.submodules.iter().take(10) {
            log.say(format!(
                "Warning: the submodule {} was not fetched; switch submodules on in the project's settings",
                module.path
            ));
        }
    }
    Ok(commit)
}

async fn fetch(job: &Job, log: &super::BuildLog) -> Result<Commit, StepError> {
    let url = job.claimed.repo_url.as_str();
    let ssh = job.deploy_key.clone();
    let repository = RemoteRepository {
        url: job.claimed.repo_url.clone(),
        credentials: job.credentials.clone(),
        ssh: ssh.clone(),
    };
    // An earlier attempt has settled on a commit; the branch may have moved since.
    let wanted = job
        .claimed
        .commit
        .as_ref()
        .map_or(job.claimed.git_ref.as_str(), |commit| commit.sha.as_str());
    let reference: Option<GitRef> = match wanted {
        "HEAD" => None,
        name => Some(
            name.parse()
                .map_err(|_| GitError::RefNotFound(name.to_owned()).to_user_error(url))?,
        ),
    };
    log.say(format!(
        "Cloning {url} ({})",
        reference.as_ref().map_or("default branch", GitRef::short)
    ));
    let say = |line: String| log.say(line);
    let owner = job.cache_owner().uuid();
    let commit = job
        .env
        .git
        .fetch(owner, &repository, reference.as_ref(), &say, job.stop.token())
        .await
        .map_err(StepError::git(url))?;
    let learned = ssh.and_then(|ssh| ssh.learned.lock().unwrap_or_else(PoisonError::into_inner).clone());
    if let Some(key) = learned {
        log.say(format!("Trusting the server's key on this first visit: {key}"));
        job.env.store.learn_host_key(job.claimed.project_id, &key).await?;
    }
    Ok(commit)
}

async fn checkout(job: &Job, sha: &str) -> Result<CheckoutReport, GitError> {
    job.env
        .git
        .checkout(job.cache_owner().uuid(), sha, &job.workspace(), job.stop.token())
        .await
}

fn warn_of_what_was_left_out(log: &super::BuildLog, report: &CheckoutReport) {
    for link in report.inert_links.iter().take(10) {
        log.say(format!(
            "Warning: the link {link} leads out of the repository and was written as a text file"
        ));
    }
}
