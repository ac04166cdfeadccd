//! Nuxt and the other frameworks that build a Nitro server: the preset tells what comes out.

use aether_models::Confidence;

use super::clean_folder;
use crate::draft::Draft;
use crate::node::plan::NodeApp;
use crate::node::script::{self, StartKind};
use crate::source::js::JsSource;

/// Where Nitro puts the files a static preset makes.
const PUBLIC: &str = ".output/public";
const STATIC_PRESETS: [&str; 4] = ["static", "github-pages", "github_pages", "gitlab-pages"];
/// Presets whose result runs under Node.
const NODE_PRESETS: [&str; 6] = [
    "node-server",
    "node_server",
    "node",
    "node-cluster",
    "node_cluster",
    "bun",
];

pub(crate) fn nuxt(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.config(&["nuxt.config.*"]);
    let nuxt2 = node.package.major("nuxt") == Some(2) || node.package.depends_on("nuxt-edge");
    let output = if nuxt2 { "dist" } else { PUBLIC };
    if ["nuxt generate", "nuxi generate"]
        .iter()
        .any(|words| script::runs(node.build_text(), words))
    {
        draft.say("package.json", "the build script runs nuxt generate");
        return draft.make_static(output);
    }
    let Some((file, source)) = &config else {
        return nuxt_server(node, draft, nuxt2);
    };
    if nuxt2 && source.text(&["target"]) == Some("static") {
        draft.say(file, "target: \"static\" makes static files");
        generate(node, draft);
        return draft.make_static("dist");
    }
    if nuxt2 {
        return nuxt_server(node, draft, nuxt2);
    }
    if preset(node, draft, file, source) {
        return;
    }
    let routes = ["server/api", "server/routes", "server/middleware"];
    let own_server = routes.iter().any(|folder| node.app.folder.has_folder(folder));
    if source.flag(&["ssr"]) == Some(false) && !own_server {
        draft.say(file, "ssr: false, and no server routes: static files");
        generate(node, draft);
        draft.make_static(PUBLIC);
        draft.plan.spa = true;
        return;
    }
    nuxt_server(node, draft, nuxt2);
}

fn generate(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let script = node.package.scripts.contains_key("generate");
    draft.plan.build_command = Some(if script {
        node.manager.run("generate")
    } else {
        node.manager.exec("nuxt generate")
    });
}

fn nuxt_server(node: &NodeApp<'_, '_>, draft: &mut Draft, nuxt2: bool) {
    if nuxt2
        && draft
            .plan
            .start_command
            .as_deref()
            .is_none_or(|start| start.contains(".output"))
    {
        draft.make_server(Some(node.manager.exec("nuxt start -H 0.0.0.0 -p $PORT")));
    }
}

pub(crate) fn nitro(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if let Some((file, source)) = node.config(&["nitro.config.*", "vite.config.*"]) {
        preset(node, draft, &file, &source);
    }
}

pub(crate) fn vinxi(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let Some((file, source)) = node.config(&["app.config.*"]) else {
        return;
    };
    if preset(node, draft, &file, &source) {
        return;
    }
    if source.flag(&["ssr"]) == Some(false) && source.text(&["server", "preset"]).is_none() {
        draft.plan.spa = false;
    }
}

pub(crate) fn analog(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let Some((file, source)) = node.config(&["vite.config.*"]) else {
        return;
    };
    if source.flag(&["static"]) == Some(true) || source.flag(&["ssr"]) == Some(false) {
        draft.say(&file, "the analog plugin is told to make static files");
        draft.make_static("dist/analog/public");
        draft.plan.spa = source.flag(&["ssr"]) == Some(false);
    }
}

/// TanStack Start builds with Vite; Nitro (own plugin, or inside older releases) makes the server around it.
pub(crate) fn tanstack_start(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.config(&["vite.config.*", "app.config.*"]);
    if let Some((file, source)) = &config {
        if source.flag(&["spa", "enabled"]) == Some(true) {
            draft.say(file, "spa mode makes static files");
            draft.make_static("dist/client");
            draft.plan.spa = true;
            return;
        }
        if preset(node, draft, file, source) || super::other_platform(file, source, draft) {
            return;
        }
    }
    if node.package.depends_on("vinxi") && !node.package.scripts.contains_key("build") {
        draft.plan.build_command = Some(node.manager.exec("vinxi build"));
    }
    let start = script::expand(&node.package.scripts, "start");
    if matches!(
        script::start_kind(&start),
        StartKind::Program | StartKind::Framework
    ) {
        return;
    }
    let nitro = ["nitro", "nitropack", "vinxi", "@tanstack/nitro-v2-vite-plugin"]
        .iter()
        .any(|name| node.package.depends_on(name));
    if nitro {
        return draft.make_server(Some(node.manager.exec("node .output/server/index.mjs")));
    }
    // Without Nitro the build gives a fetch handler; srvx puts it and the client's files behind a port.
    draft.warn("The build makes a bare request handler; srvx serves it. Add a `start` script to choose another server.");
    let command = node
        .manager
        .download_and_run("srvx --prod -s ../client dist/server/server.js");
    draft.make_server(Some(command));
    draft.at_most(Confidence::Medium);
}

/// Applies a Nitro preset; `true` when it decided.
fn preset(node: &NodeApp<'_, '_>, draft: &mut Draft, file: &str, source: &JsSource) -> bool {
    let paths: [&[&str]; 3] = [&["nitro", "preset"], &["server", "preset"], &["preset"]];
    let Some(name) = paths.iter().find_map(|path| source.text(path)) else {
        return false;
    };
    if STATIC_PRESETS.contains(&name) {
        draft.say(file, format!("preset \"{name}\" makes static files"));
        let output = source.text(&["output", "publicDir"]).and_then(clean_folder);
        draft.make_static(output.unwrap_or_else(|| PUBLIC.to_owned()));
        return true;
    }
    if NODE_PRESETS.contains(&name) {
        draft.say(file, format!("preset \"{name}\" makes a server"));
        return false;
    }
    draft.say(file, format!("preset \"{name}\" is for another platform"));
    draft.warn(format!(
        "The preset \"{name}\" in {file} builds for another platform; the build runs with NITRO_PRESET=node-server instead."
    ));
    if let Some(build) = draft.plan.build_command.take() {
        draft.plan.build_command = Some(format!("NITRO_PRESET=node-server {build}"));
    }
    draft.make_server(Some(node.manager.exec("node .output/server/index.mjs")));
    true
}
