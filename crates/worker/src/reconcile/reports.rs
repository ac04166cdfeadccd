//! Tells Git providers how deployments stand: a status on the commit, and one comment on a pull request, changed in place
//! and removed with its preview.
//!
//! What is to be told is compared with what was told, so a provider that is down or slow changes nothing about a
//! deployment: it is told later, ever less often, and not at all after a dozen attempts. A provider that asks for a pause
//! gets it, for the whole project.

use std::time::Duration;

use aether_forge::{ApiRequest, CommitStatus, GitHubError, Provider, rate_limit};
use aether_models::DeploymentStatus;
use aether_store::{
    CommentReport, GitHubRepositoryAccess, ProviderConnection, ReportTarget, SealContext, StatusReport,
};
use anyhow::{Context, anyhow};
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::environment::Environment;
use crate::git::checked_client;
use crate::github::{CredentialsError, Reach};

/// Name under which a connection's token is sealed.
const PROVIDER_TOKEN: &str = "provider_token";
/// A provider that takes longer is tried again.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Pause after the first failure; it doubles.
const FIRST_PAUSE: f64 = 5.0;
/// Longest pause between two attempts.
const LONGEST_PAUSE: f64 = 3600.0;
/// GitHub and others refuse requests without a name.
const USER_AGENT: &str = concat!("aether/", env!("CARGO_PKG_VERSION"));
/// Most bytes read of an answer.
const ANSWER_MAX: usize = 256 * 1024;

/// A report that did not arrive.
pub(super) enum Failure {
    /// It may arrive later.
    Later { why: String, pause: Option<f64> },
    /// What it is about is gone at the provider.
    Gone,
}

/// One pass.
pub(super) async fn run(env: &Environment) -> anyhow::Result<()> {
    let (statuses, comments) = (
        env.store.take_status_reports().await?,
        env.store.take_comment_reports().await?,
    );
    for report in &statuses {
        match tell_status(env, report).await {
            // A commit that is not there any more (a rewritten branch) is nothing to tell about.
            Ok(()) | Err(Failure::Gone) => env.store.status_reported(report).await?,
            Err(Failure::Later { why, pause }) => {
                let (connection, row) = (&report.target.connection, report.deployment_id.uuid());
                note(env, connection, row, report.attempts, &why, pause).await?;
            }
        }
    }
    for report in &comments {
        match tell_comment(env, report).await {
            Ok(id) => env.store.comment_reported(report, id.as_deref()).await?,
            // Somebody removed it; the next pass writes a new one.
            Err(Failure::Gone) => env.store.comment_reported(report, None).await?,
            Err(Failure::Later { why, pause }) => {
                let (connection, row) = (&report.target.connection, report.environment_id.uuid());
                note(env, connection, row, report.attempts, &why, pause).await?;
            }
        }
    }
    Ok(())
}

/// Puts the next attempt off; answers with the seconds until then.
pub(super) async fn note(
    env: &Environment,
    connection: &ProviderConnection,
    row: uuid::Uuid,
    attempts: i32,
    why: &str,
    pause: Option<f64>,
) -> anyhow::Result<f64> {
    let backoff = FIRST_PAUSE * 2_f64.powi(attempts.clamp(1, 20) - 1);
    let seconds = pause.unwrap_or(backoff).clamp(1.0, LONGEST_PAUSE);
    tracing::warn!(project = %connection.project_id, reason = why, "a report to a Git provider failed");
    env.store
        .report_failed(connection, row, seconds, pause.is_some(), why)
        .await?;
    Ok(seconds)
}

async fn tell_status(env: &Environment, report: &StatusReport) -> Result<(), Failure> {
    let provider = provider(env, &report.target).await?;
    if report
        .reported
        .is_some_and(|reported| provider.is_same(reported, report.status))
    {
        return Ok(());
    }
    let description = match report.status {
        DeploymentStatus::Ready => format!("Deployment #{} is live", report.number),
        DeploymentStatus::Failed => match &report.error {
            Some(title) => format!("Deployment #{} failed: {title}", report.number),
            None => format!("Deployment #{} failed", report.number),
        },
        DeploymentStatus::Cancelled => format!("Deployment #{} was cancelled", report.number),
        DeploymentStatus::Superseded => format!("A newer deployment took the place of #{}", report.number),
        _ => format!("Deployment #{} is under way", report.number),
    };
    let link = env
        .settings
        .links
        .deployment(&report.slug, &report.deployment_id.to_string());
    let request = provider
        .status(&CommitStatus {
            commit: &report.commit,
            status: report.status,
            environment: &report.environment,
            description: &description,
            link: &link,
        })
        .map_err(later)?;
    send(env, &report.target, request).await.map(drop)
}

/// Answers with the id of the comment there is now.
async fn tell_comment(env: &Environment, report: &CommentReport) -> Result<Option<String>, Failure> {
    let provider = provider(env, &report.target).await?;
    let number = report.pull_request;
    if report.removed {
        let Some(id) = &report.comment_id else {
            return Ok(None);
        };
        let request = provider.delete_comment(number, id).map_err(later)?;
        send(env, &report.target, request).await?;
        return Ok(None);
    }
    let existing = report.comment_id.as_deref();
    let request = provider
        .comment(number, existing, &comment_text(env, report))
        .map_err(later)?;
    let answer = send(env, &report.target, request).await?;
    match (existing, Provider::comment_id(&answer)) {
        (Some(id), _) => Ok(Some(id.to_owned())),
        (None, Some(id)) => Ok(Some(id)),
        (None, None) => Err(Failure::Later {
            why: "the provider's answer names no comment".to_owned(),
            pause: None,
        }),
    }
}

