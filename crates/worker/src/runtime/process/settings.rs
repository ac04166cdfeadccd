//! What the operator decides about the process runtime.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::shim::FIRST_PAUSE;

/// How builds and apps are run as sandboxed processes.
#[derive(Debug, Clone)]
pub struct ProcessRuntimeSettings {
    /// Folder for what is kept while things run: scratch folders of builds and the state of apps, both under `run/`.
    pub data_dir: PathBuf,
    /// The binary that answers to the hidden subcommand `shim` ([`crate::shim::intercept`]). The default is the
    /// running binary itself, also after its file was replaced by an upgrade.
    pub executable: PathBuf,
    /// Where bubblewrap is; found in the usual folders when none is given.
    pub bubblewrap: Option<PathBuf>,
    /// The unprivileged account that builds and apps run as when Aether was started as root; `nobody` when none is
    /// given. Not used otherwise: without root, everything runs as the user that started Aether.
    pub run_as: Option<SandboxUser>,
    /// Paths besides the system's that builds and apps may read, at the same place (toolchains in `/opt`).
    pub extra_read_only: Vec<PathBuf>,
    /// Folders put before the standard `PATH`; they must be under `/usr` or one of `extra_read_only`.
    pub toolchain_path: Vec<PathBuf>,
    /// What of this machine's configuration reaches builds (registry mirrors, certificate authorities).
    pub build_access: HostAccess,
    /// What of this machine's configuration reaches apps.
    pub app_access: HostAccess,
    /// Whether control groups are used where the machine has them; without, limits are weaker.
    pub use_cgroups: bool,
    /// The pause before an app that ended is started again; it doubles with every further end.
    pub restart_pause: Duration,
}

/// An account by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxUser {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// Configuration of this machine that is handed into a sandbox.
#[derive(Debug, Clone, Default)]
pub struct HostAccess {
    /// Variables, below those of the project.
    pub env: BTreeMap<String, String>,
    /// Files to mount read-only: path on this machine, path inside (`/home/aether/.npmrc`).
    pub files: Vec<(PathBuf, String)>,
}

impl ProcessRuntimeSettings {
    /// The defaults, with state under `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            executable: PathBuf::from("/proc/self/exe"),
            bubblewrap: None,
            run_as: None,
            extra_read_only: Vec::new(),
            toolchain_path: Vec::new(),
            build_access: HostAccess::default(),
            app_access: HostAccess::default(),
            use_cgroups: true,
            restart_pause: FIRST_PAUSE,
        }
    }
}
