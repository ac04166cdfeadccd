//! `GET /projects/{project}/provider`

use actix_web::{get, web};

use super::ProviderView;
use crate::auth::CanRead;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// How the project reports to its Git provider.
#[utoipa::path(
    tag = "provider",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = ProviderView), Problems)
)]
#[get("/projects/{project}/provider")]
pub(crate) async fn get_provider(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<ProviderView>> {
    let record = find_project(&state, actor.team, &project).await?;
    let connection = state.store.provider(actor.team, record.project.id).await?;
    let connection = connection.ok_or_else(|| ApiError::not_found("connection"))?;
    Ok(web::Json(connection.into()))
}
