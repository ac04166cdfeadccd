//! `GET /deployments/{id}`

use actix_web::{get, web};
use aether_models::DeploymentId;

use super::{find_deployment, present};
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;
use crate::views::DeploymentView;

/// One deployment.
#[utoipa::path(
    tag = "deployments",
    params(("id" = DeploymentId, Path)),
    responses((status = 200, body = DeploymentView), Problems)
)]
#[get("/deployments/{id}")]
pub(crate) async fn get_deployment(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(id): Path<DeploymentId>,
) -> ApiResult<web::Json<DeploymentView>> {
    let (record, deployment) = find_deployment(&state, actor.team, id).await?;
    Ok(web::Json(present(&state, &record, deployment)))
}
