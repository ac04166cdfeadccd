//! `POST /projects/{project}/deployments`

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_models::{GitRef, SourceKind, Trigger, UploadId};
use aether_store::{NewDeployment, NewPreview, PreviewOf, ProjectRecord};
use serde::Deserialize;
use utoipa::ToSchema;

use super::present;
use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::rate_limits::{DEPLOY, limit_by_user};
use crate::routes::environments;
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::validate::Faults;
use crate::views::DeploymentView;

/// Header by which a caller may repeat a request whose answer was lost.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest key; a UUID fits several times.
const IDEMPOTENCY_KEY_MAX: usize = 200;

/// What to deploy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDeployment {
    /// Branch, tag or commit; without it the project's branch.
    #[serde(rename = "ref", default)]
    git_ref: Option<String>,
    /// Deploy the branch to a preview of its own instead of production.
    #[serde(default)]
    preview: bool,
    /// An upload to deploy instead of a commit; all its files must have been sent.
    #[serde(default)]
    upload: Option<UploadId>,
}

/// Deploys. The deployment is accepted, not done: follow it by its log or its status.
#[utoipa::path(
    tag = "deployments",
    params(
        ("project" = String, Path, description = "Id or slug."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same deployment again.")
    ),
    request_body = CreateDeployment,
    responses((status = 202, body = DeploymentView), Problems)
)]
#[post("/projects/{project}/deployments")]
pub(crate) async fn create_deployment(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: CanDeploy,
    Path(project): Path<String>,
    Json(body): Json<CreateDeployment>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let mut faults = Faults::default();
    let git_ref = body
        .git_ref
        .as_ref()
        .and_then(|text| faults.parse::<GitRef>("ref", text));
    let source = record.project.source.kind();
    if git_ref.is_some() && source != SourceKind::Git {
        faults.add("ref", "Only a project with a repository has branches");
    }
    if body.preview && git_ref.as_ref().is_none_or(GitRef::is_commit) {
        faults.add("ref", "Name the branch of the preview");
    }
    if body.upload.is_some() && body.git_ref.is_some() {
        faults.add("upload", "A folder that was sent is deployed without a ref");
    }
    faults.finish()?;
    match body.upload {
        Some(upload) => require_complete(&state, &record, upload).await?,
        None if source == SourceKind::Upload => return Err(nothing_to_fetch()),
        None => {}
    }
    let new = NewDeployment {
        team_id: actor.team,
        project_id: record.project.id,
        environment_id: None,
        git_ref: git_ref.clone(),
        upload_id: body.upload,
        trigger: Trigger::Manual,
        created_by: Some(actor.user.id),
        idempotency_key: idempotency_key(request.headers())?,
    };
    limit_by_user(&state, &DEPLOY, actor.user.id).await?;
    let created = match git_ref.filter(|_| body.preview) {
        Some(branch) => {
            let preview = branch_preview(&state, &record, branch);
            let created = state.store.deploy_preview(&new, &preview).await?;
            created.transpose().map_err(environments::refuse)?
        }
        None => state.store.create_deployment(new).await?,
    };
    let created = created.ok_or_else(|| ApiError::not_found("project"))?;
    // The environment may be as new as the deployment.
    let record = find_project(&state, actor.team, &project).await?;
    Ok(HttpResponse::Accepted().json(present(&state, &record, created.deployment)))
}

fn nothing_to_fetch() -> ApiError {
    ApiError::conflict(
        "nothing_to_deploy",
        "this project has no repository: it is deployed by sending its folder",
    )
    .hint("run `aether deploy` in the folder, or redeploy one of its deployments")
}

/// Every file of the upload is there.
pub(super) async fn require_complete(
    state: &AppState,
    record: &ProjectRecord,
    upload: UploadId,
) -> ApiResult<()> {
    let project = &record.project;
    let found = state.store.upload(project.team_id, project.id, upload).await?;
    let found = found.ok_or_else(|| {
        ApiError::conflict("upload_gone", "the project has no such upload (any more)")
            .hint("send the folder again")
    })?;
    if found.missing.is_empty() {
        return Ok(());
    }
    Err(ApiError::conflict(
        "upload_incomplete",
        format!("{} of its files have not been sent", found.missing.len()),
    )
    .hint("begin the upload again: the answer lists what is missing"))
}

fn branch_preview(state: &AppState, record: &ProjectRecord, branch: GitRef) -> NewPreview {
    NewPreview {
        host: state.hosts.branch_preview(&record.project.slug, &branch),
        of: PreviewOf::Branch(branch.clone()),
        git_ref: branch,
        head: None,
        from_fork: false,
        fork: None,
        title: None,
        page_url: None,
        opened: true,
        max: record.project.settings.preview_max,
    }
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        ApiError::malformed(
            "malformed_idempotency_key",
            format!("Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters"),
        )
    })
}
