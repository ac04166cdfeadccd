//! `PUT /projects/{project}/uploads/{id}/files/{sha256}`

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, put, web};
use aether_models::{UPLOAD_FILE_MAX, UploadId, is_sha256};
use aether_store::FileOutcome;
use sha2::{Digest, Sha256};

use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Path, read_body_within};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// The largest file over a slow line.
const PATIENCE: Duration = Duration::from_secs(600);

/// Sends one of the files an upload is missing. Sending it again does no harm.
#[utoipa::path(
    tag = "uploads",
    params(
        ("project" = String, Path, description = "Id or slug."),
        ("id" = UploadId, Path),
        ("sha256" = String, Path, description = "SHA-256 of the file, lower-case hex.")
    ),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 204, description = "Kept."), Problems)
)]
#[put("/projects/{project}/uploads/{id}/files/{sha256}")]
pub(crate) async fn put_upload_file(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: CanDeploy,
    Path((project, id, sha256)): Path<(String, UploadId, String)>,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    if !is_sha256(&sha256) {
        return Err(ApiError::not_found("file"));
    }
    let limit = usize::try_from(UPLOAD_FILE_MAX).unwrap_or(usize::MAX);
    let body = read_body_within(&request, payload.into_inner(), limit, PATIENCE).await?;
    let (body, digest) = web::block(move || {
        let digest = hex::encode(Sha256::digest(&body));
        (body, digest)
    })
    .await
    .map_err(ApiError::internal)?;
    if digest != sha256 {
        return Err(ApiError::invalid_field(
            "sha256",
            "This is not the digest of the body that came with it",
        ));
    }
    let outcome = state
        .store
        .put_upload_file(actor.team, record.project.id, id, &sha256, &body)
        .await?
        .ok_or_else(|| ApiError::not_found("upload"))?;
    match outcome {
        FileOutcome::Stored => Ok(HttpResponse::NoContent().finish()),
        FileOutcome::NotExpected => Err(ApiError::invalid_field(
            "sha256",
            "This is not the digest of a file of this upload",
        )),
    }
}
