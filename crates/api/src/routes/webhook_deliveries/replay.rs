//! `POST /projects/{project}/webhook-deliveries/{id}/replay`

use actix_web::{HttpResponse, post, web};
use aether_models::WebhookDeliveryId;

use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::rate_limits::{DEPLOY, limit_by_user};
use crate::routes::projects::find_project;
use crate::routes::webhooks::{WebhookResult, replay};
use crate::state::AppState;

/// Does again what a delivery asked for, by the project's settings of today.
#[utoipa::path(
    tag = "webhooks",
    params(("project" = String, Path, description = "Id or slug."), ("id" = WebhookDeliveryId, Path)),
    responses((status = 202, body = WebhookResult), Problems)
)]
#[post("/projects/{project}/webhook-deliveries/{id}/replay")]
pub(crate) async fn replay_webhook_delivery(
    state: web::Data<AppState>,
    actor: CanDeploy,
    Path((project, id)): Path<(String, WebhookDeliveryId)>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let stored = state
        .store
        .delivery_payload(actor.team, record.project.id, id)
        .await?;
    let stored = stored.ok_or_else(|| ApiError::not_found("delivery"))?;
    let events =
        aether_forge::repeat(&stored.forge, &stored.event, &stored.payload).map_err(ApiError::internal)?;
    limit_by_user(&state, &DEPLOY, actor.user.id).await?;
    Ok(HttpResponse::Accepted().json(replay(&state, &record, &stored.forge, &events).await?))
}
