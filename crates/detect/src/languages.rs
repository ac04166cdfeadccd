//! Languages that need no code: found, built and started by the table `languages.toml`.

use std::sync::LazyLock;

use aether_models::{Confidence, PlanKind};

use crate::app::App;
use crate::draft::Draft;
use crate::shell::quote;
use crate::tables::{self, Language, Name};
use crate::toolfiles::wish;

/// Never empty: the build script has read this very text with this very code.
static LANGUAGES: LazyLock<Vec<Language>> =
    LazyLock::new(|| tables::languages(tables::LANGUAGES).unwrap_or_default());

/// The plan of the first language of the table that fits.
pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    LANGUAGES.iter().find_map(|language| language.plan(app))
}

/// Slugs of the table's languages, for explanations.
pub(crate) fn slugs() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|language| language.slug.as_str())
}

impl Language {
    fn plan(&self, app: &App<'_>) -> Option<Draft> {
        let patterns: Vec<&str> = self.some.iter().map(String::as_str).collect();
        let file = app.folder.first(&patterns)?;
        if let Some(text) = &self.contains
            && !app.folder.text(&file)?.contains(text.as_str())
        {
            return None;
        }
        let mut draft = Draft::new(&app.folder, &self.slug, PlanKind::Server);
        draft.say(&file, format!("is for {}", self.slug));
        draft.plan.package_manager.clone_from(&self.package_manager);
        let name = self
            .name
            .iter()
            .chain(&self.names)
            .find_map(|place| place.read(app));
        draft.plan.name.clone_from(&name);
        let fill = |command: &Option<String>| {
            let command = command.as_ref()?;
            let named = name.as_ref().map_or_else(|| "app".into(), |name| quote(name));
            let stem = file
                .rsplit('/')
                .next()
                .and_then(|name| name.split('.').next())
                .unwrap_or("app");
            let command = command.replace("{name}", &named).replace("{stem}", &quote(stem));
            Some(
                command
                    .replace("{file}", &quote(&file))
                    .replace("{shebang}", shell_of(app, &file)),
            )
        };
        draft.plan.install_command = fill(&self.install);
        draft.plan.build_command = fill(&self.build);
        if let Some(wish) = wish(app, &[&self.slug]) {
            draft.say_at(wish.file, format!("{} {}", self.slug, wish.version));
            draft.plan.runtime_version.insert(self.slug.clone(), wish.version);
        }
        match &self.output {
            Some(output) => draft.make_static(output.clone()),
            None => draft.make_server(fill(&self.start)),
        }
        if self.name.is_some() && name.is_none() {
            draft.warn(format!(
                "The program's name was not found in {file}; `app` is taken."
            ));
            draft.at_most(Confidence::Low);
        }
        draft.at_most(Confidence::Medium);
        Some(draft)
    }
}

impl Name {
    fn read(&self, app: &App<'_>) -> Option<String> {
        let text = app.folder.text(&self.file)?;
        let rest = text.split_once(&self.after)?.1;
        let line = rest.trim_start().lines().next()?;
        let word = self
            .until
            .as_ref()
            .map_or(line, |until| line.split(until.as_str()).next().unwrap_or(line));
        let word = word
            .trim()
            .trim_start_matches("name:")
            .split_whitespace()
            .next()?
            .trim_matches(['"', '\'']);
        (!word.is_empty()).then(|| word.to_owned())
    }
}

/// The shell a script's first line asks for; `sh` when it asks for none that is known.
fn shell_of(app: &App<'_>, file: &str) -> &'static str {
    let text = app.folder.text(file);
    let first = text
        .as_deref()
        .and_then(|text| text.lines().next())
        .filter(|line| line.starts_with("#!"));
    let asked = first
        .and_then(|line| line.rsplit(['/', ' ']).next())
        .unwrap_or_default();
    ["bash", "zsh", "dash", "ksh"]
        .into_iter()
        .find(|shell| *shell == asked)
        .unwrap_or("sh")
}
