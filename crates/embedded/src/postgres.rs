//! The private Postgres: peer authentication over a unix socket, small, durable.

mod cluster;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::files::{RunDirectory, ServerLog};
use crate::leftover::end_leftover;
use crate::supervisor::{Program, Readiness};
use crate::{
    Account, DirectoryLock, EmbeddedError, Server, create_private_directory, create_shared_directory,
};
use cluster::{Cluster, DATABASE, ROLE};

/// Small on purpose: the whole platform should fit a machine with 1 GB. Everything is a start argument, so an upgrade of
/// the platform needs no edit of a file in the data directory.
const SETTINGS: [&str; 13] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=100",
    "shared_buffers=32MB",
    "max_wal_size=256MB",
    "min_wal_size=32MB",
    "jit=off",
    "max_logical_replication_workers=0",
    "max_parallel_workers=0",
    // A session that holds a row lock and went silent must not stop every deployment behind it.
    "idle_in_transaction_session_timeout=60s",
    // Messages may quote row contents; only the bare message goes to the log.
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "logging_collector=off",
];

/// For tests only: a crash of the machine may lose everything, a crash of the server loses nothing. What a killed server
/// shared with its children lies in its own directory and goes with it, instead of filling `/dev/shm`.
const NOT_DURABLE: [&str; 3] = [
    "fsync=off",
    "full_page_writes=off",
    "dynamic_shared_memory_type=mmap",
];

/// How to start a private Postgres.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// The platform's data directory; the database is in `postgres/` below it.
    pub data_dir: PathBuf,
    /// User to run as when started as root; by default `postgres`, else `nobody`.
    pub user: Option<String>,
    /// Whether data must survive a crash of the machine. Only tests turn this off.
    pub durable: bool,
}

impl PostgresConfig {
    /// The default configuration in a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            user: None,
            durable: true,
        }
    }
}

/// A running private Postgres.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    run: RunDirectory,
    _lock: DirectoryLock,
}

impl Postgres {
    /// Starts it, creating its files on the first start, and waits until it answers.
    pub async fn start(config: PostgresConfig) -> Result<Self, EmbeddedError> {
        create_shared_directory(&config.data_dir)?;
        let data_dir = config
            .data_dir
            .canonicalize()
            .map_err(EmbeddedError::not_writable(&config.data_dir))?;
        let lock = DirectoryLock::take(&data_dir, "postgres.lock")?;
        let logs = data_dir.join("logs");
        create_private_directory(&logs)?;
        let log = ServerLog::open(&logs, "postgres")?;
        let account = Account::for_servers(config.user.as_deref())?;
        let directory = data_dir.join("postgres");
        if let Some(account) = &account {
            account.check_reaches(&directory)?;
        }
        let pid_file = directory.join("postmaster.pid");
        // SIGINT is Postgres' fast shutdown: open sessions are ended, everything is written.
        end_leftover("PostgreSQL", &pid_file, &directory, Signal::SIGINT).await?;

        let cluster = Cluster {
            directory: &directory,
            account: account.as_ref(),
            durable: config.durable,
        };
        let binaries = cluster.prepare().await?;
        let run = RunDirectory::create(&data_dir, account.as_ref())?;
        let program = Program {
            name: "PostgreSQL",
            binary: binaries.postgres(),
            arguments: arguments(&directory, run.path(), config.durable),
            readiness: Readiness::PostmasterPid(pid_file),
            directory,
            account,
            stop: Signal::SIGINT,
        };
        let server = Server::start(program, log).await?;
        Ok(Self {
            server,
            run,
            _lock: lock,
        })
    }

    /// Address of the platform's database, for `DATABASE_URL`.
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// Address of another database of the same server.
    pub fn url_of(&self, database: &str) -> String {
        format!(
            "postgres://{ROLE}@localhost/{database}?host={}",
            percent_encode(self.run.path())
        )
    }

    /// The child, for tests of faults.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.server.pid()
    }

    /// Ends it: open sessions are cut, everything is written. At most 20 s.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

fn arguments(directory: &Path, run: &Path, durable: bool) -> Vec<OsString> {
    let mut sockets = OsString::from("unix_socket_directories=");
    sockets.push(run);
    let settings = SETTINGS
        .iter()
        .chain(if durable { [].iter() } else { NOT_DURABLE.iter() });
    let settings = settings.map(OsString::from).chain([sockets]);
    let options = settings.flat_map(|setting| [OsString::from("-c"), setting]);
    [OsString::from("-D"), directory.into()]
        .into_iter()
        .chain(options)
        .collect()
}

/// RFC 3986, section 2.1, over everything that is not plainly part of a path.
pub(crate) fn percent_encode(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte);
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())
        .iter()
        .map(|byte| {
            if plain(*byte) {
                char::from(*byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
