//! `POST /deployments/{id}/redeploy`

use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_models::{Deployment, DeploymentId, GitRef, Trigger};
use aether_store::NewDeployment;

use super::create::{idempotency_key, require_complete};
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
    if let Some(upload) = old.upload_id {
        require_complete(&state, &record, upload).await?;
    }
    let new = NewDeployment {
        team_id: actor.team,
        project_id: old.project_id,
        environment_id: Some(old.environment_id),
        git_ref: if old.upload_id.is_some() {
            None
        } else {
            Some(what_it_built(&old)?)
        },
        upload_id: old.upload_id,
        trigger: Trigger::Redeploy,
        created_by: Some(actor.user.id),
        idempotency_key: idempotency_key(request.headers())?,
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
