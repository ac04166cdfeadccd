//! `POST /github/callback`

use actix_web::{HttpResponse, post, web};
use aether_forge::{AppCredentials, GitHubError, GitHubHost, convert_manifest_code};
use aether_models::{GitHubAppId, SharedClock, TeamId};
use aether_store::{GitHubAppRecord, GitHubSecret};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{GitHubAppView, wrong_state};
use crate::auth::{CanWrite, digest};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::github::refused;
use crate::state::AppState;

/// What GitHub brought back to the dashboard.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FinishGitHubApp {
    /// The code that stands for the new App.
    #[schema(value_type = String)]
    code: SecretString,
    /// The state that was sent along.
    #[schema(value_type = String)]
    state: SecretString,
}

/// Finishes the connection of a GitHub App. GitHub sends the browser to the dashboard, which calls this with the session's
/// token: a link that somebody else prepared has the state of another session, or none (threats.md input 15).
#[utoipa::path(
    tag = "github",
    request_body = FinishGitHubApp,
    responses((status = 201, body = GitHubAppView), Problems)
)]
#[post("/github/callback")]
pub(crate) async fn finish_github_app(
    state: web::Data<AppState>,
    actor: CanWrite,
    Json(body): Json<FinishGitHubApp>,
) -> ApiResult<HttpResponse> {
    let session = actor.session()?;
    let draft = state
        .store
        .take_github_app_draft(&digest(&body.state), actor.team, session)
        .await?
        .ok_or_else(wrong_state)?;
    let host: GitHubHost = draft.base_url.parse().map_err(ApiError::internal)?;
    let credentials = convert_manifest_code(
        &host,
        body.code.expose_secret(),
        &state.settings.git_hosts,
        &state.github.tls,
        SharedClock::clone(&state.clock),
    )
    .await
    .map_err(|error| match error {
        GitHubError::CodeRefused => {
            let told = error.to_user_error();
            ApiError::malformed("invalid_code", told.detail).hint(told.hint.unwrap_or_default())
        }
        error => refused(&error),
    })?;
    let record = seal(&state, actor.team, &host, credentials)?;
    state.store.create_github_app(&record).await?;
    tracing::info!(app = %record.id, github = record.base_url, "a GitHub App was connected");
    Ok(HttpResponse::Created().json(GitHubAppView::new(record, Vec::new())))
}

fn seal(
    state: &AppState,
    team: TeamId,
    host: &GitHubHost,
    credentials: AppCredentials,
) -> ApiResult<GitHubAppRecord> {
    let id = GitHubAppId::generate();
    let seal = |secret: GitHubSecret, plain: &SecretString| {
        secret
            .seal(&state.keyring, team, id, plain.expose_secret().as_bytes())
            .map_err(ApiError::internal)
    };
    let webhook = credentials
        .webhook_secret
        .filter(|secret| !secret.expose_secret().is_empty());
    Ok(GitHubAppRecord {
        id,
        team_id: team,
        base_url: host.to_string(),
        github_id: credentials.id,
        slug: credentials.slug,
        name: credentials.name,
        owner: credentials.owner.login,
        html_url: credentials.html_url,
        client_id: credentials.client_id,
        client_secret: seal(GitHubSecret::Client, &credentials.client_secret)?,
        private_key: seal(GitHubSecret::PrivateKey, &credentials.pem)?,
        webhook_secret: webhook
            .map(|secret| seal(GitHubSecret::Webhook, &secret))
            .transpose()?,
        created_at: state.clock.now(),
    })
}
