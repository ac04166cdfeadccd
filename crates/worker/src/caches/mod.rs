//! What is kept between the builds of one project: downloads of package managers, installed dependencies, and the
//! caches of frameworks.
//!
//! All of it belongs to one project and is only ever seen by that project's builds (threats.md input 58). All of it may
//! be gone at any moment: a build then takes longer, nothing else.

mod dependencies;
mod framework;
mod inside;

use std::collections::BTreeMap;
use std::path::PathBuf;

use aether_models::ProjectId;

use crate::folders::Folders;

pub(crate) use dependencies::{DependencyCache, Installed};
pub(crate) use framework::FrameworkCache;
pub(crate) use inside::{make_parents_inside, real_directory};

/// Where the package managers' downloads are seen inside a build.
pub(crate) const PACKAGES_MOUNT: &str = "/cache";

/// Where each package manager keeps its downloads, as its own documentation names the variable.
const PACKAGE_MANAGERS: &[(&str, &str)] = &[
    ("npm_config_cache", "npm"),
    ("YARN_CACHE_FOLDER", "yarn"),
    ("BUN_INSTALL_CACHE_DIR", "bun"),
    ("COREPACK_HOME", "corepack"),
    ("DENO_DIR", "deno"),
    ("PIP_CACHE_DIR", "pip"),
    ("UV_CACHE_DIR", "uv"),
    ("POETRY_CACHE_DIR", "poetry"),
    ("PDM_CACHE_DIR", "pdm"),
    ("PIPENV_CACHE_DIR", "pipenv"),
    ("GOMODCACHE", "go/mod"),
    ("GOCACHE", "go/build"),
    ("CARGO_HOME", "cargo"),
    ("COMPOSER_CACHE_DIR", "composer"),
    ("BUNDLE_USER_CACHE", "bundle"),
    ("GRADLE_USER_HOME", "gradle"),
    ("NUGET_PACKAGES", "nuget"),
    ("MIX_HOME", "mix"),
    ("HEX_HOME", "hex"),
];

/// The folder of a project's downloads on this machine.
#[must_use]
pub(crate) fn package_folder(folders: &Folders, project: ProjectId) -> PathBuf {
    folders.project_cache(project).join("packages")
}

/// Points every package manager at the mounted folder.
#[must_use]
pub(crate) fn package_manager_variables(manager: Option<&str>) -> BTreeMap<String, String> {
    let variable = |&(name, folder): &(&str, &str)| (name.to_owned(), format!("{PACKAGES_MOUNT}/{folder}"));
    let mut variables: BTreeMap<String, String> = PACKAGE_MANAGERS.iter().map(variable).collect();
    // What package managers say about themselves is no help in a build log, and the audit costs a second.
    let quiet = [
        ("npm_config_update_notifier", "false"),
        ("npm_config_fund", "false"),
        ("npm_config_audit", "false"),
    ];
    variables.extend(quiet.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables.extend([("PIP_DISABLE_PIP_VERSION_CHECK".to_owned(), "1".to_owned())]);
    match manager {
        // npm reads the same variable and warns that it does not know it.
        Some("pnpm") => variables.extend([("npm_config_store_dir", "pnpm")].iter().map(variable)),
        // Yarn 2 and later keep their cache in the folder above only when the global one is switched off.
        Some("yarn") => variables.extend([("YARN_ENABLE_GLOBAL_CACHE".to_owned(), "false".to_owned())]),
        _ => {}
    }
    variables
}
