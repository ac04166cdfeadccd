//! Installed dependencies (`node_modules`, `.venv`), kept for the next build with the same lockfile, commands, runtime
//! versions, build variables and machine.
//!
//! An entry is moved into the working tree when it is used and moved back after the build when the build left it as the
//! install had made it (some builds prune it). A server app takes it along into its release; then a copy is made after
//! the release is live. An entry is complete or not there: it gets its name by one rename.

use std::io;
use std::path::{Path, PathBuf};

use aether_models::{BuildPlan, ProjectId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::{make_parents_inside, real_directory};
use crate::folders::{Folders, copy_tree, move_tree, remove_tree};

/// Changes when what the key is made of does.
const KEY_VERSION: &str = "2";
/// Folders that installs make.
const INSTALLED: &[&str] = &["node_modules", ".venv"];
/// Files that say exactly what is installed; without one of them nothing is reused.
const LOCKFILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "pdm.lock",
    "requirements.txt",
];
/// Files that change what an install does.
const MANIFESTS: &[&str] = &[
    "package.json",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    "pnpm-workspace.yaml",
    ".pnpmfile.cjs",
    "bunfig.toml",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    ".python-version",
    ".nvmrc",
    ".node-version",
    ".tool-versions",
];
/// Folders of patches that package managers apply while they install.
const PATCHES: &[&str] = &["patches", ".yarn/patches"];
/// Members of a monorepo lie about this deep.
const DEPTH: usize = 4;
/// Entries kept per project; two let a branch and production alternate.
const ENTRIES_MAX: usize = 2;
const INDEX: &str = "index.json";

/// The installed dependencies of one project.
#[derive(Debug, Clone)]
pub(crate) struct DependencyCache {
    folder: PathBuf,
}

/// What is known of an install, to put it back and to see whether the build changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Names the entry.
    pub key: String,
    /// Lockfiles it rests on, for the log.
    pub lockfiles: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Index {
    directories: Vec<String>,
    fingerprint: String,
}

impl DependencyCache {
    /// The entries of `project`.
    #[must_use]
    pub(crate) fn new(folders: &Folders, project: ProjectId) -> Self {
        Self {
            folder: folders.project_cache(project).join("dependencies"),
        }
    }

    /// What an install of `plan` in this working tree would rest on; none when it has no lockfile.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn describe(
        workspace: &Path,
        plan: &BuildPlan,
        facts: &[&str],
    ) -> io::Result<Option<Installed>> {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(KEY_VERSION.as_bytes());
        add(plan.root_dir.as_bytes());
        add(plan.install_command.as_deref().unwrap_or_default().as_bytes());
        add(plan.package_manager.as_deref().unwrap_or_default().as_bytes());
        for (runtime, version) in &plan.runtime_version {
            add(format!("{runtime}={version}").as_bytes());
        }
        for fact in [std::env::consts::OS, std::env::consts::ARCH].iter().chain(facts) {
            add(fact.as_bytes());
        }
        let mut lockfiles = Vec::new();
        for path in relevant_files(workspace) {
            let relative = path
                .strip_prefix(workspace)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy())
                .unwrap_or_default();
            add(relative.as_bytes());
            add(&std::fs::read(&path)?);
            if LOCKFILES.contains(&name.as_ref()) {
                lockfiles.push(relative);
            }
        }
        let key = hex::encode(hash.finalize());
        Ok((!lockfiles.is_empty()).then_some(Installed { key, lockfiles }))
    }

    /// Moves an entry into the working tree. Returns whether there was one.
    pub(crate) async fn restore(&self, installed: &Installed, workspace: &Path) -> bool {
        let (entry, workspace) = (self.folder.join(&installed.key), workspace.to_owned());
        let restored = tokio::task::spawn_blocking(move || restore(&entry, &workspace));
        match restored.await {
            Ok(Ok(restored)) => restored,
            Ok(Err(error)) => {
                tracing::warn!(%error, "installed dependencies could not be put back");
                false
            }
            Err(_) => false,
        }
    }

    /// What the install left, to compare with later.
    pub(crate) async fn fingerprint(workspace: &Path) -> String {
        let workspace = workspace.to_owned();
        tokio::task::spawn_blocking(move || fingerprint(&workspace, &installed_directories(&workspace)))
            .await
            .unwrap_or_default()
    }

    /// Keeps the dependencies of a finished build, unless the build changed them. `copy` leaves the originals in place.
    pub(crate) async fn save(&self, installed: &Installed, before: &str, tree: &Path, copy: bool) {
        let (folder, key) = (self.folder.clone(), installed.key.clone());
        let (before, tree) = (before.to_owned(), tree.to_owned());
        let saved = tokio::task::spawn_blocking(move || save(&folder, &key, &before, &tree, copy));
        if let Ok(Err(error)) = saved.await {
            tracing::warn!(%error, "installed dependencies were not kept");
        }
    }
}

