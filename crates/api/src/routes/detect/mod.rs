//! Dry runs of detection. A worker does them, because it alone may fetch repositories.

mod names;
mod project;
mod repository;

use std::time::Duration;

use actix_web::http::StatusCode;
use aether_detect::{DetectOptions, MemoryTree};
use aether_models::{BuildPlan, Slug, UserError};
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

/// Looks at the files of a template, which are here.
fn of_template(name: &Slug, root_dir: &str) -> ApiResult<Detection> {
    let template =
        aether_templates::template(name.as_str()).ok_or_else(|| ApiError::not_found("template"))?;
    let tree = template
        .files()
        .fold(MemoryTree::new(), |tree, (path, contents)| {
            tree.with(&path, contents)
        });
    let options = DetectOptions {
        root_dir: Some(root_dir.to_owned()),
        ..DetectOptions::default()
    };
    let found = aether_detect::detect(&tree, &options);
    Ok(Detection {
        candidates: found.candidates,
        explanation: found.explanation.map(|explanation| explanation.to_user_error()),
        branches: Vec::new(),
        default_branch: None,
        commit_sha: None,
    })
}

async fn run(state: &AppState, new: &NewDetection) -> ApiResult<Detection> {
    match state.store.detect(new, PATIENCE).await? {
        DetectionOutcome::Done(result) => Ok(Detection {
            candidates: names::for_projects(result.candidates, &new.repo_url),
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
