//! `GET /projects/{project}/env`

use actix_web::{get, web};

use super::{EnvVarView, present};
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, Path};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// The project's variables by name, all of them in one page. Values of secret ones are never shown.
#[utoipa::path(
    tag = "environment variables",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = Page<EnvVarView>), Problems)
)]
#[get("/projects/{project}/env")]
pub(crate) async fn list_env_vars(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<Page<EnvVarView>>> {
    let record = find_project(&state, actor.team, &project).await?;
    let rows = state.store.env_vars(actor.team, record.project.id).await?;
    let items = rows
        .into_iter()
        .map(|row| present(&state, actor.team, record.project.id, row))
        .collect::<ApiResult<Vec<_>>>()?;
    Ok(web::Json(Page::whole(items)))
}
