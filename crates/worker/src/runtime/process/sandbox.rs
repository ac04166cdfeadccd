//! What one sandbox looks like from inside, as data: [`crate::shim`]'s `enter` turns it into a running bubblewrap.
//!
//! Inside there is an allow-list of system paths, read-only; `/workspace`; `/cache/…`; a home and a `/tmp` of its own;
//! made-up `/etc/passwd` and `/etc/group`. Nothing else of the machine can be named.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use aether_models::{ResourceLimits, UserError};
use serde::{Deserialize, Serialize};

use super::bubblewrap::Bubblewrap;
use super::cgroups::Group;
use super::settings::{HostAccess, ProcessRuntimeSettings, SandboxUser};
use crate::runtime::{AppSpec, BuildCommand, WORKSPACE};

/// The home folder inside.
pub const SANDBOX_HOME: &str = "/home/aether";
/// The user inside; outside it is another one.
pub(crate) const INSIDE_ID: u32 = 1000;
const INSIDE_NAME: &str = "aether";
const STANDARD_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const HOSTNAME: &str = "aether";

/// Top folders that are links into `/usr` on merged systems and folders on others.
const TOP_FOLDERS: &[&str] = &["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// Configuration of the system that programs need to start, to resolve names and to trust certificates. Debian's PHP
/// finds its extensions and Debian's Maven its plugins by theirs, so `settings.xml` there is read by every build.
const ETC: &[&str] = &[
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "gai.conf",
    "host.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "maven",
    "mime.types",
    "nsswitch.conf",
    "php",
    "pki",
    "protocols",
    "resolv.conf",
    "services",
    "ssl",
    "timezone",
];

/// `execve` refuses a longer single string (MAX_ARG_STRLEN), name and `=` included.
const VARIABLE_MAX: usize = 128 * 1024;
/// `execve` refuses more in all: a quarter of the default stack limit of 8 MiB, with room for arguments.
const ENVIRONMENT_MAX: usize = 2 * 1024 * 1024 - 256 * 1024;
/// Killed before Aether itself when the whole machine runs out of memory.
const BUILD_OOM_SCORE: i32 = 500;
const APP_OOM_SCORE: i32 = 300;
/// Without a share of the processors, at least everybody else goes first.
const NICENESS: i32 = 10;
const OPEN_FILES: u64 = 65_536;
/// Processes above the limit that the kernel lets pass without a control group. RLIMIT_NPROC counts all of the user's
/// processes, those of other builds too, so it only bounds what can happen between two looks at this one.
const PROCESS_BURST: u64 = 512;
/// RLIMIT_DATA of one process, in memory limits: above one, so that the look at the whole sees the limit passed and can
/// name it before the program fails for a reason of its own.
const DATA_SHARE: u64 = 2;
const MIB: u64 = 1024 * 1024;
/// Least size of a private file system, so that a tiny limit still leaves room for a socket and a lock file.
const TMPFS_MIN_MB: u32 = 16;

/// Everything `enter` needs to start one sandbox. It travels through a pipe and is never stored: it has the values of
/// the environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sandbox {
    pub(crate) bubblewrap: Bubblewrap,
    pub(crate) user: Option<SandboxUser>,
    pub(crate) seccomp: bool,
    /// System paths, named the same on both sides.
    pub(crate) system: Vec<SystemPath>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) tmpfs: Vec<Tmpfs>,
    pub(crate) files: Vec<MadeUpFile>,
    pub(crate) directory: String,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) command: Vec<String>,
    /// Files of control groups to join.
    pub(crate) join: Vec<PathBuf>,
    pub(crate) rlimits: Rlimits,
    pub(crate) oom_score: i32,
    /// Added to the priority number; more is less.
    pub(crate) niceness: i32,
    /// Where bubblewrap writes whether the command was started.
    pub(crate) status_file: PathBuf,
}

/// A path of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SystemPath {
    ReadOnly(PathBuf),
    Link { target: PathBuf, path: PathBuf },
}

/// A file or folder of Aether's or of the operator's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mount {
    pub(crate) source: PathBuf,
    pub(crate) target: String,
    pub(crate) writable: bool,
}

/// A file system in memory; it counts against the memory limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tmpfs {
    pub(crate) target: String,
    pub(crate) bytes: u64,
}

