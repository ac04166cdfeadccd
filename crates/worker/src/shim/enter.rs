//! `shim enter`: becomes bubblewrap.
//!
//! Read the sandbox -> join its control groups -> set limits -> gather its folders -> give up root -> exec. The
//! arguments go through a file in memory (`--args`), because a command line is readable by every user of the machine
//! and would show the values of the environment.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Uid, dup2_stdin, setgroups, setresgid, setresuid};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{FdFlags, fcntl_setfd};

use super::{COULD_NOT, close_inherited_files, not_understood};
use crate::runtime::process::sandbox::{INSIDE_ID, Rlimits, Sandbox, SystemPath};
use crate::runtime::process::{seccomp, settings::SandboxUser};

/// Where folders are gathered, in a mount namespace of this process alone. It exists everywhere, and nothing in it is
/// needed once the folders are open.
const GATHERING_PLACE: &str = "/tmp";

/// A step that failed, and how.
type Failure = (&'static str, io::Error);

/// Runs until it is another program; returns only when it could not become one.
pub(super) fn enter() -> ExitCode {
    close_inherited_files();
    let failure = match serde_json::from_reader::<_, Sandbox>(io::stdin().lock()) {
        Ok(sandbox) => become_sandbox(&sandbox),
        Err(error) => not_understood(&error).to_string(),
    };
    let _ = writeln!(io::stderr(), "aether: {failure}");
    ExitCode::from(COULD_NOT)
}

/// Returns why it is still this program.
fn become_sandbox(sandbox: &Sandbox) -> String {
    let mut options = OpenOptions::new();
    let status = match options
        .write(true)
        .create(true)
        .truncate(true)
        .open(&sandbox.status_file)
    {
        Ok(status) => status,
        Err(error) => return format!("opening the status file: {error}"),
    };
    let (step, error) = match prepare(sandbox, &status) {
        Ok(mut command) => ("starting bubblewrap", command.exec()),
        Err(failure) => failure,
    };
    let failure = format!("{step}: {error}");
    // The status file was opened first, because by now its path may be out of reach.
    let _ = (&status).write_all(serde_json::json!({ "error": failure }).to_string().as_bytes());
    failure
}

fn prepare(sandbox: &Sandbox, status: &File) -> Result<Command, Failure> {
    for file in &sandbox.join {
        // "0" is the writer itself, in both versions of control groups.
        fs::write(file, "0").map_err(at("joining a control group"))?;
    }
    // Best effort: a container may forbid even the harmless direction.
    let _ = fs::write("/proc/self/oom_score_adj", sandbox.oom_score.to_string());
    rustix::process::nice(sandbox.niceness).map_err(|errno| ("lowering the priority", errno.into()))?;
    limit(&sandbox.rlimits).map_err(at("setting limits"))?;
    fcntl_setfd(status.as_fd(), FdFlags::empty())
        .map_err(|errno| ("passing on the status file", errno.into()))?;
    let sources = match sandbox.user {
        Some(_) => gather(sandbox).map_err(at("gathering folders"))?,
        None => sandbox.mounts.iter().map(|mount| mount.source.clone()).collect(),
    };
    let arguments = arguments(sandbox, &sources, status).map_err(at("preparing arguments"))?;
    if let Some(user) = sandbox.user {
        give_up_root(user).map_err(at("giving up root"))?;
    }
    let nothing = File::open("/dev/null").map_err(at("opening /dev/null"))?;
    dup2_stdin(&nothing).map_err(|errno| ("closing standard input", errno.into()))?;
    let mut command = Command::new(&sandbox.bubblewrap.path);
    command
        .env_clear()
        .arg("--args")
        .arg(number(&arguments))
        .arg("--")
        .args(&sandbox.command);
    // Open until the exec, which inherits it.
    std::mem::forget(arguments);
    Ok(command)
}

fn at(step: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |error| (step, error)
}

fn limit(limits: &Rlimits) -> io::Result<()> {
    let set = |resource, wanted: u64| {
        let (_, hard) = getrlimit(resource)?;
        let value = wanted.min(hard);
        setrlimit(resource, value, value)
    };
    set(Resource::RLIMIT_CORE, 0)?;
    set(Resource::RLIMIT_NOFILE, limits.open_files)?;
    set(Resource::RLIMIT_FSIZE, limits.file_size)?;
    if let Some(bytes) = limits.data {
        set(Resource::RLIMIT_DATA, bytes)?;
    }
    if let Some(processes) = limits.processes {
        set(Resource::RLIMIT_NPROC, processes)?;
    }
    Ok(())
}

/// Mounts the sandbox's folders where an unprivileged user can reach them: Aether's data may lie under a folder that
/// only root may pass (`/root`), and bubblewrap resolves every path as the user it runs as.
fn gather(sandbox: &Sandbox) -> io::Result<Vec<PathBuf>> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    const NONE: Option<&str> = None;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    // Opened before the gathering place is covered, because they may lie in it.
    let open = |source: &Path| {
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
        rustix::fs::open(source, flags, rustix::fs::Mode::empty()).map_err(|errno| {
            io::Error::new(
                io::Error::from(errno).kind(),
                format!("{}: {errno}", source.display()),
            )
        })
    };
    let opened = sandbox
        .mounts
        .iter()
        .map(|mount| open(&mount.source))
        .collect::<io::Result<Vec<_>>>()?;
    mount(
        Some("tmpfs"),
        GATHERING_PLACE,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=0755"),
    )?;
    opened
        .iter()
        .enumerate()
        .map(|(index, source)| gather_one(index, source))
        .collect()
}

