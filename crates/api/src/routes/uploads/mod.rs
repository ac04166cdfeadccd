//! Folders that are sent instead of a repository.
//!
//! ```text
//! POST …/uploads {entries}          -> {id, missing}      the list of a folder; what the project lacks
//! PUT  …/uploads/{id}/files/{sha}   -> 204                 one of the missing files
//! POST …/uploads (a tar stream)     -> {id, missing: []}   all at once
//! POST …/deployments {upload: id}   -> 202
//! ```

mod archive;
mod create;
mod file;
mod receive;

use aether_models::{InvalidUpload, UploadEntry, UploadId};
use aether_store::NewUpload;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub(crate) use create::create_upload;
pub(crate) use file::put_upload_file;

use crate::auth::CanDeploy;
use crate::error::{ApiError, ApiResult};

/// An upload and what is still to come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(crate) struct UploadView {
    /// Its id, to deploy it by.
    pub id: UploadId,
    /// SHA-256 of each file that has to be sent before it can be deployed.
    pub missing: Vec<String>,
}

/// A checked list as the store takes it.
fn new_upload(
    actor: &CanDeploy,
    project: aether_models::ProjectId,
    mut entries: Vec<UploadEntry>,
) -> ApiResult<NewUpload> {
    let size = aether_models::check_upload(&mut entries).map_err(invalid)?;
    let canonical = serde_json::to_vec(&entries).map_err(ApiError::internal)?;
    Ok(NewUpload {
        team_id: actor.team,
        project_id: project,
        digest: Sha256::digest(&canonical).to_vec(),
        entries,
        size,
        created_by: Some(actor.user.id),
    })
}

fn invalid(error: InvalidUpload) -> ApiError {
    if error.is_too_large() {
        return ApiError::new(
            actix_web::http::StatusCode::PAYLOAD_TOO_LARGE,
            "upload_too_large",
            "The folder is too large",
            error.to_string(),
        )
        .hint("leave out what a build makes anew by naming it in .aetherignore");
    }
    ApiError::invalid_field("entries", error)
}
