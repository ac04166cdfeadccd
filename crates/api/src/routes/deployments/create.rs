//! `POST /projects/{project}/deployments`

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_models::{GitRef, Trigger};
use aether_store::NewDeployment;
use serde::Deserialize;
use utoipa::ToSchema;

use super::present;
use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::rate_limits::{DEPLOY, limit_by_user};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::validate::Faults;
use crate::views::DeploymentView;

/// Header by which a caller may repeat a request whose answer was lost.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest key; a UUID fits several times.
const IDEMPOTENCY_KEY_MAX: usize = 200;

/// What to deploy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDeployment {
    /// Branch, tag or commit; without it the project's branch.
    #[serde(rename = "ref", default)]
    git_ref: Option<String>,
}

/// Deploys. The deployment is accepted, not done: follow it by its log or its status.
#[utoipa::path(
    tag = "deployments",
    params(
        ("project" = String, Path, description = "Id or slug."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same deployment again.")
    ),
    request_body = CreateDeployment,
    responses((status = 202, body = DeploymentView), Problems)
)]
#[post("/projects/{project}/deployments")]
pub(crate) async fn create_deployment(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: CanDeploy,
    Path(project): Path<String>,
    Json(body): Json<CreateDeployment>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let mut faults = Faults::default();
    let git_ref = body
        .git_ref
        .as_ref()
        .and_then(|text| faults.parse::<GitRef>("ref", text));
    if git_ref.is_some() && record.project.source.template().is_some() {
        faults.add("ref", "a project made from a template has no branches");
    }
    faults.finish()?;
    let new = NewDeployment {
        team_id: actor.team,
        project_id: record.project.id,
        git_ref,
        trigger: Trigger::Manual,
        created_by: Some(actor.user.id),
        idempotency_key: idempotency_key(request.headers())?,
        delivery: None,
    };
    limit_by_user(&state, &DEPLOY, actor.user.id).await?;
    let created = state
        .store
        .create_deployment(new)
        .await?
        .ok_or_else(|| ApiError::not_found("project"))?;
    Ok(HttpResponse::Accepted().json(present(&state, &record, created.deployment)))
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        ApiError::malformed(
            "malformed_idempotency_key",
            format!("Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters"),
        )
    })
}
