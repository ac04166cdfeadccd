//! `DELETE /projects/{project}/environments/{id}`

use actix_web::{HttpResponse, delete, web};
use aether_models::EnvironmentId;

use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Removes a preview. The next push to its branch or pull request opens it again.
#[utoipa::path(
    tag = "environments",
    params(("project" = String, Path, description = "Id or slug."), ("id" = EnvironmentId, Path)),
    responses((status = 204, description = "Removed."), Problems)
)]
#[delete("/projects/{project}/environments/{id}")]
pub(crate) async fn delete_preview(
    state: web::Data<AppState>,
    actor: CanDeploy,
    Path((project, id)): Path<(String, EnvironmentId)>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let removed = state
        .store
        .remove_preview(actor.team, record.project.id, id)
        .await?;
    if removed {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found("preview"))
    }
}
