//! The private Redis: a unix socket, an append-only file (the default snapshots lose minutes), never evicting.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::files::{RunDirectory, ServerLog, create_owned_directory};
use crate::leftover::end_leftover;
use crate::postgres::percent_encode;
use crate::supervisor::{Program, Readiness};
use crate::{
    Account, DirectoryLock, EmbeddedError, Server, create_private_directory, create_shared_directory,
    redis_server,
};

/// Redis only carries wake-ups, live events and counters; whoever needs more than this has a leak.
const MEMORY_MAX: &str = "256mb";

/// How to start a private Redis.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// The platform's data directory; the files are in `redis/` below it.
    pub data_dir: PathBuf,
    /// User to run as when started as root; by default `postgres`, else `nobody`.
    pub user: Option<String>,
}

impl RedisConfig {
    /// The default configuration in a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            user: None,
        }
    }
}

/// A running private Redis.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    socket: PathBuf,
    _run: RunDirectory,
    _lock: DirectoryLock,
}

impl Redis {
    /// Starts it and waits until it answers.
    pub async fn start(config: RedisConfig) -> Result<Self, EmbeddedError> {
        create_shared_directory(&config.data_dir)?;
        let data_dir = config
            .data_dir
            .canonicalize()
            .map_err(EmbeddedError::not_writable(&config.data_dir))?;
        let lock = DirectoryLock::take(&data_dir, "redis.lock")?;
        let logs = data_dir.join("logs");
        create_private_directory(&logs)?;
        let log = ServerLog::open(&logs, "redis")?;
        let missing = || EmbeddedError::MissingBinary {
            program: "Redis",
            package: "redis-server".into(),
        };
        let binary = redis_server().ok_or_else(missing)?;
        let account = Account::for_servers(config.user.as_deref())?;
        let directory = data_dir.join("redis");
        if let Some(account) = &account {
            account.check_reaches(&directory)?;
        }
        create_owned_directory(&directory, account.as_ref())?;
        let pid_file = directory.join("redis.pid");
        end_leftover("Redis", &pid_file, &directory, Signal::SIGTERM).await?;

        let run = RunDirectory::create(&data_dir, account.as_ref())?;
        let socket = run.path().join("redis.sock");
        let program = Program {
            name: "Redis",
            binary,
            arguments: arguments(&directory, &socket, &pid_file),
            readiness: Readiness::RedisPing(socket.clone()),
            directory,
            account,
            // Redis' ordered shutdown: the append-only file is written out first.
            stop: Signal::SIGTERM,
        };
        let server = Server::start(program, log).await?;
        Ok(Self {
            server,
            socket,
            _run: run,
            _lock: lock,
        })
    }

    /// Its address, for `REDIS_URL`.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", percent_encode(&self.socket))
    }

    /// The child, for tests of faults.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.server.pid()
    }

    /// Ends it after everything is written. At most 20 s.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

fn arguments(directory: &Path, socket: &Path, pid_file: &Path) -> Vec<OsString> {
    let path = Path::as_os_str;
    [
        ("--port", "0".as_ref()),
        ("--unixsocket", path(socket)),
        ("--unixsocketperm", "700".as_ref()),
        ("--dir", path(directory)),
        ("--pidfile", path(pid_file)),
        ("--daemonize", "no".as_ref()),
        ("--appendonly", "yes".as_ref()),
        ("--appendfsync", "everysec".as_ref()),
        ("--save", "".as_ref()),
        ("--maxmemory", MEMORY_MAX.as_ref()),
        ("--maxmemory-policy", "noeviction".as_ref()),
        ("--databases", "64".as_ref()),
        ("--logfile", "".as_ref()),
        ("--set-proc-title", "no".as_ref()),
    ]
    .into_iter()
    .flat_map(|(name, value)| [OsString::from(name), value.to_owned()])
    .collect()
}
