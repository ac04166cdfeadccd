//! Monorepos: which folders are apps, and what stands at the workspace's root.
//!
//! Members are named by the root's own files (package.json, pnpm-workspace.yaml, lerna.json, Nx and Moon projects,
//! Cargo.toml, go.work, pyproject.toml). Only folders these name are looked into.

use std::cell::OnceCell;
use std::rc::Rc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde_json::Value;

use crate::folder::Folder;
use crate::node::PackageJson;
use crate::tree::{EntryKind, Tree, join, normalize_path};

/// Folders no workspace glob means.
const NEVER: [&str; 7] = [
    "node_modules",
    ".git",
    ".github",
    "target",
    "vendor",
    "dist",
    "build",
];
/// Folders at the top that hold no apps to deploy, whatever globs match them.
const NO_APPS: [&str; 9] = [
    "docs", "tools", "examples", "supabase", "test", "tests", "fixtures", "e2e", "scripts",
];
/// `packages/**` is walked this deep; deeper nesting is not seen in the wild.
const MAX_DEPTH: usize = 5;
/// A repository naming more members than this is looked at as far as this.
const MAX_MEMBERS: usize = 500;

/// What runs tasks over the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    Turbo,
    Nx,
    Lerna,
    Moon,
}

/// A workspace: its root and its members.
pub(crate) struct Workspace<'t> {
    pub(crate) root: Folder<'t>,
    pub(crate) members: Vec<String>,
    pub(crate) runner: Option<Runner>,
    packages: OnceCell<Vec<PackageJson>>,
}

impl<'t> Workspace<'t> {
    /// The workspace whose root is `dir`, if it is one.
    pub(crate) fn at(tree: &'t dyn Tree, dir: &str) -> Option<Rc<Self>> {
        let root = Folder::new(tree, dir);
        let runner = runner(&root);
        let mut members = members(&root);
        members.dedup();
        (!members.is_empty()).then(|| {
            Rc::new(Self {
                root,
                members,
                runner,
                packages: OnceCell::new(),
            })
        })
    }

    /// The nearest workspace above `dir` that names it as a member.
    pub(crate) fn above(tree: &'t dyn Tree, dir: &str) -> Option<Rc<Self>> {
        let mut above = dir;
        while !above.is_empty() {
            above = above.rsplit_once('/').map_or("", |(parent, _)| parent);
            if let Some(workspace) = Self::at(tree, above)
                && workspace.members.iter().any(|member| member == dir)
            {
                return Some(workspace);
            }
        }
        None
    }

    /// The package.json of every member that has one, read once.
    pub(crate) fn packages(&self) -> &[PackageJson] {
        self.packages.get_or_init(|| {
            let folders = self
                .members
                .iter()
                .map(|dir| Folder::new(self.root.tree(), dir.as_str()));
            folders.filter_map(|folder| PackageJson::read(&folder)).collect()
        })
    }

    /// The way from a member's folder up to the root (`../..`).
    pub(crate) fn up_from(&self, dir: &str) -> String {
        let inside = dir.strip_prefix(self.root.dir()).unwrap_or(dir).trim_matches('/');
        let steps = inside.split('/').filter(|part| !part.is_empty()).count();
        vec![".."; steps].join("/")
    }
}

fn runner(root: &Folder<'_>) -> Option<Runner> {
    let signs = [
        ("turbo.json", Runner::Turbo),
        ("turbo.jsonc", Runner::Turbo),
        ("nx.json", Runner::Nx),
        (".moon/workspace.yml", Runner::Moon),
        ("lerna.json", Runner::Lerna),
    ];
    signs
        .into_iter()
        .find(|(file, _)| root.has_file(file))
        .map(|(_, runner)| runner)
}

/// Paths of all members, relative to the repository.
fn members(root: &Folder<'_>) -> Vec<String> {
    let mut globs = PackageJson::read(root)
        .map(|package| package.workspaces)
        .unwrap_or_default();
    globs.extend(texts(root, "pnpm-workspace.yaml", "/packages"));
    globs.extend(texts(root, "lerna.json", "/packages"));
    let mut found = expand(root, &globs, "package.json");
    if root.has_file("nx.json") {
        let places = ["apps/*", "apps/*/*", "packages/*", "packages/*/*"].map(str::to_owned);
        found.extend(expand(root, &places, "project.json"));
    }
    found.extend(expand(
        root,
        &texts(root, "pyproject.toml", "/tool/uv/workspace/members"),
        "pyproject.toml",
    ));
    found.sort_unstable();
    found.iter().map(|member| join(root.dir(), member)).collect()
}

