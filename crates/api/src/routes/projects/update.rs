//! `PATCH /projects/{project}`

use actix_web::{patch, web};
use aether_models::{GitRef, ProjectName, ProjectSource};
use aether_store::{ProjectRecord, SealContext};

use super::present::present_single;
use super::{REPO_CREDENTIALS, check_repo_url, find_project};
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::state::AppState;
use crate::validate::Faults;
use crate::views::{ProjectView, settings_fields};

settings_fields! {
    /// What to change; what is left out stays as it is.
    pub(crate) struct UpdateProject {
        /// Where the code is; a project made from a template or of a sent folder is built from the repository from then on. A new address forgets the stored user name and password, unless it brings its own.
        #[serde(default)]
        pub repo_url: Option<String>,
        /// Name for people. The slug stays, because addresses depend on it.
        #[serde(default)]
        pub name: Option<String>,
        /// Branch that production follows; null follows the repository's default branch.
        #[serde(default, deserialize_with = "crate::views::given")]
        #[schema(value_type = Option<String>)]
        pub branch: Option<Option<String>>,
    }
}

/// Changes a project. Deployments that were accepted before keep the settings they were made with.
#[utoipa::path(
    tag = "projects",
    params(("project" = String, Path, description = "Id or slug.")),
    request_body = UpdateProject,
    responses((status = 200, body = ProjectView), Problems)
)]
#[patch("/projects/{project}")]
pub(crate) async fn update_project(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
    Json(body): Json<UpdateProject>,
) -> ApiResult<web::Json<ProjectView>> {
    let mut record = find_project(&state, actor.team, &project).await?;
    change(&state, &mut record, body)?;
    let updated = state.store.update_project(&record).await?;
    let record = updated.ok_or_else(|| ApiError::not_found("project"))?;
    Ok(web::Json(present_single(&state, actor.team, record).await?))
}

fn change(state: &AppState, record: &mut ProjectRecord, mut body: UpdateProject) -> ApiResult<()> {
    let mut faults = Faults::default();
    body.take_settings()
        .apply(&mut record.project.settings, &mut faults);
    if let Some(name) = &body.name
        && let Some(name) = faults.parse::<ProjectName>("name", name.trim())
    {
        record.project.name = name.to_string();
    }
    match &body.branch {
        None => {}
        Some(None) => record.project.branch = None,
        Some(Some(text)) => record.project.branch = faults.parse::<GitRef>("branch", text),
    }
    let repo = body
        .repo_url
        .as_ref()
        .and_then(|text| check_repo_url(state, &mut faults, text));
    faults.finish()?;
    let Some((url, credentials)) = repo else {
        return Ok(());
    };
    if let Some(credentials) = credentials {
        let context = SealContext {
            team: record.project.team_id,
            project: record.project.id,
            name: REPO_CREDENTIALS,
        };
        let plain = serde_json::to_vec(&credentials).map_err(ApiError::internal)?;
        record.repo_credentials = Some(state.keyring.seal(&context, &plain).map_err(ApiError::internal)?);
    } else if record.project.source.repo_url() != Some(&url) {
        // They were meant for the old address; a new one must not be sent them.
        record.repo_credentials = None;
    }
    record.project.source = ProjectSource::Git { repo_url: url };
    Ok(())
}
