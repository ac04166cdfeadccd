//! `POST /webhooks/{project}`

use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_forge::WebhookSecret;
use secrecy::ExposeSecret;

use super::{BODY_MAX, WebhookResult, accept, receive};
use crate::auth::generate;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Path, read_body};
use crate::routes::projects::webhook_secret;
use crate::state::AppState;

/// A delivery for one project, signed with its secret.
///
/// In our own form (`X-Aether-Signature-256`, `X-Aether-Delivery`, `X-Aether-Event`), or as GitHub, GitLab (whose secret
/// token is the webhook's secret), Gitea, Forgejo or Bitbucket Cloud send them.
#[utoipa::path(
    tag = "webhooks",
    security(()),
    params(("project" = String, Path, description = "Id or slug.")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, body = WebhookResult, description = "Ignored, or received before."),
        (status = 202, body = WebhookResult, description = "It deploys."),
        Problems
    )
)]
#[post("/webhooks/{project}")]
pub(crate) async fn receive_webhook(
    state: web::Data<AppState>,
    request: HttpRequest,
    Path(project): Path<String>,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    super::require_json(&request)?;
    super::require_signed(&request)?;
    let body = read_body(&request, payload.into_inner(), BODY_MAX).await?;
    let record = match project.parse() {
        Ok(key) => state.store.project_of_webhook(&key).await?,
        Err(_) => None,
    };
    // A project that does not exist answers like a wrong signature, after the same work.
    let secret = match &record {
        Some(record) => webhook_secret(&state, record)?,
        None => generate(""),
    };
    let secret = WebhookSecret::new(secret.expose_secret()).map_err(ApiError::internal)?;
    let delivery = receive(&request, &body, &secret)?;
    let record = record.ok_or_else(|| ApiError::not_found("project"))?;
    let result = accept(&state, &record, &delivery, &body).await?;
    Ok(HttpResponse::build(result.status()).json(result))
}
