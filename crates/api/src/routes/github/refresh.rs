//! `POST /github/apps/{id}/refresh`

use actix_web::{post, web};
use aether_models::GitHubAppId;

use super::{GitHubAppView, stored};
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::github::refused;
use crate::rate_limits::{CONNECT_GITHUB, limit_by_user};
use crate::state::AppState;

/// Asks GitHub where the App is installed. The dashboard calls this when GitHub sends somebody back after an installation;
/// deliveries about installations do the same without being asked, where GitHub can reach this instance.
#[utoipa::path(
    tag = "github",
    params(("id" = GitHubAppId, Path)),
    responses((status = 200, body = GitHubAppView), Problems)
)]
#[post("/github/apps/{id}/refresh")]
pub(crate) async fn refresh_github_app(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(id): Path<GitHubAppId>,
) -> ApiResult<web::Json<GitHubAppView>> {
    let app = state.store.github_app(actor.team, id).await?;
    let app = app.ok_or_else(|| ApiError::not_found("GitHub App"))?;
    limit_by_user(&state, &CONNECT_GITHUB, actor.user.id).await?;
    let found = state.github.app(&state, &app)?.installations().await;
    let installations: Vec<_> = found
        .map_err(|error| refused(&error))?
        .into_iter()
        .map(stored)
        .collect();
    state
        .store
        .replace_github_installations(app.id, &installations)
        .await?;
    state.github.forget_lists(app.id);
    Ok(web::Json(GitHubAppView::new(app, installations)))
}
