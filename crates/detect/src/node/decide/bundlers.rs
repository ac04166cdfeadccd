//! Bundlers and single-page apps: where the output goes, and whether one page answers for all paths.

use serde_json::Value;

use super::{clean_folder, own_server};
use crate::draft::Draft;
use crate::node::plan::NodeApp;
use crate::node::script;
use crate::source::js::JsSource;
use crate::tree::{join, normalize_path};

/// Vite: `root` and `build.outDir`, by flag or configuration.
pub(crate) fn vite(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if own_server(node, draft) {
        return;
    }
    let config = node.config(&["vite.config.*"]);
    let source = config.as_ref().map(|(_, source)| source);
    let build = node.build_text();
    let root = vite_argument(build)
        .or_else(|| source?.text(&["root"]))
        .unwrap_or_default();
    let flag = script::flag(build, &["--outDir", "--out-dir"]);
    let folder = flag
        .or_else(|| source?.text(&["build", "outDir"]))
        .unwrap_or("dist");
    // `outDir` is relative to `root`, and may lead out of it (`../dist`).
    let root = normalize_path(root).unwrap_or_default();
    if let Some(output) = normalize_path(&join(&root, folder)).and_then(|path| clean_folder(&path)) {
        draft.make_static(output);
    } else {
        draft.warn(format!(
            "The output directory `{folder}` leads out of the repository; `dist` is taken."
        ));
    }
    if let Some((file, _)) = config
        .as_ref()
        .filter(|_| draft.plan.output_directory.as_deref() != Some("dist"))
    {
        draft.say(file, "sets the output directory");
    }
    if let Some((file, source)) = &config {
        super::other_platform(file, source, draft);
    }
    first_page(node, draft, &root);
    misplaced_output(config.as_ref(), draft);
    pages(node, draft, &root);
    if source.is_some_and(|source| source.value(&["build", "lib"]).is_some()) {
        draft.warn("The build makes a library, not a site (`build.lib` in the Vite configuration).");
        draft.at_most(aether_models::Confidence::Low);
    }
}

/// Vite without a page is a tool of tests or of a library: no proof of a site.
fn first_page(node: &NodeApp<'_, '_>, draft: &mut Draft, root: &str) {
    if node.app.folder.has_file(&join(root, "index.html")) {
        return;
    }
    let builds = node.build_text().contains("vite");
    let inputs = node
        .config(&["vite.config.*"])
        .is_some_and(|(_, source)| source.value(&["rollupOptions", "input"]).is_some());
    if !builds || node.build_script.is_none() {
        draft.warn("Vite is installed, but there is neither an index.html nor a build script that runs it.");
        draft.at_most(aether_models::Confidence::Low);
    } else if !inputs {
        draft.warn("There is no index.html where Vite looks for the first page.");
        draft.at_most(aether_models::Confidence::Medium);
    }
}

/// `outDir` beside `build` instead of inside it is a common slip, and without effect.
fn misplaced_output(config: Option<&(String, JsSource)>, draft: &mut Draft) {
    let Some((file, source)) = config else { return };
    if source.text(&["outDir"]).is_some() && source.value(&["build"]).is_none() {
        draft.warn(format!(
            "`outDir` in {file} has no effect there: Vite reads it inside `build`."
        ));
    }
}

/// `vite build client`: the root may be an argument.
fn vite_argument(build: &str) -> Option<&str> {
    let words: Vec<&str> = build.split_whitespace().collect();
    let at = words.windows(2).position(|pair| pair == ["vite", "build"])?;
    let word = words.get(at + 2)?;
    let plain = !word.starts_with('-')
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c));
    plain.then_some(*word)
}

/// Several pages, or a page for errors, prove that unknown paths are not the app's.
fn pages(node: &NodeApp<'_, '_>, draft: &mut Draft, root: &str) {
    let folder = &node.app.folder;
    let html = folder.matching(&join(root, "*.html"));
    let several = html.len() > 1;
    let error_page = folder.has_file(&join(root, "public/404.html"));
    let many_inputs = node.config(&["vite.config.*"]).is_some_and(|(_, source)| {
        source.text(&["appType"]) == Some("mpa") || source.value(&["rollupOptions", "input"]).is_some()
    });
    if several
        || error_page
        || many_inputs
        || node.package.depends_on("vite-ssg")
        || node.package.depends_on("vite-plugin-ssr")
    {
        let file = if several {
            html.first().map_or("index.html", String::as_str)
        } else {
            "package.json"
        };
        draft.say(file, "has pages of its own for several paths");
        draft.plan.spa = false;
    }
}

