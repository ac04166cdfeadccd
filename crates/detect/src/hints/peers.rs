//! `vercel.json`, `netlify.toml`, `railpack.json`, `nixpacks.toml`, `Staticfile`, `app.json`, `project.toml`.

use serde_json::Value;

use super::Hint;
use crate::folder::Folder;

/// Reads what a file says into a hint.
type Reader = fn(&Value, &mut Hint);

/// The hints of all these files, the strongest first.
pub(crate) fn read(folder: &Folder<'_>) -> Vec<Hint> {
    let readers: [(&[&str], Reader); 7] = [
        (&["railpack.json"], railpack),
        (&["nixpacks.toml", "nixpacks.json"], nixpacks),
        (&["vercel.json"], vercel),
        (&["netlify.toml"], netlify),
        (&["project.toml"], project),
        (&["app.json"], app_json),
        (&["Staticfile"], staticfile),
    ];
    let mut found = Vec::new();
    for (files, reader) in readers {
        let Some(file) = files.iter().find(|file| folder.has_file(file)) else {
            continue;
        };
        let value = if *file == "Staticfile" {
            staticfile_value(folder)
        } else {
            folder.value(file).map(|value| (*value).clone())
        };
        let Some(value) = value else { continue };
        let mut hint = Hint {
            file: (*file).to_owned(),
            ..Hint::default()
        };
        reader(&value, &mut hint);
        found.push(hint);
    }
    found
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

/// A list of commands as one line; `...` stands for the detected ones, which cannot be known here.
fn commands(value: &Value, pointer: &str) -> Option<String> {
    let list = value.pointer(pointer)?.as_array()?;
    let texts: Vec<&str> = list
        .iter()
        .filter_map(|entry| entry.as_str().or_else(|| entry.get("cmd")?.as_str()))
        .collect();
    let whole = !texts.is_empty() && texts.iter().all(|text| *text != "...");
    whole.then(|| texts.join(" && "))
}

/// Vercel's names for frameworks, where they are not the table's own.
const VERCEL_NAMES: [(&str, &str); 10] = [
    ("docusaurus", "docusaurus-1"),
    ("docusaurus-2", "docusaurus"),
    ("hydrogen-2", "hydrogen"),
    ("nuxtjs", "nuxt"),
    ("preact", "preact-cli"),
    ("sanity", "sanity-2"),
    ("sanity-v3", "sanity"),
    ("solidstart-1", "solidstart"),
    ("sveltekit-1", "sveltekit"),
    ("vue", "vue-cli"),
];

fn vercel(value: &Value, hint: &mut Hint) {
    hint.framework = text(value, "/framework").map(|name| {
        let known = VERCEL_NAMES.iter().find(|(theirs, _)| *theirs == name);
        known.map_or(name, |(_, own)| (*own).to_owned())
    });
    hint.install = text(value, "/installCommand");
    hint.build = text(value, "/buildCommand");
    hint.output = text(value, "/outputDirectory");
    let rewrites = value
        .get("rewrites")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let all_to_index = rewrites.into_iter().any(|rewrite| {
        let is = |name: &str, texts: &[&str]| {
            rewrite
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|text| texts.contains(&text))
        };
        is("source", &["/(.*)", "/:path*", "/((?!api/.*).*)", "/(.*?)"])
            && is("destination", &["/index.html", "/"])
    });
    hint.spa = all_to_index.then_some(true);
    if value.get("functions").is_some() || value.get("crons").is_some() {
        hint.warnings
            .push("Functions and crons of vercel.json are not run here.".to_owned());
    }
}

fn netlify(value: &Value, hint: &mut Hint) {
    hint.build = text(value, "/build/command");
    hint.output = text(value, "/build/publish");
    let redirects = value
        .get("redirects")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let all_to_index = redirects.into_iter().any(|redirect| {
        let is = |name: &str, wanted: &str| redirect.get(name).and_then(Value::as_str) == Some(wanted);
        is("from", "/*")
            && is("to", "/index.html")
            && redirect.get("status").and_then(Value::as_u64) == Some(200)
    });
    hint.spa = all_to_index.then_some(true);
    for (variable, runtime) in [
        ("NODE_VERSION", "node"),
        ("PYTHON_VERSION", "python"),
        ("RUBY_VERSION", "ruby"),
    ] {
        hint.versions.extend(
            text(value, &format!("/build/environment/{variable}"))
                .map(|version| (runtime.to_owned(), version)),
        );
    }
    if text(value, "/build/functions").is_some() || value.get("functions").is_some() {
        hint.warnings
            .push("Functions of netlify.toml are not run here.".to_owned());
    }
}

fn railpack(value: &Value, hint: &mut Hint) {
    hint.start = text(value, "/deploy/startCommand");
    hint.install = commands(value, "/steps/install/commands");
    hint.build = commands(value, "/steps/build/commands");
    hint.output = text(value, "/staticFileRoot");
}

fn nixpacks(value: &Value, hint: &mut Hint) {
    hint.start = text(value, "/start/cmd");
    hint.install = commands(value, "/phases/install/cmds");
    hint.build = commands(value, "/phases/build/cmds");
    hint.output = text(value, "/staticAssets/root");
}

/// Cloud Native Buildpacks name build variables; Heroku's Go and Node buildpacks read these.
fn project(value: &Value, hint: &mut Hint) {
    let variables = value
        .pointer("/build/env")
        .or_else(|| value.pointer("/io/buildpacks/build/env"));
    for entry in variables.and_then(Value::as_array).into_iter().flatten() {
        let field = |name: &str| entry.get(name).and_then(Value::as_str);
        if let (Some("BP_NODE_RUN_SCRIPTS"), Some(scripts)) = (field("name"), field("value")) {
            hint.warnings.push(format!("project.toml asks for the scripts {scripts}; set the build command if the detected one differs."));
        }
    }
}

/// Heroku's `app.json` names what an app needs beside its code; Expo's file of the same name holds none of this.
fn app_json(value: &Value, hint: &mut Hint) {
    if let Some(command) = text(value, "/scripts/postdeploy") {
        hint.warnings.push(format!(
            "The postdeploy script of app.json (`{command}`) is not run; run it once yourself."
        ));
    }
    let addons = value
        .get("addons")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let names: Vec<&str> = addons
        .filter_map(|addon| addon.as_str().or_else(|| addon.get("plan")?.as_str()))
        .collect();
    if !names.is_empty() {
        hint.warnings.push(format!(
            "app.json asks for {}; connect them by environment variables.",
            names.join(", ")
        ));
    }
}

/// `root: dist` in YAML, as Cloud Foundry's and Railway's static buildpacks read it; other lines are theirs.
fn staticfile_value(folder: &Folder<'_>) -> Option<Value> {
    let text = folder.text("Staticfile")?;
    let pairs = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| {
            (
                key.trim().to_owned(),
                Value::from(value.trim().trim_matches(['"', '\''])),
            )
        });
    Some(Value::Object(pairs.collect()))
}

fn staticfile(value: &Value, hint: &mut Hint) {
    hint.output = text(value, "/root");
    let pushstate =
        text(value, "/pushstate").is_some_and(|state| matches!(state.as_str(), "enabled" | "true"));
    let fallback = text(value, "/index_fallback").is_some_and(|state| state == "true");
    hint.spa = (pushstate || fallback).then_some(true);
}
