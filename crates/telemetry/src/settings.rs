//! Settings from the environment, `.env` and secret files, read completely before anything starts.
//!
//! A reader never stops at the first fault: it notes every one, hands back a stand-in, and [`SettingsReader::finish`]
//! reports them all. Messages name keys and say what is expected; values never appear, since any of them may be a secret
//! that was put into the wrong place.

mod checks;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

/// Prefix of our own variables; others in the environment are none of our business.
const PREFIX: &str = "AETHER_";
/// Every setting of every service, one a line; what stands there is known, also to a service that has no use for it.
const DOCUMENTED: &str = include_str!("../../../.env.example");
/// Suffix of the variable that names a file with the value.
const FILE_SUFFIX: &str = "_FILE";

/// One thing wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The variable.
    pub key: String,
    /// What is wrong, without its value.
    pub problem: String,
}

/// Everything wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// In the order they were read.
    pub faults: Vec<SettingFault>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self
            .faults
            .iter()
            .map(|fault| format!("{}: {}", fault.key, fault.problem))
            .collect();
        match lines.as_slice() {
            [line] => write!(f, "wrong setting: {line}"),
            lines => write!(f, "{} wrong settings:\n  {}", lines.len(), lines.join("\n  ")),
        }
    }
}

impl std::error::Error for SettingsError {}

/// Reads settings and collects what is wrong with them.
#[derive(Debug)]
pub struct SettingsReader {
    values: BTreeMap<String, String>,
    defaults: BTreeMap<String, String>,
    asked: BTreeSet<String>,
    faults: Vec<SettingFault>,
}

impl SettingsReader {
    /// The process' environment over `.env` in the working directory.
    pub fn from_environment() -> Self {
        let mut reader = Self::from_pairs([]);
        reader.read_dotenv();
        reader.values.extend(source::environment());
        reader
    }

    /// Exactly these settings.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            values: pairs.into_iter().collect(),
            defaults: BTreeMap::new(),
            asked: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    /// Sets what applies when nothing else is said (the embedded mode's own defaults).
    pub fn default_to(&mut self, key: &str, value: impl Into<String>) {
        self.defaults.insert(key.to_owned(), value.into());
    }

    /// Says that a key is another part's business, so that it does not count as unknown.
    pub fn allow(&mut self, keys: &[&str]) {
        self.asked.extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// A text that may be absent. Empty counts as absent.
    pub fn optional_text(&mut self, key: &str) -> Option<String> {
        self.asked.insert(key.to_owned());
        self.asked.insert(format!("{key}{FILE_SUFFIX}"));
        let file = self
            .values
            .get(&format!("{key}{FILE_SUFFIX}"))
            .filter(|path| !path.is_empty())
            .cloned();
        let direct = self.values.get(key).filter(|value| !value.is_empty()).cloned();
        match (direct, file) {
            (Some(_), Some(_)) => {
                self.fault(key, format!("set either this or {key}{FILE_SUFFIX}, not both"));
                None
            }
            (Some(value), None) => Some(value),
            (None, Some(path)) => self.read_file(key, &path),
            (None, None) => self.defaults.get(key).cloned(),
        }
    }

    /// A text, or its default.
    pub fn text(&mut self, key: &str, default: &str) -> String {
        self.optional_text(key).unwrap_or_else(|| default.to_owned())
    }

    /// A value that may be absent; `expected` completes "must be …".
    pub fn optional<T: FromStr>(&mut self, key: &str, expected: &str) -> Option<T> {
        let text = self.optional_text(key)?;
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.fault(key, format!("must be {expected}"));
        }
        value
    }

    /// A value, or its default; `expected` completes "must be …".
    pub fn parse<T: FromStr>(&mut self, key: &str, default: T, expected: &str) -> T {
        self.optional(key, expected).unwrap_or(default)
    }

    /// A value that must be there. The stand-in is handed back only when [`SettingsReader::finish`] fails.
    pub fn required<T: FromStr>(&mut self, key: &str, stand_in: T, expected: &str) -> T {
        match self.optional_text(key) {
            Some(_) => self.optional(key, expected).unwrap_or(stand_in),
            None => {
                self.missing(key);
                stand_in
            }
        }
    }

