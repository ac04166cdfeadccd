//! Ruby: gems by Bundler, Rails and Rack servers, and the static generators of the Ruby world.

use aether_models::{Confidence, PlanKind};

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::framework::{self, value_of_line};
use crate::rules::Rule;
use crate::shell::quote;
use crate::toolfiles::{version_file, wish};
use crate::versions::{self, Wish};

/// Gems go into the app, so that the release carries them.
const INSTALL: &str = "bundle config set --local path vendor/bundle && bundle install";
const MAIN_FILES: [&str; 5] = ["main.rb", "app.rb", "server.rb", "index.rb", "application.rb"];

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let Some(text) = app.folder.text("Gemfile") else {
        return Dependencies::new();
    };
    let entries = text.lines().filter_map(|line| {
        let words = line
            .trim_start()
            .strip_prefix("gem ")
            .or_else(|| line.trim_start().strip_prefix("gem("))?;
        let mut quoted = words.split(['"', '\'']).skip(1).step_by(2);
        let name = quoted.next()?.to_owned();
        let version = quoted
            .next()
            .filter(|text| text.starts_with(|c: char| c.is_ascii_digit() || "~><=".contains(c)));
        Some((
            name,
            Dependency {
                file: "Gemfile".to_owned(),
                version: version.unwrap_or_default().to_owned(),
            },
        ))
    });
    entries.collect()
}

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let bundler = app.folder.has_file("Gemfile");
    let mut draft = Draft::new(&app.folder, "ruby", PlanKind::Server);
    let rule = framework::apply(app, "ruby", &mut draft);
    if !bundler && rule.is_none() && !app.folder.has_file("config.ru") && main_file(app).is_none() {
        return None;
    }
    versions::decide(app, &mut draft, "ruby", version(app).as_ref());
    if bundler {
        draft.say("Gemfile", "package manager bundler");
        draft.plan.package_manager = Some("bundler".to_owned());
        draft.plan.install_command = Some(INSTALL.to_owned());
        if !app.folder.has_file("Gemfile.lock") {
            draft.warn("There is no Gemfile.lock; two builds of one commit may differ.");
        }
    }
    match rule {
        Some(rule) if rule.kind == Some(PlanKind::Static) => site(app, rule, bundler, &mut draft),
        rule => server(app, rule, &mut draft),
    }
    if draft.plan.kind == PlanKind::Server {
        crate::node::assets(app, &mut draft);
    }
    Some(draft)
}

fn server(app: &App<'_>, rule: Option<&Rule>, draft: &mut Draft) {
    let rails = rule.is_some_and(|rule| rule.slug == "rails");
    if rails {
        let pipeline = app.depends_on(
            "ruby",
            &["sprockets-rails", "propshaft", "sprockets", "sass-rails"],
        ) || app.folder.has_folder("app/assets");
        if pipeline {
            draft.plan.build_command = Some(
                "SECRET_KEY_BASE_DUMMY=1 RAILS_ENV=production bundle exec rake assets:precompile".to_owned(),
            );
        }
        return draft.make_server(Some(
            "RAILS_ENV=production bundle exec bin/rails server -b 0.0.0.0 -p $PORT".to_owned(),
        ));
    }
    // Bundler refuses to run anything without a Gemfile.
    let prefix = if app.folder.has_file("Gemfile") {
        "bundle exec "
    } else {
        ""
    };
    if app.folder.has_file("config.ru") {
        draft.say("config.ru", "a Rack application");
        let puma = app.depends_on("ruby", &["puma"]);
        let command = if puma {
            format!("RACK_ENV=production {prefix}puma -b tcp://0.0.0.0:$PORT")
        } else {
            format!("{prefix}rackup config.ru -o 0.0.0.0 -p $PORT")
        };
        return draft.make_server(Some(command));
    }
    let file = main_file(app);
    if rule.is_none() {
        draft.at_most(Confidence::Medium);
    }
    let command = file.map(|file| {
        draft.say(&file, "is the main file");
        format!("{prefix}ruby {}", quote(&file))
    });
    if command.is_none() {
        draft.at_most(Confidence::Low);
        draft.warn("No start command was found: there is no config.ru, app.rb or main.rb. Add a Procfile.");
    }
    draft.make_server(command);
}

fn site(app: &App<'_>, rule: &Rule, bundler: bool, draft: &mut Draft) {
    let gem = rule.slug.as_str();
    let build = rule.build.clone().unwrap_or_default();
    if bundler {
        draft.plan.build_command = Some(format!("bundle exec {build}"));
    } else {
        draft.plan.package_manager = Some("gem".to_owned());
        draft.plan.install_command = Some(format!(
            "gem install --no-document --install-dir vendor/gems {gem}"
        ));
        draft.plan.build_command = Some(format!("GEM_HOME=\"$PWD/vendor/gems\" vendor/gems/bin/{build}"));
        draft.warn(format!("There is no Gemfile; the newest {gem} is installed."));
    }
    let written = app
        .folder
        .text("_config.yml")
        .and_then(|text| value_of_line(&text, "destination:").and_then(crate::tree::normalize_path));
    let output = written
        .filter(|folder| gem == "jekyll" && !folder.is_empty())
        .or_else(|| rule.output.clone());
    draft.make_static(output.unwrap_or_default());
}

fn main_file(app: &App<'_>) -> Option<String> {
    MAIN_FILES
        .iter()
        .find(|file| app.folder.has_file(file))
        .map(|file| (*file).to_owned())
}

fn version(app: &App<'_>) -> Option<Wish> {
    let plain = |wish: Wish| Wish {
        version: wish.version.trim_start_matches("ruby-").to_owned(),
        ..wish
    };
    version_file(app, ".ruby-version")
        .map(plain)
        .or_else(|| wish(app, &["ruby"]))
        .or_else(|| {
            let text = app.folder.text("Gemfile")?;
            let line = text.lines().find_map(|line| line.trim().strip_prefix("ruby "))?;
            let version = line.split(['"', '\'']).nth(1)?.to_owned();
            version
                .starts_with(|c: char| c.is_ascii_digit() || "~><=".contains(c))
                .then(|| Wish {
                    file: app.folder.path("Gemfile"),
                    version,
                })
        })
        .or_else(|| {
            let text = app.folder.text("Gemfile.lock")?;
            let (_, rest) = text.split_once("RUBY VERSION")?;
            let version = rest
                .trim_start()
                .strip_prefix("ruby ")?
                .split(['p', '\n'])
                .next()?
                .trim()
                .to_owned();
            Some(Wish {
                file: app.folder.path("Gemfile.lock"),
                version,
            })
        })
}
