//! One control group: its limits, what happened in it, and its end.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::ResourceLimits;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Version;

const MIB: u64 = 1024 * 1024;
/// The kernel's default period for processor quotas, microseconds.
const CPU_PERIOD: u64 = 100_000;
/// How long killed processes may take to be gone. One that waits for a dead disk can take for ever.
const EMPTY_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A group made by [`super::Cgroups::create`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(super) version: Version,
    pub(super) memory: Option<PathBuf>,
    pub(super) pids: Option<PathBuf>,
    pub(super) cpu: Option<PathBuf>,
}

/// What was refused in a group since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Refusals {
    /// Processes killed because memory ran out.
    pub(crate) out_of_memory: u64,
    /// Processes or threads that could not be started.
    pub(crate) processes: u64,
}

impl Group {
    pub(crate) const fn limits_memory(&self) -> bool {
        self.memory.is_some()
    }

    pub(crate) const fn limits_processes(&self) -> bool {
        self.pids.is_some()
    }

    pub(crate) const fn limits_cpu(&self) -> bool {
        self.cpu.is_some()
    }

    /// The files a process writes itself into to join.
    pub(crate) fn join_files(&self) -> Vec<PathBuf> {
        self.folders()
            .into_iter()
            .map(|folder| folder.join("cgroup.procs"))
            .collect()
    }

    pub(super) fn make(&self, limits: &ResourceLimits) -> io::Result<()> {
        for folder in self.folders() {
            fs::create_dir_all(folder)?;
        }
        let memory = (u64::from(limits.memory_mb) * MIB).to_string();
        let quota = (u64::from(limits.cpus.millis) * CPU_PERIOD / 1000).max(1000);
        if let Some(folder) = &self.memory {
            match self.version {
                Version::V1 => {
                    fs::write(folder.join("memory.limit_in_bytes"), &memory)?;
                    // Memory and swap together; absent when the kernel does not count swap.
                    write_if_there(&folder.join("memory.memsw.limit_in_bytes"), &memory)?;
                }
                Version::V2 => {
                    fs::write(folder.join("memory.max"), &memory)?;
                    write_if_there(&folder.join("memory.swap.max"), "0")?;
                }
            }
        }
        if let Some(folder) = &self.pids {
            fs::write(folder.join("pids.max"), limits.pids.to_string())?;
        }
        if let Some(folder) = &self.cpu {
            match self.version {
                Version::V1 => fs::write(folder.join("cpu.cfs_quota_us"), quota.to_string())?,
                Version::V2 => fs::write(folder.join("cpu.max"), format!("{quota} {CPU_PERIOD}"))?,
            }
        }
        Ok(())
    }

    /// What was refused so far.
    pub(crate) fn refusals(&self) -> Refusals {
        let memory = match self.version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        let count = |folder: &Option<PathBuf>, file: &str, key: &str| {
            let folder = folder.as_ref()?;
            value_of(&fs::read_to_string(folder.join(file)).ok()?, key)
        };
        Refusals {
            out_of_memory: count(&self.memory, memory, "oom_kill").unwrap_or(0),
            processes: count(&self.pids, "pids.events", "max").unwrap_or(0),
        }
    }

    /// Kills everything in it, also what is being started meanwhile, and waits until it is empty. False when
    /// something would not die.
    pub(crate) async fn kill_all(&self) -> bool {
        let deadline = Instant::now() + EMPTY_WITHIN;
        loop {
            let members = self.members();
            if members.is_empty() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            if self.version == Version::V2
                && let Some(folder) = &self.memory
            {
                // Absent before Linux 5.14; the loop below does the same, only slower.
                let _ = fs::write(folder.join("cgroup.kill"), "1");
            }
            for member in members {
                let _ = kill(Pid::from_raw(member), Signal::SIGKILL);
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    /// Removes the empty group.
    pub(crate) async fn remove(&self) {
        let deadline = Instant::now() + EMPTY_WITHIN;
        for folder in self.folders() {
            // The last process counts as a member until it is reaped.
            while let Err(error) = fs::remove_dir(folder) {
                if error.kind() == io::ErrorKind::NotFound || Instant::now() >= deadline {
                    break;
                }
                tokio::time::sleep(LOOK_AGAIN_AFTER).await;
            }
        }
    }

    fn members(&self) -> BTreeSet<i32> {
        self.folders()
            .into_iter()
            .filter_map(|folder| fs::read_to_string(folder.join("cgroup.procs")).ok())
            .flat_map(|text| {
                text.lines()
                    .filter_map(|line| line.parse().ok())
                    .collect::<Vec<i32>>()
            })
            // 0 is a member that this pid namespace cannot see.
            .filter(|pid| *pid > 0)
            .collect()
    }

    fn folders(&self) -> BTreeSet<&Path> {
        [&self.memory, &self.pids, &self.cpu]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
            .collect()
    }
}

fn write_if_there(path: &Path, text: &str) -> io::Result<()> {
    if path.exists() {
        fs::write(path, text)
    } else {
        Ok(())
    }
}

/// The number after `key` in a file of `key number` lines.
fn value_of(text: &str, key: &str) -> Option<u64> {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(name, _)| *name == key)
        .and_then(|(_, number)| number.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> ResourceLimits {
        ResourceLimits {
            memory_mb: 64,
            cpus: 1.5.into(),
            pids: 32,
            disk_mb: 100,
        }
    }

    /// The files of version 2, in a plain folder: this is about which files get which values.
    #[test]
    fn version_2_limits_are_written_in_its_terms() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("memory.swap.max"), "max").unwrap();
        let path = Some(folder.path().to_owned());
        let group = Group {
            version: Version::V2,
            memory: path.clone(),
            pids: path.clone(),
            cpu: path,
        };
        group.make(&limits()).unwrap();
        let read = |file| fs::read_to_string(folder.path().join(file)).unwrap();
        assert_eq!(read("memory.max"), "67108864");
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(read("pids.max"), "32");
        assert_eq!(read("cpu.max"), "150000 100000");
        assert_eq!(group.join_files().len(), 1);
    }

    #[test]
    fn refusals_of_version_2_are_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("memory.events"), "low 0\noom 3\noom_kill 2\n").unwrap();
        fs::write(folder.path().join("pids.events"), "max 7\n").unwrap();
        let group = Group {
            version: Version::V2,
            memory: Some(folder.path().to_owned()),
            pids: Some(folder.path().to_owned()),
            cpu: None,
        };
        let refusals = group.refusals();
        assert_eq!((refusals.out_of_memory, refusals.processes), (2, 7));
    }
}
