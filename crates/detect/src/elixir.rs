//! Elixir: Mix, releases, Phoenix.

use aether_models::{Confidence, PlanKind};

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::framework;
use crate::toolfiles::{version_file, wish};
use crate::versions::{self, Wish};

const INSTALL: &str = "mix local.hex --force && mix local.rebar --force && mix deps.get --only prod";

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let Some(text) = app.folder.text("mix.exs") else {
        return Dependencies::new();
    };
    let entries = text.lines().filter_map(|line| {
        let (name, rest) = line.trim().strip_prefix("{:")?.split_once(',')?;
        let version = rest.split('"').nth(1).unwrap_or_default().to_owned();
        Some((
            name.to_owned(),
            Dependency {
                file: "mix.exs".to_owned(),
                version,
            },
        ))
    });
    entries.collect()
}

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let text = app.folder.text("mix.exs")?;
    let mut draft = Draft::new(&app.folder, "elixir", PlanKind::Server);
    draft.say("mix.exs", "package manager mix");
    draft.plan.package_manager = Some("mix".to_owned());
    draft.plan.install_command = Some(format!("export MIX_ENV=prod && {INSTALL}"));
    let rule = framework::apply(app, "elixir", &mut draft);
    if rule.is_none() {
        // A library has a mix.exs, too.
        draft.at_most(Confidence::Medium);
    }
    let wanted = framework::between(&text, "elixir: \"", "\"").map(|version| Wish {
        file: app.folder.path("mix.exs"),
        version: version.to_owned(),
    });
    let pinned = version_file(app, ".elixir-version").or_else(|| wish(app, &["elixir"]));
    let plain = |wish: Wish| Wish {
        version: wish.version.split("-otp").next().unwrap_or_default().to_owned(),
        ..wish
    };
    versions::decide(app, &mut draft, "elixir", pinned.map(plain).or(wanted).as_ref());
    let name = framework::between(&text, "app: :", ",")
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let Some(name) = name else {
        draft.make_server(Some("MIX_ENV=prod mix run --no-halt".to_owned()));
        return Some(draft);
    };
    draft.plan.name = Some(name.to_owned());
    let assets = if text.contains("\"assets.deploy\"") {
        "mix assets.deploy && "
    } else {
        ""
    };
    draft.plan.build_command = Some(format!(
        "export MIX_ENV=prod && mix compile && {assets}mix release --overwrite"
    ));
    let server = if rule.is_some() { "PHX_SERVER=true " } else { "" };
    draft.make_server(Some(format!("{server}_build/prod/rel/{name}/bin/{name} start")));
    draft.cache(&["_build/prod/lib".to_owned()]);
    Some(draft)
}
