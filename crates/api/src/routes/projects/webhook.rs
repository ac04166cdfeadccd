//! `GET /projects/{project}/webhook`

use actix_web::{get, web};
use secrecy::ExposeSecret;

use super::{find_project, webhook_secret};
use crate::auth::CanWrite;
use crate::error::{ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;
use crate::views::WebhookView;

/// What to enter at the Git provider, so that a push deploys.
#[utoipa::path(
    tag = "webhooks",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = WebhookView), Problems)
)]
#[get("/projects/{project}/webhook")]
pub(crate) async fn get_webhook(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
) -> ApiResult<web::Json<WebhookView>> {
    let record = find_project(&state, actor.team, &project).await?;
    let secret = webhook_secret(&state, &record)?;
    Ok(web::Json(WebhookView {
        url: state.urls.webhook(record.project.id),
        secret: secret.expose_secret().to_owned(),
    }))
}
