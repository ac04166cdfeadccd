//! Which package manager installs, in which version, and how its commands are written.
//!
//! Order: `packageManager` (corepack), `devEngines.packageManager`, lock files (pnpm, Bun, Yarn, npm; this order is
//! fixed, several give a warning), `engines`, npm. Looked for in the app first, then at its workspace's root.

use node_semver::Version;

use super::package::PackageJson;
use crate::app::App;
use crate::draft::Draft;
use crate::folder::Folder;

/// A package manager of the JavaScript world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageManager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

/// Lock files in the order that decides when there are several.
const LOCK_FILES: [(&str, PackageManager); 6] = [
    ("pnpm-lock.yaml", PackageManager::Pnpm),
    ("bun.lock", PackageManager::Bun),
    ("bun.lockb", PackageManager::Bun),
    ("yarn.lock", PackageManager::Yarn),
    ("package-lock.json", PackageManager::Npm),
    ("npm-shrinkwrap.json", PackageManager::Npm),
];
/// Lock files name their format within the first lines.
const LOCK_HEAD_BYTES: usize = 512;

/// The package manager of an app.
#[derive(Debug, Clone)]
pub(crate) struct Manager {
    pub(crate) kind: PackageManager,
    /// Version or major version, when the repository says one.
    pub(crate) version: Option<String>,
    pub(crate) lock_file: Option<String>,
    /// Yarn without `node_modules`.
    pub(crate) plug_and_play: bool,
    /// Yarn 2 or later.
    pub(crate) berry: bool,
}

impl PackageManager {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Bun => "bun",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Npm, Self::Pnpm, Self::Yarn, Self::Bun]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl Manager {
    pub(crate) fn install(&self) -> String {
        let locked = self.lock_file.is_some();
        match (self.kind, locked) {
            (PackageManager::Npm, true) => "npm ci",
            (PackageManager::Npm, false) => "npm install",
            (PackageManager::Pnpm, true) => "pnpm install --frozen-lockfile",
            (PackageManager::Pnpm, false) => "pnpm install",
            (PackageManager::Yarn, true) if self.berry => "yarn install --immutable",
            (PackageManager::Yarn, true) => "yarn install --frozen-lockfile",
            (PackageManager::Yarn, false) => "yarn install",
            (PackageManager::Bun, true) => "bun install --frozen-lockfile",
            (PackageManager::Bun, false) => "bun install",
        }
        .to_owned()
    }

    /// Runs a script of package.json.
    pub(crate) fn run(&self, script: &str) -> String {
        format!("{} run {}", self.kind.name(), crate::shell::quote(script))
    }

    /// Runs a program of a dependency; programs that are no dependency's (`node`) stay as they are.
    pub(crate) fn exec(&self, command: &str) -> String {
        let one = |command: &str| match (self.kind, command.split(' ').next()) {
            (PackageManager::Yarn, Some("node")) if self.plug_and_play => format!("yarn {command}"),
            (_, Some("node" | "bun" | "npm" | "pnpm" | "yarn")) => command.to_owned(),
            (PackageManager::Npm, _) => format!("npm exec -- {command}"),
            (PackageManager::Pnpm, _) => format!("pnpm exec {command}"),
            (PackageManager::Yarn, _) => format!("yarn run {command}"),
            (PackageManager::Bun, _) => format!("bun run {command}"),
        };
        command.split(" && ").map(one).collect::<Vec<_>>().join(" && ")
    }

    /// Runs a program that is no dependency, fetching it first.
    pub(crate) fn download_and_run(&self, command: &str) -> String {
        match self.kind {
            PackageManager::Npm => format!("npm exec --yes -- {command}"),
            PackageManager::Pnpm => format!("pnpm dlx {command}"),
            PackageManager::Yarn if self.berry => format!("yarn dlx {command}"),
            PackageManager::Yarn => format!("npm exec --yes -- {command}"),
            PackageManager::Bun => format!("bun x {command}"),
        }
    }

    /// Runs a file with the package manager's runtime.
    pub(crate) fn run_file(&self, file: &str) -> String {
        let program = match self.kind {
            PackageManager::Bun => "bun",
            PackageManager::Yarn if self.plug_and_play => "yarn node",
            _ => "node",
        };
        format!("{program} {}", crate::shell::quote(file))
    }
}

