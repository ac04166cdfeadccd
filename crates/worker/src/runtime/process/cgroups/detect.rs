//! Finds the control groups below which this process may make its own.
//!
//! `/proc/self/cgroup` says in which group we are, `/proc/self/mountinfo` where that hierarchy is mounted and which
//! part of it (cgroups(7)). A controller counts only when a group with its limit file could really be made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Cgroups, FOLDER, Version};

/// Where Aether's own process goes in version 2, whose groups may have processes or limited children, not both
/// (cgroups(7), "no internal processes").
const SUPERVISOR: &str = "aether-supervisor";
/// The limit files that prove a controller.
const PROOF_V1: [&str; 3] = ["memory.limit_in_bytes", "pids.max", "cpu.cfs_quota_us"];
const PROOF_V2: [&str; 3] = ["memory.max", "pids.max", "cpu.max"];

/// One line of `/proc/self/mountinfo` for a control group hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    version: Version,
    root: PathBuf,
    point: PathBuf,
    options: Vec<String>,
}

pub(super) fn detect() -> Cgroups {
    let (Ok(own), Ok(mounts)) = (
        fs::read_to_string("/proc/self/cgroup"),
        fs::read_to_string("/proc/self/mountinfo"),
    ) else {
        return Cgroups::none();
    };
    let mounts = parse_mounts(&mounts);
    version_2(&own, &mounts).unwrap_or_else(|| version_1(&own, &mounts))
}

/// All of version 2, or nothing: a machine with both has its memory and pids controllers on one side.
fn version_2(own: &str, mounts: &[Mount]) -> Option<Cgroups> {
    let mount = mounts.iter().find(|mount| mount.version == Version::V2)?;
    let mut group = folder_of(mount, own_group(own, "")?)?;
    if group.file_name().is_some_and(|name| name == SUPERVISOR) {
        group.pop();
    }
    let offered = fs::read_to_string(group.join("cgroup.controllers")).ok()?;
    let has = |name: &str| offered.split_whitespace().any(|offer| offer == name);
    if !has("memory") || !has("pids") {
        return None;
    }
    delegate(&group, has("cpu")).ok()?;
    let folder = group.join(FOLDER);
    fs::create_dir_all(&folder).ok()?;
    hand_on(&folder, has("cpu")).ok()?;
    let usable = |proof| prove(&folder, proof).then(|| folder.clone());
    let [memory, pids, cpu] = PROOF_V2.map(usable);
    (memory.is_some() && pids.is_some()).then_some(Cgroups {
        version: Version::V2,
        memory,
        pids,
        cpu,
    })
}

/// Lets children of our own group have limits; moves this process out of the way when the kernel asks for it.
fn delegate(group: &Path, cpu: bool) -> io::Result<()> {
    if hand_on(group, cpu).is_ok() {
        return Ok(());
    }
    let supervisor = group.join(SUPERVISOR);
    fs::create_dir_all(&supervisor)?;
    fs::write(supervisor.join("cgroup.procs"), std::process::id().to_string())?;
    hand_on(group, cpu)
}

fn hand_on(group: &Path, cpu: bool) -> io::Result<()> {
    let wanted = if cpu {
        "+memory +pids +cpu"
    } else {
        "+memory +pids"
    };
    fs::write(group.join("cgroup.subtree_control"), wanted)
}

fn version_1(own: &str, mounts: &[Mount]) -> Cgroups {
    let find = |controller: &str, proof| {
        let mount = mounts.iter().find(|mount| {
            mount.version == Version::V1 && mount.options.iter().any(|option| option == controller)
        })?;
        let folder = folder_of(mount, own_group(own, controller)?)?.join(FOLDER);
        fs::create_dir_all(&folder).ok()?;
        prove(&folder, proof).then_some(folder)
    };
    Cgroups {
        version: Version::V1,
        memory: find("memory", PROOF_V1[0]),
        pids: find("pids", PROOF_V1[1]),
        cpu: find("cpu", PROOF_V1[2]),
    }
}

/// Whether a group can be made in `folder` and then has the file `limit`, writable.
fn prove(folder: &Path, limit: &str) -> bool {
    let probe = folder.join(format!("probe-{}", uuid::Uuid::now_v7()));
    let made = fs::create_dir(&probe).is_ok();
    let writable = fs::OpenOptions::new().write(true).open(probe.join(limit)).is_ok()
        && fs::OpenOptions::new()
            .write(true)
            .open(probe.join("cgroup.procs"))
            .is_ok();
    let _ = fs::remove_dir(&probe);
    made && writable
}

/// Our group in the hierarchy of `controller`; the empty name is version 2.
fn own_group<'a>(own: &'a str, controller: &str) -> Option<&'a str> {
    own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        controllers
            .split(',')
            .any(|name| name == controller)
            .then_some(path)
    })
}

/// Where our group is in the file system. A hierarchy may be mounted from below its root (in containers).
fn folder_of(mount: &Mount, group: &str) -> Option<PathBuf> {
    let relative = Path::new(group)
        .strip_prefix(&mount.root)
        .or_else(|_| Path::new(group).strip_prefix("/"))
        .ok()?;
    let folder = mount.point.join(relative);
    // In a container that sees the machine's paths, the mount point itself is our group.
    Some(if folder.is_dir() {
        folder
    } else {
        mount.point.clone()
    })
}

/// `36 35 0:30 /root /point rw - cgroup source memory,rw`
fn parse_mounts(text: &str) -> Vec<Mount> {
    text.lines().filter_map(parse_mount).collect()
}

fn parse_mount(line: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    let version = match kind.next()? {
        "cgroup" => Version::V1,
        "cgroup2" => Version::V2,
        _ => return None,
    };
    let mut place = place.split(' ').skip(3);
    Some(Mount {
        version,
        root: PathBuf::from(place.next()?),
        point: PathBuf::from(place.next()?),
        options: kind.nth(1)?.split(',').map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_both_versions_are_read() {
        let mounts = parse_mounts(
            "30 24 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n\
             31 24 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
             32 24 0:28 / /proc rw - proc proc rw\n",
        );
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].version, Version::V2);
        assert_eq!(mounts[1].root, Path::new("/docker/abc"));
        assert!(mounts[1].options.contains(&"memory".to_owned()));
    }

    #[test]
    fn own_group_is_found_per_controller() {
        let own = "4:memory:/user/x\n3:cpu,cpuacct:/\n0::/session.scope\n";
        assert_eq!(own_group(own, "memory"), Some("/user/x"));
        assert_eq!(own_group(own, "cpu"), Some("/"));
        assert_eq!(own_group(own, ""), Some("/session.scope"));
        assert_eq!(own_group(own, "pids"), None);
    }

    #[test]
    fn a_hierarchy_without_our_controllers_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cgroup.controllers"), "hugetlb\n").unwrap();
        let mounts = [Mount {
            version: Version::V2,
            root: PathBuf::from("/"),
            point: folder.path().to_owned(),
            options: Vec::new(),
        }];
        assert_eq!(version_2("0::/\n", &mounts), None);
        assert!(!folder.path().join(FOLDER).exists());
    }
}
