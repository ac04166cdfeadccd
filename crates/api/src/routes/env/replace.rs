//! `PUT /projects/{project}/env`

use std::collections::HashSet;

use actix_web::{put, web};
use aether_models::{ENV_VARS_MAX, EnvScope, EnvTarget};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{EnvVarView, Input, present, seal};
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Page, Path};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::validate::Faults;

/// The variables a project should have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceEnvVars {
    /// The variables.
    variables: Vec<EnvVarInput>,
    /// Keep variables that are not in the list; without it they are deleted.
    #[serde(default)]
    keep_others: bool,
}

/// One variable as it should be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvVarInput {
    /// Its name.
    name: String,
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

/// Sets all variables at once, in one step.
#[utoipa::path(
    tag = "environment variables",
    params(("project" = String, Path, description = "Id or slug.")),
    request_body = ReplaceEnvVars,
    responses((status = 200, body = Page<EnvVarView>), Problems)
)]
#[put("/projects/{project}/env")]
pub(crate) async fn replace_env_vars(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
    Json(body): Json<ReplaceEnvVars>,
) -> ApiResult<web::Json<Page<EnvVarView>>> {
    let record = find_project(&state, actor.team, &project).await?;
    let place = (actor.team, record.project.id);
    let mut faults = Faults::default();
    if body.variables.len() > ENV_VARS_MAX {
        return Err(ApiError::invalid_field(
            "variables",
            format!("A project has at most {ENV_VARS_MAX} variables"),
        ));
    }
    let mut names = HashSet::new();
    let mut changes = Vec::with_capacity(body.variables.len());
    for (index, variable) in body.variables.iter().enumerate() {
        let field = format!("variables[{index}].");
        if !names.insert((variable.name.as_str(), variable.target)) {
            faults.add(&format!("{field}name"), "This name is in the list twice");
        }
        let input = Input {
            field,
            name: &variable.name,
            value: variable.value.as_deref(),
            secret: variable.secret,
            scope: variable.scope,
            target: variable.target,
        };
        changes.extend(seal(&state, &mut faults, place, &input)?);
    }
    faults.finish()?;
    let rows = state
        .store
        .set_env_vars(actor.team, record.project.id, &changes, !body.keep_others)
        .await?;
    let items = rows
        .map_err(super::put::refused)?
        .into_iter()
        .map(|row| present(&state, actor.team, record.project.id, row))
        .collect::<ApiResult<Vec<_>>>()?;
    Ok(web::Json(Page::whole(items)))
}
