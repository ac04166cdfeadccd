//! Apps of an Nx workspace that have a `project.json` and no package.json: everything is installed and built from
//! the root, and the output lies below the root's `dist`. The plan therefore runs in the root folder.

use aether_models::{Confidence, PlanKind};
use serde_json::Value;

use super::manager::{self, Manager};
use crate::app::App;
use crate::draft::Draft;
use crate::shell::quote;
use crate::tree::normalize_path;
use crate::workspaces::Runner;

/// Executors that build pages, and where below the output path browsers find them.
const PAGES: [(&str, &str, &str); 6] = [
    (":application", "angular", "browser"),
    ("angular:", "angular", ""),
    (":browser", "angular", ""),
    ("vite:build", "vite", ""),
    ("web:", "webpack", ""),
    ("react:", "webpack", ""),
];

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let workspace = app
        .workspace
        .as_ref()
        .filter(|workspace| workspace.runner == Some(Runner::Nx))?;
    if app.package().is_some() {
        return None;
    }
    let project = app.folder.value("project.json")?;
    if project.get("projectType").and_then(Value::as_str) == Some("library") {
        return None;
    }
    let build = project.pointer("/targets/build")?;
    let executor = build.get("executor").and_then(Value::as_str).unwrap_or_default();
    let folder = app.folder.dir().rsplit('/').next().unwrap_or_default();
    let name = project.get("name").and_then(Value::as_str).unwrap_or(folder);
    let output = build
        .pointer("/options/outputPath")
        .and_then(Value::as_str)
        .and_then(normalize_path);
    let output = output.unwrap_or_else(|| format!("dist/{}", app.folder.dir()));
    let mut draft = Draft::new(&workspace.root, "node", PlanKind::Server);
    let manager = manager::choose(app, &mut draft);
    draft.project = true;
    let main = workspace
        .root
        .value("nx.json")
        .and_then(|value| value.get("defaultProject")?.as_str().map(str::to_owned));
    draft.preferred = main.as_deref() == Some(name);
    draft.plan.name = Some(name.to_owned());
    draft.plan.package_manager = Some(manager.kind.name().to_owned());
    draft.plan.install_command = Some(manager.install());
    draft.plan.build_command = Some(manager.exec(&format!("nx run {}:build:production", quote(name))));
    draft.say_at(
        app.folder.path("project.json"),
        format!("{name} is built by {executor}"),
    );
    super::version::decide(app, &manager, &mut draft);
    result(&manager, executor, &output, &mut draft);
    draft.cache(&[".nx/cache".to_owned()]);
    Some(draft)
}

fn result(manager: &Manager, executor: &str, output: &str, draft: &mut Draft) {
    if let Some((_, framework, below)) = PAGES.iter().find(|(sign, _, _)| executor.contains(sign)) {
        draft.plan.framework = Some((*framework).to_owned());
        draft.make_static(crate::tree::join(output, below));
        draft.plan.spa = true;
    } else if executor.contains("next:") {
        draft.plan.framework = Some("nextjs".to_owned());
        draft.make_server(Some(
            manager.exec(&format!("next start {} -H 0.0.0.0 -p $PORT", quote(output))),
        ));
    } else if ["node:", "webpack:", "esbuild:", "js:"]
        .iter()
        .any(|sign| executor.contains(sign))
    {
        draft.make_server(Some(manager.run_file(&format!("{output}/main.js"))));
    } else {
        draft.warn(format!(
            "What {executor} makes is not known; set the kind and the output directory."
        ));
        draft.make_static(output);
        draft.at_most(Confidence::Low);
    }
}
