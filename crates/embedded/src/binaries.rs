//! Where the servers' programs are. Debian keeps each Postgres version in a directory of its own, outside of `PATH`.

use std::path::{Path, PathBuf};

use crate::EmbeddedError;

const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";
const FALLBACK_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One installed Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresBinaries {
    /// Major version, such as `15`.
    pub major: String,
    /// Directory with `postgres` and `initdb`.
    pub directory: PathBuf,
}

impl PostgresBinaries {
    /// Every Postgres server on this machine, newest first.
    pub fn installed() -> Vec<Self> {
        let mut found: Vec<Self> = std::fs::read_dir(DEBIAN_POSTGRES)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| Self {
                major: entry.file_name().to_string_lossy().into_owned(),
                directory: entry.path().join("bin"),
            })
            .chain(Self::on_path())
            .filter(|binaries| binaries.postgres().is_file() && binaries.initdb().is_file())
            .collect();
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major.parse::<u32>().unwrap_or(0)));
        found
    }

    /// The Postgres to use for a data directory made by version `made_by` (any, when it is not made yet).
    pub(crate) fn choose(made_by: Option<&str>, data: &Path) -> Result<Self, EmbeddedError> {
        let installed = Self::installed();
        if installed.is_empty() {
            let package = made_by.map_or("postgresql".to_owned(), |major| format!("postgresql-{major}"));
            return Err(EmbeddedError::MissingBinary {
                program: "PostgreSQL",
                package,
            });
        }
        let names: Vec<_> = installed.iter().map(|binaries| binaries.major.clone()).collect();
        let fitting = installed
            .into_iter()
            .find(|binaries| made_by.is_none_or(|made| made == binaries.major));
        fitting.ok_or_else(|| EmbeddedError::VersionMismatch {
            path: data.to_owned(),
            made_by: made_by.unwrap_or_default().to_owned(),
            installed: names.join(", "),
        })
    }

    /// The server.
    pub fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    /// The program that creates a data directory.
    pub fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    fn on_path() -> Option<Self> {
        let postgres = find_on_path("postgres")?.canonicalize().ok()?;
        let output = std::process::Command::new(&postgres)
            .arg("--version")
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let major = version.split('.').next()?.to_owned();
        Some(Self {
            major,
            directory: postgres.parent()?.to_owned(),
        })
    }
}

/// The Redis server, when it is installed.
pub fn redis_server() -> Option<PathBuf> {
    find_on_path("redis-server")
}

fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| FALLBACK_PATH.into());
    std::env::split_paths(&path)
        .chain(std::env::split_paths(FALLBACK_PATH))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_version_that_is_not_installed_is_named_with_the_package_to_install() {
        let error = PostgresBinaries::choose(Some("9"), Path::new("/data/postgres"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("postgresql-9"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
