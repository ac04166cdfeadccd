//! `POST /detect`

use actix_web::{post, web};
use aether_models::{GitRef, RepoCredentials, TeamId};
use aether_store::{NewDetection, detection_context};
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Detection, run};
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::rate_limits::{DETECT, limit_by_user};
use crate::routes::github::{GitHubRepositoryRef, Picked, pick};
use crate::routes::projects::check_repo_url;
use crate::state::AppState;
use crate::validate::Faults;

/// A repository to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DetectRepository {
    /// Where the code is; a user name and password in it are used for this look only.
    #[serde(default)]
    repo_url: Option<String>,
    /// A repository of `GET /github/repositories`, instead of an address.
    #[serde(default)]
    github_repository: Option<GitHubRepositoryRef>,
    /// Branch to look at; without it the default branch.
    #[serde(default)]
    branch: Option<String>,
    /// Folder to look at; without it the whole repository.
    #[serde(default)]
    root_dir: Option<String>,
}

/// Looks at a repository that is no project yet, and lists its branches.
#[utoipa::path(
    tag = "detection",
    request_body = DetectRepository,
    responses((status = 200, body = Detection), Problems)
)]
#[post("/detect")]
pub(crate) async fn detect_repository(
    state: web::Data<AppState>,
    actor: CanWrite,
    Json(body): Json<DetectRepository>,
) -> ApiResult<web::Json<Detection>> {
    let mut faults = Faults::default();
    let picked = match body.github_repository {
        Some(reference) => Some(pick(&state, actor.team, reference).await?),
        None => None,
    };
    let address = match (&picked, body.repo_url) {
        (Some(picked), None) => picked.repository.clone_url.clone(),
        (None, Some(text)) => text,
        _ => {
            return Err(ApiError::invalid_field(
                "repo_url",
                "Name a repository, either by its address or as one of GitHub's",
            ));
        }
    };
    let repo = check_repo_url(&state, &mut faults, &address);
    let branch = body
        .branch
        .as_ref()
        .and_then(|text| faults.parse::<GitRef>("branch", text));
    let root_dir = faults.folder("root_dir", Some(body.root_dir)).flatten();
    faults.finish()?;
    let (repo_url, given) =
        repo.ok_or_else(|| ApiError::internal("an address passed the checks without its parts"))?;
    limit_by_user(&state, &DETECT, actor.user.id).await?;
    let credentials = match &picked {
        Some(picked) => Some(token(&state, picked).await?),
        None => given,
    };
    let credentials = credentials
        .map(|credentials| seal(&state, actor.team, &credentials))
        .transpose()?;
    let new = NewDetection {
        team_id: actor.team,
        project_id: None,
        repo_url,
        repo_credentials: credentials,
        git_ref: branch.map(|branch| branch.to_string()),
        root_dir: root_dir.unwrap_or_else(|| ".".to_owned()),
    };
    Ok(web::Json(run(&state, &new).await?))
}

/// The worker reads the repository with a token that opens nothing else and ends within the hour.
async fn token(state: &AppState, picked: &Picked) -> ApiResult<RepoCredentials> {
    let token = picked.token(state).await?;
    Ok(RepoCredentials::github(token.token.expose_secret()))
}

/// There is no project yet to seal for: the team stands in its place, and the row is gone within the hour.
fn seal(state: &AppState, team: TeamId, credentials: &RepoCredentials) -> ApiResult<Vec<u8>> {
    let plain = serde_json::to_vec(credentials).map_err(ApiError::internal)?;
    state
        .keyring
        .seal(&detection_context(team), &plain)
        .map_err(ApiError::internal)
}
