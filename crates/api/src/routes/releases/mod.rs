//! Making an earlier deployment live again, or an arbitrary ready one: one pointer in Postgres moves, nothing is built.

mod promote;
mod rollback;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use aether_models::DeploymentId;
use aether_store::SwitchOutcome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use promote::promote_release;
pub(crate) use rollback::rollback_release;

use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult};
use crate::routes::deployments::{find_deployment, present};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::views::DeploymentView;

/// Which deployment to make live.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchRelease {
    /// A ready deployment of this project.
    deployment_id: DeploymentId,
}

/// How far a switch got.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SwitchStatus {
    /// Visitors get it now.
    Switched,
    /// They got it before already.
    AlreadyLive,
    /// Its app is being started; visitors get it once it is healthy.
    Pending,
}

/// An accepted switch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReleaseSwitch {
    /// How far it got.
    pub status: SwitchStatus,
    /// The deployment that is live, or will be.
    pub deployment: DeploymentView,
}

async fn switch(
    state: &AppState,
    actor: &CanDeploy,
    project: &str,
    deployment: DeploymentId,
) -> ApiResult<HttpResponse> {
    let record = find_project(state, actor.team, project).await?;
    let outcome = state
        .store
        .switch_release(actor.team, record.project.id, deployment, Some(actor.user.id))
        .await?
        .ok_or_else(|| ApiError::not_found("deployment"))?;
    let (code, status) = match outcome {
        SwitchOutcome::Switched => (StatusCode::OK, SwitchStatus::Switched),
        SwitchOutcome::AlreadyLive => (StatusCode::OK, SwitchStatus::AlreadyLive),
        SwitchOutcome::Pending => (StatusCode::ACCEPTED, SwitchStatus::Pending),
        SwitchOutcome::NotReady => {
            return Err(
                ApiError::conflict("deployment_not_ready", "this deployment never became ready")
                    .hint("choose one whose status is READY"),
            );
        }
        SwitchOutcome::ArtifactGone => {
            return Err(ApiError::conflict(
                "release_gone",
                "the files of this deployment were removed by retention",
            )
            .hint("redeploy its commit"));
        }
    };
    let (_, deployment) = find_deployment(state, actor.team, deployment).await?;
    let deployment = present(state, &record, deployment);
    Ok(HttpResponse::build(code).json(ReleaseSwitch { status, deployment }))
}
