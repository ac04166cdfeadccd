//! The plan of a Node app.

use aether_models::{BuildPlan, Confidence, PlanKind};

use super::manager::{Manager, choose};
use super::package::PackageJson;
use super::script::{self, StartKind};
use super::{access, decide, plain, version};
use crate::app::App;
use crate::draft::Draft;
use crate::hints;
use crate::rules::{self, Match, Rule};
use crate::source::js::JsSource;

/// What is known about a Node app while its plan is made.
pub(crate) struct NodeApp<'a, 't> {
    pub(crate) app: &'a App<'t>,
    pub(crate) package: &'a PackageJson,
    pub(crate) manager: Manager,
    pub(crate) rule: &'static Rule,
    /// The script that builds and its text, with the scripts it calls put in.
    pub(crate) build_script: Option<(String, String)>,
}

/// Makes the plan, when there is a package.json.
pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let Some(package) = app.package() else {
        return plain::without_manifest(app);
    };
    let mut draft = Draft::new(&app.folder, "node", PlanKind::Server);
    draft.plan.name.clone_from(&package.name);
    let manager = choose(app, &mut draft);
    draft.plan.package_manager = Some(manager.kind.name().to_owned());
    draft.plan.install_command = Some(manager.install());
    for warning in &package.warnings {
        draft.warn(warning.clone());
    }
    access::warn(app, package, &mut draft);
    version::decide(app, &manager, &mut draft);
    match choose_framework(app, package, &rules::matching(app, "node"), &mut draft) {
        Some(hit) => with_framework(app, package, manager, &hit, &mut draft),
        None => plain::plan(app, package, &manager, &mut draft),
    }
    note_scripts(package, &mut draft);
    Some(draft)
}

/// For apps of other languages that bring a package.json for their assets: install and build, nothing else.
pub(crate) fn assets(app: &App<'_>, draft: &mut Draft) {
    let Some(package) = app.package() else { return };
    let manager = choose(app, draft);
    version::decide(app, &manager, draft);
    let both = |first: Option<String>, second: String| match first {
        Some(first) => format!("{first} && {second}"),
        None => second,
    };
    let name = both(draft.plan.package_manager.take(), manager.kind.name().to_owned()).replace(" && ", "+");
    draft.plan.package_manager = Some(name);
    draft.plan.install_command = Some(both(draft.plan.install_command.take(), manager.install()));
    if let Some(name) = ["build", "prod", "production"]
        .into_iter()
        .find(|name| package.scripts.contains_key(*name))
    {
        draft.say("package.json", format!("script {name} makes the assets"));
        draft.plan.build_command = Some(both(draft.plan.build_command.take(), manager.run(name)));
    }
}

/// The one somebody chose, if it applies. Else the first match decides, except that a server of one's own goes before
/// the bundler of its pages.
fn choose_framework(
    app: &App<'_>,
    package: &PackageJson,
    found: &[Match],
    draft: &mut Draft,
) -> Option<Match> {
    if let Some((file, slug)) = hints::wanted_framework(app)
        && let Some(wanted) = rules::named(app, &slug).filter(|hit| hit.rule.language == "node")
    {
        if let Some(file) = file {
            draft.say(&file, format!("framework {slug}"));
        }
        return Some(wanted);
    }
    let first = found.first()?.clone();
    let bundler = first.rule.kind == Some(PlanKind::Static);
    let server = found
        .iter()
        .find(|hit| hit.rule.decide.as_deref() == Some("server"));
    let start = script::expand(&package.scripts, "start");
    match server {
        Some(server) if bundler && script::start_kind(&start) == StartKind::Program => Some(server.clone()),
        _ => Some(first),
    }
}

