//! Rust: the binary of a package, or of the workspace member that has one.

use aether_models::{Confidence, PlanKind};
use serde_json::Value;

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::folder::Folder;
use crate::framework;
use crate::shell::quote;
use crate::toolfiles::{version_file, wish};
use crate::tree::join;
use crate::workspaces;

/// What Cargo starts the next build from. The program beside them is not among them: caches do not go into the release.
const INTERMEDIATE: [&str; 3] = [
    "target/release/.fingerprint",
    "target/release/build",
    "target/release/deps",
];

/// A program a package makes.
struct Binary {
    /// Folder of its package, relative to the app.
    dir: String,
    /// The package's name, when it is a member of a workspace.
    package: Option<String>,
    name: String,
}

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let Some(value) = app.folder.value("Cargo.toml") else {
        return Dependencies::new();
    };
    let table = value
        .get("dependencies")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let entry = |(name, value): (&String, &Value)| {
        let version = value
            .as_str()
            .or_else(|| value.get("version")?.as_str())
            .unwrap_or_default();
        (
            name.clone(),
            Dependency {
                file: "Cargo.toml".to_owned(),
                version: version.to_owned(),
            },
        )
    };
    table.map(entry).collect()
}

/// One plan for each program; in a workspace each member may have one.
pub(crate) fn plans(app: &App<'_>) -> Vec<Draft> {
    let Some(value) = app.folder.value("Cargo.toml") else {
        return Vec::new();
    };
    let binaries = binaries(app, &value);
    if binaries.is_empty() {
        return vec![library(app)];
    }
    let mut drafts: Vec<Draft> = binaries.iter().map(|binary| program(app, binary)).collect();
    let names: Vec<&str> = binaries.iter().map(|binary| binary.name.as_str()).collect();
    // A member that serves HTTP is the app; the others are its tools.
    drafts.sort_by_key(|draft| draft.plan.framework.is_none());
    for (at, draft) in drafts.iter_mut().enumerate().filter(|_| names.len() > 1) {
        draft.warn(format!(
            "The workspace has several programs: {}.",
            names.join(", ")
        ));
        if at > 0 {
            draft.at_most(Confidence::Medium);
        }
    }
    drafts
}

fn library(app: &App<'_>) -> Draft {
    let mut draft = start(app);
    draft.say("Cargo.toml", "a package without a program");
    draft.warn("There is no src/main.rs and no [[bin]] target: this looks like a library.");
    draft.at_most(Confidence::Low);
    draft.plan.build_command = Some(format!("cargo build --release{}", locked(app)));
    draft
}

fn start(app: &App<'_>) -> Draft {
    let mut draft = Draft::new(&app.folder, "rust", PlanKind::Server);
    draft.plan.package_manager = Some("cargo".to_owned());
    toolchain(app, &mut draft);
    draft
}

