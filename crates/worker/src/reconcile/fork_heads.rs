//! Finds out the whole id of a fork's head where the provider names only its first digits: a member approves a whole one.

use aether_store::UnknownHead;
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::git::{RemoteRepository, same_server};

/// One pass. A fork that cannot be reached, or whose branch has moved on, is looked at again later.
pub(super) async fn run(env: &Environment, stop: &CancellationToken) -> anyhow::Result<()> {
    for unknown in env.store.take_unknown_heads().await? {
        match head(env, &unknown, stop).await {
            Ok(Some(head)) => env.store.learn_head(&unknown, &head).await?,
            Ok(None) => {}
            Err(error) => tracing::info!(
                error = format!("{error:#}"),
                project = %unknown.project_id,
                "a fork could not be looked at"
            ),
        }
    }
    Ok(())
}

async fn head(
    env: &Environment,
    unknown: &UnknownHead,
    stop: &CancellationToken,
) -> anyhow::Result<Option<String>> {
    let sealed = unknown.repo_credentials.as_deref();
    let credentials = env.open_credentials(unknown.team_id, unknown.project_id, sealed)?;
    let is_neighbour = unknown
        .repo_url
        .as_ref()
        .is_some_and(|url| same_server(url, &unknown.fork_url));
    let repository = RemoteRepository {
        url: unknown.fork_url.clone(),
        credentials: credentials.filter(|_| is_neighbour),
        ssh: None,
    };
    let refs = env
        .git
        .ls_remote(&repository, stop)
        .await
        .context("listing the branches")?;
    let found = refs
        .iter()
        .find(|found| found.branch() == Some(unknown.branch.short()))
        .map(|found| found.commit.to_string());
    Ok(found.filter(|head| head.starts_with(&unknown.start)))
}
