//! Angular: `angular.json` says what is built and where it goes.

use serde_json::Value;

use super::clean_folder;
use crate::draft::Draft;
use crate::node::plan::NodeApp;
use crate::node::script;

pub(crate) fn decide(node: &NodeApp<'_, '_>, draft: &mut Draft) {
    let Some((name, target)) = build_target(node) else {
        if let Some(folder) = script::flag(node.build_text(), &["--output-path"]).and_then(clean_folder) {
            draft.make_static(folder);
        }
        return;
    };
    let builder = target.get("builder").and_then(Value::as_str).unwrap_or_default();
    let options = target.get("options").unwrap_or(&Value::Null);
    let flag = script::flag(node.build_text(), &["--output-path"]);
    let path = options.get("outputPath");
    let written = flag.or_else(|| path?.as_str().or_else(|| path?.get("base")?.as_str()));
    let base = written
        .and_then(clean_folder)
        .unwrap_or_else(|| format!("dist/{name}"));
    // The application builder separates what browsers get; the older ones do not.
    let application = builder.ends_with(":application");
    let browser = path
        .and_then(|path| path.get("browser")?.as_str())
        .unwrap_or("browser");
    let output = if application {
        crate::tree::join(&base, browser)
    } else {
        base.clone()
    };
    draft.say("angular.json", format!("project {name} is built by {builder}"));
    let mode = options.get("outputMode").and_then(Value::as_str);
    let ssr = options
        .get("ssr")
        .is_some_and(|ssr| ssr.is_object() || ssr == &Value::Bool(true));
    if application && mode != Some("static") && ssr {
        draft.say("angular.json", "ssr makes a server");
        draft.make_server(Some(node.manager.run_file(&format!("{base}/server/server.mjs"))));
        return;
    }
    draft.make_static(output);
    draft.plan.spa = mode != Some("static") || !ssr;
}

/// The build target of the project the build script names, of the default one, or of the only application.
fn build_target(node: &NodeApp<'_, '_>) -> Option<(String, Value)> {
    let config = node.app.folder.value("angular.json")?;
    let projects = config.get("projects")?.as_object()?;
    let is_app = |project: &&Value| project.get("projectType").and_then(Value::as_str) != Some("library");
    let named = node
        .build_text()
        .split_whitespace()
        .find(|word| projects.contains_key(*word))
        .map(str::to_owned);
    let default = config
        .get("defaultProject")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let first = projects
        .iter()
        .find(|(_, project)| is_app(project))
        .map(|(name, _)| name.clone());
    let name = named.or(default).or(first)?;
    let project = projects.get(&name)?;
    let targets = project.get("architect").or_else(|| project.get("targets"))?;
    Some((name, targets.get("build")?.clone()))
}
