//! `POST /projects/{project}/environments/{id}/approve`

use actix_web::{HttpResponse, post, web};
use aether_models::EnvironmentId;
use aether_store::Approval;
use serde::Deserialize;
use utoipa::ToSchema;

use super::full;
use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::routes::deployments::{find_deployment, present};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::views::DeploymentView;

/// What somebody has looked at and approves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovePreview {
    /// The head, as the environment shows it; another head that came meanwhile is not approved by this.
    head: String,
}

/// Approves the head of a fork's pull request and deploys exactly that commit. It is built without the project's secrets.
#[utoipa::path(
    tag = "environments",
    params(("project" = String, Path, description = "Id or slug."), ("id" = EnvironmentId, Path)),
    request_body = ApprovePreview,
    responses((status = 202, body = DeploymentView), Problems)
)]
#[post("/projects/{project}/environments/{id}/approve")]
pub(crate) async fn approve_preview(
    state: web::Data<AppState>,
    actor: CanDeploy,
    Path((project, id)): Path<(String, EnvironmentId)>,
    Json(body): Json<ApprovePreview>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let approval = state
        .store
        .approve_preview(actor.team, record.project.id, id, &body.head, actor.user.id)
        .await?
        .ok_or_else(|| ApiError::not_found("preview"))?;
    let deployment = match approval {
        Approval::Deploying(deployment) => deployment,
        Approval::NotWaiting => {
            return Err(ApiError::conflict(
                "nothing_to_approve",
                "this preview does not wait for an approval",
            ));
        }
        Approval::HeadMoved => {
            return Err(
                ApiError::conflict("head_moved", "the pull request has another head by now")
                    .hint("look at the new commits, then approve the new head"),
            );
        }
        Approval::Full(count) => return Err(full(count)),
    };
    let (record, deployment) = find_deployment(&state, actor.team, deployment).await?;
    Ok(HttpResponse::Accepted().json(present(&state, &record, deployment)))
}
