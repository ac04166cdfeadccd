//! `POST /projects/{project}/domains/{hostname}/check`

use actix_web::{HttpResponse, post, web};
use aether_models::Hostname;

use super::Domain;
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Has the domain's DNS looked at now. The look has ended once `checked_at` is not before the answer's `next_check_at`.
#[utoipa::path(
    tag = "domains",
    params(("project" = String, Path, description = "Id or slug."), ("hostname" = String, Path)),
    responses((status = 202, body = Domain), Problems)
)]
#[post("/projects/{project}/domains/{hostname}/check")]
pub(crate) async fn check_domain(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path((project, hostname)): Path<(String, String)>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let not_found = || ApiError::not_found("domain");
    let hostname: Hostname = hostname.parse().map_err(|_| not_found())?;
    let domain = state
        .store
        .ask_domain_check(actor.team, record.project.id, &hostname)
        .await?
        .ok_or_else(not_found)?;
    let domain = Domain::new(domain, &record.project.slug, &state);
    Ok(HttpResponse::Accepted().json(domain))
}
