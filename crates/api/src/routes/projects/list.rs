//! `GET /projects`

use actix_web::{get, web};
use aether_models::ProjectId;

use super::present::present;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, PageQuery, Query};
use crate::state::AppState;
use crate::views::ProjectView;

/// The team's projects, newest first.
#[utoipa::path(tag = "projects", params(PageQuery), responses((status = 200, body = Page<ProjectView>), Problems))]
#[get("/projects")]
pub(crate) async fn list_projects(
    state: web::Data<AppState>,
    actor: CanRead,
    Query(query): Query<PageQuery>,
) -> ApiResult<web::Json<Page<ProjectView>>> {
    let cursor = query.check::<ProjectId>()?;
    let rows = state
        .store
        .projects(actor.team, cursor.after, cursor.rows())
        .await?;
    let page = Page::cut(rows, &cursor, |record| record.project.id);
    let items = present(&state, actor.team, page.items).await?;
    Ok(web::Json(Page {
        items,
        next_cursor: page.next_cursor,
    }))
}
