//! Checking the fields of a request, all of them before the first complaint.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use aether_models::{ResourceLimits, VolumeMount};
use indexmap::IndexMap;

use crate::error::{ApiError, ApiResult, FieldError};
use crate::views::Given;

/// Longest command, characters: what fits into a package.json script and a bit more.
const COMMAND_MAX: usize = 2000;
/// Longest folder or URL path.
const PATH_MAX: usize = 255;
/// Most patterns of a list.
const GLOBS_MAX: usize = 50;
/// Longest email address (RFC 5321 section 4.5.3.1.3, without the brackets).
const EMAIL_MAX: usize = 254;
/// More volumes than this are a mistake.
const VOLUMES_MAX: usize = 10;
/// Longest free text for people.
const TEXT_MAX: usize = 100;

/// What is wrong with a request so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a fault.
    pub(crate) fn add(&mut self, field: &str, message: impl Display) {
        self.0.push(FieldError::new(field, message));
    }

    /// Ends the check.
    pub(crate) fn finish(self) -> ApiResult<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::invalid(self.0))
        }
    }

    /// Reads a text into a type that holds only valid ones.
    pub(crate) fn parse<T: FromStr>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T::Err: Display,
    {
        text.parse().map_err(|error| self.add(field, error)).ok()
    }

    /// A name of a person or a token: visible text on one line.
    pub(crate) fn text(&mut self, field: &str, text: &str) -> String {
        let text = text.trim();
        // Marks that reorder text would let a name pose as another one (threats.md input 23).
        let is_odd = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        if text.is_empty() || text.chars().count() > TEXT_MAX || text.contains(is_odd) {
            self.add(
                field,
                format!("Use 1 to {TEXT_MAX} visible characters on one line"),
            );
        }
        text.to_owned()
    }

    /// Lower-case words and hyphens.
    pub(crate) fn slug_like(&mut self, field: &str, given: Given<String>) -> Given<String> {
        let valid = |text: &str| {
            text.len() <= 50
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
        };
        self.each(
            field,
            given,
            |text| !text.is_empty() && valid(text),
            "Use at most 50 lower-case letters, digits, hyphens, underscores and dots",
        )
    }

    /// A command line, which only the sandbox ever runs.
    pub(crate) fn command(&mut self, field: &str, given: Given<String>) -> Given<String> {
        let valid = |text: &str| text.chars().count() <= COMMAND_MAX && !text.contains(char::is_control);
        self.each(
            field,
            given,
            valid,
            "A command has to be one line of at most 2000 characters",
        )
    }

    /// A folder inside the repository, without a way out of it (threats.md input 49).
    pub(crate) fn folder(&mut self, field: &str, given: Given<String>) -> Given<String> {
        let part_is_plain = |part: &str| !part.is_empty() && part != ".." && part != ".git";
        let valid = |text: &str| {
            text == "."
                || (text.len() <= PATH_MAX
                    && !text.contains(|c: char| c.is_control() || c == '\\')
                    && !text.starts_with(['/', '~', '-'])
                    && text.trim_end_matches('/').split('/').all(part_is_plain))
        };
        let given = self.each(
            field,
            given,
            valid,
            "Enter a folder inside the repository, such as apps/web, or . for the whole",
        );
        given.map(|value| value.map(|text| normal_folder(&text)))
    }

    /// A path to ask an app for.
    pub(crate) fn url_path(&mut self, field: &str, given: Given<String>) -> Given<String> {
        let valid = |text: &str| {
            text.starts_with('/')
                && text.len() <= PATH_MAX
                && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
        };
        self.each(
            field,
            given,
            valid,
            "Enter a path that begins with a slash, such as /health",
        )
    }

    /// Globs of paths or branches.
    pub(crate) fn globs(&mut self, field: &str, given: Given<Vec<String>>) -> Given<Vec<String>> {
        let valid = |text: &String| {
            (1..=PATH_MAX).contains(&text.len())
                && !text.contains(char::is_control)
                && !text.starts_with('/')
                && globset::Glob::new(text).is_ok()
        };
        if let Some(Some(globs)) = &given
            && (globs.len() > GLOBS_MAX || !globs.iter().all(valid))
        {
            self.add(
                field,
                format!("Enter at most {GLOBS_MAX} patterns, such as apps/web/** or feature/*"),
            );
        }
        given
    }

    /// Wanted versions by runtime.
    pub(crate) fn versions(
        &mut self,
        field: &str,
        given: Given<IndexMap<String, String>>,
    ) -> Given<IndexMap<String, String>> {
        let version_is_plain = |text: &str| {
            (1..=50).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-_+^~<>=*| ".contains(&b))
        };
        let valid = |versions: &IndexMap<String, String>| {
            versions.len() <= 10
                && versions.iter().all(|(name, version)| {
                    (1..=20).contains(&name.len())
                        && name.bytes().all(|b| b.is_ascii_lowercase())
                        && version_is_plain(version)
                })
        };
        if let Some(Some(versions)) = &given
            && !valid(versions)
        {
            self.add(field, "Enter runtimes with their versions, such as node with 22");
        }
        given
    }

    /// A number within bounds.
    pub(crate) fn range<T: PartialOrd + Display + Copy>(
        &mut self,
        field: &str,
        given: Given<T>,
        range: RangeInclusive<T>,
    ) -> Given<T> {
        if let Some(Some(value)) = given
            && !range.contains(&value)
        {
            self.add(
                field,
                format!("Enter a number from {} to {}", range.start(), range.end()),
            );
        }
        given
    }

    /// Limits that a machine can keep.
    pub(crate) fn limits(&mut self, field: &str, given: Given<ResourceLimits>) -> Given<ResourceLimits> {
        if let Some(Some(limits)) = given {
            for (name, value, range) in [
                ("memory_mb", limits.memory_mb, 32..=1_048_576),
                ("pids", limits.pids, 8..=65_536),
                ("disk_mb", limits.disk_mb, 16..=1_048_576),
            ] {
                self.range(&format!("{field}.{name}"), Some(Some(value)), range);
            }
            if !(50..=256_000).contains(&limits.cpus.millis) {
                self.add(&format!("{field}.cpus"), "Enter a number from 0.05 to 256");
            }
        }
        given
    }

    /// Volumes with plain names at paths of their own, each once.
    pub(crate) fn volumes(&mut self, field: &str, given: Given<Vec<VolumeMount>>) -> Given<Vec<VolumeMount>> {
        let volumes = given.iter().flatten().flatten();
        for (index, volume) in volumes.clone().enumerate() {
            let field = format!("{field}[{index}]");
            if !volume.is_usable() {
                self.add(
                    &field,
                    "A volume needs a name of lower-case letters, digits and hyphens, and an absolute path of its own such as /data",
                );
            }
            let mut earlier = volumes.clone().take(index);
            if earlier.any(|other| other.name == volume.name || other.path == volume.path) {
                self.add(&field, "Another volume has this name or this path");
            }
        }
        if volumes.count() > VOLUMES_MAX {
            self.add(field, format!("A project has at most {VOLUMES_MAX} volumes"));
        }
        given
    }

    fn each(
        &mut self,
        field: &str,
        given: Given<String>,
        valid: impl Fn(&str) -> bool,
        message: &str,
    ) -> Given<String> {
        if let Some(Some(text)) = &given
            && !valid(text)
        {
            self.add(field, message);
        }
        given
    }
}