fn gather_one(index: usize, source: &OwnedFd) -> io::Result<PathBuf> {
    let place = Path::new(GATHERING_PLACE).join(index.to_string());
    let source = PathBuf::from(format!("/proc/self/fd/{}", source.as_raw_fd()));
    if source.is_dir() {
        fs::create_dir(&place)?;
    } else {
        File::create(&place)?;
    }
    const NONE: Option<&str> = None;
    mount(
        Some(&source),
        &place,
        NONE,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        NONE,
    )?;
    Ok(place)
}

fn give_up_root(user: SandboxUser) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    Ok(())
}

/// bubblewrap's arguments, NUL-separated, in a file in memory.
fn arguments(sandbox: &Sandbox, sources: &[PathBuf], status: &File) -> io::Result<OwnedFd> {
    let mut list = Arguments::default();
    isolate(&mut list, sandbox);
    list.add(["--json-status-fd", &number(status)]);
    for path in &sandbox.system {
        match path {
            SystemPath::ReadOnly(path) => list.add(["--ro-bind", text(path)?, text(path)?]),
            SystemPath::Link { target, path } => list.add(["--symlink", text(target)?, text(path)?]),
        }
    }
    list.add(["--proc", "/proc", "--dev", "/dev", "--dir", "/run"]);
    list.add(["--dir", "/var", "--symlink", "../tmp", "/var/tmp"]);
    for tmpfs in &sandbox.tmpfs {
        if sandbox.bubblewrap.can_bound_tmpfs {
            list.add(["--size", &tmpfs.bytes.to_string()]);
        }
        list.add(["--tmpfs", &tmpfs.target]);
    }
    for (mount, source) in sandbox.mounts.iter().zip(sources) {
        let kind = if mount.writable { "--bind" } else { "--ro-bind" };
        list.add([kind, text(source)?, &mount.target]);
    }
    for file in &sandbox.files {
        let content = in_memory("file", file.content.as_bytes())?;
        list.add(["--ro-bind-data", &number(&content), &file.target]);
        list.keep(content);
    }
    if sandbox.seccomp {
        for program in seccomp::programs().unwrap_or_default() {
            let program = in_memory("seccomp", &program)?;
            list.add(["--add-seccomp-fd", &number(&program)]);
            list.keep(program);
        }
    }
    // The root is a file system in memory, writable until here.
    list.add(["--remount-ro", "/", "--chdir", &sandbox.directory, "--clearenv"]);
    for (name, value) in &sandbox.env {
        list.add(["--setenv", name, value]);
    }
    list.finish()
}

fn isolate(list: &mut Arguments, sandbox: &Sandbox) {
    let id = INSIDE_ID.to_string();
    list.add(["--unshare-user", "--uid", &id, "--gid", &id]);
    list.add(["--unshare-pid", "--unshare-ipc", "--unshare-cgroup-try"]);
    list.add(["--unshare-uts", "--hostname", "aether"]);
    list.add(["--die-with-parent", "--new-session", "--cap-drop", "ALL"]);
    if sandbox.bubblewrap.can_disable_user_namespaces {
        list.add(["--disable-userns"]);
    }
}

/// Arguments, and the files that must stay open for them.
#[derive(Default)]
struct Arguments {
    bytes: Vec<u8>,
    files: Vec<OwnedFd>,
}

impl Arguments {
    fn add<const N: usize>(&mut self, arguments: [&str; N]) {
        for argument in arguments {
            self.bytes.extend_from_slice(argument.as_bytes());
            self.bytes.push(0);
        }
    }

    fn keep(&mut self, file: OwnedFd) {
        self.files.push(file);
    }

    fn finish(self) -> io::Result<OwnedFd> {
        let list = in_memory("arguments", &self.bytes)?;
        std::mem::forget(self.files);
        Ok(list)
    }
}

/// A file in memory with this content, read from its start, inherited by the next program.
fn in_memory(name: &str, content: &[u8]) -> io::Result<OwnedFd> {
    use std::io::Seek;
    let mut file = File::from(memfd_create(name, MemfdFlags::empty())?);
    file.write_all(content)?;
    file.rewind()?;
    Ok(file.into())
}

fn number(file: &impl AsRawFd) -> String {
    file.as_raw_fd().to_string()
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a path is not UTF-8"))
}
