//! Which tool installs a Python app, and with which command.
//!
//! Order: lock files (uv, Poetry, PDM, Pipenv), requirements.txt, then what pyproject.toml, Pipfile or setup.py
//! declare. The order is fixed; several lock files give a warning.

use serde_json::Value;

use super::manifest::REQUIREMENTS;
use crate::app::App;
use crate::draft::Draft;
use crate::shell::quote;

/// A tool that installs Python packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installer {
    Uv,
    Poetry,
    Pdm,
    Pipenv,
    Pip,
}

/// What installs, and from which file.
#[derive(Debug, Clone)]
pub(crate) struct Manager {
    pub(crate) kind: Installer,
    file: String,
    locked: bool,
}

const LOCK_FILES: [(&str, Installer); 4] = [
    ("uv.lock", Installer::Uv),
    ("poetry.lock", Installer::Poetry),
    ("pdm.lock", Installer::Pdm),
    ("Pipfile.lock", Installer::Pipenv),
];
const VENV: &str = "python3 -m venv .venv";

impl Installer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Pdm => "pdm",
            Self::Pipenv => "pipenv",
            Self::Pip => "pip",
        }
    }
}

impl Manager {
    /// The install command, with `extra` packages that the app needs and does not declare.
    pub(crate) fn install(&self, app: &App<'_>, extra: &[&str]) -> String {
        let member = app.workspace.is_some();
        let base = match (self.kind, self.locked) {
            (Installer::Uv, locked) => {
                let sync = if locked {
                    "uv sync --frozen --no-dev"
                } else {
                    "uv sync --no-dev"
                };
                if member && !app.folder.has_file("uv.lock") {
                    format!("UV_PROJECT_ENVIRONMENT=\"$PWD/.venv\" {sync}")
                } else {
                    sync.to_owned()
                }
            }
            (Installer::Poetry, _) => {
                let root = if self.packaged(app) { "" } else { " --no-root" };
                format!(
                    "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install --no-interaction --no-ansi --only main{root}"
                )
            }
            (Installer::Pdm, true) => "pdm install --check --prod --no-editable".to_owned(),
            (Installer::Pdm, false) => "pdm install --prod --no-editable".to_owned(),
            (Installer::Pipenv, true) => "PIPENV_VENV_IN_PROJECT=1 pipenv install --deploy".to_owned(),
            (Installer::Pipenv, false) => "PIPENV_VENV_IN_PROJECT=1 pipenv install --skip-lock".to_owned(),
            (Installer::Pip, _) if REQUIREMENTS.contains(&self.file.as_str()) => {
                let more: String = extra.iter().map(|name| format!(" {name}")).collect();
                return format!("{VENV} && .venv/bin/pip install -r {}{more}", quote(&self.file));
            }
            (Installer::Pip, _) => format!("{VENV} && .venv/bin/pip install ."),
        };
        match (self.kind, extra) {
            (_, []) => base,
            (Installer::Uv, extra) => format!("{base} && uv pip install --python .venv {}", extra.join(" ")),
            (_, extra) => format!("{base} && .venv/bin/python -m pip install {}", extra.join(" ")),
        }
    }

    /// Whether the project itself is a package whose commands the app may be started with.
    fn packaged(&self, app: &App<'_>) -> bool {
        let value = app.folder.value(&self.file);
        value.is_some_and(|value| value.pointer("/tool/poetry/scripts").is_some())
    }
}

pub(crate) fn choose(app: &App<'_>, draft: &mut Draft) -> Option<Manager> {
    let root = app.workspace.as_deref().map(|workspace| &workspace.root);
    let folders = std::iter::once(&app.folder).chain(root);
    let locks: Vec<(String, &str, Installer)> = folders
        .flat_map(|folder| {
            LOCK_FILES
                .into_iter()
                .filter(|(file, _)| folder.has_file(file))
                .map(|(file, kind)| (folder.path(file), file, kind))
        })
        .collect();
    if let Some((path, file, kind)) = locks.first() {
        draft.say_at(path.clone(), format!("package manager {}", kind.name()));
        let others: Vec<&str> = locks
            .iter()
            .filter(|(_, _, of)| of != kind)
            .map(|(_, file, _)| *file)
            .collect();
        if !others.is_empty() {
            draft.warn(format!(
                "{} is used, but there is also {}.",
                kind.name(),
                others.join(" and ")
            ));
        }
        let manifest = if *kind == Installer::Pipenv {
            "Pipfile"
        } else {
            "pyproject.toml"
        };
        if app.folder.has_file(manifest) {
            return Some(Manager {
                kind: *kind,
                file: manifest.to_owned(),
                locked: true,
            });
        }
        draft.warn(format!("{file} is there, but {manifest} is missing."));
    }
    let (file, kind) = unlocked(app)?;
    draft.say(&file, format!("package manager {}", kind.name()));
    if kind == Installer::Pip && !pinned(app, &file) {
        draft.warn(format!(
            "{file} does not pin its versions; two builds of one commit may differ."
        ));
    }
    Some(Manager {
        kind,
        file,
        locked: false,
    })
}

fn unlocked(app: &App<'_>) -> Option<(String, Installer)> {
    let value = app.folder.value("pyproject.toml");
    let tool = |name: &str| {
        value
            .as_ref()
            .is_some_and(|value| value.pointer(&format!("/tool/{name}")).is_some())
    };
    if let Some(file) = REQUIREMENTS.iter().find(|file| app.folder.has_file(file)) {
        return Some(((*file).to_owned(), Installer::Pip));
    }
    let pyproject = |kind| Some(("pyproject.toml".to_owned(), kind));
    if app.folder.has_file("Pipfile") {
        return Some(("Pipfile".to_owned(), Installer::Pipenv));
    }
    for (name, kind) in [
        ("poetry", Installer::Poetry),
        ("pdm", Installer::Pdm),
        ("uv", Installer::Uv),
    ] {
        if tool(name) {
            return pyproject(kind);
        }
    }
    let described = |value: &Value| value.get("project").is_some() || value.get("build-system").is_some();
    if value.as_deref().is_some_and(described) {
        let builds = value
            .as_ref()
            .is_some_and(|value| value.get("build-system").is_some());
        // Without a build system there is nothing to install but the dependencies, which uv can do.
        return pyproject(if builds { Installer::Pip } else { Installer::Uv });
    }
    app.folder
        .has_file("setup.py")
        .then(|| ("setup.py".to_owned(), Installer::Pip))
}

fn pinned(app: &App<'_>, file: &str) -> bool {
    let Some(text) = app.folder.text(file).filter(|_| file.ends_with(".txt")) else {
        return true;
    };
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '-']));
    lines.all(|line| line.contains("==") || line.contains('@'))
}