/// A read-only file that exists only inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MadeUpFile {
    pub(crate) target: String,
    pub(crate) content: String,
}

/// Limits of each process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rlimits {
    pub(crate) open_files: u64,
    /// Largest file, bytes: a sparse terabyte is refused without counting blocks.
    pub(crate) file_size: u64,
    /// Only without a control group.
    pub(crate) data: Option<u64>,
    /// Only without a control group.
    pub(crate) processes: Option<u64>,
}

/// What all sandboxes of a runtime have in common.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) bubblewrap: Bubblewrap,
    pub(crate) user: Option<SandboxUser>,
    pub(crate) seccomp: bool,
    pub(crate) extra_read_only: Vec<PathBuf>,
    pub(crate) toolchain_path: Vec<PathBuf>,
    pub(crate) build_access: HostAccess,
    pub(crate) app_access: HostAccess,
}

impl Template {
    pub(crate) fn new(settings: &ProcessRuntimeSettings, bubblewrap: Bubblewrap, seccomp: bool) -> Self {
        Self {
            bubblewrap,
            user: super::account::sandbox_user(settings.run_as),
            seccomp,
            extra_read_only: settings.extra_read_only.clone(),
            toolchain_path: settings.toolchain_path.clone(),
            build_access: settings.build_access.clone(),
            app_access: settings.app_access.clone(),
        }
    }

    /// The sandbox of a build command, with its scratch folder (`home` and `tmp` in it, on disk: installers unpack
    /// gigabytes in `/tmp`).
    pub(crate) fn build(
        &self,
        command: &BuildCommand,
        scratch: &Path,
        status_file: PathBuf,
        group: Option<&Group>,
    ) -> Result<Sandbox, UserError> {
        let mut sandbox = self.common(&command.limits, group, status_file, &self.build_access);
        // Below what the operator adds, which may lie in one of them.
        sandbox.mounts.splice(
            0..0,
            [
                writable(scratch.join("home"), SANDBOX_HOME),
                writable(scratch.join("tmp"), "/tmp"),
            ],
        );
        sandbox
            .mounts
            .push(writable(command.workspace.clone(), WORKSPACE));
        for (source, target) in &command.caches {
            sandbox.mounts.push(writable(source.clone(), target));
        }
        sandbox.mounts.extend(host_files(&self.build_access));
        sandbox.env.insert("CI".to_owned(), "true".to_owned());
        sandbox.env.extend(command.env.clone());
        sandbox.directory = inside(&command.directory)?;
        sandbox.command = shell(&command.script);
        sandbox.oom_score = BUILD_OOM_SCORE;
        check_environment(&sandbox.env)?;
        Ok(sandbox)
    }

    /// The sandbox of an app. `PORT` and `HOST` are ours to say: the app shares the machine's network and is to be
    /// reached through the proxy alone.
    pub(crate) fn app(
        &self,
        app: &AppSpec,
        status_file: PathBuf,
        group: Option<&Group>,
    ) -> Result<Sandbox, UserError> {
        let mut sandbox = self.common(&app.limits, group, status_file, &self.app_access);
        let megabytes = app.limits.disk_mb.min(app.limits.memory_mb).max(TMPFS_MIN_MB);
        let tmpfs = |target: &str| Tmpfs {
            target: target.to_owned(),
            bytes: u64::from(megabytes) * MIB,
        };
        sandbox.tmpfs.extend([tmpfs("/tmp"), tmpfs(SANDBOX_HOME)]);
        sandbox.mounts.push(Mount {
            source: app.directory.clone(),
            target: WORKSPACE.to_owned(),
            writable: false,
        });
        sandbox.mounts.extend(host_files(&self.app_access));
        sandbox.env.extend(app.env.clone());
        sandbox.env.insert("PORT".to_owned(), app.port.to_string());
        sandbox.env.insert("HOST".to_owned(), "127.0.0.1".to_owned());
        sandbox.directory = inside(&app.root_dir)?;
        sandbox.command = shell(&app.start_command);
        sandbox.oom_score = APP_OOM_SCORE;
        check_environment(&sandbox.env)?;
        Ok(sandbox)
    }

