//! Tells GitHub's deployment objects how deployments stand: what is live where, and what is not any more.

use aether_forge::{GitHubDeploymentState, GitHubDeploymentStatus, NewGitHubDeployment, Provider};
use aether_models::{DeploymentStatus, EnvironmentKindName};
use aether_store::GitHubDeploymentReport;
use anyhow::anyhow;

use super::reports::{Failure, later, note, provider, send};
use crate::environment::Environment;

/// One pass.
pub(super) async fn run(env: &Environment) -> anyhow::Result<()> {
    for report in &env.store.take_github_deployment_reports().await? {
        match tell(env, report).await {
            // A commit that is not there any more (a rewritten branch) is nothing to tell about.
            Ok(()) | Err(Failure::Gone) => env.store.github_deployment_reported(report).await?,
            Err(Failure::Later { why, pause }) => {
                let (connection, row) = (&report.target.connection, report.deployment_id.uuid());
                let seconds = note(env, connection, row, report.attempts, &why, pause).await?;
                env.store
                    .delay_github_deployment(report.deployment_id, seconds)
                    .await?;
            }
        }
    }
    Ok(())
}

async fn tell(env: &Environment, report: &GitHubDeploymentReport) -> Result<(), Failure> {
    let provider = provider(env, &report.target).await?;
    let state = GitHubDeploymentState::find(&report.state)
        .ok_or_else(|| later(anyhow!("no state of GitHub's is called {}", report.state)))?;
    let id = match report.github_id {
        Some(id) => id,
        None => make(env, report, &provider).await?,
    };
    let links = &env.settings.links;
    let log = links.deployment(&report.slug, &report.deployment_id.to_string());
    let site = site(env, report)?;
    let request = provider
        .github_deployment_status(
            id,
            &GitHubDeploymentStatus {
                state,
                description: &description(report, state),
                environment_url: (state == GitHubDeploymentState::Success).then_some(&site),
                log_url: &log,
            },
        )
        .map_err(later)?;
    send(env, &report.target, request).await.map(drop)
}

/// Makes the object, and keeps its id before anything else is said: the next attempt goes on with it.
async fn make(
    env: &Environment,
    report: &GitHubDeploymentReport,
    provider: &Provider,
) -> Result<i64, Failure> {
    let request = provider
        .github_deployment(&NewGitHubDeployment {
            commit: &report.commit,
            environment: &report.environment,
            production: report.kind == EnvironmentKindName::Production,
            description: &format!("Deployment #{} of {}", report.number, report.slug),
        })
        .map_err(later)?;
    let answer = send(env, &report.target, request).await?;
    let id = Provider::github_deployment_id(&answer)
        .ok_or_else(|| later(anyhow!("GitHub's answer names no deployment")))?;
    let kept = env.store.github_deployment_made(report.deployment_id, id).await;
    kept.map_err(later)?;
    Ok(id)
}

fn site(env: &Environment, report: &GitHubDeploymentReport) -> Result<String, Failure> {
    let links = &env.settings.links;
    if let Some(host) = &report.preview_host {
        return Ok(links.site(host));
    }
    let slug = report
        .slug
        .parse()
        .map_err(|error| later(anyhow!("slug: {error}")))?;
    Ok(links.site(env.hosts.production(&slug).as_str()))
}

fn description(report: &GitHubDeploymentReport, state: GitHubDeploymentState) -> String {
    let number = report.number;
    match (state, report.status) {
        (GitHubDeploymentState::Success, _) => format!("Deployment #{number} is live"),
        (GitHubDeploymentState::Failure, _) => format!("Deployment #{number} failed"),
        (_, DeploymentStatus::Cancelled) => format!("Deployment #{number} was cancelled"),
        (_, DeploymentStatus::Superseded) => format!("A newer deployment took the place of #{number}"),
        (GitHubDeploymentState::Inactive, _) => format!("Deployment #{number} is not live any more"),
        _ => format!("Deployment #{number} is under way"),
    }
}
