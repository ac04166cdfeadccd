//! One app to be planned: its folder, the workspace around it, and the dependencies its manifests declare.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use aether_models::BuildOverrides;

use crate::explain::Problem;
use crate::folder::Folder;
use crate::node::PackageJson;
use crate::workspaces::Workspace;
use crate::{dotnet, elixir, go, jvm, node, php, python, ruby, rust};

/// Declared dependencies by name.
pub(crate) type Dependencies = BTreeMap<String, Dependency>;

/// One declared dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The manifest, relative to the app.
    pub(crate) file: String,
    /// The version as written there; may be empty.
    pub(crate) version: String,
}

/// An app: a folder with what belongs to it.
pub(crate) struct App<'t> {
    pub(crate) folder: Folder<'t>,
    /// The workspace this app is a member of, when it is not alone in its repository.
    pub(crate) workspace: Option<Rc<Workspace<'t>>>,
    /// What the user fixed; a runtime version set there is not looked for in files.
    pub(crate) overrides: &'t BuildOverrides,
    package: OnceCell<Option<PackageJson>>,
    dependencies: [OnceCell<Dependencies>; READERS.len()],
}

/// A language, and what reads its manifests.
type Reader = (&'static str, fn(&App<'_>) -> Dependencies);

const READERS: [Reader; 9] = [
    ("node", node::dependencies),
    ("python", python::dependencies),
    ("go", go::dependencies),
    ("rust", rust::dependencies),
    ("ruby", ruby::dependencies),
    ("php", php::dependencies),
    ("java", jvm::dependencies),
    ("elixir", elixir::dependencies),
    ("dotnet", dotnet::dependencies),
];

impl<'t> App<'t> {
    pub(crate) fn new(
        folder: Folder<'t>,
        workspace: Option<Rc<Workspace<'t>>>,
        overrides: &'t BuildOverrides,
    ) -> Self {
        Self {
            folder,
            workspace,
            overrides,
            package: OnceCell::new(),
            dependencies: [const { OnceCell::new() }; READERS.len()],
        }
    }

    /// The app's package.json, when there is one that can be read.
    pub(crate) fn package(&self) -> Option<&PackageJson> {
        self.package
            .get_or_init(|| PackageJson::read(&self.folder))
            .as_ref()
    }

    /// All dependencies the manifests of `language` declare.
    pub(crate) fn dependencies(&self, language: &str) -> Option<&Dependencies> {
        let at = READERS.iter().position(|(name, _)| *name == language)?;
        let (_, read) = READERS[at];
        Some(self.dependencies[at].get_or_init(|| read(self)))
    }

    /// One dependency; names compare without case, and `-` like `_`, where the ecosystem does so.
    pub(crate) fn dependency(&self, language: &str, name: &str) -> Option<&Dependency> {
        self.dependencies(language)?.get(name)
    }

    /// Whether any of `names` is declared.
    pub(crate) fn depends_on(&self, language: &str, names: &[&str]) -> bool {
        names.iter().any(|name| self.dependency(language, name).is_some())
    }

    /// Files that could not be used, of the app and of its workspace's root.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.folder.problems();
        if let Some(workspace) = &self.workspace {
            problems.extend(workspace.root.problems());
        }
        problems
    }
}