/// An address of a person, lower case. Only a mail that arrives proves more than this.
pub(crate) fn email(faults: &mut Faults, field: &str, text: &str) -> String {
    let text = text.trim().to_lowercase();
    let valid = text.len() <= EMAIL_MAX
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && domain.parse::<aether_models::Hostname>().is_ok()
        })
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || "<>()[],;:\\\"".contains(c));
    if !valid {
        faults.add(field, "Enter an email address, such as ada@example.com");
    }
    text
}

/// Without `./` and slashes at the end.
fn normal_folder(text: &str) -> String {
    let parts: Vec<_> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(text: &str) -> Result<String, ()> {
        let mut faults = Faults::default();
        let folder = faults.folder("x", Some(Some(text.to_owned())));
        faults.finish().map(|()| folder.unwrap().unwrap()).map_err(|_| ())
    }

    #[test]
    fn input_49_folders_outside_the_repository_are_refused() {
        for text in [
            "../../etc",
            "/",
            "",
            "dist/../..",
            "/etc",
            "~/x",
            "a//b",
            "a\0b",
            ".git",
            "a\\..\\b",
            "-x",
            &"a/".repeat(200),
        ] {
            assert!(folder(text).is_err(), "{text:?} was taken");
        }
        assert_eq!(folder(".").unwrap(), ".");
        assert_eq!(folder("./apps/web/").unwrap(), "apps/web");
        assert_eq!(folder("dist").unwrap(), "dist");
    }

    #[test]
    fn input_23_names_that_cannot_be_seen_are_refused() {
        for text in [
            "",
            "   ",
            "a\nb",
            "\u{202e}evil",
            "zero\u{200b}width",
            "nul\0",
            &"x".repeat(10_000),
        ] {
            let mut faults = Faults::default();
            faults.text("name", text);
            assert!(faults.finish().is_err(), "{text:.20?} was taken");
        }
        let mut faults = Faults::default();
        assert_eq!(faults.text("name", " Zoë 🚀 <b> "), "Zoë 🚀 <b>");
        assert!(faults.finish().is_ok());
    }
}
