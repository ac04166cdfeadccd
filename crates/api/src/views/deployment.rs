//! A deployment, as the dashboard and the command line read it.

use aether_models::{
    BuildPlan, Commit, Deployment, DeploymentId, DeploymentStatus, ProjectId, Slug, StepRecord, Trigger,
    UserError, UserId,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// One deployment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deployment)]
pub(crate) struct DeploymentView {
    /// Its id.
    pub id: DeploymentId,
    /// Its project.
    pub project_id: ProjectId,
    /// Its project's slug.
    pub project_slug: Slug,
    /// Counts up per project from 1.
    pub number: i32,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// Why it was made.
    pub trigger: Trigger,
    /// Name of the environment it goes to.
    #[schema(example = "production")]
    pub environment: String,
    /// The branch, tag or commit that was asked for; `HEAD` is the repository's default branch.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// The commit, once it is known.
    pub commit: Option<Commit>,
    /// Its own address, which never shows anything else.
    pub url: String,
    /// Visitors of the environment get it now.
    pub live: bool,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// From start to end, or until now.
    pub duration_ms: Option<i64>,
    /// How often a worker took it.
    pub attempt: i32,
    /// Somebody asked for it to stop.
    pub cancel_requested: bool,
    /// Who asked for it, when a person did.
    pub created_by: Option<UserId>,
    /// Its steps so far, in order.
    pub steps: Vec<StepRecord>,
    /// How it is built, once that is known.
    pub plan: Option<BuildPlan>,
    /// Why it failed.
    pub error: Option<UserError>,
}

impl DeploymentView {
    /// Builds it; `slug` is the project's, `environment` the name of the deployment's environment.
    pub(crate) fn new(state: &AppState, deployment: Deployment, slug: &Slug, environment: &str) -> Self {
        Self {
            url: state.urls.site(&state.hosts.deployment(slug, deployment.number)),
            duration_ms: duration_ms(state, deployment.started_at, deployment.finished_at),
            id: deployment.id,
            project_id: deployment.project_id,
            project_slug: slug.clone(),
            number: deployment.number,
            status: deployment.status,
            trigger: deployment.trigger,
            environment: environment.to_owned(),
            git_ref: deployment.git_ref,
            commit: deployment.commit,
            live: deployment.live,
            created_at: deployment.created_at,
            started_at: deployment.started_at,
            finished_at: deployment.finished_at,
            attempt: deployment.attempt,
            cancel_requested: deployment.cancel_requested,
            created_by: deployment.created_by,
            steps: deployment.steps,
            plan: deployment.plan,
            error: deployment.error,
        }
    }
}

/// Milliseconds from `start` to `end`, or until now.
fn duration_ms(state: &AppState, start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> Option<i64> {
    let end = end.unwrap_or_else(|| state.clock.now());
    Some((end - start?).num_milliseconds().max(0))
}