    /// A sandbox that only lists its own open files: proves that one can be made at all, and that nothing leaks in.
    pub(crate) fn probe(&self, status_file: PathBuf) -> Sandbox {
        let limits = ResourceLimits {
            memory_mb: 64,
            cpus: 1.0.into(),
            pids: 16,
            disk_mb: 16,
        };
        let mut sandbox = self.common(&limits, None, status_file, &HostAccess::default());
        sandbox.rlimits.processes = None;
        sandbox.command = shell("ls /proc/self/fd");
        sandbox
    }

    fn common(
        &self,
        limits: &ResourceLimits,
        group: Option<&Group>,
        status_file: PathBuf,
        access: &HostAccess,
    ) -> Sandbox {
        let without = |limited: bool, value: u64| (!limited).then_some(value);
        Sandbox {
            bubblewrap: self.bubblewrap.clone(),
            user: self.user,
            seccomp: self.seccomp,
            system: system_paths(),
            mounts: self.extra_read_only.iter().map(|path| same_place(path)).collect(),
            tmpfs: Vec::new(),
            files: made_up_files(),
            directory: "/".to_owned(),
            env: self.environment(access),
            command: Vec::new(),
            join: group.map(Group::join_files).unwrap_or_default(),
            rlimits: Rlimits {
                open_files: OPEN_FILES,
                file_size: u64::from(limits.disk_mb) * MIB,
                data: without(
                    group.is_some_and(Group::limits_memory),
                    DATA_SHARE * u64::from(limits.memory_mb) * MIB,
                ),
                processes: without(
                    group.is_some_and(Group::limits_processes),
                    u64::from(limits.pids) + PROCESS_BURST,
                ),
            },
            oom_score: 0,
            niceness: if group.is_some_and(Group::limits_cpu) {
                0
            } else {
                NICENESS
            },
            status_file,
        }
    }

    fn environment(&self, access: &HostAccess) -> BTreeMap<String, String> {
        let mut path: Vec<String> = self
            .toolchain_path
            .iter()
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        path.push(STANDARD_PATH.to_owned());
        let own = [
            ("PATH", path.join(":")),
            ("HOME", SANDBOX_HOME.to_owned()),
            ("USER", INSIDE_NAME.to_owned()),
            ("TMPDIR", "/tmp".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        own.chain(access.env.clone()).collect()
    }
}

fn writable(source: PathBuf, target: &str) -> Mount {
    Mount {
        source,
        target: target.to_owned(),
        writable: true,
    }
}

fn same_place(path: &Path) -> Mount {
    Mount {
        source: path.to_owned(),
        target: path.to_string_lossy().into_owned(),
        writable: false,
    }
}

fn host_files(access: &HostAccess) -> impl Iterator<Item = Mount> {
    access.files.iter().map(|(source, target)| Mount {
        source: source.clone(),
        target: target.clone(),
        writable: false,
    })
}

/// The one place that hands a user's command line to a shell; it runs inside.
fn shell(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
}

fn system_paths() -> Vec<SystemPath> {
    let mut paths = vec![SystemPath::ReadOnly(PathBuf::from("/usr"))];
    for name in TOP_FOLDERS {
        let path = Path::new("/").join(name);
        match std::fs::read_link(&path) {
            Ok(target) => paths.push(SystemPath::Link { target, path }),
            Err(_) if path.is_dir() => paths.push(SystemPath::ReadOnly(path)),
            Err(_) => {}
        }
    }
    paths.extend(etc_paths(Path::new("/etc")).map(SystemPath::ReadOnly));
    paths
}

/// What of `/etc` is seen inside: the fixed names, and the folder of each installed JDK, into which Debian's links lead.
fn etc_paths(etc: &Path) -> impl Iterator<Item = PathBuf> {
    let is_jdk = |name: &str| name.starts_with("java-") && name.ends_with("-openjdk");
    let entries = std::fs::read_dir(etc).into_iter().flatten().flatten();
    let mut jdks: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_jdk))
        .map(|entry| entry.path())
        .collect();
    jdks.sort_unstable();
    let fixed = ETC.iter().map(|name| etc.join(name));
    let fixed: Vec<PathBuf> = fixed.filter(|path| path.exists()).collect();
    fixed.into_iter().chain(jdks)
}

