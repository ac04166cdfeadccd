//! Step one: the commit's files, a template's or an upload's, in a clean folder.

use std::sync::PoisonError;

use aether_models::{Commit, GitRef, ProjectSource, RepoUrl, Slug, UserError};

use super::Job;
use super::job::Source;
use super::step::{Done, StepError, persist};
use crate::fail_points::reached;
use crate::git::{CheckoutReport, GitError, RemoteRepository, same_server};

/// Brings the files into the workspace.
pub(super) async fn run(job: &Job) -> Result<Done<Source>, StepError> {
    let workspace = job.workspace();
    let fresh = workspace.clone();
    tokio::task::spawn_blocking(move || crate::git::fresh_directory(&fresh))
        .await
        .map_err(|error| StepError::Retry(error.into()))?
        .map_err(StepError::machine("making the working folder"))?;
    let commit = match &job.claimed.source {
        _ if job.claimed.is_upload => {
            super::upload::write(job).await?;
            None
        }
        ProjectSource::Git { repo_url } => {
            // Most providers have a ref for a fork's head in the project's own repository; where there is none, the
            // commit that a member approved is fetched from the fork.
            Some(clone(job, job.claimed.fork_url.as_ref().unwrap_or(repo_url)).await?)
        }
        ProjectSource::Template { template } => {
            copy_template(job, template).await?;
            None
        }
        ProjectSource::Upload => return Err(nothing_sent().into()),
    };
    reached("cloned");
    Ok(Done::Succeeded(Source { workspace, commit }))
}

/// The API accepts no such deployment; one from before the project's source was changed may still wait.
fn nothing_sent() -> UserError {
    UserError::new(
        "nothing_to_deploy",
        "There is nothing to deploy",
        "This project has no repository: it is deployed by sending its folder.",
    )
    .hint("Run `aether deploy` in the folder.")
}

/// Writes the files of a template that comes with Aether.
async fn copy_template(job: &Job, name: &Slug) -> Result<(), StepError> {
    let Some(template) = aether_templates::template(name.as_str()) else {
        return Err(UserError::new(
            "template_unknown",
            "The template is not there any more",
            format!("This version of Aether comes without the template `{name}`."),
        )
        .hint("Make a new project from another template, or connect a repository in Settings > General.")
        .into());
    };
    let workspace = job.workspace();
    let files = tokio::task::spawn_blocking(move || template.write_to(&workspace))
        .await
        .map_err(|error| StepError::Retry(error.into()))?
        .map_err(StepError::machine("copying the template"))?;
    job.log
        .of_step(aether_models::Step::Clone)
        .say(format!("Copied the template {}: {files} files", template.title));
    Ok(())
}

/// Fetches and checks out.
async fn clone(job: &Job, repo_url: &RepoUrl) -> Result<Commit, StepError> {
    let log = job.log.of_step(aether_models::Step::Clone);
    let commit = fetch(job, repo_url, &log).await?;
    persist(job, || job.env.store.record_commit(&job.claimed.lease, &commit)).await?;
    let (url, workspace) = (repo_url.as_str(), job.workspace());
    let report = match checkout(job, &commit.sha).await {
        // The cache lacks an object, so it is of no use: once more from the server.
        Err(GitError::Repository(error)) => {
            tracing::warn!(%error, deployment = %job.id(), "the repository cache was incomplete");
            job.env
                .git
                .forget(job.cache_owner().uuid())
                .await
                .map_err(StepError::git(url))?;
            fetch(job, repo_url, &log).await?;
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
    let repository = repository(job, repo_url);
    super::lfs::replace_pointers(job, &repository, job.cache_owner().uuid(), &log, "", &report.lfs).await?;
    if job.claimed.settings.submodules {
        super::submodules::fetch_all(job, repo_url, &log, report.submodules).await?;
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

fn repository(job: &Job, repo_url: &RepoUrl) -> RemoteRepository {
    let own = job.claimed.source.repo_url();
    let is_neighbour = own.is_some_and(|own| same_server(own, repo_url));
    RemoteRepository {
        url: repo_url.clone(),
        credentials: job.credentials.clone().filter(|_| is_neighbour),
        ssh: job.deploy_key.clone().filter(|_| is_neighbour),
    }
}

async fn fetch(job: &Job, repo_url: &RepoUrl, log: &super::BuildLog) -> Result<Commit, StepError> {
    let url = repo_url.as_str();
    let repository = repository(job, repo_url);
    let ssh = repository.ssh.clone();
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
