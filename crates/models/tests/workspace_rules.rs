//! Rules of the workspace that no compiler checks: who may depend on whom, and how long a file may be.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Longest source file, lines.
const FILE_MAX: usize = 600;

/// Who may depend on whom (ARCHITECTURE.md, "The parts"); development dependencies are free.
const ALLOWED: &[(&str, &[&str])] = &[
    ("models", &[]),
    ("embedded", &[]),
    ("detect", &["models"]),
    ("forge", &["models"]),
    ("telemetry", &["models"]),
    ("templates", &[]),
    ("store", &["models"]),
    (
        "api",
        &["models", "store", "forge", "telemetry", "detect", "templates"],
    ),
    (
        "worker",
        &["models", "store", "forge", "detect", "telemetry", "templates"],
    ),
    ("proxy", &["models", "store", "telemetry"]),
    (
        "cli",
        &[
            "api",
            "worker",
            "proxy",
            "detect",
            "models",
            "embedded",
            "telemetry",
            "store",
        ],
    ),
    ("testkit", &["models", "store", "embedded"]),
];

/// Crates that only one of ours may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "testkit"]),
    ("redis", &["store", "testkit"]),
    ("bollard", &["worker"]),
    ("actix-web", &["api"]),
    ("apalis", &["worker"]),
];

#[test]
fn crates_depend_only_on_those_they_may() {
    let mut wrong = Vec::new();
    for (package, dependencies) in dependencies() {
        let allowed: BTreeSet<&str> = ALLOWED
            .iter()
            .find(|(name, _)| *name == package)
            .unwrap_or_else(|| panic!("crate {package} has no rule: add it here and to ARCHITECTURE.md"))
            .1
            .iter()
            .copied()
            .collect();
        for dependency in dependencies {
            if let Some(ours) = dependency.strip_prefix("aether-")
                && !allowed.contains(ours)
            {
                wrong.push(format!("{package} must not depend on {ours}"));
            }
            if let Some((_, users)) = RESERVED.iter().find(|(name, _)| *name == dependency)
                && !users.contains(&package.as_str())
            {
                wrong.push(format!("{package} must not name {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn source_files_stay_short() {
    let root = workspace_root();
    let mut files = Vec::new();
    for folder in ["crates", "web/src", "web/e2e"] {
        collect_sources(&root.join(folder), &mut files);
    }
    let long: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let lines = std::fs::read_to_string(file).ok()?.lines().count();
            (lines > FILE_MAX).then(|| format!("{}: {lines} lines", file.display()))
        })
        .collect();
    assert!(files.len() > 50, "the search found only {} files", files.len());
    assert!(
        long.is_empty(),
        "files over {FILE_MAX} lines:\n{}",
        long.join("\n")
    );
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata runs");
    metadata
        .packages
        .iter()
        .map(|package| {
            let name = package
                .name
                .strip_prefix("aether-")
                .unwrap_or(&package.name)
                .to_owned();
            let normal = package
                .dependencies
                .iter()
                .filter(|d| d.kind != DependencyKind::Development);
            (name, normal.map(|dependency| dependency.name.clone()).collect())
        })
        .collect()
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "node_modules" && name != "target" && name != "fixtures" && name != "dist"
        {
            collect_sources(&path, files);
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "ts" || end == "tsx")
            && !path.to_string_lossy().contains(".gen.")
        {
            files.push(path);
        }
    }
}