fn made_up_files() -> Vec<MadeUpFile> {
    let file = |target: &str, content: String| MadeUpFile {
        target: target.to_owned(),
        content,
    };
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    vec![
        file(
            "/etc/passwd",
            format!(
                "{INSIDE_NAME}:x:{INSIDE_ID}:{INSIDE_ID}::{SANDBOX_HOME}:/bin/sh\n\
                 nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
            ),
        ),
        file(
            "/etc/group",
            format!("{INSIDE_NAME}:x:{INSIDE_ID}:\nnogroup:x:65534:\n"),
        ),
        file("/etc/hostname", format!("{HOSTNAME}\n")),
        file(
            "/etc/hosts",
            format!("{}\n127.0.0.1 localhost {HOSTNAME}\n", hosts.trim_end()),
        ),
    ]
}

/// A folder of the user's as a path inside the workspace.
fn inside(directory: &str) -> Result<String, UserError> {
    let mut path = PathBuf::from(WORKSPACE);
    for part in Path::new(directory).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) if !directory.contains('\0') => path.push(name),
            _ => return Err(outside(directory)),
        }
    }
    Ok(path.to_string_lossy().into_owned())
}

fn outside(directory: &str) -> UserError {
    UserError::new(
        "directory_outside_repository",
        "The directory is outside the repository",
        format!("{directory:?} does not name a folder within the repository."),
    )
    .hint("Use a relative path without \"..\" in Settings > Build > Root directory.")
}

fn check_environment(env: &BTreeMap<String, String>) -> Result<(), UserError> {
    let size = |(name, value): (&String, &String)| name.len() + value.len() + 2;
    let unusable = |name: &str, why: &str| {
        UserError::new(
            "environment_unusable",
            "An environment variable cannot be passed on",
            format!("{name} {why}."),
        )
        .hint("Change it in Settings > Environment variables.")
    };
    for (name, value) in env {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(unusable("A variable", "has no usable name"));
        }
        if value.contains('\0') {
            return Err(unusable(name, "has a NUL character"));
        }
        if size((name, value)) > VARIABLE_MAX {
            return Err(unusable(name, "is larger than 128 KiB"));
        }
    }
    if env.iter().map(size).sum::<usize>() > ENVIRONMENT_MAX {
        return Err(unusable("All variables together", "are larger than 1.75 MiB"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_of_installed_languages_is_seen_and_nothing_else_of_etc() {
        let etc = tempfile::tempdir().unwrap();
        for name in [
            "java-17-openjdk",
            "java-21-openjdk",
            "maven",
            "php",
            "shadow",
            "ssh",
            "java-x",
        ] {
            std::fs::create_dir(etc.path().join(name)).unwrap();
        }
        let seen: Vec<String> = etc_paths(etc.path())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(seen, ["maven", "php", "java-17-openjdk", "java-21-openjdk"]);
    }

    #[test]
    fn input_49_directories_outside_the_workspace_are_refused() {
        for directory in ["..", "a/../..", "/etc", "../../etc", "a\0b"] {
            let error = inside(directory).unwrap_err();
            assert_eq!(error.code, "directory_outside_repository", "{directory:?}");
        }
        assert_eq!(inside("apps/web").unwrap(), "/workspace/apps/web");
        assert_eq!(inside(".").unwrap(), "/workspace");
        assert_eq!(inside("").unwrap(), "/workspace");
    }

    #[test]
    fn input_64_variables_that_execve_cannot_carry_are_refused_by_name() {
        let one = |name: &str, value: String| BTreeMap::from([(name.to_owned(), value)]);
        for (env, word) in [
            (one("BIG", "x".repeat(VARIABLE_MAX)), "BIG is larger"),
            (one("NUL", "a\0b".to_owned()), "NUL has a NUL"),
            (one("A=B", String::new()), "no usable name"),
        ] {
            let error = check_environment(&env).unwrap_err();
            assert!(error.detail.contains(word), "{error}");
        }
        let many = (0..40)
            .map(|n| (format!("V{n}"), "x".repeat(64 * 1024)))
            .collect();
        assert!(check_environment(&many).unwrap_err().detail.contains("together"));
        assert!(check_environment(&one("OK", "line\nline \"$X\"".to_owned())).is_ok());
    }
}
