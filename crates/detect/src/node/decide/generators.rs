//! Static site generators of the Node world: where the documents are and where the site goes.

use super::clean_folder;
use crate::draft::Draft;
use crate::node::plan::NodeApp;
use crate::node::script;
use crate::tree::join;

pub(crate) fn vitepress(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    documents(node, draft, "vitepress", ".vitepress");
}

pub(crate) fn vuepress(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    documents(node, draft, "vuepress", ".vuepress");
}

/// VitePress and VuePress build `<documents>/<folder>/dist`; the documents' folder is the build's argument.
fn documents(node: &NodeApp<'_, '_>, draft: &mut Draft, program: &str, folder: &str) {
    let build = node.build_text();
    let argued = argument(build, program)
        .filter(|word| *word != "{docs}")
        .and_then(clean_folder);
    let places = ["", "docs", "src", "documentation", "website", "site"];
    let found = places
        .iter()
        .find(|place| node.app.folder.has_folder(&join(place, folder)));
    let docs = argued
        .or_else(|| found.and_then(|place| clean_folder(place)))
        .unwrap_or_else(|| ".".to_owned());
    if let Some(command) = draft.plan.build_command.as_mut() {
        *command = command.replace("{docs}", &crate::shell::quote(&docs));
    }
    let config = node.config(&[&join(&docs, &format!("{folder}/config.*"))]);
    let key = if program == "vitepress" { "outDir" } else { "dest" };
    let base = if program == "vitepress" { docs.as_str() } else { "" };
    let written = script::flag(build, &["--outDir", "--dest", "-d"])
        .map(str::to_owned)
        .or_else(|| Some(join(base, config.as_ref()?.1.text(&[key])?)));
    let output = written.and_then(|path| clean_folder(&path));
    draft.make_static(output.unwrap_or_else(|| join(&docs, &format!("{folder}/dist"))));
}

/// The first argument after `program build`.
fn argument<'s>(script: &'s str, program: &str) -> Option<&'s str> {
    let words: Vec<&str> = script.split_whitespace().collect();
    let at = words
        .windows(2)
        .position(|pair| pair[0].ends_with(program) && pair[1] == "build")?;
    words
        .get(at + 2)
        .copied()
        .filter(|word| !word.starts_with(['-', '&', '|', ';']))
}

pub(crate) fn eleventy(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.config(&[".eleventy.js", "eleventy.config.*"]);
    let flag = script::flag(node.build_text(), &["--output"]);
    let folder = flag.or_else(|| {
        let (_, source) = config.as_ref()?;
        source
            .text(&["dir", "output"])
            .or_else(|| source.text(&["output"]))
    });
    let called = config
        .as_ref()
        .and_then(|(_, source)| source.argument_of("setOutputDirectory"));
    if let Some(folder) = folder.or(called).and_then(clean_folder) {
        draft.make_static(folder);
    }
}

pub(crate) fn hexo(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.app.folder.value("_config.yml");
    let folder = config
        .as_ref()
        .and_then(|config| config.get("public_dir")?.as_str())
        .and_then(clean_folder);
    if let Some(folder) = folder {
        draft.make_static(folder);
    }
}