fn restore(entry: &Path, workspace: &Path) -> io::Result<bool> {
    let Ok(text) = std::fs::read(entry.join(INDEX)) else {
        return Ok(false);
    };
    let index: Index = serde_json::from_slice(&text)?;
    // From here on the entry is used up: half of one must never be taken for a whole.
    let taken = entry.with_extension("taken");
    remove_tree(&taken)?;
    std::fs::rename(entry, &taken)?;
    for (number, directory) in index.directories.iter().enumerate() {
        let target = make_parents_inside(workspace, directory)?;
        move_tree(&taken.join(number.to_string()), &target)?;
    }
    remove_tree(&taken)?;
    Ok(true)
}

fn save(folder: &Path, key: &str, before: &str, tree: &Path, copy: bool) -> io::Result<()> {
    let directories = installed_directories(tree);
    let after = fingerprint(tree, &directories);
    if directories.is_empty() || after != before {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let (entry, partial) = (folder.join(key), folder.join(format!("{key}.partial")));
    remove_tree(&partial)?;
    std::fs::create_dir(&partial)?;
    for (number, directory) in directories.iter().enumerate() {
        let Some(from) = real_directory(tree, directory) else {
            continue;
        };
        let to = partial.join(number.to_string());
        if copy {
            copy_tree(&from, &to)?;
        } else {
            move_tree(&from, &to)?;
        }
    }
    let index = Index {
        directories,
        fingerprint: after,
    };
    std::fs::write(partial.join(INDEX), serde_json::to_vec(&index)?)?;
    remove_tree(&entry)?;
    std::fs::rename(&partial, &entry)?;
    prune(folder)
}

/// Keeps the newest entries.
fn prune(folder: &Path) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_none())
        .filter_map(|entry| {
            Some((
                entry.path().join(INDEX).metadata().ok()?.modified().ok()?,
                entry.path(),
            ))
        })
        .collect();
    entries.sort_unstable();
    let surplus = entries.len().saturating_sub(ENTRIES_MAX);
    entries
        .into_iter()
        .take(surplus)
        .try_for_each(|(_, path)| remove_tree(&path))
}

/// Folders that the install made, relative to the tree.
fn installed_directories(tree: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut walk = WalkDir::new(tree)
        .min_depth(1)
        .max_depth(DEPTH)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        let Ok(entry) = entry else { continue };
        if !entry.file_type().is_dir() {
            continue;
        }
        let name = entry.file_name().to_string_lossy();
        if INSTALLED.contains(&name.as_ref()) {
            if let Ok(relative) = entry.path().strip_prefix(tree) {
                found.push(relative.to_string_lossy().into_owned());
            }
            walk.skip_current_dir();
        } else if name == ".git" {
            walk.skip_current_dir();
        }
    }
    found
}

/// The names of the installed packages and the package manager's own record of them. Cheap, and every way to install,
/// remove or prune packages changes it.
fn fingerprint(tree: &Path, directories: &[String]) -> String {
    let mut hash = Sha256::new();
    for directory in directories {
        let Some(root) = real_directory(tree, directory) else {
            continue;
        };
        for record in [
            ".package-lock.json",
            ".modules.yaml",
            ".yarn-integrity",
            ".yarn-state.yml",
            "pyvenv.cfg",
        ] {
            if let Ok(contents) = std::fs::read(root.join(record)) {
                hash.update(contents);
            }
        }
        let depth = if directory.ends_with(".venv") { 4 } else { 2 };
        for entry in WalkDir::new(&root)
            .min_depth(1)
            .max_depth(depth)
            .sort_by_file_name()
        {
            let Ok(entry) = entry else { continue };
            let relative = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            // Packages, scoped packages and programs; caches of tools begin with a dot or lie below one that does.
            let is_cache = relative.components().next().is_some_and(|first| {
                let first = first.as_os_str().to_string_lossy();
                first.starts_with('.') && first != ".bin"
            });
            let is_compiled = relative
                .components()
                .any(|part| part.as_os_str() == "__pycache__");
            if !is_cache && !is_compiled {
                hash.update(relative.as_os_str().as_encoded_bytes());
                hash.update(b"\0");
            }
        }
    }
    hex::encode(hash.finalize())
}