fn comment_text(env: &Environment, report: &CommentReport) -> String {
    let links = &env.settings.links;
    let site = links.site(&report.host);
    let id = report.deployment_id.map(|id| id.to_string()).unwrap_or_default();
    let log = links.deployment(&report.slug, &id);
    let commit = report.commit.as_deref().unwrap_or("the head");
    let commit = commit.get(..7).unwrap_or(commit);
    let status = match report.status {
        Some(DeploymentStatus::Ready) => "is live",
        Some(DeploymentStatus::Failed) => "could not be deployed",
        Some(DeploymentStatus::Cancelled) => "was cancelled",
        _ => "is being deployed",
    };
    format!(
        "**Preview of `{}`**: {site}\n\n{commit} {status}. [Log]({log})\n",
        report.slug
    )
}

/// The repository at its provider, with the right to report: the project's token, or one of its GitHub App.
pub(super) async fn provider(env: &Environment, target: &ReportTarget) -> Result<Provider, Failure> {
    let connection = &target.connection;
    let token = if connection.token.is_empty() {
        app_token(env, connection).await?
    } else {
        stored_token(env, connection).map_err(later)?
    };
    let forge = connection.forge.parse();
    let forge = forge.map_err(|_| later(anyhow!("the provider {} is not known", connection.forge)))?;
    let api = connection.api_url.parse().context("the interface's address");
    Ok(Provider::new(forge, api.map_err(later)?, &target.repo_url, token))
}

fn stored_token(env: &Environment, connection: &ProviderConnection) -> anyhow::Result<String> {
    let context = SealContext {
        team: connection.team_id,
        project: connection.project_id,
        name: PROVIDER_TOKEN,
    };
    let token = env.keyring.open(&context, &connection.token)?;
    String::from_utf8(token.to_vec()).context("the token")
}

async fn app_token(env: &Environment, connection: &ProviderConnection) -> Result<String, Failure> {
    let access = access(env, connection).await?;
    match env.github.token(env, &access, Reach::Repository).await {
        Ok(token) => Ok(token.expose_secret().to_owned()),
        Err(CredentialsError::GitHub(GitHubError::RateLimited { seconds })) => Err(Failure::Later {
            why: "GitHub asks for a pause".to_owned(),
            pause: u32::try_from(seconds).ok().map(f64::from),
        }),
        Err(error) => Err(later(error)),
    }
}

async fn access(
    env: &Environment,
    connection: &ProviderConnection,
) -> Result<GitHubRepositoryAccess, Failure> {
    let found = env
        .store
        .github_repository(connection.team_id, connection.project_id)
        .await;
    found
        .map_err(later)?
        .ok_or_else(|| later(anyhow!("the project has no GitHub App any more")))
}

pub(super) fn later(error: impl Into<anyhow::Error>) -> Failure {
    let error = error.into();
    Failure::Later {
        why: format!("{error:#}"),
        pause: None,
    }
}

/// Sends a request to an address that the policy on Git hosts allows, and reads the answer.
pub(super) async fn send(
    env: &Environment,
    target: &ReportTarget,
    request: ApiRequest,
) -> Result<Value, Failure> {
    let (is_removal, is_new) = (
        request.method == reqwest::Method::DELETE,
        request.method == reqwest::Method::POST,
    );
    let sent = async {
        // The policy is one on repositories, whose addresses have a path.
        let address = format!("{}/-", target.connection.api_url).parse()?;
        let client = checked_client(&address, &env.settings.git_hosts)?;
        let (name, value) = request.authorization;
        let mut builder = client
            .request(request.method, request.url)
            .timeout(TIMEOUT)
            .header(reqwest::header::USER_AGENT, USER_AGENT)
            .header(name, value);
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        // The address may be told, the token is a header.
        anyhow::Ok(builder.send().await?)
    };
    let response = sent.await.map_err(later)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = answer(response).await;
    match status {
        _ if status.is_success() => Ok(serde_json::from_slice(&body).unwrap_or_default()),
        StatusCode::NOT_FOUND | StatusCode::GONE if is_removal => Ok(Value::Null),
        // GitHub says 422 for a commit it does not have. A 404 for something new rather means that the token may not see
        // the repository, which can be mended.
        StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Gone),
        StatusCode::NOT_FOUND | StatusCode::GONE if !is_new => Err(Failure::Gone),
        _ => {
            if status == StatusCode::UNAUTHORIZED && target.connection.token.is_empty() {
                // The next attempt asks for another one.
                let access = access(env, &target.connection).await?;
                env.github.forget(&access, Reach::Repository);
            }
            let pause = rate_limit(status, &headers, &body, env.clock.now().timestamp());
            Err(Failure::Later {
                why: format!("the provider answered with status {}", status.as_u16()),
                pause: pause
                    .and_then(|seconds| u32::try_from(seconds).ok())
                    .map(f64::from),
            })
        }
    }
}

async fn answer(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if bytes.len() + chunk.len() > ANSWER_MAX {
            return Vec::new();
        }
        bytes.extend_from_slice(&chunk);
    }
    bytes
}
