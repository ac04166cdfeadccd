//! `POST /deployments/{id}/cancel`

use actix_web::{HttpResponse, post, web};
use aether_models::{DeploymentId, DeploymentStatus};
use aether_store::CancelOutcome;

use super::{find_deployment, present};
use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;
use crate::views::DeploymentView;

/// Stops a deployment. One that runs is stopped by its worker within seconds; asking twice is fine.
#[utoipa::path(
    tag = "deployments",
    params(("id" = DeploymentId, Path)),
    responses((status = 202, body = DeploymentView), Problems)
)]
#[post("/deployments/{id}/cancel")]
pub(crate) async fn cancel_deployment(
    state: web::Data<AppState>,
    actor: CanDeploy,
    Path(id): Path<DeploymentId>,
) -> ApiResult<HttpResponse> {
    find_deployment(&state, actor.team, id).await?;
    let outcome = state
        .store
        .request_cancel(actor.team, id)
        .await?
        .ok_or_else(|| ApiError::not_found("deployment"))?;
    match outcome {
        CancelOutcome::Cancelled
        | CancelOutcome::Requested
        | CancelOutcome::AlreadyEnded(DeploymentStatus::Cancelled) => {
            let (record, deployment) = find_deployment(&state, actor.team, id).await?;
            Ok(HttpResponse::Accepted().json(present(&state, &record, deployment)))
        }
        CancelOutcome::AlreadyEnded(status) => Err(ApiError::conflict(
            "already_ended",
            format!("the deployment has ended: it is {status}"),
        )),
    }
}
