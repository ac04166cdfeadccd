//! `PUT /projects/{project}/env/{key}`

use actix_web::{put, web};
use aether_models::{ENV_VARS_MAX, EnvScope, EnvTarget};
use aether_store::EnvVarsRefused;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{EnvVarView, Input, present, seal};
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::validate::Faults;

/// A variable's value and properties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutEnvVar {
    /// Its value; without it the variable keeps the one it has.
    #[serde(default)]
    value: Option<String>,
    /// It is never shown again and is masked in logs; without it as before, and true for a new variable.
    #[serde(default)]
    secret: Option<bool>,
    /// When it is visible; without it as before, and always for a new variable.
    #[serde(default)]
    scope: Option<EnvScope>,
    /// Which environments it is for; the same name may have one variable for each.
    #[serde(default)]
    target: EnvTarget,
}

/// Sets one variable.
#[utoipa::path(
    tag = "environment variables",
    params(("project" = String, Path, description = "Id or slug."), ("key" = String, Path, description = "Its name.")),
    request_body = PutEnvVar,
    responses((status = 200, body = EnvVarView), Problems)
)]
#[put("/projects/{project}/env/{key}")]
pub(crate) async fn put_env_var(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path((project, key)): Path<(String, String)>,
    Json(body): Json<PutEnvVar>,
) -> ApiResult<web::Json<EnvVarView>> {
    let record = find_project(&state, actor.team, &project).await?;
    let mut faults = Faults::default();
    let input = Input {
        field: String::new(),
        name: &key,
        value: body.value.as_deref(),
        secret: body.secret,
        scope: body.scope,
        target: body.target,
    };
    let change = seal(&state, &mut faults, (actor.team, record.project.id), &input)?;
    faults.finish()?;
    let rows = state
        .store
        .set_env_vars(actor.team, record.project.id, change.as_slice(), false)
        .await?;
    let row = rows
        .map_err(refused)?
        .into_iter()
        .find(|row| row.name == key && row.target == body.target);
    let row = row.ok_or_else(|| ApiError::not_found("variable"))?;
    Ok(web::Json(present(&state, actor.team, record.project.id, row)?))
}

pub(super) fn refused(refused: EnvVarsRefused) -> ApiError {
    match refused {
        EnvVarsRefused::ValueMissing(name) => {
            ApiError::invalid_field("value", format!("Enter a value for {name}, which is new"))
        }
        // Its value would become readable to everybody who may read the project.
        EnvVarsRefused::WasSecret(name) => ApiError::invalid_field(
            "secret",
            format!("Enter a new value for {name} to make it readable: it is secret"),
        ),
        EnvVarsRefused::TooMany => ApiError::invalid_field(
            "variables",
            format!("A project has at most {ENV_VARS_MAX} variables"),
        ),
    }
}
