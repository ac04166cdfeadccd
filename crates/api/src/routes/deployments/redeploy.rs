//! `POST /deployments/{id}/redeploy`

use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_models::{Deployment, DeploymentId, GitRef, Trigger};
use aether_store::NewDeployment;

use super::create::idempotency_key;
use super::{find_deployment, present};
use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::rate_limits::{DEPLOY, limit_by_user};
use crate::state::AppState;
use crate::views::DeploymentView;

/// Builds the commit of a deployment again, with the settings and variables of today.
#[utoipa::path(
    tag = "deployments",
    params(
        ("id" = DeploymentId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same deployment again.")
    ),
    responses((status = 202, body = DeploymentView), Problems)
)]
#[post("/deployments/{id}/redeploy")]
pub(crate) async fn redeploy_deployment(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: CanDeploy,
    Path(id): Path<DeploymentId>,
) -> ApiResult<HttpResponse> {
    let (record, old) = find_deployment(&state, actor.team, id).await?;
    let new = NewDeployment {
        team_id: actor.team,
        project_id: old.project_id,
        git_ref: Some(what_it_built(&old)?),
        trigger: Trigger::Redeploy,
        created_by: Some(actor.user.id),
        idempotency_key: idempotency_key(request.headers())?,
        delivery: None,
    };
    limit_by_user(&state, &DEPLOY, actor.user.id).await?;
    let created = state
        .store
        .create_deployment(new)
        .await?
        .ok_or_else(|| ApiError::not_found("deployment"))?;
    Ok(HttpResponse::Accepted().json(present(&state, &record, created.deployment)))
}

/// Its commit; for one that ended before its commit was known, the ref that was asked for.
fn what_it_built(old: &Deployment) -> ApiResult<GitRef> {
    let text = old
        .commit
        .as_ref()
        .map_or(old.git_ref.as_str(), |commit| commit.sha.as_str());
    text.parse().map_err(ApiError::internal)
}
