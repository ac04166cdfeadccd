//! The plan of a Python app.

use aether_models::{Confidence, PlanKind};

use super::{entry, manager, site, start, version};
use crate::app::App;
use crate::draft::Draft;
use crate::explain::Problem;
use crate::rules::{self, Match};
use crate::shell::quote;

/// Any of these makes a folder Python.
const MANIFESTS: [&str; 9] = [
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "setup.py",
    "environment.yml",
    "manage.py",
    "uv.lock",
    "poetry.lock",
    "requirements/*.txt",
];

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let found = rules::matching(app, "python");
    let manifest = app.folder.first(&MANIFESTS);
    // Without a manifest, only a program in the folder itself counts: what lies below may be anything.
    let program = || entry::main_file(app).filter(|file| !file.contains('/'));
    if found.is_empty() && manifest.is_none() && program().is_none() {
        return None;
    }
    let mut draft = Draft::new(&app.folder, "python", PlanKind::Server);
    let value = app.folder.value("pyproject.toml");
    let name = value.as_ref().and_then(|value| {
        value
            .pointer("/project/name")
            .or_else(|| value.pointer("/tool/poetry/name"))?
            .as_str()
    });
    draft.plan.name = name.map(str::to_owned);
    let manager = manager::choose(app, &mut draft);
    version::decide(app, &mut draft);
    draft.plan.package_manager = manager.as_ref().map(|manager| manager.kind.name().to_owned());
    if manager.is_none() {
        nothing_to_install(app, &found, &mut draft);
    }
    let extra = match found.first() {
        Some(hit) => with_framework(app, hit, &mut draft),
        None => plain(app, &mut draft),
    };
    draft.plan.install_command = match &manager {
        Some(manager) => Some(manager.install(app, &extra)),
        None if extra.is_empty() => None,
        None => Some(format!(
            "python3 -m venv .venv && .venv/bin/pip install {}",
            extra.join(" ")
        )),
    };
    without_venv(&mut draft);
    if matches!(draft.plan.framework.as_deref(), Some("django" | "flask")) {
        assets(app, &mut draft);
    }
    Some(draft)
}

/// No manifest of a package manager: what the program imports would be missing.
fn nothing_to_install(app: &App<'_>, found: &[Match], draft: &mut Draft) {
    if let Some(file) = app.folder.first(&["environment.yml", "environment.yaml"]) {
        draft.refuse(Problem {
            file: app.folder.path(&file),
            says: "describes a Conda environment, which cannot be installed".to_owned(),
            fix: "Add a requirements.txt, or bring a Dockerfile.".to_owned(),
        });
    } else if found
        .first()
        .is_some_and(|hit| hit.rule.kind == Some(PlanKind::Server))
    {
        draft.warn("No file says which packages to install: add a requirements.txt or a pyproject.toml.");
        draft.at_most(Confidence::Low);
    }
}

/// The assets are built first, so that collecting the static files finds them.
fn assets(app: &App<'_>, draft: &mut Draft) {
    let scripted = app
        .package()
        .is_some_and(|package| package.scripts.contains_key("build"));
    if !scripted {
        return;
    }
    let collect = draft.plan.build_command.take();
    crate::node::assets(app, draft);
    draft.plan.build_command = match (draft.plan.build_command.take(), collect) {
        (Some(assets), Some(collect)) => Some(format!("{assets} && {collect}")),
        (assets, collect) => assets.or(collect),
    };
}

fn with_framework(app: &App<'_>, hit: &Match, draft: &mut Draft) -> Vec<&'static str> {
    let rule = hit.rule;
    draft.plan.framework = Some(rule.slug.clone());
    draft.at_most(rule.confidence);
    for (file, says) in &hit.evidence {
        draft.say(file, format!("{} ({says})", rule.name));
    }
    if rule.kind == Some(PlanKind::Static) {
        return site::plan(app, rule, draft);
    }
    match start::of_framework(app, &rule.slug, draft) {
        Some(found) => {
            draft.make_server(Some(found.command));
            draft.plan.build_command = found.build;
            found.install
        }
        None => plain(app, draft),
    }
}

/// A program without a known framework: the main file is run.
fn plain(app: &App<'_>, draft: &mut Draft) -> Vec<&'static str> {
    draft.at_most(Confidence::Medium);
    let command = if let Some(file) = entry::main_file(app) {
        draft.say(&file, "is the main file");
        Some(format!(".venv/bin/python {}", quote(&file)))
    } else {
        own_command(app, draft)
    };
    if command.is_none() {
        draft.at_most(Confidence::Low);
        draft.warn("No start command was found: there is no main.py or app.py. Add a Procfile, or set a start command in the project's settings.");
    }
    draft.make_server(command);
    Vec::new()
}

/// A command the package declares, or a package that can be run with `-m`.
fn own_command(app: &App<'_>, draft: &mut Draft) -> Option<String> {
    let value = app.folder.value("pyproject.toml");
    let scripts = value.as_ref().and_then(|value| {
        value
            .pointer("/project/scripts")
            .or_else(|| value.pointer("/tool/poetry/scripts"))?
            .as_object()
    });
    if let Some(name) = scripts.and_then(|scripts| scripts.keys().next()) {
        draft.say("pyproject.toml", format!("declares the command {name}"));
        return Some(format!(".venv/bin/{}", quote(name)));
    }
    let mut runnable = app
        .folder
        .folders()
        .filter(|name| app.folder.has_file(&format!("{name}/__main__.py")));
    let module = runnable.next().map(str::to_owned).or_else(|| {
        Some(draft.plan.name.clone()?.replace('-', "_"))
            .filter(|name| app.folder.has_file(&format!("src/{name}/__main__.py")))
    });
    module.map(|module| format!(".venv/bin/python -m {}", quote(&module)))
}

/// Nothing to install: the interpreter itself runs the program.
fn without_venv(draft: &mut Draft) {
    if draft.plan.install_command.is_none() {
        for command in [&mut draft.plan.start_command, &mut draft.plan.build_command]
            .into_iter()
            .flatten()
        {
            *command = command.replace(".venv/bin/python", "python3");
        }
    }
}
