//! Go: one module or a workspace; the program is the root package or one below `cmd/`.

use aether_models::{Confidence, PlanKind};

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::framework;
use crate::shell::quote;
use crate::toolfiles::{version_file, wish};
use crate::tree::{EntryKind, join};
use crate::versions::{self, Wish};

/// Commands that are servers by custom, when `cmd/` holds several.
const SERVER_COMMANDS: [&str; 7] = ["server", "api", "web", "app", "main", "http", "serve"];

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let Some(text) = app.folder.text("go.mod") else {
        return Dependencies::new();
    };
    let lines = text
        .lines()
        .map(|line| line.trim().trim_start_matches("require ").trim());
    let entries = lines.filter_map(|line| {
        let (module, version) = line.split_once(' ')?;
        let version = version
            .split_whitespace()
            .next()
            .filter(|version| version.starts_with('v'))?;
        Some((
            module.to_owned(),
            Dependency {
                file: "go.mod".to_owned(),
                version: version.to_owned(),
            },
        ))
    });
    entries.collect()
}

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let module = app.folder.has_file("go.mod");
    let workspace = app.folder.has_file("go.work");
    if !module && !workspace && app.folder.matching("*.go").is_empty() {
        return None;
    }
    let mut draft = Draft::new(&app.folder, "go", PlanKind::Server);
    draft.plan.package_manager = (module || workspace).then(|| "go".to_owned());
    draft.plan.install_command = (module || workspace).then(|| "go mod download".to_owned());
    if let Some(text) = app.folder.text("go.mod") {
        let name = framework::value_of_line(&text, "module ").unwrap_or_default();
        draft.plan.name = name.rsplit('/').next().map(str::to_owned);
        draft.say("go.mod", format!("module {name}"));
    }
    versions::decide(app, &mut draft, "go", version(app).as_ref());
    framework::apply(app, "go", &mut draft);
    let Some(target) = program(app, &mut draft) else {
        draft.at_most(Confidence::Low);
        draft
            .warn("No `package main` was found in the root folder or below cmd/: this looks like a library.");
        draft.plan.build_command = Some("go build ./...".to_owned());
        return Some(draft);
    };
    let target = if target.is_empty() {
        String::new()
    } else {
        format!(" {}", quote(&target))
    };
    draft.plan.build_command = Some(format!("go build -ldflags=\"-w -s\" -o out{target}"));
    draft.make_server(Some("./out".to_owned()));
    Some(draft)
}

/// The package to build: `""` for the root folder.
fn program(app: &App<'_>, draft: &mut Draft) -> Option<String> {
    if !app.folder.has_file("go.mod") && app.folder.has_file("main.go") && !app.folder.has_file("go.work") {
        return Some("main.go".to_owned());
    }
    if let Some(file) = main_package(app, "") {
        draft.say(&file, "package main");
        return Some(String::new());
    }
    let modules = work_modules(app);
    if let Some((folder, file)) = modules
        .iter()
        .find_map(|folder| Some((folder, main_package(app, folder)?)))
    {
        draft.say(&file, "package main");
        return Some(format!("./{folder}"));
    }
    let commands: Vec<String> = subfolders(app, "cmd")
        .into_iter()
        .filter(|name| main_package(app, &join("cmd", name)).is_some())
        .collect();
    let named = draft
        .plan
        .name
        .as_ref()
        .and_then(|name| commands.iter().find(|command| *command == name));
    let customary = SERVER_COMMANDS
        .iter()
        .find_map(|name| commands.iter().find(|command| command == name));
    let chosen = customary.or(named).or_else(|| commands.first())?;
    draft.say(&format!("cmd/{chosen}"), "package main");
    if commands.len() > 1 {
        draft.warn(format!(
            "cmd/ holds several programs ({}); `{chosen}` is built.",
            commands.join(", ")
        ));
    }
    if commands.len() > 1 && customary.is_none() && named.is_none() {
        draft.at_most(Confidence::Medium);
    }
    Some(format!("./cmd/{chosen}"))
}

fn work_modules(app: &App<'_>) -> Vec<String> {
    let Some(text) = app.folder.text("go.work") else {
        return Vec::new();
    };
    let words = text
        .lines()
        .map(|line| line.trim().trim_start_matches("use ").trim());
    words
        .filter(|word| word.starts_with("./"))
        .filter_map(crate::tree::normalize_path)
        .collect()
}

fn subfolders(app: &App<'_>, dir: &str) -> Vec<String> {
    let entries = app.folder.tree().list(&app.folder.path(dir));
    entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Directory)
        .map(|entry| entry.name)
        .collect()
}

/// A file of package main with a main function, in `dir`.
fn main_package(app: &App<'_>, dir: &str) -> Option<String> {
    let files = app.folder.matching(&join(dir, "*.go"));
    files
        .into_iter()
        .filter(|file| !file.ends_with("_test.go"))
        .find(|file| {
            let text = app.folder.text(file);
            text.is_some_and(|text| text.lines().any(is_package_main) && text.contains("func main("))
        })
}

/// `package main`, with or without a comment behind it (`// import "example.com/app"`).
fn is_package_main(line: &str) -> bool {
    line.trim()
        .strip_prefix("package main")
        .is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with("//"))
}

/// The `go` line is the least version the code needs, not the one it wants.
fn version(app: &App<'_>) -> Option<Wish> {
    if let Some(pinned) = version_file(app, ".go-version").or_else(|| wish(app, &["go", "golang"])) {
        return Some(pinned);
    }
    let file = if app.folder.has_file("go.mod") {
        "go.mod"
    } else {
        "go.work"
    };
    let text = app.folder.text(file)?;
    let version = framework::value_of_line(&text, "go ")?;
    Some(Wish {
        file: app.folder.path(file),
        version: format!(">={version}"),
    })
}