fn locked(app: &App<'_>) -> &'static str {
    if app.folder.has_file("Cargo.lock") {
        " --locked"
    } else {
        ""
    }
}

fn program(app: &App<'_>, binary: &Binary) -> Draft {
    let mut draft = start(app);
    let member = App::new(
        Folder::new(app.folder.tree(), app.folder.path(&binary.dir)),
        None,
        app.overrides,
    );
    let rule = framework::apply(&member, "rust", &mut draft);
    let package = binary
        .package
        .as_ref()
        .map(|name| format!(" --package {}", quote(name)))
        .unwrap_or_default();
    draft.say(
        &join(&binary.dir, "Cargo.toml"),
        format!("makes the program {}", binary.name),
    );
    draft.plan.name = Some(binary.name.clone());
    draft.plan.build_command = Some(format!("cargo build --release{}{package}", locked(app)));
    let rocket = rule.is_some_and(|rule| rule.slug == "rocket");
    let environment = if rocket {
        "ROCKET_ADDRESS=0.0.0.0 ROCKET_PORT=$PORT "
    } else {
        ""
    };
    draft.make_server(Some(format!(
        "{environment}./target/release/{}",
        quote(&binary.name)
    )));
    draft.cache(&INTERMEDIATE.map(str::to_owned));
    draft
}

/// The root package's program, else those of the workspace's members.
fn binaries(app: &App<'_>, value: &Value) -> Vec<Binary> {
    if let Some(name) = package_binary(app, "", value) {
        return vec![Binary {
            dir: String::new(),
            package: None,
            name,
        }];
    }
    let texts = |pointer: &str| {
        let list = value
            .pointer(pointer)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        list.filter_map(|glob| glob.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let mut globs = texts("/workspace/members");
    globs.extend(
        texts("/workspace/exclude")
            .into_iter()
            .map(|glob| format!("!{glob}")),
    );
    let members = workspaces::expand(&app.folder, &globs, "Cargo.toml").into_iter();
    let found = members.filter_map(|dir| {
        let manifest = app.folder.value(&join(&dir, "Cargo.toml"))?;
        let package = Some(manifest.pointer("/package/name")?.as_str()?.to_owned());
        Some(Binary {
            name: package_binary(app, &dir, &manifest)?,
            dir,
            package,
        })
    });
    found.collect()
}

fn package_binary(app: &App<'_>, dir: &str, value: &Value) -> Option<String> {
    let name = value.pointer("/package/name")?.as_str()?;
    if let Some(default) = value.pointer("/package/default-run").and_then(Value::as_str) {
        return Some(default.to_owned());
    }
    let declared = value.get("bin").and_then(Value::as_array).into_iter().flatten();
    let mut declared: Vec<&str> = declared.filter_map(|bin| bin.get("name")?.as_str()).collect();
    declared.sort_by_key(|bin| *bin != name);
    if app.folder.has_file(&join(dir, "src/main.rs")) && declared.is_empty() {
        return Some(name.to_owned());
    }
    let below = || {
        let files = app.folder.matching(&join(dir, "src/bin/*.rs"));
        files
            .first()
            .and_then(|file| file.rsplit('/').next()?.strip_suffix(".rs").map(str::to_owned))
    };
    declared.first().map(|bin| (*bin).to_owned()).or_else(below)
}

/// rustup reads `rust-toolchain` itself; the plan repeats it for people and for images.
fn toolchain(app: &App<'_>, draft: &mut Draft) {
    if app.overrides.runtime_version.contains_key("rust") {
        return;
    }
    let channel = app
        .folder
        .value("rust-toolchain.toml")
        .and_then(|value| value.pointer("/toolchain/channel")?.as_str().map(str::to_owned));
    let found = channel
        .map(|version| ("rust-toolchain.toml".to_owned(), version))
        .or_else(|| plain_file(app))
        .or_else(|| wish(app, &["rust"]).map(|wish| (wish.file, wish.version)))
        .or_else(|| {
            let value = app.folder.value("Cargo.toml")?;
            Some((
                "Cargo.toml".to_owned(),
                value.pointer("/package/rust-version")?.as_str()?.to_owned(),
            ))
        });
    let (file, version) = found.unwrap_or_else(|| (crate::draft::DEFAULT.to_owned(), "stable".to_owned()));
    let plausible = !version.is_empty()
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    if !plausible {
        draft.warn(format!(
            "The toolchain \"{version}\" in {file} was ignored: it is no channel or version."
        ));
        return;
    }
    draft.say_at(file, format!("rust {version}"));
    draft.plan.runtime_version.insert("rust".to_owned(), version);
}

/// The older `rust-toolchain` may be TOML or a bare channel.
fn plain_file(app: &App<'_>) -> Option<(String, String)> {
    let text = app.folder.text("rust-toolchain")?;
    let channel = framework::value_of_line(&text, "channel").map(str::to_owned);
    let version = channel.or_else(|| Some(version_file(app, "rust-toolchain")?.version))?;
    Some(("rust-toolchain".to_owned(), version))
}
