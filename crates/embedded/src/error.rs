//! What can keep an embedded server from starting, each as one line that says what to do.

use std::path::{Path, PathBuf};

/// Why an embedded server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The server is not installed.
    #[error("{program} was not found on this machine; install it with: apt-get install {package}")]
    MissingBinary {
        /// The program looked for.
        program: &'static str,
        /// The Debian package that has it.
        package: String,
    },
    /// Another process holds the directory's lock.
    #[error("{} is in use by another running instance (process {holder})", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Process id of the holder, or a question mark.
        holder: String,
    },
    /// The directory cannot be written.
    #[error("{} cannot be written ({source}); set AETHER_DATA_DIR to a directory this user may write to", path.display())]
    NotWritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Started as root, and the unprivileged user may not enter a parent directory.
    #[error(
        "the user {user}, as which the servers run, may not enter {}; open it with chmod o+x, or set AETHER_DATA_DIR to a directory outside of it, such as /var/lib/aether",
        path.display()
    )]
    Unreachable {
        /// The parent directory that is closed.
        path: PathBuf,
        /// The unprivileged user.
        user: String,
    },
    /// Started as root, and there is no user to run the servers as.
    #[error("there is no user {0} on this machine to run Postgres as; create one with: useradd --system {0}")]
    NoSuchUser(String),
    /// The directory has files in it but is not a database.
    #[error(
        "{} is not a complete Postgres data directory; restore it from a backup, or move it away to start empty",
        path.display()
    )]
    Incomplete {
        /// The directory.
        path: PathBuf,
    },
    /// The database was made by a version that is not installed.
    #[error(
        "the database in {} was made by PostgreSQL {made_by}, but this machine has only {installed}; install it with: apt-get install postgresql-{made_by}",
        path.display()
    )]
    VersionMismatch {
        /// The data directory.
        path: PathBuf,
        /// Major version in `PG_VERSION`.
        made_by: String,
        /// Major versions found.
        installed: String,
    },
    /// The server, or a program that prepares its files, failed.
    #[error("{program} did not start: {reason}")]
    Failed {
        /// The program.
        program: &'static str,
        /// Its own last words, on one line.
        reason: String,
    },
    /// A leftover of an earlier run would not end.
    #[error("{program} of an earlier run (process {pid}) does not end; end it by hand")]
    Leftover {
        /// The program.
        program: &'static str,
        /// Its process id.
        pid: i32,
    },
}

impl EmbeddedError {
    pub(crate) fn not_writable(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::NotWritable {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn failed(program: &'static str, reason: &dyn std::fmt::Display) -> Self {
        Self::Failed {
            program,
            reason: reason.to_string(),
        }
    }
}
