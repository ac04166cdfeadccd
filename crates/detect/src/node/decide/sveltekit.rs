//! SvelteKit: the adapter tells what comes out.

use aether_models::Confidence;

use super::clean_folder;
use crate::draft::Draft;
use crate::node::plan::NodeApp;
use crate::node::script::{self, StartKind};
use crate::source::js::{JsSource, JsValue};

/// adapter-auto chooses by the environment; this variable makes it take (and install) the Node adapter.
/// Source: `adapters.js` of `@sveltejs/adapter-auto`.
const NODE_ADAPTER_ENV: &str = "GCP_BUILDPACKS=1";

pub(crate) fn decide(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.config(&["svelte.config.*", "vite.config.*"]);
    let adapter = config.as_ref().and_then(|(file, source)| {
        let name = source.imports().find(|module| module.contains("adapter"))?;
        Some((file.clone(), source, name.to_owned()))
    });
    let Some((file, source, name)) = adapter else {
        return without_adapter(node, draft);
    };
    match name.as_str() {
        "@sveltejs/adapter-static" => static_site(draft, &file, source),
        "@sveltejs/adapter-node" => {
            draft.say(&file, "adapter-node makes a server");
            let output = source
                .text(&["out"])
                .and_then(clean_folder)
                .unwrap_or_else(|| "build".to_owned());
            serve(node, draft, &output);
        }
        "@sveltejs/adapter-auto" => without_adapter(node, draft),
        "svelte-adapter-bun" => {
            draft.say(&file, "svelte-adapter-bun makes a server");
            draft.make_server(Some("bun ./build/index.js".to_owned()));
        }
        other => {
            draft.say(&file, format!("uses {other}"));
            draft.warn(format!(
                "{other} builds for another platform. Use @sveltejs/adapter-node or @sveltejs/adapter-static in {file}."
            ));
            draft.at_most(Confidence::Low);
        }
    }
}

fn static_site(draft: &mut Draft, file: &str, source: &JsSource) {
    draft.say(file, "adapter-static makes static files");
    let output = source.text(&["pages"]).and_then(clean_folder);
    draft.make_static(output.unwrap_or_else(|| "build".to_owned()));
    let fallback = source.value(&["fallback"]);
    let Some(JsValue::Text(page)) = fallback else {
        return;
    };
    if page != "404.html" {
        draft.say(file, format!("the fallback page {page} answers unknown paths"));
        draft.plan.spa = true;
    }
    if !matches!(page, "404.html" | "index.html") {
        draft.warn(format!("Unknown paths are answered with index.html; name the fallback page in {file} so, instead of {page}."));
    }
}

fn without_adapter(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    draft.warn("adapter-auto decides by the platform; it is told to make a Node server. Use @sveltejs/adapter-node to fix that in the repository.");
    if let Some(build) = draft.plan.build_command.take() {
        draft.plan.build_command = Some(format!("{NODE_ADAPTER_ENV} {build}"));
    }
    draft.at_most(Confidence::Medium);
    serve(node, draft, "build");
}

fn serve(node: &NodeApp<'_, '_>, draft: &mut Draft, output: &str) {
    let start = script::expand(&node.package.scripts, "start");
    if script::start_kind(&start) != StartKind::Program {
        draft.make_server(Some(node.manager.run_file(output)));
    }
}
