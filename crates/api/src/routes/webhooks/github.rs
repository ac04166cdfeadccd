//! `POST /webhooks/github`

use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_forge::{Event, WebhookSecret};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::github_app::{accept_for_app, signed_by_app};
use super::verdict::names_repository;
use super::{BODY_MAX, WebhookResult, accept, receive};
use crate::auth::generate;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::read_body;
use crate::state::AppState;

/// What was made of a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GitHubWebhookResult {
    /// One result for each project of the repository.
    pub results: Vec<WebhookResult>,
}

/// A delivery of a GitHub App: one that a team has connected, for that team's projects which were picked through it; or the
/// one that the operator has made by hand (`AETHER_GITHUB_WEBHOOK_SECRET`), for all projects of the repository. Everything
/// else is refused.
#[utoipa::path(
    tag = "webhooks",
    security(()),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = 200, body = GitHubWebhookResult), Problems)
)]
#[post("/webhooks/github")]
pub(crate) async fn receive_github_webhook(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    super::require_json(&request)?;
    super::require_signed(&request)?;
    let body = read_body(&request, payload.into_inner(), BODY_MAX).await?;
    if let Some((app, delivery)) = signed_by_app(&state, &request, &body).await? {
        let results = accept_for_app(&state, &app, &delivery, &body).await?;
        return Ok(HttpResponse::Ok().json(GitHubWebhookResult { results }));
    }
    let secret = state
        .settings
        .github_webhook_secret
        .clone()
        .unwrap_or_else(|| generate(""));
    let secret = WebhookSecret::new(secret.expose_secret()).map_err(ApiError::internal)?;
    let delivery = receive(&request, &body, &secret)?;
    let mut results = Vec::new();
    if let Some(repository) = delivery.events.iter().find_map(Event::repository) {
        let records = state
            .store
            .projects_of_repository(delivery.forge, repository.id.as_deref(), &repository.urls)
            .await?;
        for record in records {
            if names_repository(&record, delivery.forge, repository) {
                results.push(accept(&state, &record, &delivery, &body).await?);
            }
        }
    }
    Ok(HttpResponse::Ok().json(GitHubWebhookResult { results }))
}