fn with_framework(app: &App<'_>, package: &PackageJson, manager: Manager, hit: &Match, draft: &mut Draft) {
    let rule = hit.rule;
    draft.plan.framework = Some(rule.slug.clone());
    draft.plan.confidence = draft.plan.confidence.min(rule.confidence);
    for (file, says) in &hit.evidence {
        draft.say(file, format!("{} ({says})", rule.name));
    }
    let scripts: Vec<&str> = match rule.build_scripts.as_slice() {
        [] => vec!["build"],
        names => names.iter().map(String::as_str).collect(),
    };
    let script = scripts
        .into_iter()
        .find(|name| package.scripts.contains_key(*name));
    let build_script = script.map(|name| (name.to_owned(), script::expand(&package.scripts, name)));
    draft.plan.build_command = match (&build_script, &rule.build) {
        (Some((name, _)), _) => Some(manager.run(name)),
        (None, Some(command)) => Some(manager.exec(command)),
        (None, None) => None,
    };
    draft.cache(&rule.cache);
    draft.plan.spa = rule.spa;
    let node = NodeApp {
        app,
        package,
        manager,
        rule,
        build_script,
    };
    match rule.kind {
        Some(PlanKind::Static) => draft.make_static(rule.output.clone().unwrap_or_default()),
        _ => {
            let start = node.start(draft);
            draft.make_server(start);
        }
    }
    if let Some(hook) = rule.decide.as_deref().and_then(decide::hook) {
        hook(&node, draft);
    } else if rule.kind == Some(PlanKind::Static) {
        decide::own_server(&node, draft);
    }
}

fn note_scripts(package: &PackageJson, draft: &mut Draft) {
    let BuildPlan {
        build_command,
        start_command,
        ..
    } = &draft.plan;
    let uses = |command: &Option<String>, name: &str| {
        command
            .as_ref()
            .is_some_and(|command| command.ends_with(&format!(" run {name}")))
    };
    let used: Vec<(&String, &String)> = package
        .scripts
        .iter()
        .filter(|(name, _)| uses(build_command, name) || uses(start_command, name))
        .collect();
    for (name, text) in used {
        draft.say(&package.file, format!("script {name}: {text}"));
    }
}

impl NodeApp<'_, '_> {
    /// The build script's text, or the framework's own build command.
    pub(crate) fn build_text(&self) -> &str {
        let script = self.build_script.as_ref().map(|(_, text)| text.as_str());
        script.or(self.rule.build.as_deref()).unwrap_or_default()
    }

    /// The first configuration file of these names, cut into pieces.
    pub(crate) fn config(&self, names: &[&str]) -> Option<(String, JsSource)> {
        let file = self.app.folder.first(names)?;
        let text = self.app.folder.text(&file)?;
        Some((file, JsSource::new(&text)))
    }

    /// The command that starts the server: the repository's script, else the framework's own command.
    pub(crate) fn start(&self, draft: &mut Draft) -> Option<String> {
        for name in ["start", "start:prod", "start:production", "serve:prod", "prod"] {
            if !self.package.scripts.contains_key(name) {
                continue;
            }
            match script::start_kind(&script::expand(&self.package.scripts, name)) {
                StartKind::Program | StartKind::Framework | StartKind::Unknown => return Some(self.manager.run(name)),
                StartKind::Development | StartKind::Files if self.rule.start.is_some() => draft.warn(format!(
                    "The script `{name}` runs a development server; the framework's own start command is used."
                )),
                StartKind::Platform => {
                    draft.warn(format!(
                        "The script `{name}` runs another platform's own tool, which serves nothing here."
                    ));
                    draft.at_most(Confidence::Medium);
                }
                StartKind::Development | StartKind::Files => {}
            }
        }
        let own = self.rule.start.as_ref().map(|command| self.manager.exec(command));
        own.or_else(|| {
            plain::run_entry(
                self.app,
                self.package,
                &self.manager,
                &plain::entry_file(self.app, self.package)?,
            )
        })
        .or_else(|| {
            draft.at_most(Confidence::Low);
            draft.warn("No start command was found; set one in the project's settings.");
            None
        })
    }
}
