//! Next.js: a server, unless `output: "export"` or a build script with `next export` says otherwise.

use super::clean_folder;
use crate::draft::Draft;
use crate::node::plan::NodeApp;
use crate::node::script;

pub(crate) fn decide(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let config = node.config(&["next.config.*"]);
    let build = node.build_text();
    if script::runs(build, "next export") {
        let output = script::flag(build, &["-o", "--outdir"]).and_then(clean_folder);
        draft.say("package.json", "the build script runs next export");
        draft.make_static(output.unwrap_or_else(|| "out".to_owned()));
        return;
    }
    let Some((file, source)) = config else { return };
    match source.text(&["output"]) {
        Some("export") => {
            let output = source.text(&["distDir"]).and_then(clean_folder);
            draft.say(&file, "output: \"export\" makes static files");
            draft.make_static(output.unwrap_or_else(|| "out".to_owned()));
        }
        Some(other) => draft.say(&file, format!("output: \"{other}\" makes a server")),
        None if source.value(&["output"]).is_some() => {
            draft.warn(format!("`output` in {file} is computed, so a server is assumed; set the kind in the settings if it exports static files."));
        }
        None => {}
    }
}
