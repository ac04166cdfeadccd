//! `POST /projects/{project}/detect`

use actix_web::{post, web};
use aether_models::ProjectSource;
use aether_store::NewDetection;

use super::{Detection, of_template, run};
use crate::auth::CanRead;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::rate_limits::{DETECT, limit_by_user};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Looks at the project's repository without deploying it.
#[utoipa::path(
    tag = "detection",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 200, body = Detection), Problems)
)]
#[post("/projects/{project}/detect")]
pub(crate) async fn detect_project(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
) -> ApiResult<web::Json<Detection>> {
    let record = find_project(&state, actor.team, &project).await?;
    limit_by_user(&state, &DETECT, actor.user.id).await?;
    let repo_url = match record.project.source {
        ProjectSource::Git { repo_url } => repo_url,
        ProjectSource::Upload => {
            return Err(ApiError::conflict(
                "nothing_to_detect",
                "this project has no repository; what is in a folder is found out when it is deployed",
            )
            .hint("send the folder with `aether deploy`"));
        }
        ProjectSource::Template { template } => {
            return Ok(web::Json(of_template(
                &template,
                &record.project.settings.root_dir,
            )?));
        }
    };
    let new = NewDetection {
        team_id: actor.team,
        project_id: Some(record.project.id),
        repo_url,
        repo_credentials: record.repo_credentials,
        git_ref: record.project.branch.map(|branch| branch.to_string()),
        root_dir: record.project.settings.root_dir,
    };
    Ok(web::Json(run(&state, &new).await?))
}
