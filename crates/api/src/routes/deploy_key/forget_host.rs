//! `DELETE /projects/{project}/deploy-key/host-key`

use actix_web::{HttpResponse, delete, web};

use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Forgets the Git server's key: the next deployment trusts the one it finds then.
#[utoipa::path(
    tag = "deploy key",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 204, description = "Forgotten."), Problems)
)]
#[delete("/projects/{project}/deploy-key/host-key")]
pub(crate) async fn forget_host_key(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    if state.store.forget_host_key(actor.team, record.project.id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::not_found("host key"))
    }
}
