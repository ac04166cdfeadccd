//! `GET /projects/{project}/webhook-deliveries`

use actix_web::{get, web};
use aether_models::WebhookDeliveryId;

use super::WebhookDelivery;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, PageQuery, Path, Query};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// The project's deliveries, newest first.
#[utoipa::path(
    tag = "webhooks",
    params(("project" = String, Path, description = "Id or slug."), PageQuery),
    responses((status = 200, body = Page<WebhookDelivery>), Problems)
)]
#[get("/projects/{project}/webhook-deliveries")]
pub(crate) async fn list_webhook_deliveries(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
    Query(query): Query<PageQuery>,
) -> ApiResult<web::Json<Page<WebhookDelivery>>> {
    let cursor = query.check::<WebhookDeliveryId>()?;
    let record = find_project(&state, actor.team, &project).await?;
    let rows = state
        .store
        .deliveries(actor.team, record.project.id, cursor.after, cursor.rows())
        .await?;
    Ok(web::Json(
        Page::cut(rows, &cursor, |delivery| delivery.id).map(WebhookDelivery::from),
    ))
}