fn texts(root: &Folder<'_>, file: &str, pointer: &str) -> Vec<String> {
    let Some(value) = root.has_file(file).then(|| root.value(file)).flatten() else {
        return Vec::new();
    };
    let list = value
        .pointer(pointer)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    list.iter()
        .filter_map(|glob| glob.as_str().map(str::to_owned))
        .collect()
}

/// Folders below `root` that one of `globs` names (and none beginning with `!` excludes) and that hold `manifest`.
pub(crate) fn expand(root: &Folder<'_>, globs: &[String], manifest: &str) -> Vec<String> {
    let Some(Patterns {
        wanted,
        excluded,
        mut queue,
        depth,
    }) = Patterns::new(globs)
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    while let Some(dir) = queue.pop() {
        let entries = root.tree().list(&root.path(&dir));
        let holds = entries
            .iter()
            .any(|entry| entry.kind == EntryKind::File && entry.name == manifest);
        let named = !dir.is_empty() && wanted.is_match(&dir) && !excluded.is_match(&dir);
        if holds && named && !found.contains(&dir) {
            found.push(dir.clone());
        }
        let parts = dir.split('/').filter(|part| !part.is_empty()).count();
        if parts >= depth || found.len() >= MAX_MEMBERS || queue.len() >= MAX_MEMBERS * 4 {
            continue;
        }
        let hides = |name: &str| NEVER.contains(&name) || dir.is_empty() && NO_APPS.contains(&name);
        let folders = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Directory && !hides(&entry.name));
        queue.extend(folders.map(|entry| join(&dir, &entry.name)));
    }
    found.sort_unstable();
    found
}

/// Workspace globs, made ready for walking.
struct Patterns {
    wanted: GlobSet,
    excluded: GlobSet,
    /// Folders the walk begins in: the parts of the globs before the first wildcard.
    queue: Vec<String>,
    depth: usize,
}

impl Patterns {
    fn new(globs: &[String]) -> Option<Self> {
        let (mut wanted, mut excluded) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let mut queue: Vec<String> = Vec::new();
        let mut depth = 0;
        for glob in globs {
            let (negative, pattern) = glob
                .strip_prefix('!')
                .map_or((false, glob.as_str()), |rest| (true, rest));
            let pattern = normalize_path(pattern.trim_end_matches("/package.json"));
            let Some((pattern, parsed)) =
                pattern.and_then(|text| Some((text.clone(), Glob::new(&text).ok()?)))
            else {
                continue;
            };
            if negative {
                excluded.add(parsed);
                continue;
            }
            wanted.add(parsed);
            let fixed = pattern
                .split('/')
                .take_while(|part| !part.contains(['*', '?', '[', '{']));
            queue.push(fixed.collect::<Vec<_>>().join("/"));
            let deep = pattern.contains("**");
            depth = depth.max(if deep {
                MAX_DEPTH
            } else {
                pattern.split('/').count()
            });
        }
        queue.sort_unstable();
        queue.dedup();
        Some(Self {
            wanted: wanted.build().ok()?,
            excluded: excluded.build().ok()?,
            queue,
            depth,
        })
    }
}

/// Folders below `dir` that look like apps: shown when nothing was found where it was looked for.
pub(crate) fn likely_roots(tree: &dyn Tree, dir: &str) -> Vec<String> {
    const SIGNS: [&str; 12] = [
        "package.json",
        "requirements.txt",
        "pyproject.toml",
        "go.mod",
        "Cargo.toml",
        "Gemfile",
        "composer.json",
        "Dockerfile",
        "index.html",
        "pom.xml",
        "mix.exs",
        "deno.json",
    ];
    let mut found = Vec::new();
    let mut queue = vec![(dir.to_owned(), 0)];
    while let Some((folder, depth)) = queue.pop() {
        let entries = tree.list(&folder);
        if depth > 0 && entries.iter().any(|entry| SIGNS.contains(&entry.name.as_str())) {
            found.push(folder);
            continue;
        }
        if depth < 2 && found.len() < 20 {
            let below = entries.iter().filter(|entry| {
                entry.kind == EntryKind::Directory
                    && !entry.name.starts_with('.')
                    && !NEVER.contains(&entry.name.as_str())
                    && !NO_APPS.contains(&entry.name.as_str())
            });
            queue.extend(below.map(|entry| (join(&folder, &entry.name), depth + 1)));
        }
    }
    found.sort_unstable();
    found
}
