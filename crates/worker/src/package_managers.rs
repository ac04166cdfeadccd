//! Package managers that a machine or an image may not have: pnpm, Yarn and Bun.
//!
//! Node brings npm, and npm can fetch the others from the registry that builds use anyway. (Corepack, which Node brought
//! until version 24, asks registries of its own and refuses mirrors that carry no signatures.) A manager that is
//! installed is used as it is. One that is not is fetched into the project's package cache by the build itself, inside
//! the sandbox, and an app that starts with it takes a copy along, so that a start needs no network.

use std::io;
use std::path::{Path, PathBuf};

use aether_models::BuildPlan;

use crate::caches::PACKAGES_MOUNT;
use crate::folders::copy_tree;
use crate::runtime::WORKSPACE;

/// Below the folder of the project's downloads.
const CACHED: &str = "managers";
/// Below the app's own files.
const KEPT: &str = ".aether/managers";
/// What is fetched when the repository does not say a version: name, npm package, version.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("pnpm", "pnpm", "10"),
    ("yarn", "yarn", "1.22.22"),
    ("bun", "bun", "1"),
];
/// Yarn 2 and later are published under another name; the package `yarn` ends with version 1.
const MODERN_YARN: (&str, &str) = ("@yarnpkg/cli-dist", "4");

/// A package manager that npm can fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PackageManager {
    program: &'static str,
    /// As npm is asked for it: `pnpm@10`.
    package: String,
}

impl PackageManager {
    /// The one that a plan's commands need; none when it is npm, or nothing of Node's world.
    pub(crate) fn of(plan: &BuildPlan) -> Option<Self> {
        let names = plan.package_manager.as_deref()?.split('+');
        let (program, package, version) = *names
            .filter_map(|name| DEFAULTS.iter().find(|(program, _, _)| *program == name))
            .next()?;
        let wanted = plan
            .runtime_version
            .get(program)
            .filter(|version| is_version(version));
        let is_modern_yarn = program == "yarn"
            && match wanted {
                Some(version) => version.split('.').next() != Some("1"),
                None => plan
                    .install_command
                    .as_deref()
                    .is_some_and(|command| command.contains("--immutable")),
            };
        let (package, version) = if is_modern_yarn {
            MODERN_YARN
        } else {
            (package, version)
        };
        let version = wanted.map_or(version, String::as_str);
        Some(Self {
            program,
            package: format!("{package}@{version}"),
        })
    }

    /// A build's script with the manager within reach. What is added is made of constants and a checked version.
    pub(crate) fn provide(&self, script: &str) -> String {
        let Self { program, package } = self;
        let folder = format!("{PACKAGES_MOUNT}/{CACHED}/{}", self.folder());
        format!(
            "if ! command -v {program} >/dev/null; then\n\
             PATH=\"$PATH:{folder}/bin\"; export PATH\n\
             command -v {program} >/dev/null || {{\n\
             echo \"{program} is not installed here; fetching {package} with npm\"\n\
             npm install --global --loglevel=error --no-fund --no-audit --prefix {folder} {package} || exit\n\
             }}\n\
             fi\n\
             {script}"
        )
    }

    /// Takes what a build fetched along with an app that starts with it.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn keep(&self, plan: &BuildPlan, packages: &Path, workspace: &Path) -> io::Result<()> {
        let fetched = packages.join(CACHED).join(self.folder());
        if !self.starts(plan) || !fetched.is_dir() {
            return Ok(());
        }
        let kept = self.kept(workspace);
        // A repository's own files in this place would be taken for the manager.
        crate::folders::remove_tree(&kept)?;
        std::fs::create_dir_all(workspace.join(KEPT))?;
        copy_tree(&fetched, &kept)
    }

    /// An app's start command with the manager that was taken along within reach.
    pub(crate) fn start(&self, plan: &BuildPlan, app: &Path, command: &str) -> String {
        if !self.starts(plan) || !self.kept(app).is_dir() {
            return command.to_owned();
        }
        format!(
            "PATH=\"$PATH:{WORKSPACE}/{KEPT}/{}/bin\"; export PATH\n{command}",
            self.folder()
        )
    }

    fn starts(&self, plan: &BuildPlan) -> bool {
        let command = plan.start_command.as_deref().unwrap_or_default();
        command.split_whitespace().any(|word| word == self.program)
    }

    fn kept(&self, app: &Path) -> PathBuf {
        app.join(KEPT).join(self.folder())
    }

    /// One folder per package and version; a path cannot hold the slash of `@yarnpkg/cli-dist`.
    fn folder(&self) -> String {
        self.package.replace('/', "-")
    }
}

