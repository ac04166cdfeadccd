//! The files of the database: made whole or not at all, and checked before every start.
//!
//! `initdb` works in a directory beside the final one, which takes its name only when everything is in it, so a start that
//! was cut short leaves nothing that could be taken for a database.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::{Account, EmbeddedError, PostgresBinaries};

/// The database and the role that owns it.
pub(super) const DATABASE: &str = "aether";
pub(super) const ROLE: &str = "aether";
/// Prefix of a data directory in the making.
const UNFINISHED: &str = "postgres.new-";

/// The data directory of the private Postgres.
pub(super) struct Cluster<'a> {
    pub(super) directory: &'a Path,
    pub(super) account: Option<&'a Account>,
    pub(super) durable: bool,
}

impl Cluster<'_> {
    /// Creates the files when there are none, and returns the installed version that fits them.
    pub(super) async fn prepare(&self) -> Result<PostgresBinaries, EmbeddedError> {
        let made_by = self.made_by()?;
        let binaries = PostgresBinaries::choose(made_by.as_deref(), self.directory)?;
        if made_by.is_none() {
            tracing::info!(directory = %self.directory.display(), "creating the database");
            self.create(&binaries).await?;
        }
        self.write_access_rules(self.directory)?;
        Ok(binaries)
    }

    /// Major version that made the files; `None` when there are none yet.
    fn made_by(&self) -> Result<Option<String>, EmbeddedError> {
        let incomplete = || EmbeddedError::Incomplete {
            path: self.directory.to_owned(),
        };
        let mut entries = match std::fs::read_dir(self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(EmbeddedError::NotWritable {
                    path: self.directory.to_owned(),
                    source,
                });
            }
        };
        if entries.next().is_none() {
            return Ok(None);
        }
        let version = std::fs::read_to_string(self.directory.join("PG_VERSION")).map_err(|_| incomplete())?;
        let complete = self.directory.join("global/pg_control").is_file() && !version.trim().is_empty();
        if complete {
            Ok(Some(version.trim().to_owned()))
        } else {
            Err(incomplete())
        }
    }

    async fn create(&self, binaries: &PostgresBinaries) -> Result<(), EmbeddedError> {
        let parent = self.directory.parent().unwrap_or(Path::new("/"));
        remove_unfinished(parent);
        let unfinished = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(EmbeddedError::not_writable(parent))?;
        if let Some(account) = self.account {
            account.own(unfinished.path())?;
        }
        self.run_initdb(binaries, unfinished.path()).await?;
        self.create_database(binaries, unfinished.path()).await?;
        std::fs::rename(unfinished.keep(), self.directory)
            .and_then(|()| std::fs::File::open(parent)?.sync_all())
            .map_err(EmbeddedError::not_writable(self.directory))
    }

    async fn run_initdb(&self, binaries: &PostgresBinaries, directory: &Path) -> Result<(), EmbeddedError> {
        let mut arguments: Vec<OsString> = [
            "--encoding=UTF8",
            "--lc-collate=C",
            "--lc-ctype=C.UTF-8",
            "--auth-local=peer",
            "--auth-host=reject",
            "--username",
            ROLE,
            "--pgdata",
        ]
        .map(OsString::from)
        .into();
        arguments.push(directory.into());
        if !self.durable {
            // Smaller log segments make a copy of the whole directory cheap.
            arguments.extend(["--no-sync".into(), "--wal-segsize=1".into()]);
        }
        self.run("initdb", binaries.initdb(), arguments, directory, "")
            .await
    }

    /// Single-user mode needs no server and no client program.
    async fn create_database(
        &self,
        binaries: &PostgresBinaries,
        directory: &Path,
    ) -> Result<(), EmbeddedError> {
        let arguments = [
            OsStr::new("--single"),
            OsStr::new("-D"),
            directory.as_os_str(),
            OsStr::new("postgres"),
        ];
        let statement = format!("create database {DATABASE} owner {ROLE};\n");
        let arguments = arguments.map(OsString::from).into();
        self.run(
            "PostgreSQL",
            binaries.postgres(),
            arguments,
            directory,
            &statement,
        )
        .await
    }

    async fn run(
        &self,
        name: &'static str,
        program: PathBuf,
        arguments: Vec<OsString>,
        directory: &Path,
        input: &str,
    ) -> Result<(), EmbeddedError> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .envs([
                ("PATH", "/usr/bin:/bin"),
                ("LANG", "C"),
                ("LC_ALL", "C"),
                ("TZ", "UTC"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        let failed = |error: std::io::Error| EmbeddedError::failed(name, &error);
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await.map_err(failed)?;
        }
        let output = child.wait_with_output().await.map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = |line: &&str| line.contains("error:") || line.contains("FATAL") || line.contains("PANIC");
        let line = text
            .lines()
            .find(told)
            .or_else(|| text.lines().last())
            .unwrap_or("no reason given");
        Err(EmbeddedError::failed(name, &line.trim()))
    }

    /// Only the user that runs the platform may connect, and the kernel vouches for it (peer). Written at every start,
    /// because that user may be another one than last time.
    fn write_access_rules(&self, directory: &Path) -> Result<(), EmbeddedError> {
        let user = Account::own_name()?.replace('"', "\"\"");
        self.write(&directory.join("pg_hba.conf"), "local all all peer map=aether\n")?;
        self.write(
            &directory.join("pg_ident.conf"),
            &format!("aether \"{user}\" {ROLE}\n"),
        )
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), EmbeddedError> {
        std::fs::write(path, text).map_err(EmbeddedError::not_writable(path))?;
        self.account.map_or(Ok(()), |account| account.own(path))
    }
}

/// What a start that was killed in the middle left behind. The caller holds the directory's lock.
fn remove_unfinished(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(path = %entry.path().display(), %error, "cannot remove an unfinished database");
        }
    }
}