fn relevant_files(workspace: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut walk = WalkDir::new(workspace)
        .min_depth(1)
        .max_depth(DEPTH)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name().to_string_lossy();
        if entry.file_type().is_dir() {
            if INSTALLED.contains(&name.as_ref()) || name == ".git" {
                walk.skip_current_dir();
            }
            continue;
        }
        let is_named = LOCKFILES.contains(&name.as_ref())
            || MANIFESTS.contains(&name.as_ref())
            || name.starts_with("requirements") && name.ends_with(".txt");
        let folder = entry.path().parent().unwrap_or(workspace);
        let is_patch = PATCHES.iter().any(|patches| folder.ends_with(patches));
        if entry.file_type().is_file() && (is_named || is_patch) {
            found.push(entry.into_path());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(root: &Path, name: &str) -> PathBuf {
        let tree = root.join(name);
        std::fs::create_dir_all(tree.join("packages/a")).unwrap();
        std::fs::write(tree.join("package.json"), r#"{"name":"x"}"#).unwrap();
        std::fs::write(tree.join("package-lock.json"), "{}").unwrap();
        tree
    }

    fn install(tree: &Path) {
        for package in [
            "node_modules/left-pad",
            "node_modules/@scope/x",
            "packages/a/node_modules/y",
        ] {
            std::fs::create_dir_all(tree.join(package)).unwrap();
            std::fs::write(tree.join(package).join("index.js"), "1").unwrap();
        }
        std::fs::write(tree.join("node_modules/.package-lock.json"), "{}").unwrap();
    }

    fn describe(tree: &Path) -> Installed {
        DependencyCache::describe(tree, &BuildPlan::static_files("."), &["fact"])
            .unwrap()
            .unwrap()
    }

    #[tokio::test]
    async fn an_unchanged_lockfile_gets_the_installed_packages_back() {
        let root = tempfile::tempdir().unwrap();
        let cache = DependencyCache {
            folder: root.path().join("cache"),
        };
        let (first, second) = (tree(root.path(), "first"), tree(root.path(), "second"));
        let installed = describe(&first);
        assert!(!cache.restore(&installed, &first).await);
        install(&first);
        let before = DependencyCache::fingerprint(&first).await;
        std::fs::create_dir_all(first.join("node_modules/.vite")).unwrap();
        cache.save(&installed, &before, &first, false).await;
        assert!(!first.join("node_modules").exists(), "it was moved");
        assert_eq!(describe(&second), installed);
        assert!(cache.restore(&installed, &second).await);
        assert!(second.join("packages/a/node_modules/y/index.js").is_file());
        assert!(!cache.restore(&installed, &second).await, "it was used up");
    }

    #[tokio::test]
    async fn what_a_build_pruned_is_not_kept() {
        let root = tempfile::tempdir().unwrap();
        let cache = DependencyCache {
            folder: root.path().join("cache"),
        };
        let tree = tree(root.path(), "tree");
        let installed = describe(&tree);
        install(&tree);
        let before = DependencyCache::fingerprint(&tree).await;
        std::fs::remove_dir_all(tree.join("node_modules/left-pad")).unwrap();
        cache.save(&installed, &before, &tree, true).await;
        assert!(!cache.restore(&installed, &tree).await);
    }

    #[test]
    fn everything_an_install_depends_on_changes_the_key() {
        let root = tempfile::tempdir().unwrap();
        let tree = tree(root.path(), "tree");
        let before = describe(&tree);
        for (file, text) in [
            ("package-lock.json", "{ }"),
            ("package.json", "{}"),
            (".npmrc", "x=y"),
            ("packages/a/package.json", "{}"),
        ] {
            let last = describe(&tree);
            std::fs::write(tree.join(file), text).unwrap();
            assert_ne!(describe(&tree).key, last.key, "{file}");
        }
        assert_ne!(describe(&tree), before);
        let other = DependencyCache::describe(&tree, &BuildPlan::static_files("."), &["other"])
            .unwrap()
            .unwrap();
        assert_ne!(other.key, describe(&tree).key);
        std::fs::remove_file(tree.join("package-lock.json")).unwrap();
        assert_eq!(
            DependencyCache::describe(&tree, &BuildPlan::static_files("."), &[]).unwrap(),
            None
        );
    }
}
