//! Environment variables of a project. They reach the next deployment; a running release keeps the ones it was made with.

mod delete;
mod list;
mod put;
mod replace;

use aether_models::{EnvName, EnvScope, EnvTarget, ProjectId, TeamId, check_env_value};
use aether_store::{EnvVarChange, EnvVarRecord, SealContext};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use delete::delete_env_var;
pub(crate) use list::list_env_vars;
pub(crate) use put::put_env_var;
pub(crate) use replace::replace_env_vars;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::validate::Faults;

/// One variable.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnvVar)]
pub(crate) struct EnvVarView {
    /// Its name.
    pub name: String,
    /// Its value; null when it is secret, because then it is never shown again.
    pub value: Option<String>,
    /// It is never shown again and is masked in logs.
    pub secret: bool,
    /// When it is visible.
    pub scope: EnvScope,
    /// Which environments it is for; one for production or previews goes before one for all.
    pub target: EnvTarget,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

fn present(
    state: &AppState,
    team: TeamId,
    project: ProjectId,
    record: EnvVarRecord,
) -> ApiResult<EnvVarView> {
    let value = if record.secret {
        None
    } else {
        let context = SealContext {
            team,
            project,
            name: &record.name,
        };
        let plain = state
            .keyring
            .open(&context, &record.value)
            .map_err(ApiError::internal)?;
        Some(String::from_utf8_lossy(&plain).into_owned())
    };
    Ok(EnvVarView {
        name: record.name,
        value,
        secret: record.secret,
        scope: record.scope,
        target: record.target,
        created_at: record.created_at,
        updated_at: record.updated_at,
    })
}

/// A variable as it comes in.
struct Input<'a> {
    field: String,
    name: &'a str,
    value: Option<&'a str>,
    secret: Option<bool>,
    scope: Option<EnvScope>,
    target: EnvTarget,
}

/// Checks and seals one variable; without a value it keeps the one it has.
fn seal(
    state: &AppState,
    faults: &mut Faults,
    (team, project): (TeamId, ProjectId),
    input: &Input<'_>,
) -> ApiResult<Option<EnvVarChange>> {
    let name = faults.parse::<EnvName>(&format!("{}name", input.field), input.name);
    if let Some(Err(message)) = input.value.map(check_env_value) {
        faults.add(&format!("{}value", input.field), message);
        return Ok(None);
    }
    let Some(name) = name else { return Ok(None) };
    let context = SealContext {
        team,
        project,
        name: name.as_str(),
    };
    let value = match input.value {
        None => None,
        Some(value) => Some(
            state
                .keyring
                .seal(&context, value.as_bytes())
                .map_err(ApiError::internal)?,
        ),
    };
    Ok(Some(EnvVarChange {
        name,
        value,
        secret: input.secret,
        scope: input.scope,
        target: input.target,
    }))
}