/// Decides and says why.
pub(crate) fn choose(app: &App<'_>, draft: &mut Draft) -> Manager {
    let root = app.workspace.as_deref().map(|workspace| &workspace.root);
    let folders: Vec<&Folder<'_>> = std::iter::once(&app.folder).chain(root).collect();
    let declared = folders.iter().find_map(|folder| declared(folder, draft));
    let locks = folders
        .iter()
        .map(|folder| lock_files(folder))
        .find(|found| !found.is_empty())
        .unwrap_or_default();
    let lock_folder = folders
        .iter()
        .find(|folder| !lock_files(folder).is_empty())
        .unwrap_or(&folders[0]);
    let (kind, version) = match (declared, locks.first()) {
        (Some(known), _) => known,
        (None, Some((file, kind))) => {
            draft.say_at(lock_folder.path(file), format!("package manager {}", kind.name()));
            (*kind, None)
        }
        (None, None) => from_signs(&folders, draft),
    };
    warn_about_locks(&locks, kind, draft);
    let lock_file = locks
        .iter()
        .find(|(_, of)| *of == kind)
        .map(|(file, _)| (*file).to_owned());
    let lock_file = lock_file.filter(|file| kind != PackageManager::Npm || in_step(lock_folder, file, draft));
    let version = version.or_else(|| engine_version(&folders, kind)).or_else(|| {
        lock_file
            .as_ref()
            .and_then(|file| version_from_lock(&lock_folder.head(file, LOCK_HEAD_BYTES)?))
    });
    let yarnrc = folders.iter().find_map(|folder| folder.text(".yarnrc.yml"));
    let major = version
        .as_deref()
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    let berry = kind == PackageManager::Yarn && major.map_or(yarnrc.is_some(), |major| major >= 2);
    let linked = yarnrc.is_some_and(|text| text.contains("node-modules") || text.contains("pnpm"));
    Manager {
        kind,
        version,
        lock_file,
        plug_and_play: berry && !linked,
        berry,
    }
}

/// `npm ci` fails on a lock that does not belong to the manifest; `npm install` brings it up to date.
fn in_step(folder: &Folder<'_>, file: &str, draft: &mut Draft) -> bool {
    let package = PackageJson::read(folder);
    let missing = package.and_then(|package| super::lock::missing_dependency(folder, file, &package));
    if let Some(name) = &missing {
        draft.warn(format!(
            "{file} is out of date: it does not hold {name}. Run `npm install` and commit it."
        ));
    }
    missing.is_none()
}

fn lock_files(folder: &Folder<'_>) -> Vec<(&'static str, PackageManager)> {
    LOCK_FILES
        .into_iter()
        .filter(|(file, _)| folder.has_file(file))
        .collect()
}

