//! `POST /projects/{project}/uploads`

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_models::{ProjectId, UploadEntry};
use aether_store::{NewUpload, UploadState};
use serde::Deserialize;
use utoipa::ToSchema;

use super::archive::{Archive, Compression};
use super::{UploadView, new_upload, receive};
use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Path, read_body, unsupported};
use crate::rate_limits::{DEPLOY, limit_by_user};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Most bytes of a list of as many files as an upload may have.
const LIST_MAX: usize = 16 * 1024 * 1024;

/// The list of a folder.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUpload {
    /// Its files and links.
    entries: Vec<UploadEntry>,
}

/// Begins an upload by the list of a folder, or takes the whole folder as a tar archive (`application/x-tar`, or compressed
/// as `application/gzip`). The same folder again is the same upload: only files the project lacks have to be sent.
#[utoipa::path(
    tag = "uploads",
    params(("project" = String, Path, description = "Id or slug.")),
    request_body = CreateUpload,
    responses((status = 201, body = UploadView), Problems)
)]
#[post("/projects/{project}/uploads")]
pub(crate) async fn create_upload(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: CanDeploy,
    Path(project): Path<String>,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    limit_by_user(&state, &DEPLOY, actor.user.id).await?;
    let project = record.project.id;
    let essence = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .map(|text| text.trim().to_ascii_lowercase());
    let upload = match essence.as_deref() {
        Some("application/json") => {
            let body = read_body(&request, payload.into_inner(), LIST_MAX).await?;
            let list: CreateUpload = serde_json::from_slice(&body)
                .map_err(|error| ApiError::malformed("malformed_json", error.to_string()))?;
            begin(&state, &new_upload(&actor, project, list.entries)?).await?
        }
        Some("application/x-tar") => unpack(&state, &actor, project, payload, Compression::None).await?,
        Some("application/gzip" | "application/x-gzip") => {
            unpack(&state, &actor, project, payload, Compression::Gzip).await?
        }
        _ => {
            return Err(unsupported(
                "the body is a list of files as application/json, or an archive as application/x-tar or application/gzip",
            ));
        }
    };
    Ok(HttpResponse::Created().json(UploadView {
        id: upload.id,
        missing: upload.missing,
    }))
}

async fn begin(state: &AppState, new: &NewUpload) -> ApiResult<UploadState> {
    state.store.begin_upload(new).await?.ok_or_else(|| {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "upload_space_used_up",
            "The project's space for uploads is used up",
            "unfinished and unused uploads of the last days take all of it",
        )
        .hint("try again tomorrow, or leave large files out by naming them in .aetherignore")
    })
}

/// Reads the archive twice: first its list, all of which must be right before anything is kept, then the missing files.
async fn unpack(
    state: &AppState,
    actor: &CanDeploy,
    project: ProjectId,
    payload: web::Payload,
    compression: Compression,
) -> ApiResult<UploadState> {
    let archive = Archive::new(receive::to_file(payload.into_inner()).await?, compression);
    let listed = archive.clone();
    let entries = tokio::task::spawn_blocking(move || listed.entries())
        .await
        .map_err(ApiError::internal)??;
    let mut upload = begin(state, &new_upload(actor, project, entries)?).await?;
    let wanted: HashSet<String> = upload.missing.drain(..).collect();
    if wanted.is_empty() {
        return Ok(upload);
    }
    let (sender, mut files) = tokio::sync::mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || archive.send_files(wanted, &sender));
    while let Some((sha256, content)) = files.recv().await {
        let stored = state
            .store
            .put_upload_file(actor.team, project, upload.id, &sha256, &content)
            .await?;
        stored.ok_or_else(|| ApiError::not_found("upload"))?;
    }
    reading.await.map_err(ApiError::internal)??;
    Ok(upload)
}
