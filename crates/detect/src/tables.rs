//! The forms of the three tables (`rules.toml`, `languages.toml`, `versions.toml`) and what makes one well formed.
//!
//! The build script reads the tables with this very code, so a broken one ends the build and no program is ever made
//! that lacks its frameworks.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::kinds::{Confidence, PlanKind};

pub(crate) const RULES: &str = include_str!("rules.toml");
pub(crate) const LANGUAGES: &str = include_str!("languages.toml");
pub(crate) const VERSIONS: &str = include_str!("versions.toml");

/// The version of the tables' own form this code reads.
const TABLE_VERSION: u32 = 1;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
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
    pub(crate) every: Vec<Condition>,
    #[serde(default)]
    pub(crate) some: Vec<Condition>,
    #[serde(default)]
    pub(crate) none: Vec<Condition>,
    /// Slugs of rules that do not count when this one applies.
    #[serde(default)]
    pub(crate) supersedes: Vec<String>,
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
pub(crate) struct Condition {
    /// A dependency declared in the language's manifest.
    #[serde(default)]
    pub(crate) dep: Option<String>,
    /// A file; its last part may hold one `*`.
    #[serde(default)]
    pub(crate) file: Option<String>,
    /// A folder.
    #[serde(default)]
    pub(crate) folder: Option<String>,
    /// A package.json script.
    #[serde(default)]
    pub(crate) script: Option<String>,
    /// Narrows `file` or `script` to contents with this text.
    #[serde(default)]
    pub(crate) contains: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguageTable {
    version: u32,
    language: Vec<Language>,
}

/// A language with fixed commands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    pub(crate) slug: String,
    /// Files, one of which must be there.
    pub(crate) some: Vec<String>,
    /// Narrows the file to contents with this text.
    #[serde(default)]
    pub(crate) contains: Option<String>,
    #[serde(default)]
    pub(crate) package_manager: Option<String>,
    #[serde(default)]
    pub(crate) install: Option<String>,
    #[serde(default)]
    pub(crate) build: Option<String>,
    #[serde(default)]
    pub(crate) start: Option<String>,
    /// Makes a site instead of a server.
    #[serde(default)]
    pub(crate) output: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<Name>,
    /// Other places of the name, tried in turn.
    #[serde(default)]
    pub(crate) names: Vec<Name>,
}

/// Where a manifest names its program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Name {
    pub(crate) file: String,
    pub(crate) after: String,
    #[serde(default)]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Deserialize)]
struct VersionTable {
    version: u32,
    #[serde(flatten)]
    runtimes: BTreeMap<String, Runtime>,
}

/// The release lines of a runtime, oldest first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Runtime {
    pub(crate) default: String,
    pub(crate) lines: Vec<Line>,
    #[serde(default)]
    pub(crate) aliases: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) line: String,
    /// No longer supported upstream: used only when asked for.
    #[serde(default)]
    pub(crate) old: bool,
    /// Last day of upstream support.
    #[serde(default)]
    pub(crate) eol: Option<String>,
}

/// Reads the frameworks.
///
/// # Errors
/// What is wrong with the table.
pub(crate) fn rules(text: &str) -> Result<Vec<Rule>, String> {
    let table: RuleTable = read("rules.toml", text)?;
    of_this_version("rules.toml", table.version)?;
    let mut slugs = BTreeSet::new();
    for rule in &table.rule {
        if !slugs.insert(rule.slug.as_str()) {
            return Err(format!("rules.toml: {} stands twice", rule.slug));
        }
    }
    table.rule.iter().try_for_each(|rule| {
        rule.check(&slugs)
            .map_err(|fault| format!("rules.toml: {}: {fault}", rule.slug))
    })?;
    Ok(table.rule)
}

