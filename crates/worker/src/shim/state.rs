//! The state folder of one app, `<data dir>/run/apps/<instance uuid>/`, readable by its owner only.
//!
//! | file | |
//! |---|---|
//! | `lock` | held (flock) by the supervisor as long as it lives; says without doubt whether there is one |
//! | `app.json` | who the app is, its supervisor's process, its control groups. Never a value of the environment |
//! | `control.sock` | where the supervisor is asked |
//! | `app.log`, `app.log.1` | what the app printed |
//! | `sandbox-status`, `shim.log` | for finding faults of the sandbox and of the supervisor |

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use serde::{Deserialize, Serialize};

use super::protocol::Identity;
use crate::runtime::process::cgroups::Group;

/// Names one app's folder.
#[derive(Debug, Clone)]
pub(crate) struct StateFolder {
    path: PathBuf,
}

/// What the supervisor writes down about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// The supervisor.
    pub(crate) pid: i32,
    /// When it started, in the kernel's ticks: the same number with another start is another process.
    pub(crate) started: u64,
    /// Emptied by the worker if the supervisor was killed.
    pub(crate) group: Option<Group>,
}

/// A unix socket's path may have 107 bytes only, so it is named through its open folder.
#[derive(Debug)]
pub(crate) struct SocketPath {
    folder: OwnedFd,
}

impl StateFolder {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
    }

    pub(crate) fn sandbox_status(&self) -> PathBuf {
        self.path.join("sandbox-status")
    }

    pub(crate) fn own_log(&self) -> PathBuf {
        self.path.join("shim.log")
    }

    /// Takes the lock of the supervisor; none when another one has it.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.join("lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Whether the folder was removed under its supervisor, which then cannot be asked or stopped by anybody any more.
    /// A disk that does not answer is another matter.
    pub(crate) fn was_removed(&self) -> bool {
        matches!(self.path.join("lock").try_exists(), Ok(false))
    }

    /// Whether a supervisor lives.
    pub(crate) fn is_supervised(&self) -> bool {
        let Ok(file) = File::open(self.path.join("lock")) else {
            return false;
        };
        // Shared, so that two who look do not take each other for a supervisor.
        matches!(
            flock(&file, FlockOperation::NonBlockingLockShared),
            Err(rustix::io::Errno::WOULDBLOCK)
        )
    }

    pub(crate) fn record(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.path.join("app.json")).ok()?).ok()
    }

    /// Written aside and renamed, so that a reader sees all of it or the one before.
    pub(crate) fn write_record(&self, record: &Record) -> io::Result<()> {
        let aside = self.path.join("app.json.new");
        fs::write(&aside, serde_json::to_vec(record)?)?;
        fs::rename(aside, self.path.join("app.json"))
    }

    pub(crate) fn socket(&self) -> io::Result<SocketPath> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.path, flags, Mode::empty())?;
        Ok(SocketPath { folder })
    }
}

impl SocketPath {
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/control.sock", self.folder.as_raw_fd()))
    }
}
