//! `GET /projects/{project}/deployments`

use actix_web::{get, web};
use aether_models::DeploymentId;

use super::present;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, PageQuery, Path, Query};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::views::DeploymentView;

/// The project's deployments, newest first.
#[utoipa::path(
    tag = "deployments",
    params(("project" = String, Path, description = "Id or slug."), PageQuery),
    responses((status = 200, body = Page<DeploymentView>), Problems)
)]
#[get("/projects/{project}/deployments")]
pub(crate) async fn list_deployments(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
    Query(query): Query<PageQuery>,
) -> ApiResult<web::Json<Page<DeploymentView>>> {
    let cursor = query.check::<DeploymentId>()?;
    let record = find_project(&state, actor.team, &project).await?;
    let rows = state
        .store
        .deployments(actor.team, record.project.id, cursor.after, cursor.rows())
        .await?;
    let page = Page::cut(rows, &cursor, |deployment| deployment.id);
    Ok(web::Json(
        page.map(|deployment| present(&state, &record, deployment)),
    ))
}