    /// An address to listen on, such as `127.0.0.1:3000`.
    pub fn address(&mut self, key: &str, default: SocketAddr) -> SocketAddr {
        self.parse(key, default, "an address with a port, such as 127.0.0.1:3000")
    }

    /// A directory or file; relative ones count from the working directory.
    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        let path = self.optional_text(key)?;
        let absolute = std::path::absolute(path).ok();
        if absolute.is_none() {
            self.fault(key, "must be a path".to_owned());
        }
        absolute
    }

    /// A span of time, such as `90s` or `15m`.
    pub fn duration(&mut self, key: &str, default: Duration) -> Duration {
        let Some(text) = self.optional_text(key) else {
            return default;
        };
        match humantime::parse_duration(text.trim()) {
            Ok(duration) => duration,
            Err(_) => {
                self.fault(key, "must be a span of time such as 90s or 15m".to_owned());
                default
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        self.parse(key, default, "true or false")
    }

    /// Values separated by commas; spaces around them do not count.
    pub fn list(&mut self, key: &str) -> Vec<String> {
        let text = self.optional_text(key).unwrap_or_default();
        text.split(',')
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Connection address of Postgres or Redis (`schemes` says which).
    pub fn connection(&mut self, key: &str, schemes: &[&str]) -> SecretString {
        self.checked_secret(key, |value| checks::connection(value, schemes))
    }

    /// A key to encrypt or sign with: at least 32 bytes, and not one from a how-to.
    pub fn secret_key(&mut self, key: &str) -> SecretString {
        self.checked_secret(key, checks::secret_key)
    }

    /// A secret that may be absent.
    pub fn optional_secret(&mut self, key: &str) -> Option<SecretString> {
        self.optional_text(key).map(SecretString::from)
    }

    /// The address people reach this instance at, without a closing slash: `https`, or `http` for this machine only.
    pub fn public_url(&mut self, key: &str, default: &str) -> String {
        let url = self.text(key, default);
        if let Err(problem) = checks::public_url(&url) {
            self.fault(key, problem);
        }
        url.trim_end_matches('/').to_owned()
    }

    /// Notes a fault found by the caller.
    pub fn fault(&mut self, key: &str, problem: impl Into<String>) {
        let fault = SettingFault {
            key: key.to_owned(),
            problem: problem.into(),
        };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Our variables that nobody has asked for and no page documents: probably misspelt.
    pub fn unknown_keys(&self) -> Vec<&str> {
        let ours = self.values.keys().filter(|key| key.starts_with(PREFIX));
        ours.filter(|key| !self.asked.contains(*key) && !is_documented(key))
            .map(String::as_str)
            .collect()
    }

    /// Ends the reading: fails with every fault, warns about unknown keys.
    pub fn finish(&mut self) -> Result<(), SettingsError> {
        for key in self.unknown_keys() {
            tracing::warn!(key, "unknown setting; it has no effect");
        }
        let faults = std::mem::take(&mut self.faults);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(SettingsError { faults })
        }
    }

    fn checked_secret(&mut self, key: &str, check: impl Fn(&str) -> Result<(), String>) -> SecretString {
        let Some(value) = self.optional_text(key) else {
            self.missing(key);
            return SecretString::default();
        };
        if let Err(problem) = check(&value) {
            self.fault(key, problem);
        }
        value.into()
    }

    /// Nothing to add when the key has a fault already, such as an unreadable file.
    fn missing(&mut self, key: &str) {
        if !self.faults.iter().any(|fault| fault.key == key) {
            self.fault(
                key,
                format!("is required (or {key}{FILE_SUFFIX} with the path of a file that holds it)"),
            );
        }
    }

    fn read_file(&mut self, key: &str, path: &str) -> Option<String> {
        match source::secret_file(path) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.fault(key, format!("the file {key}{FILE_SUFFIX} names {problem}"));
                None
            }
        }
    }

    fn read_dotenv(&mut self) {
        match source::dotenv() {
            Ok(values) => self.values.extend(values),
            Err(problem) => self.fault(".env", problem),
        }
    }
}

fn is_documented(key: &str) -> bool {
    let key = key.strip_suffix(FILE_SUFFIX).unwrap_or(key);
    DOCUMENTED
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once('='))
        .any(|(name, _)| name == key)
}

#[cfg(test)]
mod tests;
