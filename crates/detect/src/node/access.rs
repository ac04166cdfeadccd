//! What an install will need that the repository does not hold: other people's servers, tokens, folders outside.
//!
//! Said before the build instead of by a failing one.

use super::package::PackageJson;
use crate::app::App;
use crate::draft::Draft;
use crate::tree::{join, normalize_path};

pub(crate) fn warn(app: &App<'_>, package: &PackageJson, draft: &mut Draft) {
    for (name, version) in &package.dependencies {
        if let Some(path) = ["file:", "link:", "portal:"]
            .iter()
            .find_map(|scheme| version.strip_prefix(scheme))
        {
            if normalize_path(&join(app.folder.dir(), path)).is_none() {
                draft.warn(format!(
                    "{name} is taken from `{path}`, which lies outside the repository."
                ));
            }
        } else if ["git+ssh:", "ssh:", "git@"]
            .iter()
            .any(|scheme| version.starts_with(scheme))
        {
            draft.warn(format!(
                "{name} is cloned over SSH, for which the build has no key; use an https address."
            ));
        } else if version.starts_with("http:") {
            draft.warn(format!(
                "{name} is loaded over plain http, where anybody on the way can change it."
            ));
        }
    }
    for name in registry_variables(app) {
        draft.warn(format!(
            ".npmrc reads the environment variable {name}; set it in the project before the first build."
        ));
    }
}

/// Names of `${VARIABLES}` in .npmrc.
fn registry_variables(app: &App<'_>) -> Vec<String> {
    let Some(text) = app.folder.text(".npmrc") else {
        return Vec::new();
    };
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with(['#', ';']));
    let parts = lines
        .flat_map(|line| line.split("${").skip(1))
        .filter_map(|part| part.split_once('}'));
    let names = parts.map(|(name, _)| name.trim_end_matches('?'));
    let mut names: Vec<String> = names
        .filter(|name| is_variable(name))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}
