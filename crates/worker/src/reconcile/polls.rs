//! Looks at repositories whose projects ask for it: a push that was never delivered is found here, later but at last.

use aether_store::Poll;
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::git::{RemoteRef, RemoteRepository};
use crate::github::{self, Reach};

/// One pass. A repository that cannot be reached is looked at again after its time.
pub(super) async fn run(env: &Environment, stop: &CancellationToken) -> anyhow::Result<()> {
    for poll in env.store.take_polls().await? {
        match head(env, &poll, stop).await {
            Ok(Some(head)) => {
                if env.store.polled(&poll, &head).await? {
                    tracing::info!(project = %poll.project_id, "a commit was found that nobody had told of");
                }
            }
            Ok(None) => {}
            Err(error) => tracing::info!(
                error = format!("{error:#}"),
                project = %poll.project_id,
                "a repository could not be looked at"
            ),
        }
    }
    Ok(())
}

/// Head of the branch that production follows.
async fn head(env: &Environment, poll: &Poll, stop: &CancellationToken) -> anyhow::Result<Option<String>> {
    let (team, project) = (poll.team_id, poll.project_id);
    let repository = RemoteRepository {
        url: poll.repo_url.clone(),
        credentials: github::repository_credentials(
            env,
            team,
            project,
            poll.repo_credentials.as_deref(),
            Reach::Repository,
        )
        .await?,
        ssh: env.open_deploy_key(team, project, poll.deploy_key.as_ref())?,
    };
    let refs = env
        .git
        .ls_remote(&repository, stop)
        .await
        .context("listing the branches")?;
    let is_followed = |found: &&RemoteRef| match &poll.branch {
        Some(branch) => found.branch() == Some(branch.short()),
        None => found.name == "HEAD",
    };
    Ok(refs
        .iter()
        .find(is_followed)
        .map(|found| found.commit.to_string()))
}
