//! Control groups: limits for a whole build or app, and the one sure way to find every process of it.
//!
//! Groups are made below the group Aether itself runs in (`…/aether/build-…`, `…/aether/app-…`), never elsewhere, so
//! that it works inside a delegated systemd unit or a container. Version 2 is taken where it offers memory and pids;
//! otherwise version 1, controller by controller. What is missing is limited by other means; see
//! [`super::report::IsolationReport`].

mod detect;
mod group;

use std::path::{Path, PathBuf};

use aether_models::ResourceLimits;
use uuid::Uuid;

pub(crate) use group::{Group, Refusals};

use super::processes::start_of;
use super::report::LimitedBy;
use crate::runtime::RuntimeError;

/// The folder below our own group that holds all of ours.
const FOLDER: &str = "aether";
/// Groups of builds; those left by a killed worker are swept away.
const BUILD_PREFIX: &str = "build-";
/// Groups of apps; they belong to their supervisors.
pub(crate) const APP_PREFIX: &str = "app-";

/// The control groups this machine lets us make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cgroups {
    version: Version,
    /// Folders to make groups in; with version 2 they are the same.
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
    cpu: Option<PathBuf>,
}

/// The two interfaces of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Version {
    V1,
    V2,
}

impl Cgroups {
    /// Finds out what this process may use, and sweeps away groups of builds that are over.
    pub(crate) fn detect() -> Self {
        let found = detect::detect();
        for folder in found.folders() {
            sweep(folder);
        }
        found
    }

    /// None at all.
    pub(crate) const fn none() -> Self {
        Self {
            version: Version::V1,
            memory: None,
            pids: None,
            cpu: None,
        }
    }

    /// Makes a group with these limits. A group left over under this name is used again.
    pub(crate) fn create(&self, name: &str, limits: &ResourceLimits) -> Result<Group, RuntimeError> {
        let within = |folder: &Option<PathBuf>| folder.as_ref().map(|folder| folder.join(name));
        let group = Group {
            version: self.version,
            memory: within(&self.memory),
            pids: within(&self.pids),
            cpu: within(&self.cpu),
        };
        group.make(limits).map_err(|source| RuntimeError::Io {
            context: "making a control group",
            source,
        })?;
        Ok(group)
    }

    pub(crate) const fn memory(&self) -> LimitedBy {
        self.limited_by(&self.memory, LimitedBy::Rlimits)
    }

    pub(crate) const fn pids(&self) -> LimitedBy {
        self.limited_by(&self.pids, LimitedBy::Rlimits)
    }

    pub(crate) const fn cpu(&self) -> LimitedBy {
        self.limited_by(&self.cpu, LimitedBy::Priority)
    }

    const fn limited_by(&self, folder: &Option<PathBuf>, otherwise: LimitedBy) -> LimitedBy {
        match (folder, self.version) {
            (Some(_), Version::V1) => LimitedBy::CgroupV1,
            (Some(_), Version::V2) => LimitedBy::CgroupV2,
            (None, _) => otherwise,
        }
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        [&self.memory, &self.pids, &self.cpu]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
}

/// A name for the group of a build that says which process made it.
pub(crate) fn build_group_name(unique: Uuid) -> String {
    let pid = std::process::id().cast_signed();
    format!("{BUILD_PREFIX}{pid}.{}-{unique}", start_of(pid).unwrap_or(0))
}

/// Removes groups of builds whose worker is gone. The kernel refuses to remove those with processes, but a group that
/// another worker is just about to fill must not be taken for an old one.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(maker_of);
        if maker.is_some_and(|(pid, started)| start_of(pid) != Some(started)) {
            let _ = std::fs::remove_dir(entry.path());
        }
    }
}

fn maker_of(name: &str) -> Option<(i32, u64)> {
    let (pid, rest) = name.strip_prefix(BUILD_PREFIX)?.split_once('.')?;
    let (started, _) = rest.split_once('-')?;
    Some((pid.parse().ok()?, started.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_of_dead_workers_are_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let own = build_group_name(Uuid::now_v7());
        let dead = format!("build-{}.1-{}", std::process::id(), Uuid::now_v7());
        for name in [own.as_str(), &dead, "app-1.2-x", "build-nonsense"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        sweep(folder.path());
        assert!(!folder.path().join(dead).exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
