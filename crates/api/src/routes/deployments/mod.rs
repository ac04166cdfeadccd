//! Deployments.

mod cancel;
mod changes;
mod create;
mod get;
mod list;
mod redeploy;

use aether_models::{Deployment, DeploymentId, TeamId};
use aether_store::{ProjectKey, ProjectRecord};

pub(crate) use cancel::cancel_deployment;
pub(crate) use changes::get_deployment_changes;
pub(crate) use create::create_deployment;
pub(crate) use get::get_deployment;
pub(crate) use list::list_deployments;
pub(crate) use redeploy::redeploy_deployment;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::views::DeploymentView;

/// The team's deployment of this id, with its project. One whose project was deleted is gone with it.
pub(crate) async fn find_deployment(
    state: &AppState,
    team: TeamId,
    id: DeploymentId,
) -> ApiResult<(ProjectRecord, Deployment)> {
    let not_found = || ApiError::not_found("deployment");
    let deployment = state.store.deployment(team, id).await?.ok_or_else(not_found)?;
    let key = ProjectKey::Id(deployment.project_id);
    let record = state.store.project(team, &key).await?.ok_or_else(not_found)?;
    Ok((record, deployment))
}

/// Builds the view of a deployment.
pub(crate) fn present(state: &AppState, record: &ProjectRecord, deployment: Deployment) -> DeploymentView {
    let environment = record.environment_name(deployment.environment_id).to_owned();
    DeploymentView::new(state, deployment, &record.project.slug, &environment)
}
