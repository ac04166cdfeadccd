//! `DELETE /projects/{project}/domains/{hostname}`

use actix_web::{HttpResponse, delete, web};
use aether_models::Hostname;

use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Removes a domain; it stops answering at once.
#[utoipa::path(
    tag = "domains",
    params(("project" = String, Path, description = "Id or slug."), ("hostname" = String, Path)),
    responses((status = 204, description = "Removed."), Problems)
)]
#[delete("/projects/{project}/domains/{hostname}")]
pub(crate) async fn delete_domain(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path((project, hostname)): Path<(String, String)>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let not_found = || ApiError::not_found("domain");
    let hostname: Hostname = hostname.parse().map_err(|_| not_found())?;
    if !state
        .store
        .delete_domain(actor.team, record.project.id, &hostname)
        .await?
    {
        return Err(not_found());
    }
    Ok(HttpResponse::NoContent().finish())
}
