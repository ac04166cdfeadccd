//! Dry runs of detection. A worker does them, because it alone may fetch repositories.

mod project;
mod repository;

use std::time::Duration;

use actix_web::http::StatusCode;
use aether_models::{BuildPlan, UserError};
use aether_store::{DetectionOutcome, NewDetection};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use project::detect_project;
pub(crate) use repository::detect_repository;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// How long a caller waits; a shallow clone of a large repository fits.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was found in a repository.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Detection {
    /// Ways to build it, best first.
    pub candidates: Vec<BuildPlan>,
    /// What was looked for, when nothing was found.
    pub explanation: Option<UserError>,
    /// Its branches.
    pub branches: Vec<String>,
    /// The branch that is checked out when none is named.
    pub default_branch: Option<String>,
    /// The commit that was looked at.
    pub commit_sha: Option<String>,
}

async fn run(state: &AppState, new: &NewDetection) -> ApiResult<Detection> {
    match state.store.detect(new, PATIENCE).await? {
        DetectionOutcome::Done(result) => Ok(Detection {
            candidates: result.candidates,
            explanation: result.explanation,
            branches: result.branches,
            default_branch: result.default_branch,
            commit_sha: result.commit_sha,
        }),
        DetectionOutcome::Failed(error) => {
            let failed = ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "repository_unreadable",
                "The repository could not be read",
                format!("{}: {}", error.title, error.detail),
            );
            Err(match error.hint {
                Some(hint) => failed.hint(hint),
                None => failed,
            })
        }
        DetectionOutcome::TimedOut => Err(ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "detection_timeout",
            "Detection took too long",
            format!(
                "no worker looked at the repository within {} seconds",
                PATIENCE.as_secs()
            ),
        )
        .hint("see GET /system/status whether a worker is running, then try again")),
    }
}
