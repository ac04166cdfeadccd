//! `POST /projects/{project}/deploy-key`

use actix_web::{HttpResponse, post, web};
use aether_store::SealContext;

use super::generate::DeployKey;
use super::{DEPLOY_KEY, DeployKeyView};
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Makes a new SSH key (ed25519) for the project; an earlier one is forgotten. Enter its public part at the Git server.
#[utoipa::path(
    tag = "deploy key",
    params(("project" = String, Path, description = "Id or slug.")),
    responses((status = 201, body = DeployKeyView), Problems)
)]
#[post("/projects/{project}/deploy-key")]
pub(crate) async fn create_deploy_key(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let key = DeployKey::generate().map_err(|error| ApiError::internal(error.to_string()))?;
    let context = SealContext {
        team: actor.team,
        project: record.project.id,
        name: DEPLOY_KEY,
    };
    let sealed = state
        .keyring
        .seal(&context, key.private.as_bytes())
        .map_err(ApiError::internal)?;
    state
        .store
        .set_deploy_key(actor.team, record.project.id, &key.public, &sealed)
        .await?;
    let made = state.store.deploy_key(actor.team, record.project.id).await?;
    let made = made.ok_or_else(|| ApiError::not_found("project"))?;
    Ok(HttpResponse::Created().json(DeployKeyView::from(made)))
}
