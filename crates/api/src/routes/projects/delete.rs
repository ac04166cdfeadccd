//! `DELETE /projects/{project}`

use actix_web::{HttpResponse, delete, web};

use super::find_project;
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;

/// Deletes a project: its sites stop answering at once, its builds are stopped, its files are removed soon after.
#[utoipa::path(
    tag = "projects",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 204, description = "Deleted."), Problems)
)]
#[delete("/projects/{project}")]
pub(crate) async fn delete_project(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    if !state.store.delete_project(actor.team, record.project.id).await? {
        return Err(ApiError::not_found("project"));
    }
    Ok(HttpResponse::NoContent().finish())
}
