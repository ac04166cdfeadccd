//! The table of frameworks (`rules.toml`): how each is recognised and what it needs by default.
//!
//! A rule applies when all of `every`, one of `some` and none of `none` hold. A rule that applies removes the ones
//! it `supersedes` (a Next.js app depends on React and may depend on Vite for its tests). What is left, in the
//! order of the table, are the app's frameworks, the first being the one that decides.

use std::sync::LazyLock;

use aether_models::{Confidence, PlanKind};
use serde::Deserialize;

use crate::app::App;

/// The version of the table's own format this code reads.
const TABLE_VERSION: u32 = 1;

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| load(include_str!("rules.toml")).unwrap_or_default());

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: u32,
    rule: Vec<Rule>,
}

/// One framework.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Stable name in plans and settings.
    pub(crate) slug: String,
    /// Name for people.
    pub(crate) name: String,
    pub(crate) language: String,
    #[serde(default)]
    every: Vec<Condition>,
    #[serde(default)]
    some: Vec<Condition>,
    #[serde(default)]
    none: Vec<Condition>,
    /// Slugs of rules that do not count when this one applies.
    #[serde(default)]
    supersedes: Vec<String>,
    #[serde(default = "high")]
    pub(crate) confidence: Confidence,
    /// What it makes unless its configuration proves otherwise (`decide`).
    #[serde(default)]
    pub(crate) kind: Option<PlanKind>,
    /// The framework's own build command; a script of the repository goes first.
    #[serde(default)]
    pub(crate) build: Option<String>,
    /// Scripts that build, the first that exists is taken (default: `build`).
    #[serde(default)]
    pub(crate) build_scripts: Vec<String>,
    #[serde(default)]
    pub(crate) start: Option<String>,
    #[serde(default)]
    pub(crate) output: Option<String>,
    #[serde(default)]
    pub(crate) spa: bool,
    #[serde(default)]
    pub(crate) port: Option<u16>,
    /// Folders worth keeping between builds.
    #[serde(default)]
    pub(crate) cache: Vec<String>,
    /// Code that reads the framework's configuration where the table cannot decide.
    #[serde(default)]
    pub(crate) decide: Option<String>,
}

/// One fact about an app. Exactly one of `dep`, `file`, `folder`, `script` is set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    /// A dependency declared in the language's manifest.
    #[serde(default)]
    dep: Option<String>,
    /// A file; its last part may hold one `*`.
    #[serde(default)]
    file: Option<String>,
    /// A folder.
    #[serde(default)]
    folder: Option<String>,
    /// A package.json script.
    #[serde(default)]
    script: Option<String>,
    /// Narrows `file` or `script` to contents with this text.
    #[serde(default)]
    contains: Option<String>,
}

/// A rule that applies, and the facts it rests on.
#[derive(Debug, Clone)]
pub(crate) struct Match {
    pub(crate) rule: &'static Rule,
    /// File and what it says.
    pub(crate) evidence: Vec<(String, String)>,
}

/// The rules of `language` that apply to `app`, the deciding one first.
pub(crate) fn matching(app: &App<'_>, language: &str) -> Vec<Match> {
    let candidates = RULES.iter().filter(|rule| rule.language == language);
    let found: Vec<Match> = candidates.filter_map(|rule| rule.matches(app)).collect();
    let superseded = |slug: &str| {
        found
            .iter()
            .any(|other| other.rule.slug != slug && other.rule.supersedes.iter().any(|name| name == slug))
    };
    found
        .iter()
        .filter(|hit| !superseded(&hit.rule.slug))
        .cloned()
        .collect()
}

/// The slugs of all frameworks of the table, as settings name them.
#[must_use]
pub fn framework_slugs() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.slug.as_str()).collect()
}

impl Rule {
    fn matches(&'static self, app: &App<'_>) -> Option<Match> {
        let mut evidence = Vec::new();
        for condition in &self.every {
            evidence.push(condition.find(app, &self.language)?);
        }
        if !self.some.is_empty() {
            evidence.push(
                self.some
                    .iter()
                    .find_map(|condition| condition.find(app, &self.language))?,
            );
        }
        let excluded = self
            .none
            .iter()
            .any(|condition| condition.find(app, &self.language).is_some());
        (!excluded && !evidence.is_empty()).then_some(Match { rule: self, evidence })
    }
}

impl Condition {
    fn find(&self, app: &App<'_>, language: &str) -> Option<(String, String)> {
        if let Some(name) = &self.dep {
            let found = app.dependency(language, name)?;
            let version = if found.version.is_empty() {
                String::new()
            } else {
                format!(" {}", found.version)
            };
            return Some((found.file.to_owned(), format!("depends on {name}{version}")));
        }
        if let Some(name) = &self.folder {
            return app
                .folder
                .has_folder(name)
                .then(|| (name.clone(), "is there".to_owned()));
        }
        if let Some(name) = &self.script {
            let script = app.package()?.scripts.get(name)?;
            let fits = self
                .contains
                .as_ref()
                .is_none_or(|text| script.contains(text.as_str()));
            return fits.then(|| ("package.json".to_owned(), format!("script {name}: {script}")));
        }
        self.find_file(app)
    }

    fn find_file(&self, app: &App<'_>) -> Option<(String, String)> {
        let files = app.folder.matching(self.file.as_ref()?);
        let Some(text) = &self.contains else {
            return files.into_iter().next().map(|file| (file, "is there".to_owned()));
        };
        let holds = |file: &String| {
            app.folder
                .text(file)
                .is_some_and(|found| found.contains(text.as_str()))
        };
        files
            .into_iter()
            .find(holds)
            .map(|file| (file, format!("contains {text}")))
    }
}

fn high() -> Confidence {
    Confidence::High
}

fn load(text: &str) -> Result<Vec<Rule>, String> {
    let table: Table = toml::from_str(text).map_err(|error| error.to_string())?;
    if table.version != TABLE_VERSION {
        return Err(format!(
            "rules.toml has version {}, this code reads {TABLE_VERSION}",
            table.version
        ));
    }
    Ok(table.rule)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let rules = load(include_str!("rules.toml")).unwrap();
        let slugs: BTreeSet<_> = rules.iter().map(|rule| rule.slug.as_str()).collect();
        assert_eq!(slugs.len(), rules.len(), "a slug stands twice");
        for rule in &rules {
            assert!(
                !rule.every.is_empty() || !rule.some.is_empty(),
                "{} applies to everything",
                rule.slug
            );
            for name in &rule.supersedes {
                assert!(
                    slugs.contains(name.as_str()),
                    "{} supersedes unknown {name}",
                    rule.slug
                );
            }
            for condition in rule.every.iter().chain(&rule.some).chain(&rule.none) {
                let set = [
                    &condition.dep,
                    &condition.file,
                    &condition.folder,
                    &condition.script,
                ];
                assert_eq!(
                    set.iter().filter(|field| field.is_some()).count(),
                    1,
                    "{}",
                    rule.slug
                );
            }
            if rule.kind == Some(PlanKind::Static) {
                assert!(rule.output.is_some(), "{} is static without output", rule.slug);
            }
        }
    }

    #[test]
    fn every_decide_hook_of_the_table_exists() {
        let rules = load(include_str!("rules.toml")).unwrap();
        for rule in rules.iter().filter(|rule| rule.language == "node") {
            if let Some(hook) = &rule.decide {
                assert!(
                    crate::node::decide::hook(hook).is_some(),
                    "{}: no hook {hook}",
                    rule.slug
                );
            }
        }
    }

    #[test]
    fn a_table_of_another_version_is_refused() {
        assert!(load("version = 99\nrule = []").is_err());
    }
}