fn warn_about_locks(locks: &[(&'static str, PackageManager)], kind: PackageManager, draft: &mut Draft) {
    let others: Vec<&str> = locks
        .iter()
        .filter(|(_, of)| *of != kind)
        .map(|(file, _)| *file)
        .collect();
    if !others.is_empty() {
        draft.warn(format!(
            "{} is used, but there is also {}. Remove the lock file that is not kept up to date.",
            kind.name(),
            others.join(" and ")
        ));
    }
}

/// `packageManager: "pnpm@9.1.0+sha..."` or `devEngines`, when they name a known manager and a plain version.
fn declared(folder: &Folder<'_>, draft: &mut Draft) -> Option<(PackageManager, Option<String>)> {
    let package = PackageJson::read(folder)?;
    if let Some(text) = &package.package_manager {
        let (name, version) = text.split_once('@').unwrap_or((text, ""));
        let version = version.split('+').next().unwrap_or_default();
        let known = PackageManager::from_name(name);
        if let (Some(kind), true) = (known, version.is_empty() || Version::parse(version).is_ok()) {
            draft.say_at(
                folder.path(&package.file),
                format!("packageManager {name}@{version}"),
            );
            return Some((
                kind,
                Some(version.to_owned()).filter(|version| !version.is_empty()),
            ));
        }
        draft.warn(format!(
            "`packageManager` in package.json is \"{text}\", which is no package manager and version; it was ignored."
        ));
    }
    let (name, version) = package.dev_manager?;
    let kind = PackageManager::from_name(&name)?;
    draft.say_at(
        folder.path(&package.file),
        format!("devEngines.packageManager {name}"),
    );
    Some((kind, exact(&version)))
}

/// Without declaration and lock file: what else only one package manager leaves behind.
fn from_signs(folders: &[&Folder<'_>], draft: &mut Draft) -> (PackageManager, Option<String>) {
    let signs = [
        ("pnpm-workspace.yaml", PackageManager::Pnpm),
        ("bunfig.toml", PackageManager::Bun),
        (".yarnrc.yml", PackageManager::Yarn),
        (".yarnrc", PackageManager::Yarn),
    ];
    for folder in folders {
        if let Some((file, kind)) = signs.into_iter().find(|(file, _)| folder.has_file(file)) {
            draft.say_at(folder.path(file), format!("package manager {}", kind.name()));
            return (kind, None);
        }
        let engines = PackageJson::read(folder)
            .map(|package| package.engines)
            .unwrap_or_default();
        for kind in [PackageManager::Pnpm, PackageManager::Yarn, PackageManager::Bun] {
            if engines.contains_key(kind.name()) {
                draft.say_at(
                    folder.path("package.json"),
                    format!("engines.{} is set", kind.name()),
                );
                return (kind, None);
            }
        }
    }
    if let Some(kind) = from_scripts(folders[0]) {
        draft.say("package.json", format!("scripts call {}", kind.name()));
        return (kind, None);
    }
    (PackageManager::Npm, None)
}

/// A `start` script that runs `bun` needs Bun, whatever installs.
fn from_scripts(folder: &Folder<'_>) -> Option<PackageManager> {
    let package = PackageJson::read(folder)?;
    let start = package.scripts.get("start")?;
    (start.split_whitespace().next() == Some("bun")).then_some(PackageManager::Bun)
}

fn engine_version(folders: &[&Folder<'_>], kind: PackageManager) -> Option<String> {
    let wanted = folders
        .iter()
        .find_map(|folder| PackageJson::read(folder)?.engines.get(kind.name()).cloned())?;
    exact(&wanted).or_else(|| Some(super::package::major_of(&wanted)?.to_string()))
}

fn exact(version: &str) -> Option<String> {
    Version::parse(version.trim().trim_start_matches(['^', '~', '=']))
        .ok()
        .map(|version| version.to_string())
}

/// The format's version tells which major version wrote the file: `(marker, version)`, first fit counts.
fn version_from_lock(head: &str) -> Option<String> {
    let formats = [
        ("lockfileVersion: '9", "9"),
        ("lockfileVersion: '6", "8"),
        ("lockfileVersion: 6", "8"),
        ("lockfileVersion: '5.4", "7"),
        ("lockfileVersion: 5.4", "7"),
        ("lockfileVersion: 5.3", "6"),
        ("# yarn lockfile v1", "1"),
        ("__metadata:", "berry"),
    ];
    let (_, version) = formats.into_iter().find(|(marker, _)| head.contains(marker))?;
    if version != "berry" {
        return Some(version.to_owned());
    }
    let format = head.split("version: ").nth(1)?.split_whitespace().next()?;
    Some(
        if format.starts_with('4') || format.starts_with('5') {
            "2"
        } else if format.starts_with('6') {
            "3"
        } else {
            "4"
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_files_format_tells_the_major_version() {
        assert_eq!(
            version_from_lock("lockfileVersion: '9.0'\n").as_deref(),
            Some("9")
        );
        assert_eq!(version_from_lock("lockfileVersion: 5.3\n").as_deref(), Some("6"));
        assert_eq!(version_from_lock("# yarn lockfile v1\n").as_deref(), Some("1"));
        assert_eq!(
            version_from_lock("__metadata:\n  version: 8\n").as_deref(),
            Some("4")
        );
        assert_eq!(version_from_lock("{}"), None);
    }
}
