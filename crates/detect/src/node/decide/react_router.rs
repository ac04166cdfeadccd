//! React Router (framework mode) and Remix: servers, unless server rendering is switched off.

use aether_models::Confidence;

use super::clean_folder;
use crate::draft::Draft;
use crate::node::plain;
use crate::node::plan::NodeApp;
use crate::shell::quote;
use crate::source::js::JsSource;

pub(crate) fn react_router(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    if let Some((file, source)) = node.config(&["vite.config.*"]) {
        super::other_platform(&file, &source, draft);
    }
    let config = node.config(&["react-router.config.*"]);
    let folder = config
        .as_ref()
        .and_then(|(_, source)| source.text(&["buildDirectory"]))
        .and_then(clean_folder);
    let folder = folder.unwrap_or_else(|| "build".to_owned());
    if let Some((file, source)) = &config
        && source.flag(&["ssr"]) == Some(false)
    {
        return static_site(draft, file, source, &folder);
    }
    needs_server(
        node,
        draft,
        "@react-router/serve",
        &format!(
            "react-router-serve {}",
            quote(&format!("./{folder}/server/index.js"))
        ),
    );
}

pub(crate) fn remix(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    // The compiler is a package of its own up to Remix 2, and Remix 3 has none: programs run as they are.
    if !node.package.depends_on("@remix-run/dev") && node.build_script.is_none() {
        draft.plan.build_command = None;
        if draft
            .plan
            .start_command
            .as_deref()
            .is_none_or(|start| start.contains("remix-serve"))
        {
            let entry = plain::entry_file(node.app, node.package);
            let start = entry.and_then(|file| plain::run_entry(node.app, node.package, &node.manager, &file));
            if start.is_none() {
                draft.at_most(Confidence::Low);
            }
            draft.make_server(start);
        }
        return;
    }
    let Some((file, source)) = node.config(&["vite.config.*"]) else {
        return needs_server(node, draft, "@remix-run/serve", "remix-serve ./build/index.js");
    };
    let folder = source
        .text(&["buildDirectory"])
        .and_then(clean_folder)
        .unwrap_or_else(|| "build".to_owned());
    if source.flag(&["ssr"]) == Some(false) {
        return static_site(draft, &file, &source, &folder);
    }
    if !node.package.scripts.contains_key("build") {
        draft.plan.build_command = Some(node.manager.exec("remix vite:build"));
    }
    needs_server(
        node,
        draft,
        "@remix-run/serve",
        &format!("remix-serve {}", quote(&format!("./{folder}/server/index.js"))),
    );
}

fn static_site(draft: &mut Draft, file: &str, source: &JsSource, folder: &str) {
    draft.say(file, "ssr: false makes static files");
    draft.make_static(format!("{folder}/client"));
    draft.plan.spa = source.value(&["prerender"]).is_none();
}

/// Without a start script, the framework's own server is used, if it is installed.
fn needs_server(node: &NodeApp<'_, '_>, draft: &mut Draft, package: &str, command: &str) {
    let scripted = draft
        .plan
        .start_command
        .as_deref()
        .is_some_and(|start| start.contains(" run start"));
    if scripted {
        return;
    }
    draft.make_server(Some(node.manager.exec(command)));
    if !node.package.depends_on(package) {
        draft.warn(format!(
            "There is no start script, and {package} is not installed: add one of them."
        ));
        draft.at_most(Confidence::Low);
    }
}
