//! `GET /deployments/{id}/changes`
//!
//! What is different from the release before: the commit, the settings, and which variables. Values of variables are
//! compared in here and never leave.

use std::collections::BTreeMap;

use actix_web::{get, web};
use aether_models::{Commit, DeploymentId, ProjectId, ProjectSettings, TeamId};
use aether_store::{SealContext, SealedEnvVar};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::find_deployment;
use crate::auth::CanRead;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;

/// What is different from the release before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeploymentChanges {
    /// The release it is compared with; null when there was none.
    pub previous: Option<PreviousRelease>,
    /// Settings that are different.
    pub settings: Vec<SettingChange>,
    /// Variables that are different, by name; their values are never shown.
    pub variables: Vec<VariableChange>,
}

/// The release before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviousRelease {
    /// Its deployment.
    pub id: DeploymentId,
    /// Its deployment's number.
    pub number: i32,
    /// Its commit, when it came from a repository.
    pub commit: Option<Commit>,
}

/// A setting that is different.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SettingChange {
    /// Its name, as the project has it; parts of a limit behind a dot.
    #[schema(example = "build_limits.memory_mb")]
    pub name: String,
    /// What it was; null when it was left to Aether.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// A variable that is different.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VariableChange {
    /// Its name.
    pub name: String,
    /// What happened to it.
    pub change: ChangeKind,
}

/// What happened to a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its value is another one, or it is visible at other times.
    Changed,
}

/// What is different from the release before.
#[utoipa::path(
    tag = "deployments",
    params(("id" = DeploymentId, Path)),
    responses((status = 200, body = DeploymentChanges), Problems)
)]
#[get("/deployments/{id}/changes")]
pub(crate) async fn get_deployment_changes(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(id): Path<DeploymentId>,
) -> ApiResult<web::Json<DeploymentChanges>> {
    let (_, deployment) = find_deployment(&state, actor.team, id).await?;
    let Some(before) = state.store.release_before(actor.team, id).await? else {
        return Ok(web::Json(DeploymentChanges {
            previous: None,
            settings: Vec::new(),
            variables: Vec::new(),
        }));
    };
    let not_found = || ApiError::not_found("deployment");
    let store = &state.store;
    let (previous, old, new) = tokio::try_join!(
        store.deployment(actor.team, before),
        store.deployment_inputs(actor.team, before),
        store.deployment_inputs(actor.team, id),
    )?;
    let (previous, old) = (previous.ok_or_else(not_found)?, old.ok_or_else(not_found)?);
    let new = new.ok_or_else(not_found)?;
    Ok(web::Json(DeploymentChanges {
        previous: Some(PreviousRelease {
            id: previous.id,
            number: previous.number,
            commit: previous.commit,
        }),
        settings: setting_changes(&old.settings, &new.settings)?,
        variables: variable_changes(&old.env, &new.env, |one, other| {
            same_value(&state, actor.team, deployment.project_id, one, other)
        }),
    }))
}

fn setting_changes(old: &ProjectSettings, new: &ProjectSettings) -> ApiResult<Vec<SettingChange>> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    flatten(
        "",
        &serde_json::to_value(old).map_err(ApiError::internal)?,
        &mut before,
    );
    flatten(
        "",
        &serde_json::to_value(new).map_err(ApiError::internal)?,
        &mut after,
    );
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
        (before != after).then(|| SettingChange {
            name: name.clone(),
            before,
            after,
        })
    });
    Ok(changes.collect())
}

/// Leaves by their path; what is null is left to Aether and has no leaf.
fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(&path, value, leaves);
            }
        }
        Value::String(text) => {
            leaves.insert(path.to_owned(), text.clone());
        }
        other => {
            leaves.insert(path.to_owned(), other.to_string());
        }
    }
}

fn variable_changes(
    old: &[SealedEnvVar],
    new: &[SealedEnvVar],
    same_value: impl Fn(&SealedEnvVar, &SealedEnvVar) -> bool,
) -> Vec<VariableChange> {
    let before: BTreeMap<&str, &SealedEnvVar> = old.iter().map(|one| (one.name.as_str(), one)).collect();
    let after: BTreeMap<&str, &SealedEnvVar> = new.iter().map(|one| (one.name.as_str(), one)).collect();
    let names: std::collections::BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let changes = names.into_iter().filter_map(|name| {
        let change = match (before.get(name), after.get(name)) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(one), Some(other)) if one.scope == other.scope && same_value(one, other) => return None,
            _ => ChangeKind::Changed,
        };
        Some(VariableChange {
            name: name.to_owned(),
            change,
        })
    });
    changes.collect()
}

/// The same value sealed twice looks different, so both are opened. One that cannot be opened counts as different.
fn same_value(
    state: &AppState,
    team: TeamId,
    project: ProjectId,
    one: &SealedEnvVar,
    other: &SealedEnvVar,
) -> bool {
    if one.value == other.value {
        return true;
    }
    let open = |variable: &SealedEnvVar| {
        let sealed = BASE64_STANDARD.decode(&variable.value).ok()?;
        let context = SealContext {
            team,
            project,
            name: &variable.name,
        };
        state.keyring.open(&context, &sealed).ok()
    };
    matches!((open(one), open(other)), (Some(one), Some(other)) if *one == *other)
}

#[cfg(test)]
mod tests {
    use aether_models::EnvScope;

    use super::*;

    fn variable(name: &str, value: &str, scope: EnvScope) -> SealedEnvVar {
        SealedEnvVar {
            name: name.to_owned(),
            value: value.to_owned(),
            scope,
            secret: true,
        }
    }

    #[test]
    fn settings_are_compared_leaf_by_leaf() {
        let old = ProjectSettings::default();
        let mut new = old.clone();
        new.build_limits.memory_mb = 4096;
        new.overrides.build_command = Some("make".to_owned());
        let change = |name: &str, before: Option<&str>, after: &str| SettingChange {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: Some(after.to_owned()),
        };
        assert_eq!(
            setting_changes(&old, &new).unwrap(),
            [
                change("build_command", None, "make"),
                change("build_limits.memory_mb", Some("2048"), "4096"),
            ]
        );
        assert_eq!(setting_changes(&old, &old).unwrap(), []);
    }

    #[test]
    fn variables_are_named_and_never_shown() {
        let old = [
            variable("A", "1", EnvScope::All),
            variable("B", "1", EnvScope::All),
            variable("C", "1", EnvScope::All),
            variable("D", "1", EnvScope::All),
        ];
        let new = [
            variable("B", "2", EnvScope::All),
            variable("C", "1", EnvScope::Build),
            variable("D", "1", EnvScope::All),
            variable("E", "1", EnvScope::All),
        ];
        let changes = variable_changes(&old, &new, |one, other| one.value == other.value);
        let named: Vec<_> = changes
            .iter()
            .map(|one| (one.name.as_str(), one.change))
            .collect();
        assert_eq!(
            named,
            [
                ("A", ChangeKind::Removed),
                ("B", ChangeKind::Changed),
                ("C", ChangeKind::Changed),
                ("E", ChangeKind::Added),
            ]
        );
    }
}
