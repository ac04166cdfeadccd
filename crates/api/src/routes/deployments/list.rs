//! `GET /projects/{project}/deployments`

use actix_web::{get, web};
use aether_models::{DeploymentId, DeploymentStatus, GitRef, Trigger};
use aether_store::DeploymentFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::present;
use crate::auth::CanRead;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Page, PageQuery, Path, Query};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::views::DeploymentView;

/// Which deployments, and which part of their list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeploymentsQuery {
    /// How many items, at most 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only with one of these statuses, separated by commas.
    #[param(example = "QUEUED,BUILDING,DEPLOYING")]
    status: Option<String>,
    /// Only of this branch, tag or commit.
    #[serde(rename = "ref")]
    #[param(rename = "ref")]
    git_ref: Option<String>,
    /// Only those made for this reason.
    #[param(inline)]
    trigger: Option<Trigger>,
}

/// The project's deployments, newest first.
#[utoipa::path(
    tag = "deployments",
    params(("project" = String, Path, description = "Id or slug."), DeploymentsQuery),
    responses((status = 200, body = Page<DeploymentView>), Problems)
)]
#[get("/projects/{project}/deployments")]
pub(crate) async fn list_deployments(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
    Query(query): Query<DeploymentsQuery>,
) -> ApiResult<web::Json<Page<DeploymentView>>> {
    let filter = filter(&query)?;
    let cursor = PageQuery::new(query.limit, query.cursor).check::<DeploymentId>()?;
    let record = find_project(&state, actor.team, &project).await?;
    let rows = state
        .store
        .deployments(
            actor.team,
            record.project.id,
            &filter,
            cursor.after,
            cursor.rows(),
        )
        .await?;
    let page = Page::cut(rows, &cursor, |deployment| deployment.id);
    Ok(web::Json(
        page.map(|deployment| present(&state, &record, deployment)),
    ))
}

fn filter(query: &DeploymentsQuery) -> ApiResult<DeploymentFilter> {
    let malformed = |detail: String| ApiError::malformed("malformed_query", detail);
    let names = query.status.iter().flat_map(|text| text.split(','));
    let statuses = names
        .map(|name| {
            name.parse::<DeploymentStatus>()
                .map_err(|_| malformed(format!("status names no status: {name:.40}")))
        })
        .collect::<ApiResult<Vec<_>>>()?;
    let git_ref = query.git_ref.as_ref().map(|text| match text.as_str() {
        // What a deployment of the default branch is called before its branch is known.
        "HEAD" => Ok(text.clone()),
        text => text
            .parse::<GitRef>()
            .map(|git_ref| git_ref.to_string())
            .map_err(|error| malformed(format!("ref {error}"))),
    });
    Ok(DeploymentFilter {
        statuses,
        git_ref: git_ref.transpose()?,
        trigger: query.trigger,
    })
}
