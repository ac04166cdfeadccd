//! `GET /github/apps`

use std::collections::HashMap;

use actix_web::{get, web};
use aether_models::GitHubAppId;
use serde::Serialize;
use utoipa::ToSchema;

use super::GitHubAppView;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::state::AppState;

/// The team's GitHub Apps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GitHubApps {
    /// Oldest first.
    pub items: Vec<GitHubAppView>,
}

/// Lists the team's GitHub Apps and where they are installed.
#[utoipa::path(tag = "github", responses((status = 200, body = GitHubApps), Problems))]
#[get("/github/apps")]
pub(crate) async fn list_github_apps(
    state: web::Data<AppState>,
    actor: CanRead,
) -> ApiResult<web::Json<GitHubApps>> {
    let mut installations: HashMap<GitHubAppId, Vec<_>> = HashMap::new();
    for (app, installation) in state.store.github_installations(actor.team).await? {
        installations.entry(app).or_default().push(installation);
    }
    let apps = state.store.github_apps(actor.team).await?;
    let items = apps.into_iter().map(|app| {
        let of_app = installations.remove(&app.id).unwrap_or_default();
        GitHubAppView::new(app, of_app)
    });
    Ok(web::Json(GitHubApps {
        items: items.collect(),
    }))
}
