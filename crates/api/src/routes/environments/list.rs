//! `GET /projects/{project}/environments`

use actix_web::{get, web};

use super::{EnvironmentView, present};
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, Path};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// The project's environments, all of them in one page: production, then previews by their last deployment.
#[utoipa::path(
    tag = "environments",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = Page<EnvironmentView>), Problems)
)]
#[get("/projects/{project}/environments")]
pub(crate) async fn list_environments(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<Page<EnvironmentView>>> {
    let record = find_project(&state, actor.team, &project).await?;
    let rows = state.store.environments(actor.team, record.project.id).await?;
    let items = rows
        .into_iter()
        .map(|environment| present(&state, &record, environment))
        .collect();
    Ok(web::Json(Page::whole(items)))
}