pub(crate) fn create_react_app(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if own_server(node, draft) {
        return;
    }
    let build = node.build_text();
    let by_script = build
        .split_whitespace()
        .find_map(|word| word.strip_prefix("BUILD_PATH="));
    let env = node.app.folder.text(".env");
    let by_file = env
        .as_deref()
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("BUILD_PATH=")));
    if let Some(folder) = by_script
        .or(by_file)
        .and_then(|text| clean_folder(text.trim_matches(['"', '\''])))
    {
        draft.make_static(folder);
    }
}

pub(crate) fn vue_cli(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if own_server(node, draft) {
        return;
    }
    let config = node.config(&["vue.config.*"]);
    let flag = script::flag(node.build_text(), &["--dest"]);
    let folder = flag.or_else(|| config.as_ref()?.1.text(&["outputDir"]));
    if let Some(folder) = folder.and_then(clean_folder) {
        draft.make_static(folder);
    }
    if let Some((file, _)) = config.filter(|(_, source)| source.value(&["pages"]).is_some()) {
        draft.say(&file, "has several pages");
        draft.plan.spa = false;
    }
}

pub(crate) fn parcel(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if own_server(node, draft) {
        return;
    }
    let folder = script::flag(node.build_text(), &["--dist-dir", "-d", "--out-dir"]).and_then(clean_folder);
    if let Some(folder) = folder {
        draft.make_static(folder);
    }
}

pub(crate) fn webpack(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if own_server(node, draft) || draft.plan.build_command.is_none() {
        return;
    }
    let flag = script::flag(node.build_text(), &["--output-path", "-o"]);
    if let Some(folder) = flag.and_then(clean_folder) {
        draft.make_static(folder);
    }
}

pub(crate) fn vike(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.config(&[
        "vite.config.*",
        "pages/+config.*",
        "src/pages/+config.*",
        "renderer/+config.*",
    ]);
    let prerender = config.as_ref().is_some_and(|(_, source)| {
        source.flag(&["prerender"]) == Some(true)
            || source.value(&["prerender"]) == Some(crate::source::js::JsValue::Other)
    });
    if prerender && !own_server(node, draft) {
        draft.say("package.json", "vike is told to prerender");
        draft.make_static("dist/client");
    }
}

pub(crate) fn qwik(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    for (adapter, entry) in [
        ("adapters/express", "entry.express"),
        ("adapters/fastify", "entry.fastify"),
        ("adapters/node-server", "entry.node-server"),
    ] {
        if node.app.folder.has_folder(adapter) {
            draft.say(adapter, "makes a server");
            let scripted = node.package.scripts.contains_key("serve");
            let command = if scripted {
                node.manager.run("serve")
            } else {
                node.manager.run_file(&format!("server/{entry}"))
            };
            return draft.make_server(Some(command));
        }
    }
    if !node.app.folder.has_folder("adapters/static") {
        draft.warn("No Qwik adapter was found; the client's files are served. Add one with `qwik add static` or `qwik add express`.");
        draft.at_most(aether_models::Confidence::Medium);
    }
}

pub(crate) fn expo(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.app.folder.value("app.json");
    let web = config.as_ref().and_then(|value| value.get("expo")?.get("web"));
    let output = web.and_then(|web| web.get("output")?.as_str());
    if output == Some("static") {
        draft.say("app.json", "web.output is static: one file per route");
        draft.plan.spa = false;
    } else if output == Some("server") {
        draft.say("app.json", "web.output is server");
        draft.make_server(Some(node.manager.exec("expo serve --port $PORT")));
        draft.at_most(aether_models::Confidence::Medium);
    }
    let runnable = node.package.depends_on("react-native-web") || web.is_some_and(Value::is_object);
    if !runnable {
        draft.warn("The app is not set up for the web: react-native-web is not among its dependencies.");
        draft.at_most(aether_models::Confidence::Low);
    }
}
