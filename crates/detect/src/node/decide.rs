//! What the table cannot know: static or server, and where the output lies, read from each framework's own
//! configuration. A framework is called static (or a server) only when a file of the repository proves it.

mod angular;
mod astro;
mod bundlers;
mod generators;
mod next;
mod nitro;
mod react_router;
mod sveltekit;

use aether_models::Confidence;

use super::plan::NodeApp;
use super::script::{self, StartKind};
use crate::draft::Draft;
use crate::source::js::JsSource;

/// Reads a framework's configuration and corrects the draft made from the table.
pub(crate) type Hook = fn(&NodeApp<'_, '_>, &mut Draft);

/// The hooks by their name in the table.
pub(crate) fn hook(name: &str) -> Option<Hook> {
    Some(match name {
        "next" => next::decide,
        "nuxt" => nitro::nuxt,
        "nitro" => nitro::nitro,
        "vinxi" => nitro::vinxi,
        "analog" => nitro::analog,
        "tanstack_start" => nitro::tanstack_start,
        "sveltekit" => sveltekit::decide,
        "astro" => astro::decide,
        "react_router" => react_router::react_router,
        "remix" => react_router::remix,
        "angular" => angular::decide,
        "vite" => bundlers::vite,
        "cra" => bundlers::create_react_app,
        "vue_cli" => bundlers::vue_cli,
        "parcel" => bundlers::parcel,
        "bundler" => bundlers::webpack,
        "vike" => bundlers::vike,
        "qwik" => bundlers::qwik,
        "expo" => bundlers::expo,
        "vitepress" => generators::vitepress,
        "vuepress" => generators::vuepress,
        "eleventy" => generators::eleventy,
        "hexo" => generators::hexo,
        "server" => server,
        "nest" => nest,
        _ => return None,
    })
}

/// Pages that come with a program of their own (`start` runs Node) are served by it.
pub(crate) fn own_server(node: &NodeApp<'_, '_>, draft: &mut Draft) -> bool {
    // Vite's own server rendering builds twice, and is served by a program that `serve` or `preview` starts.
    let rendering = script::expand(&node.package.scripts, "build").contains("--ssr");
    let names: &[&str] = if rendering {
        &["start", "start:prod", "serve", "preview"]
    } else {
        &["start", "start:prod"]
    };
    for name in names.iter().copied() {
        let text = script::expand(&node.package.scripts, name);
        // Development servers started through `node` (`node scripts/start.js`) are told by their words.
        let development = ["dev", "--watch", "nodemon", "scripts/start"]
            .iter()
            .any(|word| text.contains(word));
        if script::start_kind(&text) == StartKind::Program && !development {
            draft.say("package.json", format!("script {name} runs a server: {text}"));
            draft.make_server(Some(node.manager.run(name)));
            return true;
        }
    }
    false
}

/// A Vite plugin that builds for another platform's runtime; `true` when there is one.
fn other_platform(file: &str, source: &JsSource, draft: &mut Draft) -> bool {
    const PLUGINS: [(&str, &str); 3] = [
        ("@cloudflare/vite-plugin", "Cloudflare Workers"),
        ("@netlify/vite-plugin-tanstack-start", "Netlify"),
        ("@hono/vite-build/cloudflare", "Cloudflare"),
    ];
    let found = PLUGINS
        .iter()
        .find(|(plugin, _)| source.imports().any(|module| module.starts_with(plugin)));
    let Some((plugin, platform)) = found else {
        return false;
    };
    draft.say(file, format!("imports {plugin}"));
    draft.warn(format!(
        "{plugin} builds for {platform}, and the result does not run under Node. Take it out of {file}, or set the commands in the project's settings."
    ));
    draft.at_most(Confidence::Low);
    true
}

/// A folder as configuration writes it, when it stays inside the repository.
fn clean_folder(folder: &str) -> Option<String> {
    crate::tree::normalize_path(folder).map(|path| if path.is_empty() { ".".to_owned() } else { path })
}

fn server(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if draft.plan.start_command.is_none() {
        draft.at_most(Confidence::Low);
    }
    // A library of the same name as a framework is no app: there must be something that starts.
    if draft.plan.build_command.is_some() && node.package.scripts.is_empty() {
        draft.plan.build_command = None;
    }
}

/// `nest start` compiles and watches; the compiled program is what production runs.
fn nest(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if node.package.scripts.contains_key("start:prod") {
        draft.make_server(Some(node.manager.run("start:prod")));
    }
}
