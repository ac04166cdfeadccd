//! `GET /projects/{project}/instances`

use actix_web::{get, web};
use aether_models::{DeploymentId, InstanceId};
use aether_store::InstanceState;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::find_project;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, Path};
use crate::state::AppState;

/// What a running copy is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InstanceHealth {
    /// Launched, not yet healthy.
    Starting,
    /// Answers its health check.
    Healthy,
    /// Launched, but does not answer.
    Unhealthy,
    /// Ends again and again.
    CrashLooping,
    /// Gets no new requests and will be stopped.
    Draining,
    /// Gone.
    Stopped,
}

/// A running copy of the project's app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Instance)]
pub(crate) struct InstanceView {
    /// Its id.
    pub id: InstanceId,
    /// Its release.
    pub deployment_id: DeploymentId,
    /// Number of that release's deployment.
    pub deployment_number: i32,
    /// Visitors get it.
    pub live: bool,
    /// What it is doing.
    pub state: InstanceHealth,
    /// `process` or `docker`.
    pub runtime: String,
    /// How often it was started again.
    pub restarts: i32,
    /// How it last ended, in words.
    pub last_exit: Option<String>,
    /// When it was first started.
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<InstanceState> for InstanceHealth {
    fn from(state: InstanceState) -> Self {
        match state {
            InstanceState::Starting => Self::Starting,
            InstanceState::Healthy => Self::Healthy,
            InstanceState::Unhealthy => Self::Unhealthy,
            InstanceState::CrashLooping => Self::CrashLooping,
            InstanceState::Draining => Self::Draining,
            InstanceState::Stopped => Self::Stopped,
        }
    }
}

/// The running copies of the project's app, those of the newest release first; a static site has none.
#[utoipa::path(
    tag = "projects",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = Page<InstanceView>), Problems)
)]
#[get("/projects/{project}/instances")]
pub(crate) async fn list_instances(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<Page<InstanceView>>> {
    let record = find_project(&state, actor.team, &project).await?;
    let copies = state.store.running_copies(actor.team, record.project.id).await?;
    let copies = copies.into_iter().map(|copy| InstanceView {
        id: copy.id,
        deployment_id: copy.deployment_id,
        deployment_number: copy.deployment_number,
        live: copy.live,
        state: copy.state.into(),
        runtime: copy.runtime,
        restarts: copy.restarts,
        last_exit: copy.last_exit,
        created_at: copy.created_at,
        updated_at: copy.updated_at,
    });
    Ok(web::Json(Page::whole(copies.collect())))
}
