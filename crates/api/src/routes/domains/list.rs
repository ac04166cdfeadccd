//! `GET /projects/{project}/domains`

use actix_web::{get, web};
use aether_models::DomainId;

use super::Domain;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, PageQuery, Path, Query};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// The project's own domains, newest first.
#[utoipa::path(
    tag = "domains",
    params(("project" = String, Path, description = "Id or slug."), PageQuery),
    responses((status = 200, body = Page<Domain>), Problems)
)]
#[get("/projects/{project}/domains")]
pub(crate) async fn list_domains(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
    Query(query): Query<PageQuery>,
) -> ApiResult<web::Json<Page<Domain>>> {
    let cursor = query.check::<DomainId>()?;
    let record = find_project(&state, actor.team, &project).await?;
    let rows = state
        .store
        .domains(actor.team, record.project.id, cursor.after, cursor.rows())
        .await?;
    Ok(web::Json(
        Page::cut(rows, &cursor, |domain| domain.id)
            .map(|domain| Domain::new(domain, &record.project.slug, &state)),
    ))
}
