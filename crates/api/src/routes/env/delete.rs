//! `DELETE /projects/{project}/env/{key}`

use actix_web::{HttpResponse, delete, web};
use aether_models::EnvTarget;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Path, Query};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Which of the variables of one name.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteEnvVar {
    /// The one for these environments; without it the one for all.
    #[serde(default)]
    #[param(inline)]
    target: EnvTarget,
}

/// Deletes one variable.
#[utoipa::path(
    tag = "environment variables",
    params(("project" = String, Path, description = "Id or slug."), ("key" = String, Path, description = "Its name."), DeleteEnvVar),
    responses((status = 204, description = "Deleted."), Problems)
)]
#[delete("/projects/{project}/env/{key}")]
pub(crate) async fn delete_env_var(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path((project, key)): Path<(String, String)>,
    Query(query): Query<DeleteEnvVar>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    if !state
        .store
        .delete_env_var(actor.team, record.project.id, &key, query.target)
        .await?
    {
        return Err(ApiError::not_found("variable"));
    }
    Ok(HttpResponse::NoContent().finish())
}
