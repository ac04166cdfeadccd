//! Node apps without a framework: a `start` script or a main file makes a server, a known output folder a site.

use aether_models::{Confidence, PlanKind};

use super::manager::{Manager, PackageManager};
use super::package::PackageJson;
use super::script::{self, StartKind};
use crate::app::App;
use crate::draft::Draft;

/// Where programs begin, by custom.
const ENTRY_FILES: [&str; 16] = [
    "index.js",
    "index.mjs",
    "index.cjs",
    "server.js",
    "server.mjs",
    "app.js",
    "main.js",
    "src/index.js",
    "src/server.js",
    "src/main.js",
    "src/app.js",
    "dist/index.js",
    "index.ts",
    "server.ts",
    "src/index.ts",
    "main.ts",
];
/// Where build scripts put their result, by custom.
const OUTPUT_FLAGS: [&str; 6] = ["--outDir", "--outdir", "--out-dir", "--out", "--output", "-d"];

pub(crate) fn plan(app: &App<'_>, package: &PackageJson, manager: &Manager, draft: &mut Draft) {
    let build = package.scripts.contains_key("build");
    if build {
        draft.plan.build_command = Some(manager.run("build"));
    }
    if let Some(start) = start(app, package, manager, draft) {
        draft.make_server(Some(start));
        return;
    }
    if build {
        return guess_site(package, draft);
    }
    draft.make_server(None);
    draft.at_most(Confidence::Low);
    draft.say(
        &package.file,
        "neither framework, start script, main file nor build script",
    );
    draft.warn("No start command was found: add a `start` script to package.json, or set one in the project's settings.");
}

/// A program without package.json: nothing to install, one file to run.
pub(crate) fn without_manifest(app: &App<'_>) -> Option<Draft> {
    const PROGRAMS: [&str; 6] = [
        "server.js",
        "server.mjs",
        "app.js",
        "index.js",
        "index.mjs",
        "main.js",
    ];
    let manifests = ["package.json", "deno.json", "deno.jsonc", "bower.json"];
    if manifests.iter().any(|file| app.folder.has_file(file)) || !app.folder.matching("*.html").is_empty() {
        return None;
    }
    let file = PROGRAMS.into_iter().find(|file| {
        let text = app.folder.text(file);
        text.is_some_and(|text| {
            [".listen(", "createServer(", "require("]
                .iter()
                .any(|words| text.contains(words))
        })
    })?;
    let mut draft = Draft::new(&app.folder, "node", PlanKind::Server);
    draft.say(file, "is a program for Node");
    draft.at_most(Confidence::Medium);
    crate::versions::decide(
        app,
        &mut draft,
        "node",
        crate::toolfiles::version_file(app, ".nvmrc").as_ref(),
    );
    draft.make_server(Some(format!("node {file}")));
    Some(draft)
}

/// The file a server begins with: `main`, or one of the customary names.
pub(crate) fn entry_file(app: &App<'_>, package: &PackageJson) -> Option<String> {
    const ENDINGS: [&str; 6] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];
    let main = package.main.as_deref().and_then(crate::tree::normalize_path);
    let main = main.and_then(|main| {
        let endings = ["", ".js", "/index.js"].map(|ending| format!("{main}{ending}"));
        let mut endings = endings
            .into_iter()
            .filter(|file| ENDINGS.iter().any(|ending| file.ends_with(ending)));
        endings.find(|file| app.folder.has_file(file))
    });
    let built = || built_main(package);
    main.or_else(built).or_else(|| {
        ENTRY_FILES
            .iter()
            .find(|file| app.folder.has_file(file))
            .map(|file| (*file).to_owned())
    })
}

/// `main` in a folder of results is there after the build (`tsc` with `main: "dist/index.js"`).
fn built_main(package: &PackageJson) -> Option<String> {
    const RESULTS: [&str; 4] = ["dist", "build", "lib", "out"];
    let main = package.main.as_deref().and_then(crate::tree::normalize_path)?;
    let folder = main.split_once('/').map(|(folder, _)| folder)?;
    let program = main.ends_with(".js") || main.ends_with(".mjs") || main.ends_with(".cjs");
    (program && RESULTS.contains(&folder) && package.scripts.contains_key("build")).then_some(main)
}

fn start(app: &App<'_>, package: &PackageJson, manager: &Manager, draft: &mut Draft) -> Option<String> {
    for name in ["start", "start:prod", "prod"] {
        if !package.scripts.contains_key(name) {
            continue;
        }
        let text = script::expand(&package.scripts, name);
        match script::start_kind(&text) {
            StartKind::Program | StartKind::Framework => return Some(manager.run(name)),
            StartKind::Unknown => {
                draft.at_most(Confidence::Medium);
                return Some(manager.run(name));
            }
            StartKind::Development if !package.scripts.contains_key("build") => {
                draft.at_most(Confidence::Medium);
                return Some(manager.run(name));
            }
            StartKind::Platform => draft.warn(format!(
                "The script `{name}` runs another platform's own tool ({text}), which serves nothing here."
            )),
            StartKind::Development | StartKind::Files => {}
        }
    }
    let file = entry_file(app, package)?;
    let member = app.workspace.is_some();

    // A library has a main file too; one that is built first is no program to start.
    if package.scripts.contains_key("build") || member {
        draft.at_most(Confidence::Low);
    } else {
        draft.at_most(Confidence::Medium);
    }
    draft.say(&file, "is the main file");
    run_entry(app, package, manager, &file)
}

/// TypeScript needs a program that runs it: a runner among the dependencies, or Node itself (since 22.18) for a file
/// that listens. A compiler alone would have to be told where its output goes.
pub(crate) fn run_entry(
    app: &App<'_>,
    package: &PackageJson,
    manager: &Manager,
    file: &str,
) -> Option<String> {
    if !file.ends_with("ts") || manager.kind == PackageManager::Bun {
        return Some(manager.run_file(file));
    }
    if let Some(runner) = ["tsx", "ts-node"]
        .into_iter()
        .find(|name| package.depends_on(name))
    {
        return Some(manager.exec(&format!("{runner} {}", crate::shell::quote(file))));
    }
    let text = app.folder.text(file)?;
    let listens = [".listen(", "serve(", "createServer("]
        .iter()
        .any(|words| text.contains(words));
    listens.then(|| manager.run_file(file))
}

/// A build script of unknown tools: what it makes is a guess, so the user is asked.
fn guess_site(package: &PackageJson, draft: &mut Draft) {
    let text = script::expand(&package.scripts, "build");
    let output = script::flag(&text, &OUTPUT_FLAGS).and_then(crate::tree::normalize_path);
    let output = output
        .filter(|folder| !folder.is_empty())
        .unwrap_or_else(|| "dist".to_owned());
    draft.say(&package.file, "has a build script, but no start script");
    draft.warn(format!(
        "What the build makes is not known; `{output}` is taken as its output directory."
    ));
    draft.make_static(output);
    draft.at_most(Confidence::Low);
}
