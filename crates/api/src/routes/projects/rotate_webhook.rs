//! `POST /projects/{project}/webhook/rotate`

use actix_web::{post, web};
use aether_store::SealContext;
use secrecy::ExposeSecret;

use super::{WEBHOOK_SECRET, find_project};
use crate::auth::{CanWrite, generate};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;
use crate::views::WebhookView;

/// Replaces the webhook's secret; deliveries signed with the old one are refused from now on.
#[utoipa::path(
    tag = "webhooks",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = WebhookView), Problems)
)]
#[post("/projects/{project}/webhook/rotate")]
pub(crate) async fn rotate_webhook_secret(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
) -> ApiResult<web::Json<WebhookView>> {
    let record = find_project(&state, actor.team, &project).await?;
    let secret = generate("");
    let context = SealContext {
        team: actor.team,
        project: record.project.id,
        name: WEBHOOK_SECRET,
    };
    let sealed = state
        .keyring
        .seal(&context, secret.expose_secret().as_bytes())
        .map_err(ApiError::internal)?;
    if !state
        .store
        .set_webhook_secret(actor.team, record.project.id, &sealed)
        .await?
    {
        return Err(ApiError::not_found("project"));
    }
    Ok(web::Json(WebhookView {
        url: state.urls.webhook(record.project.id),
        secret: secret.expose_secret().to_owned(),
    }))
}
