//! `GET /projects/{project}`

use actix_web::{get, web};

use super::find_project;
use super::present::present_single;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;
use crate::views::ProjectView;

/// One project.
#[utoipa::path(
    tag = "projects",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = ProjectView), Problems)
)]
#[get("/projects/{project}")]
pub(crate) async fn get_project(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<ProjectView>> {
    let record = find_project(&state, actor.team, &project).await?;
    Ok(web::Json(present_single(&state, actor.team, record).await?))
}
