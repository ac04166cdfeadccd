//! `DELETE /projects/{project}/env/{key}`

use actix_web::{HttpResponse, delete, web};

use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Deletes one variable.
#[utoipa::path(
    tag = "environment variables",
    params(("project" = String, Path, description = "Id or slug."), ("key" = String, Path, description = "Its name.")),
    responses((status = 204, description = "Deleted."), Problems)
)]
#[delete("/projects/{project}/env/{key}")]
pub(crate) async fn delete_env_var(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path((project, key)): Path<(String, String)>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    if !state
        .store
        .delete_env_var(actor.team, record.project.id, &key)
        .await?
    {
        return Err(ApiError::not_found("variable"));
    }
    Ok(HttpResponse::NoContent().finish())
}
