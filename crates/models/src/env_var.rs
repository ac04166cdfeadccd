//! Environment variables of a project: names that are allowed and where they reach.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest name, characters.
pub const ENV_NAME_MAX: usize = 128;
/// Longest value, bytes (Linux refuses a single string over 128 KiB at `execve`).
pub const ENV_VALUE_MAX: usize = 64 * 1024;
/// Most variables of one project.
pub const ENV_VARS_MAX: usize = 1000;
/// Shorter secret values cannot be masked without hiding half the log.
pub const MASKED_MIN: usize = 6;

/// Names that would change how Aether's own tools run, or that Aether sets itself.
const RESERVED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "TMPDIR",
    "HOST",
    "PORT",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "DOCKER_HOST",
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "BASH_ENV",
    "ENV",
    "IFS",
];
const RESERVED_PREFIXES: &[&str] = &["AETHER_", "PLATFORM_"];

/// A name that a shell and every runtime can carry: `[A-Za-z_][A-Za-z0-9_]*`, not reserved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct EnvName(String);

/// The name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEnvName {
    /// Empty, too long, or with other characters.
    #[error(
        "use letters, digits and underscores for a variable's name, at most {ENV_NAME_MAX}, and no digit at its start"
    )]
    Form,
    /// Set by the platform.
    #[error("the platform itself sets {0}, so it cannot be changed")]
    Reserved(String),
}

impl EnvName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvName {
    type Err = InvalidEnvName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !first || text.len() > ENV_NAME_MAX || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(InvalidEnvName::Form);
        }
        let upper = text.to_ascii_uppercase();
        if RESERVED.contains(&upper.as_str())
            || RESERVED_PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
        {
            return Err(InvalidEnvName::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for EnvName {
    type Error = InvalidEnvName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EnvName> for String {
    fn from(name: EnvName) -> Self {
        name.0
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a variable is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvScope {
    /// While installing and building.
    Build,
    /// While the app runs.
    Runtime,
    /// Both.
    All,
}

impl EnvScope {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Runtime => "runtime",
            Self::All => "all",
        }
    }

    /// The build sees it.
    #[must_use]
    pub const fn in_build(self) -> bool {
        matches!(self, Self::Build | Self::All)
    }

    /// The running app sees it.
    #[must_use]
    pub const fn in_runtime(self) -> bool {
        matches!(self, Self::Runtime | Self::All)
    }
}

impl FromStr for EnvScope {
    type Err = crate::UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Build, Self::Runtime, Self::All]
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| crate::UnknownName(text.to_owned()))
    }
}

/// Which environments a variable is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvTarget {
    /// All that have none of their own under the same name.
    #[default]
    All,
    /// Production only.
    Production,
    /// Previews only.
    Preview,
}

impl EnvTarget {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }
}

impl FromStr for EnvTarget {
    type Err = crate::UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::All, Self::Production, Self::Preview]
            .into_iter()
            .find(|target| target.as_str() == text)
            .ok_or_else(|| crate::UnknownName(text.to_owned()))
    }
}

/// One variable with its value in the clear; exists only in memory, on its way into or out of a sealed snapshot.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// Its name.
    pub name: EnvName,
    /// Its value.
    pub value: String,
    /// When it is visible.
    pub scope: EnvScope,
    /// The value is never shown again and is masked in logs.
    pub secret: bool,
}

impl fmt::Debug for EnvVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvVar")
            .field("name", &self.name)
            .field("value", &"…")
            .finish_non_exhaustive()
    }
}

/// A value can be handed to a process: no NUL, not too long.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_env_value(value: &str) -> Result<(), &'static str> {
    if value.contains('\0') {
        return Err("a value cannot contain a NUL byte");
    }
    if value.len() > ENV_VALUE_MAX {
        return Err("a value has to be at most 64 KiB long");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_63_names_of_the_platform_are_refused() {
        for name in [
            "PATH",
            "path",
            "LD_PRELOAD",
            "DOCKER_HOST",
            "HOME",
            "GIT_SSH_COMMAND",
            "PLATFORM_X",
            "AETHER_X",
        ] {
            assert_eq!(
                name.parse::<EnvName>(),
                Err(InvalidEnvName::Reserved(name.to_owned()))
            );
        }
    }

    #[test]
    fn input_64_malformed_names_are_refused() {
        for name in ["", "A=B", "a b", "1A", "A\nB", "Ä", "a-b", &"A".repeat(1000)] {
            assert_eq!(name.parse::<EnvName>(), Err(InvalidEnvName::Form), "{name:?}");
        }
        assert!("KEY".parse::<EnvName>().is_ok() && "key".parse::<EnvName>().is_ok());
    }
}
