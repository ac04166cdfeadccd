//! Python tools that make static sites: MkDocs, Sphinx, Pelican and others.

use crate::app::App;
use crate::draft::Draft;
use crate::rules::Rule;

/// Sets build and output; answers what has to be installed beside the declared packages.
pub(crate) fn plan(app: &App<'_>, rule: &Rule, draft: &mut Draft) -> Vec<&'static str> {
    let docs = ["docs/source", "docs", "doc", "source", ""]
        .into_iter()
        .find(|place| app.folder.has_file(&crate::tree::join(place, "conf.py")));
    let docs = docs.filter(|place| !place.is_empty()).unwrap_or(".");
    let command = rule.build.clone().unwrap_or_default().replace("{docs}", docs);
    draft.plan.build_command = Some(format!(".venv/bin/{command}"));
    draft.make_static(rule.output.clone().unwrap_or_default());
    let mut missing: Vec<&'static str> = Vec::new();
    match rule.slug.as_str() {
        "mkdocs" => mkdocs(app, draft, &mut missing),
        "sphinx" if !app.depends_on("python", &["sphinx"]) => missing.push("sphinx"),
        "pelican" if !app.depends_on("python", &["pelican"]) => missing.extend(["pelican", "markdown"]),
        _ => {}
    }
    if rule.slug == "pelican" && !app.folder.has_file("publishconf.py") {
        draft.plan.build_command = Some(".venv/bin/pelican content".to_owned());
    }
    if !missing.is_empty() {
        draft.warn(format!(
            "{} is installed in its newest version, as no file declares it.",
            missing.join(" and ")
        ));
    }
    missing
}

/// The configuration may hold tags of Python objects that only MkDocs can read, so single lines are looked at.
fn mkdocs(app: &App<'_>, draft: &mut Draft, missing: &mut Vec<&'static str>) {
    let Some(file) = app.folder.first(&["mkdocs.yml", "mkdocs.yaml"]) else {
        return;
    };
    let Some(text) = app.folder.text(&file) else {
        return;
    };
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(key))
            .map(|value| value.trim().trim_matches(['"', '\'']))
    };
    if let Some(folder) = value("site_dir:").and_then(crate::tree::normalize_path) {
        draft.make_static(folder);
    }
    if app.depends_on("python", &["mkdocs", "mkdocs-material"]) {
        return;
    }
    let material = text.contains("name: material") || text.contains("theme: material");
    missing.push(if material { "mkdocs-material" } else { "mkdocs" });
}
