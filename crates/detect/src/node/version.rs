//! Which Node: `.node-version`, `.nvmrc`, Volta, version managers, `engines`, `devEngines`; else the default.
//!
//! A pinned version that contradicts `engines.node` loses: `engines` is what the code was declared to need, the pin
//! is what somebody's machine had.

use super::manager::{Manager, PackageManager};
use super::package::PackageJson;
use crate::app::App;
use crate::draft::Draft;
use crate::toolfiles::{version_file, wish};
use crate::versions::{self, Wish};

pub(crate) fn decide(app: &App<'_>, manager: &Manager, draft: &mut Draft) {
    let pinned = pinned(app);
    let engines = engines(app);
    let wanted = match (&pinned, &engines) {
        (Some(pin), Some(range)) if !versions::satisfies(&pin.version, &range.version) => {
            draft.warn(format!(
                "{} asks for Node {}, but {} for {}; the latter is used.",
                pin.file, pin.version, range.file, range.version
            ));
            engines
        }
        (Some(_), _) => pinned,
        (None, _) => engines,
    };
    versions::decide(app, draft, "node", wanted.as_ref());
    match (manager.kind, &manager.version) {
        (PackageManager::Bun, _) => {
            let file = version_file(app, ".bun-version").or_else(|| wish(app, &["bun"]));
            let declared = manager.version.clone().map(|version| Wish {
                file: app.folder.path("package.json"),
                version,
            });
            versions::decide(app, draft, "bun", file.or(declared).as_ref());
        }
        (kind, Some(version)) => {
            draft
                .plan
                .runtime_version
                .insert(kind.name().to_owned(), version.clone());
        }
        (_, None) => {}
    }
}

fn pinned(app: &App<'_>) -> Option<Wish> {
    version_file(app, ".nvmrc")
        .or_else(|| version_file(app, ".node-version"))
        .or_else(|| wish(app, &["nodejs", "node"]))
        .or_else(|| from_packages(app, |package| package.volta_node.clone()))
}

fn engines(app: &App<'_>) -> Option<Wish> {
    from_packages(app, |package| package.engines.get("node").cloned()).or_else(|| {
        from_packages(app, |package| {
            let (name, version) = package.dev_runtime.clone()?;
            (name == "node" && !version.is_empty()).then_some(version)
        })
    })
}

fn from_packages(app: &App<'_>, read: impl Fn(&PackageJson) -> Option<String>) -> Option<Wish> {
    let root = app.workspace.as_deref().map(|workspace| &workspace.root);
    std::iter::once(&app.folder).chain(root).find_map(|folder| {
        let package = PackageJson::read(folder)?;
        let version = read(&package)?;
        Some(Wish {
            file: folder.path(&package.file),
            version,
        })
    })
}
