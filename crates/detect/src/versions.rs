//! Runtime versions: what a repository asks for, resolved against the table of lines that can be had.
//!
//! Every ecosystem writes version ranges in its own way (`>=3.10,<3.13`, `~> 3.2`, `^8.1|^8.2`); all of them are
//! brought to npm's form, whose rules are the union of the others. A wish that no line meets is a problem, never a
//! silent default.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use node_semver::Range;

use crate::app::App;
use crate::draft::Draft;
use crate::explain::Problem;
use crate::tables::{self, Line, Runtime};

/// Never empty: the build script has read this very text with this very code.
static TABLE: LazyLock<BTreeMap<String, Runtime>> =
    LazyLock::new(|| tables::versions(tables::VERSIONS).unwrap_or_default());

/// A version somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The file, relative to the repository.
    pub(crate) file: String,
    /// The version or range, as written.
    pub(crate) version: String,
}

/// Decides the version of `runtime` and says why. The first wish counts; `None` takes the default.
pub(crate) fn decide(app: &App<'_>, draft: &mut Draft, runtime: &str, wish: Option<&Wish>) {
    if app.overrides.runtime_version.contains_key(runtime) {
        return;
    }
    let Some(known) = TABLE.get(runtime) else { return };
    let Some(wish) = wish else {
        draft.say_at(
            crate::draft::DEFAULT.to_owned(),
            format!("{runtime} {}, as no file asks for a version", known.default),
        );
        draft
            .plan
            .runtime_version
            .insert(runtime.to_owned(), known.default.clone());
        return;
    };
    let Some(line) = known.resolve(&wish.version) else {
        let supported: Vec<&str> = known
            .lines
            .iter()
            .filter(|line| !line.old)
            .map(|line| line.line.as_str())
            .collect();
        draft.refuse(Problem {
            file: wish.file.clone(),
            says: format!("asks for {runtime} {}, which cannot be had", wish.version),
            fix: format!("Supported are {}.", supported.join(", ")),
        });
        return;
    };
    draft.say_at(
        wish.file.clone(),
        format!("{runtime} {} (asked for: {})", line.line, wish.version),
    );
    if line.old {
        let since = line
            .eol
            .as_ref()
            .map(|day| format!(" since {day}"))
            .unwrap_or_default();
        draft.warn(format!(
            "{runtime} {} gets no security updates{since}; move to {}.",
            line.line, known.default
        ));
    }
    draft
        .plan
        .runtime_version
        .insert(runtime.to_owned(), line.line.clone());
}

/// Whether `version` (a plain version) lies in `range`; what cannot be read counts as fitting.
pub(crate) fn satisfies(version: &str, range: &str) -> bool {
    match (Range::parse(npm_range(version)), Range::parse(npm_range(range))) {
        (Ok(version), Ok(range)) => version.allows_any(&range),
        _ => true,
    }
}

impl Runtime {
    fn resolve(&self, wish: &str) -> Option<&Line> {
        let wish = wish.trim().trim_matches(['"', '\'']);
        let wish = self
            .aliases
            .get(&wish.to_lowercase())
            .map_or(wish, String::as_str);
        let wanted = Range::parse(npm_range(wish)).ok()?;
        let fits = |line: &&Line| {
            Range::parse(format!("{}.x", line.line)).is_ok_and(|range| range.allows_any(&wanted))
        };
        let default = self.lines.iter().find(|line| line.line == self.default);
        default
            .filter(fits)
            .or_else(|| self.lines.iter().rev().filter(|line| !line.old).find(fits))
            .or_else(|| self.lines.iter().rev().filter(|line| line.old).find(fits))
    }
}

/// A range of any ecosystem in npm's notation.
fn npm_range(wish: &str) -> String {
    let wish = wish.trim().trim_start_matches(['v', 'V']);
    let wish = wish
        .replace("||", "|")
        .replace('|', " || ")
        .replace(',', " ")
        .replace(".*", ".x");
    let mut range = String::new();
    let mut words = wish.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        // `>= 3.1` is one condition, written as two words.
        if word.chars().all(|character| "<>=~^!".contains(character)) {
            word.push_str(words.next().unwrap_or_default());
        }
        range.push_str(&npm_condition(&word));
        range.push(' ');
    }
    range.trim().to_owned()
}

fn npm_condition(word: &str) -> String {
    let number = |operator: &str| word.strip_prefix(operator).map(str::trim);
    if let Some(version) = number("~>").or_else(|| number("~=")) {
        // Ruby and Python: the last part given may grow.
        let caret = version.matches('.').count() <= 1;
        return format!("{}{version}", if caret { "^" } else { "~" });
    }
    if number("!=").is_some() {
        return String::new();
    }
    number("===")
        .or_else(|| number("=="))
        .map_or_else(|| word.to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(runtime: &str, wish: &str) -> Option<&'static str> {
        TABLE[runtime].resolve(wish).map(|line| line.line.as_str())
    }

    #[test]
    fn ranges_of_every_ecosystem_are_understood() {
        for (runtime, wish, line) in [
            ("node", ">=18", "22"),
            ("node", "v20.11.1", "20"),
            ("node", "^18 || ^20", "20"),
            ("node", "*", "22"),
            ("node", "lts/Iron", "20"),
            ("node", "24.x", "24"),
            ("node", ">= 24", "26"),
            ("python", ">=3.10,<3.13", "3.12"),
            ("python", "~=3.11", "3.13"),
            ("python", "==3.11.*", "3.11"),
            ("python", "3.12.1", "3.12"),
            ("ruby", "~> 3.2.0", "3.2"),
            ("ruby", ">= 3.0", "3.4"),
            ("php", "^8.1|^8.2", "8.4"),
            ("php", "~8.3.0", "8.3"),
        ] {
            assert_eq!(resolve(runtime, wish), Some(line), "{runtime} {wish}");
        }
    }

    #[test]
    fn input_55_what_cannot_be_had_is_never_the_default() {
        for wish in [
            ">=999",
            "; rm -rf /",
            "banana",
            "lts/unknown",
            "0.10",
            "npm@file:/x",
        ] {
            assert_eq!(resolve("node", wish), None, "{wish}");
        }
        assert_eq!(resolve("python", "2.7"), None);
    }
}
