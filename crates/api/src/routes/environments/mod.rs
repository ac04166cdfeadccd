//! Environments of a project: production, and a preview for each branch or pull request that has one.

mod approve;
mod delete;
mod list;

use aether_models::{DeploymentId, EnvironmentId, EnvironmentKindName};
use aether_store::{EnvironmentRecord, PreviewPlace, ProjectRecord};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use approve::approve_preview;
pub(crate) use delete::delete_preview;
pub(crate) use list::list_environments;

use crate::error::ApiError;
use crate::state::AppState;

/// One environment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Environment)]
pub(crate) struct EnvironmentView {
    /// Its id.
    pub id: EnvironmentId,
    /// What it is for.
    pub kind: EnvironmentKindName,
    /// Its name.
    #[schema(example = "branch:docs")]
    pub name: String,
    /// Its address.
    pub url: String,
    /// Branch it follows.
    pub branch: Option<String>,
    /// Pull request it follows.
    pub pull_request: Option<PullRequestView>,
    /// Head that the provider named last.
    pub head: Option<String>,
    /// Its head comes from a fork and waits for a member's approval.
    pub waiting_for_approval: bool,
    /// What it serves now.
    pub live_deployment_id: Option<DeploymentId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When something was last deployed to it.
    pub updated_at: DateTime<Utc>,
}

/// The pull request a preview follows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PullRequest)]
pub(crate) struct PullRequestView {
    /// Its number.
    pub number: i32,
    /// Its title.
    pub title: Option<String>,
    /// Its page at the provider.
    pub url: Option<String>,
    /// It comes from another repository; its builds see no secrets and have caches of their own.
    pub from_fork: bool,
}

/// Builds the view of an environment.
fn present(state: &AppState, record: &ProjectRecord, environment: EnvironmentRecord) -> EnvironmentView {
    let host = environment.host.as_ref().and_then(|host| host.parse().ok());
    let host = host.unwrap_or_else(|| state.hosts.production(&record.project.slug));
    EnvironmentView {
        id: environment.id,
        kind: environment.kind,
        name: environment.name,
        url: state.urls.site(&host),
        branch: environment.branch,
        pull_request: environment.pull_request.map(|number| PullRequestView {
            number,
            title: environment.title,
            url: environment.page_url,
            from_fork: environment.from_fork,
        }),
        head: environment.head,
        waiting_for_approval: environment.waiting,
        live_deployment_id: environment.live_deployment_id,
        created_at: environment.created_at,
        updated_at: environment.updated_at,
    }
}

/// Why there is no preview, as a problem.
pub(crate) fn refuse(place: PreviewPlace) -> ApiError {
    match place {
        PreviewPlace::Full(count) => full(count),
        PreviewPlace::HostTaken => ApiError::conflict(
            "preview_host_taken",
            "another project answers on the host of this preview",
        )
        .hint("deploy a branch with another name"),
        PreviewPlace::Closed | PreviewPlace::Open(_) => {
            ApiError::conflict("preview_closed", "what this preview follows was closed")
        }
    }
}

fn full(count: i64) -> ApiError {
    ApiError::conflict(
        "too_many_previews",
        format!("the project has {count} previews already"),
    )
    .hint("remove one, or raise preview_max in the project's settings")
}
