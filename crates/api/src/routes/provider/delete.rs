//! `DELETE /projects/{project}/provider`

use actix_web::{HttpResponse, delete, web};

use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Ends reporting and forgets the token.
#[utoipa::path(
    tag = "provider",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 204, description = "Forgotten."), Problems)
)]
#[delete("/projects/{project}/provider")]
pub(crate) async fn delete_provider(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    if state.store.delete_provider(actor.team, record.project.id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found("connection"))
    }
}
