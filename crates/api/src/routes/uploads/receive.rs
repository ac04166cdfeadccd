//! An archive on its way into a file that has no name: whatever happens, nothing of it stays behind.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use aether_models::{UPLOAD_BYTES_MAX, UPLOAD_ENTRIES_MAX};
use futures::StreamExt;

use crate::error::{ApiError, ApiResult};

/// A sender that is silent for this long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Head and padding of an entry.
const OVERHEAD: u64 = 2048;

/// Most bytes of an archive of the largest folder.
pub(super) const ARCHIVE_MAX: u64 = UPLOAD_BYTES_MAX + UPLOAD_ENTRIES_MAX as u64 * OVERHEAD;

/// Receives the body.
pub(super) async fn to_file(mut payload: Payload) -> ApiResult<File> {
    let mut file = tempfile::tempfile().map_err(ApiError::internal)?;
    let mut received = 0_u64;
    loop {
        let next = tokio::time::timeout(SILENCE_MAX, payload.next()).await;
        let chunk = match next {
            Ok(None) => return Ok(file),
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => {
                return Err(ApiError::malformed(
                    "broken_body",
                    "the body ended before it was whole",
                ));
            }
            Err(_) => {
                return Err(ApiError::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "body_timeout",
                    "The request took too long",
                    "the body did not go on",
                ));
            }
        };
        received += chunk.len() as u64;
        if received > ARCHIVE_MAX {
            return Err(super::invalid(aether_models::InvalidUpload::Bytes));
        }
        file = tokio::task::spawn_blocking(move || file.write_all(&chunk).map(|()| file))
            .await
            .map_err(ApiError::internal)?
            .map_err(ApiError::internal)?;
    }
}
