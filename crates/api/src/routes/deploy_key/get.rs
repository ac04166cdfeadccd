//! `GET /projects/{project}/deploy-key`

use actix_web::{get, web};

use super::DeployKeyView;
use crate::auth::CanRead;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// The public part of the project's SSH key, and the server it knows.
#[utoipa::path(
    tag = "deploy key",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = DeployKeyView), Problems)
)]
#[get("/projects/{project}/deploy-key")]
pub(crate) async fn get_deploy_key(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<DeployKeyView>> {
    let record = find_project(&state, actor.team, &project).await?;
    let key = state.store.deploy_key(actor.team, record.project.id).await?;
    let key = key.ok_or_else(|| ApiError::not_found("deploy key"))?;
    Ok(web::Json(key.into()))
}