/// Reads the languages with fixed commands.
///
/// # Errors
/// What is wrong with the table.
pub(crate) fn languages(text: &str) -> Result<Vec<Language>, String> {
    let table: LanguageTable = read("languages.toml", text)?;
    of_this_version("languages.toml", table.version)?;
    for language in &table.language {
        if language.some.is_empty() || language.start.is_some() == language.output.is_some() {
            return Err(format!(
                "languages.toml: {} needs `some`, and either `start` or `output`",
                language.slug
            ));
        }
    }
    Ok(table.language)
}

/// Reads the runtime versions.
///
/// # Errors
/// What is wrong with the table.
pub(crate) fn versions(text: &str) -> Result<BTreeMap<String, Runtime>, String> {
    let table: VersionTable = read("versions.toml", text)?;
    of_this_version("versions.toml", table.version)?;
    for (name, runtime) in &table.runtimes {
        let known = |line: &str| runtime.lines.iter().find(|known| known.line == line);
        if known(&runtime.default).is_none_or(|line| line.old) {
            return Err(format!(
                "versions.toml: {name}: the default must be a supported line"
            ));
        }
        if let Some(line) = runtime.aliases.values().find(|line| known(line).is_none()) {
            return Err(format!(
                "versions.toml: {name}: an alias leads to {line}, which is no line"
            ));
        }
    }
    Ok(table.runtimes)
}

fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| format!("{name}: {error}"))
}

fn of_this_version(name: &str, version: u32) -> Result<(), String> {
    if version == TABLE_VERSION {
        return Ok(());
    }
    Err(format!(
        "{name} has version {version}, this code reads {TABLE_VERSION}"
    ))
}

impl Rule {
    fn check(&self, slugs: &BTreeSet<&str>) -> Result<(), String> {
        if self.every.is_empty() && self.some.is_empty() {
            return Err("applies to everything".to_owned());
        }
        if let Some(name) = self.supersedes.iter().find(|name| !slugs.contains(name.as_str())) {
            return Err(format!("supersedes {name}, which is not in the table"));
        }
        let conditions = self.every.iter().chain(&self.some).chain(&self.none);
        if !conditions.into_iter().all(Condition::is_one) {
            return Err("a condition has exactly one of dep, file, folder, script".to_owned());
        }
        if self.kind == Some(PlanKind::Static) && self.output.is_none() {
            return Err("is static without output".to_owned());
        }
        Ok(())
    }
}

impl Condition {
    fn is_one(&self) -> bool {
        let set = [&self.dep, &self.file, &self.folder, &self.script];
        set.iter().filter(|field| field.is_some()).count() == 1
    }
}

fn high() -> Confidence {
    Confidence::High
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_well_formed() {
        assert!(rules(RULES).unwrap().len() > 100);
        assert!(languages(LANGUAGES).unwrap().len() > 10);
        assert!(versions(VERSIONS).unwrap().len() > 8);
    }

    #[test]
    fn a_broken_table_is_an_error_that_names_the_fault() {
        let rule = |body: &str| {
            format!("version = 1\n[[rule]]\nslug = \"a\"\nname = \"A\"\nlanguage = \"node\"\n{body}")
        };
        for (text, fault) in [
            ("version = 99\nrule = []".to_owned(), "version 99"),
            (rule(""), "applies to everything"),
            (rule("some = [{ dep = \"a\", file = \"b\" }]"), "exactly one"),
            (
                rule("some = [{ dep = \"a\" }]\nsupersedes = [\"b\"]"),
                "supersedes b",
            ),
            (
                rule("some = [{ dep = \"a\" }]\nkind = \"static\""),
                "without output",
            ),
            (rule("some = [{ dep = \"a\" }]\nbild = \"x\""), "unknown field"),
            (
                format!(
                    "{}\n{}",
                    rule("some = [{ dep = \"a\" }]"),
                    rule("some = [{ dep = \"a\" }]").replace("version = 1\n", "")
                ),
                "stands twice",
            ),
        ] {
            let error = rules(&text).unwrap_err();
            assert!(error.contains(fault), "{fault}: {error}");
        }
    }
}
