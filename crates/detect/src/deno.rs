//! Deno: tasks of deno.json, or the customary main module.

use aether_models::{Confidence, PlanKind};
use serde_json::Value;

use crate::app::App;
use crate::draft::Draft;
use crate::shell::quote;
use crate::source::js::JsSource;
use crate::toolfiles::{version_file, wish};
use crate::tree::normalize_path;
use crate::versions;

/// Deno keeps modules in a folder of the user; the release carries only the app's, so they go there.
const DENO: &str = "DENO_DIR=.deno deno";
const CONFIGS: [&str; 2] = ["deno.json", "deno.jsonc"];
const MAIN_FILES: [&str; 9] = [
    "main.ts",
    "mod.ts",
    "index.ts",
    "server.ts",
    "app.ts",
    "main.js",
    "src/main.ts",
    "src/index.ts",
    "src/server.ts",
];

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let config = app.folder.first(&CONFIGS);
    let sign = config
        .clone()
        .or_else(|| app.folder.first(&["deno.lock"]))
        .or_else(|| imports_by_address(app))?;
    let mut draft = Draft::new(&app.folder, "deno", PlanKind::Server);
    draft.say(&sign, "is for Deno");
    versions::decide(
        app,
        &mut draft,
        "deno",
        version_file(app, ".dvmrc")
            .or_else(|| wish(app, &["deno"]))
            .as_ref(),
    );
    if app.package().is_some() {
        // Both are there: package.json decides, unless it has nothing to say.
        draft.at_most(Confidence::Medium);
    }
    let value = config.as_ref().and_then(|file| app.folder.value(file));
    let task = |name: &str| {
        value
            .as_ref()
            .and_then(|value| value.get("tasks")?.get(name))
            .and_then(task_text)
    };
    if let Some(text) = task("build") {
        draft.plan.build_command = Some(format!("{DENO} task build"));
        draft.say(&sign, format!("task build: {text}"));
    }
    let main = MAIN_FILES.iter().find(|file| app.folder.has_file(file));
    if let Some(output) = task("build")
        .filter(|_| task("start").is_none())
        .and_then(|text| built_site(app, &text))
    {
        draft.plan.spa = output != "_site";
        draft.make_static(output);
        return Some(draft);
    }
    if let Some(text) = task("start") {
        draft.say(&sign, format!("task start: {text}"));
        draft.make_server(Some(format!("{DENO} task start")));
    } else if let Some(main) = main {
        draft.say(main, "is the main module");
        draft.make_server(Some(format!("{DENO} run --allow-all {}", quote(main))));
    } else {
        draft.at_most(Confidence::Low);
        draft.warn("No start command was found: add a `start` task to deno.json, or a main.ts.");
    }
    fetch(main.copied(), config.is_some(), &mut draft);
    Some(draft)
}

/// Where a build task that runs a tool for sites puts its result.
fn built_site(app: &App<'_>, task: &str) -> Option<String> {
    if task.contains("vite") && app.folder.has_file("index.html") {
        let config = app
            .folder
            .first(&["vite.config.*"])
            .and_then(|file| app.folder.text(&file));
        let source = config.map(|text| JsSource::new(&text));
        let set = source
            .as_ref()
            .and_then(|source| source.text(&["build", "outDir"]));
        return normalize_path(set.unwrap_or("dist")).filter(|folder| !folder.is_empty());
    }
    (task.contains("lume") || app.folder.has_file("_config.ts")).then(|| "_site".to_owned())
}

/// Fetching the modules is the build, unless a task builds something from them.
fn fetch(main: Option<&str>, config: bool, draft: &mut Draft) {
    let command = match main {
        Some(main) => format!("{DENO} cache {}", quote(main)),
        None if config => format!("{DENO} install"),
        None => return,
    };
    if draft.plan.build_command.is_some() {
        draft.plan.install_command = Some(command);
    } else {
        draft.plan.build_command = Some(command);
    }
}

fn task_text(task: &Value) -> Option<String> {
    Some(
        task.as_str()
            .or_else(|| task.get("command")?.as_str())?
            .to_owned(),
    )
}

/// Modules imported from the web, or Deno's own functions, and no package.json.
fn imports_by_address(app: &App<'_>) -> Option<String> {
    if app.package().is_some() {
        return None;
    }
    let files = MAIN_FILES
        .iter()
        .map(|file| (*file).to_owned())
        .filter(|file| app.folder.has_file(file));
    files.into_iter().find(|file| {
        let text = app.folder.text(file);
        text.is_some_and(|text| {
            ["https://deno.land", "jsr:", "Deno.", "\"npm:", "'npm:"]
                .iter()
                .any(|sign| text.contains(sign))
        })
    })
}
