//! The table of frameworks (`rules.toml`): how each is recognised and what it needs by default.
//!
//! A rule applies when all of `every`, one of `some` and none of `none` hold. A rule that applies removes the ones
//! it `supersedes` (a Next.js app depends on React and may depend on Vite for its tests). What is left, in the
//! order of the table, are the app's frameworks, the first being the one that decides.

use std::sync::LazyLock;

use crate::app::App;
use crate::tables::{self, Condition};

pub(crate) use crate::tables::Rule;

/// Never empty: the build script has read this very text with this very code.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| tables::rules(tables::RULES).unwrap_or_default());

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

/// The rule called `slug`, when it applies; also when another one supersedes it.
pub(crate) fn named(app: &App<'_>, slug: &str) -> Option<Match> {
    RULES.iter().find(|rule| rule.slug == slug)?.matches(app)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decide_hook_of_the_table_exists() {
        for rule in RULES.iter().filter(|rule| rule.language == "node") {
            if let Some(hook) = &rule.decide {
                assert!(
                    crate::node::decide::hook(hook).is_some(),
                    "{}: no hook {hook}",
                    rule.slug
                );
            }
        }
    }
}
