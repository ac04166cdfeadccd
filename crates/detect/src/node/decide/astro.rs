//! Astro: static, unless an adapter or `output: "server"` says otherwise.

use aether_models::Confidence;

use super::{clean_folder, own_server};
use crate::draft::Draft;
use crate::node::plan::NodeApp;
use crate::node::script::{self, StartKind};
use crate::source::js::JsSource;

pub(crate) fn decide(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let Some((file, source)) = node.config(&["astro.config.*"]) else {
        return;
    };
    let output = source
        .text(&["outDir"])
        .and_then(clean_folder)
        .unwrap_or_else(|| "dist".to_owned());
    draft.make_static(output.clone());
    let server = matches!(source.text(&["output"]), Some("server" | "hybrid"));
    let adapter = source.value(&["adapter"]).and_then(|_| adapter_module(&source));
    match adapter {
        Some("@astrojs/node") => {
            draft.say(&file, "adapter @astrojs/node makes a server");
            node_adapter(node, draft, &source, &output);
        }
        Some("@nurodev/astro-bun" | "@hedystia/astro-bun") => {
            draft.say(&file, "a Bun adapter makes a server");
            draft.make_server(Some(format!(
                "bun {}",
                crate::shell::quote(&format!("./{output}/server/entry.mjs"))
            )));
        }
        Some(other) if server => {
            draft.say(&file, format!("output: \"server\" with {other}"));
            draft.make_server(draft.plan.start_command.clone());
            draft.warn(format!(
                "{other} builds for another platform. Use @astrojs/node in {file}."
            ));
            draft.at_most(Confidence::Low);
        }
        Some(other) => {
            draft.warn(format!(
                "{other} in {file} is for another platform; the pages are taken as static files."
            ));
            draft.at_most(Confidence::Medium);
        }
        None if server => {
            draft.say(&file, "output: \"server\" without an adapter");
            draft.warn(format!(
                "Pages rendered on demand need an adapter: add @astrojs/node to {file}."
            ));
            draft.at_most(Confidence::Low);
        }
        None => {
            own_server(node, draft);
        }
    }
}

fn adapter_module(source: &JsSource) -> Option<&str> {
    const ADAPTERS: [&str; 8] = [
        "@astrojs/node",
        "@astrojs/vercel",
        "@astrojs/netlify",
        "@astrojs/cloudflare",
        "@astrojs/deno",
        "@deno/astro-adapter",
        "@nurodev/astro-bun",
        "@hedystia/astro-bun",
    ];
    source
        .imports()
        .find(|module| ADAPTERS.iter().any(|name| module.starts_with(name)))
}

fn node_adapter(node: &NodeApp<'_, '_>, draft: &mut Draft, source: &JsSource, output: &str) {
    let start = script::expand(&node.package.scripts, "start");
    if script::start_kind(&start) == StartKind::Program {
        return draft.make_server(Some(node.manager.run("start")));
    }
    if source.text(&["mode"]) == Some("middleware") {
        draft.warn("The Node adapter is in middleware mode, and no start script runs the server around it.");
        draft.at_most(Confidence::Low);
    }
    draft.make_server(Some(
        node.manager.run_file(&format!("./{output}/server/entry.mjs")),
    ));
}
