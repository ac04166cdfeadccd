//! `GET /projects/{project}/usage`

use actix_web::{get, web};
use aether_models::{DeploymentId, InstanceId};
use aether_store::{AppUsage, VolumeUsage};
use serde::Serialize;
use utoipa::ToSchema;

use super::find_project;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;

/// What a project uses right now, as far as workers have said so in the last seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectUsage {
    /// Its running apps; empty where the runtime does not count.
    pub apps: Vec<AppUsageView>,
    /// Its volumes.
    pub volumes: Vec<VolumeUsageView>,
}

/// What one copy of an app uses. Counters grow from its start; the difference of two is what it used in between.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppUsage)]
pub(crate) struct AppUsageView {
    /// The copy.
    pub instance_id: InstanceId,
    /// Its release.
    pub deployment_id: DeploymentId,
    /// Processor time, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory in use.
    pub memory_bytes: u64,
    /// The most it may use.
    pub memory_limit_bytes: u64,
    /// Received over the network.
    pub network_received_bytes: u64,
    /// Sent over the network.
    pub network_sent_bytes: u64,
    /// Processes and threads.
    pub processes: u64,
}

/// One volume.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VolumeUsage)]
pub(crate) struct VolumeUsageView {
    /// Its name within the project.
    pub name: String,
    /// What is in it; null when nobody measured it.
    pub bytes: Option<u64>,
}

/// What a project uses right now.
#[utoipa::path(
    tag = "projects",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = ProjectUsage), Problems)
)]
#[get("/projects/{project}/usage")]
pub(crate) async fn get_project_usage(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<ProjectUsage>> {
    let record = find_project(&state, actor.team, &project).await?;
    let reports = state.store.worker_reports().await?;
    let mut usage = ProjectUsage {
        apps: Vec::new(),
        volumes: Vec::new(),
    };
    for report in reports {
        let apps = report.apps.into_iter();
        let own_apps = apps.filter(|app| app.project_id == record.project.id);
        usage.apps.extend(own_apps.map(AppUsageView::from));
        let volumes = report.volumes.into_iter();
        let own_volumes = volumes.filter(|volume| volume.project_id == record.project.id);
        usage.volumes.extend(own_volumes.map(VolumeUsageView::from));
    }
    Ok(web::Json(usage))
}

impl From<AppUsage> for AppUsageView {
    fn from(app: AppUsage) -> Self {
        Self {
            instance_id: app.instance_id,
            deployment_id: app.deployment_id,
            cpu_nanos: app.cpu_nanos,
            memory_bytes: app.memory_bytes,
            memory_limit_bytes: app.memory_limit_bytes,
            network_received_bytes: app.network_received_bytes,
            network_sent_bytes: app.network_sent_bytes,
            processes: app.processes,
        }
    }
}

impl From<VolumeUsage> for VolumeUsageView {
    fn from(volume: VolumeUsage) -> Self {
        Self {
            name: volume.name,
            bytes: volume.bytes,
        }
    }
}
