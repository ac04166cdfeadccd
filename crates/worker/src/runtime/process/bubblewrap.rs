//! Finds bubblewrap on this machine and what its version can do.

use std::path::{Path, PathBuf};

use aether_models::UserError;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::runtime::RuntimeError;

/// Folders of the usual packages; Aether's own `PATH` is not asked, so that it cannot decide what runs as root.
const FOLDERS: &[&str] = &["/usr/bin", "/usr/local/bin", "/bin", "/run/current-system/sw/bin"];
/// The first version with `--clearenv`; Debian 11 has 0.4 and is too old.
const OLDEST: (u32, u32) = (0, 5);

/// A bubblewrap that was found and asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bubblewrap {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
    /// `--disable-userns` (0.8): nothing inside can make a user namespace, where kernel faults are reachable.
    pub(crate) can_disable_user_namespaces: bool,
    /// `--size` (0.7): private file systems are bounded.
    pub(crate) can_bound_tmpfs: bool,
}

impl Bubblewrap {
    /// Looks for it at `path`, or in the usual folders.
    pub(crate) async fn find(path: Option<&Path>) -> Result<Self, RuntimeError> {
        let found = match path {
            Some(path) => path.is_file().then(|| path.to_owned()),
            None => FOLDERS
                .iter()
                .map(|folder| Path::new(folder).join("bwrap"))
                .find(|path| path.is_file()),
        };
        let path = found.ok_or_else(missing)?;
        let version = ask(&path, "--version").await?;
        let version = version.trim().trim_start_matches("bubblewrap ").to_owned();
        if parse_version(&version).is_none_or(|version| version < OLDEST) {
            return Err(too_old(&version).into());
        }
        let help = ask(&path, "--help").await?;
        Ok(Self {
            path,
            version,
            can_disable_user_namespaces: help.contains("--disable-userns"),
            can_bound_tmpfs: help.contains("--size "),
        })
    }
}

async fn ask(path: &Path, question: &str) -> Result<String, RuntimeError> {
    let output = Command::new(path)
        .arg(question)
        .env_clear()
        .output()
        .await
        .map_err(|source| RuntimeError::Io {
            context: "asking bubblewrap for its version",
            source,
        })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

fn missing() -> UserError {
    UserError::new(
        "bubblewrap_missing",
        "bubblewrap is not installed",
        "Without Docker, builds and apps run as sandboxed processes, and bubblewrap makes the sandbox.",
    )
    .hint("Install it (`apt install bubblewrap`, `dnf install bubblewrap`), or start a Docker engine.")
}

fn too_old(version: &str) -> UserError {
    let (major, minor) = OLDEST;
    UserError::new(
        "bubblewrap_too_old",
        "bubblewrap is too old",
        format!("This machine has bubblewrap {version}; {major}.{minor} or newer is needed."),
    )
    .hint("Upgrade bubblewrap, or start a Docker engine.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(parse_version("0.11.0"), Some((0, 11)));
        assert!(parse_version("0.4.1").is_some_and(|version| version < OLDEST));
        assert!(parse_version("0.10.0").is_some_and(|version| version >= OLDEST));
        assert_eq!(parse_version("unknown"), None);
    }

    #[tokio::test]
    async fn a_machine_without_bubblewrap_is_told_what_to_install() {
        let error = Bubblewrap::find(Some(Path::new("/nonexistent/bwrap")))
            .await
            .unwrap_err();
        let RuntimeError::User(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.code, "bubblewrap_missing");
        assert!(error.hint.unwrap().contains("apt install bubblewrap"));
    }
}
