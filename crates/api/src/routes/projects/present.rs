//! Projects with their live and newest deployments, loaded together for a whole page.

use std::collections::HashMap;

use aether_models::{Deployment, ProjectId, TeamId};
use aether_store::ProjectRecord;

use crate::error::ApiResult;
use crate::routes::deployments;
use crate::state::AppState;
use crate::views::ProjectView;

/// Builds the views of these projects, in their order.
pub(super) async fn present(
    state: &AppState,
    team: TeamId,
    records: Vec<ProjectRecord>,
) -> ApiResult<Vec<ProjectView>> {
    let ids: Vec<ProjectId> = records.iter().map(|record| record.project.id).collect();
    let mut by_project: HashMap<ProjectId, Vec<Deployment>> = HashMap::new();
    for deployment in state.store.latest_and_live_deployments(team, &ids).await? {
        by_project
            .entry(deployment.project_id)
            .or_default()
            .push(deployment);
    }
    let mut views = Vec::with_capacity(records.len());
    for record in records {
        let deployments = by_project.remove(&record.project.id).unwrap_or_default();
        views.push(view(state, &record, &deployments));
    }
    Ok(views)
}

/// Builds the view of one project.
pub(super) async fn present_single(
    state: &AppState,
    team: TeamId,
    record: ProjectRecord,
) -> ApiResult<ProjectView> {
    let deployments = state
        .store
        .latest_and_live_deployments(team, &[record.project.id])
        .await?;
    Ok(view(state, &record, &deployments))
}

fn view(state: &AppState, record: &ProjectRecord, found: &[Deployment]) -> ProjectView {
    let present = |deployment: &Deployment| deployments::present(state, record, deployment.clone());
    let live = found.iter().find(|deployment| deployment.live).map(present);
    let latest = found
        .iter()
        .max_by_key(|deployment| deployment.number)
        .map(present);
    let mut view = ProjectView::new(
        state,
        record.project.clone(),
        record.repo_credentials.is_some(),
        live,
        latest,
    );
    view.github_repository.clone_from(&record.github_name);
    view
}
