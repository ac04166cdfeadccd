//! `DELETE /github/apps/{id}`

use actix_web::{HttpResponse, delete, web};
use aether_models::GitHubAppId;

use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;

/// Forgets a GitHub App with its secrets. Its projects stay; private ones need another way to their repositories. The App
/// itself can only be deleted at GitHub.
#[utoipa::path(
    tag = "github",
    params(("id" = GitHubAppId, Path)),
    responses((status = 204, description = "Forgotten."), Problems)
)]
#[delete("/github/apps/{id}")]
pub(crate) async fn delete_github_app(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(id): Path<GitHubAppId>,
) -> ApiResult<HttpResponse> {
    if !state.store.delete_github_app(actor.team, id).await? {
        return Err(ApiError::not_found("GitHub App"));
    }
    state.github.forget_lists(id);
    Ok(HttpResponse::NoContent().finish())
}