/// `10`, `9.15`, `4.5.1`: what npm is asked for stands in a script.
fn is_version(text: &str) -> bool {
    text.split('.').count() <= 3
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.len() < 6 && part.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(manager: &str, version: Option<&str>, install: &str) -> BuildPlan {
        let mut plan = BuildPlan::static_files(".");
        plan.package_manager = Some(manager.to_owned());
        plan.install_command = Some(install.to_owned());
        if let Some(version) = version {
            plan.runtime_version
                .insert(manager.to_owned(), version.to_owned());
        }
        plan
    }

    fn package(manager: &str, version: Option<&str>, install: &str) -> Option<String> {
        PackageManager::of(&plan(manager, version, install)).map(|manager| manager.package)
    }

    #[test]
    fn the_version_is_the_repositorys_or_the_default() {
        assert_eq!(package("npm", None, "npm ci"), None);
        assert_eq!(package("pip", None, "pip install"), None);
        let install = "install --frozen-lockfile";
        assert_eq!(package("pnpm", None, install).unwrap(), "pnpm@10");
        assert_eq!(package("pnpm", Some("9.1.0"), install).unwrap(), "pnpm@9.1.0");
        assert_eq!(package("yarn", None, install).unwrap(), "yarn@1.22.22");
        assert_eq!(package("yarn", Some("1.22.19"), install).unwrap(), "yarn@1.22.19");
        let modern = "yarn install --immutable";
        assert_eq!(package("yarn", None, modern).unwrap(), "@yarnpkg/cli-dist@4");
        assert_eq!(
            package("yarn", Some("3.8.7"), modern).unwrap(),
            "@yarnpkg/cli-dist@3.8.7"
        );
        assert_eq!(package("composer+npm", None, ""), None);
        assert_eq!(package("composer+pnpm", None, "").unwrap(), "pnpm@10");
    }

    #[test]
    fn input_55_a_version_that_is_none_never_reaches_the_script() {
        for odd in ["npm@file:/x", "; rm", "$(id)", "9\n", "1.2.3.4", "", "*", "9..1"] {
            assert_eq!(package("pnpm", Some(odd), "").unwrap(), "pnpm@10", "{odd:?}");
        }
    }

    #[test]
    fn only_an_app_that_starts_with_the_manager_takes_it_along() {
        let root = tempfile::tempdir().unwrap();
        let (packages, app) = (root.path().join("packages"), root.path().join("app"));
        std::fs::create_dir_all(packages.join("managers/yarn@1.22.22/bin")).unwrap();
        std::fs::create_dir_all(&app).unwrap();
        let mut plan = plan("yarn", None, "yarn install");
        let yarn = PackageManager::of(&plan).unwrap();
        plan.start_command = Some("node server.js".to_owned());
        yarn.keep(&plan, &packages, &app).unwrap();
        assert_eq!(yarn.start(&plan, &app, "node server.js"), "node server.js");
        plan.start_command = Some("yarn run start".to_owned());
        assert_eq!(yarn.start(&plan, &app, "yarn run start"), "yarn run start");
        yarn.keep(&plan, &packages, &app).unwrap();
        assert_eq!(
            yarn.start(&plan, &app, "yarn run start"),
            "PATH=\"$PATH:/workspace/.aether/managers/yarn@1.22.22/bin\"; export PATH\nyarn run start"
        );
    }
}
