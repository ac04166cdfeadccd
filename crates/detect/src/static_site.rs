//! Sites that are files already, and generators that are one program (Hugo, Zola, ...).

use aether_models::{Confidence, PlanKind};

use crate::app::App;
use crate::draft::Draft;
use crate::framework::{self, value_of_line};
use crate::rules;
use crate::tree::normalize_path;

/// Folders a site without build step is kept in, when the root has no page.
const SITE_FOLDERS: [&str; 6] = ["public", "dist", "site", "www", "html", "htdocs"];
const HUGO_CONFIGS: [&str; 6] = [
    "hugo.*",
    "config.toml",
    "config.yaml",
    "config.yml",
    "config.json",
    "config/_default/*.toml",
];

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    generator(app).or_else(|| files(app))
}

fn generator(app: &App<'_>) -> Option<Draft> {
    let mut draft = Draft::new(&app.folder, "static", PlanKind::Static);
    let rule = framework::apply(app, "static", &mut draft)?;
    draft.plan.build_command.clone_from(&rule.build);
    let (files, key): (&[&str], &str) = match rule.slug.as_str() {
        "hugo" => (&HUGO_CONFIGS, "publishDir"),
        "zola" => (&["config.toml", "zola.toml"], "output_dir"),
        _ => (&[], ""),
    };
    let written = app.folder.first(files).and_then(|file| {
        let text = app.folder.text(&file)?;
        value_of_line(&text, key).and_then(normalize_path)
    });
    draft.make_static(
        written
            .filter(|folder| !folder.is_empty())
            .or_else(|| rule.output.clone())
            .unwrap_or_default(),
    );
    Some(draft)
}

fn files(app: &App<'_>) -> Option<Draft> {
    // The index.html of a bundler is a source, not the site.
    if !rules::matching(app, "node").is_empty() {
        return None;
    }
    let places = std::iter::once("").chain(SITE_FOLDERS);
    let place = places
        .into_iter()
        .find(|place| app.folder.has_file(&crate::tree::join(place, "index.html")));
    let own = place.is_some()
        || !app.folder.matching("*.html").is_empty()
        || !app.folder.matching("*.htm").is_empty();
    if !own {
        return None;
    }
    let place = place.unwrap_or_default();
    let mut draft = Draft::new(&app.folder, "static", PlanKind::Static);
    draft.make_static(if place.is_empty() { "." } else { place });
    if app.folder.has_file(&crate::tree::join(place, "index.html")) {
        draft.say(&crate::tree::join(place, "index.html"), "is the first page");
    } else {
        draft.warn("There is no index.html: the site has no first page.");
        draft.at_most(Confidence::Medium);
    }
    if let Some(script) = source_script(app, place) {
        draft.warn(format!(
            "index.html loads {script}, which browsers cannot run: the site has to be built first. Set the build command and the output directory in the project's settings."
        ));
        draft.at_most(Confidence::Low);
    }
    // Beside a manifest, an index.html is more often a source than the site.
    let sources = app.folder.has_file("package.json") || app.folder.is_broken("package.json");
    if sources {
        draft.warn("There is a package.json: if the site has to be built first, serving the sources is not what you want.");
        draft.at_most(if app.folder.is_broken("package.json") {
            Confidence::Low
        } else {
            Confidence::Medium
        });
    }
    Some(draft)
}

/// A script the page loads in a language of bundlers (`/src/main.tsx`): a source, not a site.
fn source_script(app: &App<'_>, place: &str) -> Option<String> {
    const SOURCES: [&str; 6] = [".ts", ".tsx", ".jsx", ".vue", ".svelte", ".mts"];
    let text = app.folder.text(&crate::tree::join(place, "index.html"))?;
    let scripts = text
        .split("<script")
        .skip(1)
        .filter_map(|part| part.split_once('>'));
    let sources = scripts.filter_map(|(head, _)| {
        let (_, behind) = head.split_once("src=")?;
        behind
            .trim_start_matches(['"', '\''])
            .split(['"', '\'', ' '])
            .next()
    });
    sources
        .map(|script| script.split('?').next().unwrap_or(script))
        .find(|script| SOURCES.iter().any(|ending| script.ends_with(ending)))
        .map(str::to_owned)
}
