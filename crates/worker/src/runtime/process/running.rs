//! A sandbox that runs: its pipes, its end by itself, and its end by force with nothing left.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::killpg;
use nix::unistd::Pid;
use rustix::process::Signal;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::{Instant, timeout};

use super::cgroups::Group;
use super::processes::{Process, ProcessTree, is_alive};
use super::sandbox::Sandbox;
use super::spawner::Spawner;
use crate::runtime::RuntimeError;
use crate::shim::{ENTER, SUBCOMMAND};

/// A killed sandbox is gone at once, unless one of its processes waits for a disk.
const GONE_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);
/// TERM is sent again this often to programs that had not been started yet.
const TERM_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// A started sandbox.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pid: i32,
    group: Option<Group>,
    status_file: PathBuf,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
}

/// Who is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// The program itself; it tells its own workers.
    Main,
    /// Every process.
    Everyone,
}

/// What `enter` and bubblewrap write to the status file; one or more of these after one another.
#[derive(Debug, Default, Deserialize)]
struct StatusLine {
    error: Option<String>,
    #[serde(rename = "exit-code")]
    exit_code: Option<i32>,
    #[serde(rename = "child-pid")]
    child_pid: Option<i32>,
}

impl Running {
    /// Starts the sandbox. The calling thread, or the spawner's, must live as long as the sandbox is to live.
    pub(crate) async fn launch(
        sandbox: &Sandbox,
        executable: &Path,
        spawner: Option<&Spawner>,
        group: Option<Group>,
    ) -> Result<Self, RuntimeError> {
        let failed = |source| RuntimeError::Io {
            context: "starting a sandbox",
            source,
        };
        let mut command = Command::new(executable);
        command
            .args([SUBCOMMAND, ENTER])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in our terminal is for us.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = match spawner {
            Some(spawner) => spawner.spawn(command).await,
            None => command.spawn(),
        }
        .map_err(failed)?;
        let text = serde_json::to_vec(sandbox).map_err(|error| failed(error.into()))?;
        if let Some(mut pipe) = child.stdin.take() {
            // If it died meanwhile, its exit code says so.
            let _ = pipe.write_all(&text).await;
        }
        Ok(Self {
            pid: child.id().map_or(0, u32::cast_signed),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            group,
            status_file: sandbox.status_file.clone(),
        })
    }

    /// bubblewrap's process on this machine.
    pub(crate) const fn pid(&self) -> i32 {
        self.pid
    }

    /// Waits for the end; may be dropped and called again.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Why the command was never started, when bubblewrap or `enter` gave up.
    pub(crate) fn start_failure(&self, status: ExitStatus) -> Option<String> {
        if status.success() || status.code().is_none() {
            return None;
        }
        let lines = self.status();
        if let Some(error) = lines.iter().find_map(|line| line.error.clone()) {
            return Some(error);
        }
        let started = lines.iter().any(|line| line.exit_code.is_some());
        (!started).then(|| "bubblewrap could not make the sandbox".to_owned())
    }

    fn status(&self) -> Vec<StatusLine> {
        let text = std::fs::read_to_string(&self.status_file).unwrap_or_default();
        serde_json::Deserializer::from_str(&text)
            .into_iter()
            .map_while(Result::ok)
            .collect()
    }

    /// Sends TERM and waits for the end, at most `grace`.
    pub(crate) async fn terminate(&mut self, whom: Whom, grace: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + grace;
        let mut told = false;
        while Instant::now() < deadline {
            if !told {
                told = self.tell(whom);
            }
            let wait_until = if told {
                deadline
            } else {
                deadline.min(Instant::now() + TERM_AGAIN_AFTER)
            };
            if let Ok(status) = tokio::time::timeout_at(wait_until, self.child.wait()).await {
                return status.ok();
            }
        }
        None
    }

    fn tell(&self, whom: Whom) -> bool {
        let tree = ProcessTree::read();
        let Some(init) = self.init(&tree) else {
            return false;
        };
        let processes = match whom {
            Whom::Main => tree.mains(init.pid),
            Whom::Everyone => tree.descendants(init.pid),
        };
        processes
            .into_iter()
            .filter(|process| process.signal(Signal::TERM))
            .count()
            > 0
    }

    /// Kills what is left, and returns when nothing is. Does no harm when all is over.
    pub(crate) async fn kill(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.kill_sandbox().await;
        }
        let gone = self.namespace_is_gone().await;
        let empty = match &self.group {
            Some(group) => group.kill_all().await,
            None => true,
        };
        if !gone || !empty {
            tracing::warn!(pid = self.pid, "a process of a sandbox does not die");
        }
    }

    /// The kernel kills a pid namespace whole when its init is killed, so the init goes first; bubblewrap's own process
    /// outside ends when it sees that.
    async fn kill_sandbox(&mut self) {
        match self.init(&ProcessTree::read()) {
            Some(init) if init.signal(Signal::KILL) => {}
            _ => self.kill_launcher(),
        }
        if timeout(GONE_WITHIN, self.child.wait()).await.is_err() {
            self.kill_launcher();
            let _ = timeout(GONE_WITHIN, self.child.wait()).await;
        }
    }

    /// An init ends only after everything in its namespace (pid_namespaces(7)), and bubblewrap outside may end before
    /// it, so the init's end is the proof.
    async fn namespace_is_gone(&self) -> bool {
        let Some(init) = self.status().iter().find_map(|line| line.child_pid) else {
            return true;
        };
        let deadline = Instant::now() + GONE_WITHIN;
        while is_alive(init) {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
        true
    }

    fn kill_launcher(&mut self) {
        if self.pid > 0 {
            // Its own process group: also a sandbox that is just being made.
            let _ = killpg(Pid::from_raw(self.pid), nix::sys::signal::Signal::SIGKILL);
        }
        let _ = self.child.start_kill();
    }

    fn init(&self, tree: &ProcessTree) -> Option<Process> {
        // A reaped process has no children, and its number may be another's.
        self.child.id()?;
        tree.children(self.pid).first().copied()
    }
}
