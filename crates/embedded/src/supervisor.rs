//! One child process kept running: started, watched, started again with growing pauses when it dies, stopped in order.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::files::ServerLog;
use crate::{Account, EmbeddedError};

/// A crash recovery replays what was written since the last checkpoint; a server that needs longer than this is stuck.
const READY_WITHIN: Duration = Duration::from_secs(120);
const READY_POLL: Duration = Duration::from_millis(15);
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
const BACK_OFF_FIRST: Duration = Duration::from_millis(100);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// A child that ran this long was healthy, and its next death starts with the shortest pause again.
const STABLE_AFTER: Duration = Duration::from_secs(30);
/// Asked, then told, then killed: together well within the 30 s a whole shutdown may take.
const STOP_GRACE: Duration = Duration::from_secs(15);
const STOP_FORCE: Duration = Duration::from_secs(5);

/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) directory: PathBuf,
    pub(crate) account: Option<Account>,
    pub(crate) stop: Signal,
    pub(crate) readiness: Readiness,
}

/// How to see that a server answers.
#[derive(Debug, Clone)]
pub(crate) enum Readiness {
    /// Postgres writes its state into `postmaster.pid` (this is what `pg_ctl -w` reads).
    PostmasterPid(PathBuf),
    /// Redis answers `PING` on its socket once its data is loaded.
    RedisPing(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Up,
    Down,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Starting,
    Up(u32),
    Down,
    Gone,
}

/// A supervised child. Besides [`Server::pid`], everything here exists for tests of faults: ending it, holding it, taking
/// it away for a while.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    stop: Signal,
    wish: watch::Sender<Wish>,
    state: watch::Receiver<State>,
    starts: std::sync::Arc<AtomicU32>,
    task: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts the program and waits until it answers. A program that does not come up the first time is not retried.
    pub(crate) async fn start(program: Program, log: ServerLog) -> Result<Self, EmbeddedError> {
        let (name, stop) = (program.name, program.stop);
        let (wish, wishes) = watch::channel(Wish::Up);
        let (states, mut state) = watch::channel(State::Starting);
        let starts = std::sync::Arc::new(AtomicU32::new(0));
        let supervisor = Supervisor {
            program,
            log: log.clone(),
            wishes,
            states,
            starts: starts.clone(),
        };
        let task = tokio::spawn(supervisor.run());
        let settled = state
            .wait_for(|state| matches!(state, State::Up(_) | State::Gone))
            .await;
        if !matches!(settled.as_deref(), Ok(State::Up(_))) {
            drop(settled);
            return Err(EmbeddedError::failed(name, &log.last_words()));
        }
        drop(settled);
        Ok(Self {
            name,
            stop,
            wish,
            state,
            starts,
            task: Some(task),
        })
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        match *self.state.borrow() {
            State::Up(pid) => Some(pid),
            _ => None,
        }
    }

    /// How often it was started.
    pub fn starts(&self) -> u32 {
        self.starts.load(Ordering::Relaxed)
    }

    /// Sends SIGKILL; the supervisor will start it again.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Something that asks the child to end without waiting for it, for a process that is about to end itself.
    pub fn ender(&self) -> impl Fn() + Send + Sync + 'static {
        let (state, signal) = (self.state.clone(), self.stop);
        move || {
            if let State::Up(pid) = *state.borrow() {
                send(pid, signal);
            }
        }
    }

    /// Holds it and its children with SIGSTOP: connections stay open, nothing answers.
    pub fn pause(&self) {
        self.signal_all(Signal::SIGSTOP);
    }

    /// Lets it go on after [`Server::pause`].
    pub fn resume(&self) {
        self.signal_all(Signal::SIGCONT);
    }

    /// Stops it in order and keeps it stopped.
    pub async fn take_down(&mut self) {
        self.wish.send_replace(Wish::Down);
        let _ = self
            .state
            .wait_for(|state| matches!(state, State::Down | State::Gone))
            .await;
    }

    /// Starts it again after [`Server::take_down`] and waits until it answers.
    pub async fn bring_up(&mut self) {
        self.wish.send_replace(Wish::Up);
        self.wait_up().await;
    }

    /// Waits until it answers (again).
    pub async fn wait_up(&mut self) {
        let _ = self
            .state
            .wait_for(|state| matches!(state, State::Up(_) | State::Gone))
            .await;
    }

    /// Waits until it has been started `starts` times and answers: the end of a crash.
    pub async fn wait_restarted(&mut self, starts: u32) {
        let counter = self.starts.clone();
        let up = |state: &State| counter.load(Ordering::Relaxed) >= starts && matches!(state, State::Up(_));
        let _ = self
            .state
            .wait_for(|state| up(state) || *state == State::Gone)
            .await;
    }

    /// Stops it in order, for good.
    pub(crate) async fn stop(mut self) {
        self.wish.send_replace(Wish::End);
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(server = self.name, %error, "the supervisor ended badly");
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            send(pid, signal);
        }
    }

    fn signal_all(&self, signal: Signal) {
        let Some(pid) = self.pid() else { return };
        send(pid, signal);
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|word| word.parse().ok()) {
            send(child, signal);
        }
    }
}

struct Supervisor {
    program: Program,
    log: ServerLog,
    wishes: watch::Receiver<Wish>,
    states: watch::Sender<State>,
    starts: std::sync::Arc<AtomicU32>,
}

impl Supervisor {
    async fn run(mut self) {
        let mut back_off = BACK_OFF_FIRST;
        let mut came_up_once = false;
        while self.wait_until_wanted().await {
            let started = Instant::now();
            let came_up = self.run_once().await;
            came_up_once |= came_up;
            if !came_up_once {
                break;
            }
            if self.wish() != Wish::Up {
                continue;
            }
            self.states.send_replace(State::Starting);
            if started.elapsed() > STABLE_AFTER {
                back_off = BACK_OFF_FIRST;
            }
            let reason = self.log.last_words();
            tracing::warn!(server = self.program.name, pause = ?back_off, reason, "server ended; starting it again");
            let _ = timeout(back_off, self.wishes.wait_for(|wish| *wish != Wish::Up)).await;
            back_off = (back_off * 2).min(BACK_OFF_MAX);
        }
        self.states.send_replace(State::Gone);
    }

    /// Runs the child until it ends or is no longer wanted. Says whether it ever answered.
    async fn run_once(&mut self) -> bool {
        self.log.forget();
        let mut child = match self.spawn() {
            Ok(child) => child,
            Err(error) => {
                tracing::error!(server = self.program.name, %error, "cannot start");
                return false;
            }
        };
        let Some(pid) = child.id() else { return false };
        let readers = self.read_output(&mut child);
        self.starts.fetch_add(1, Ordering::Relaxed);
        let mut came_up = false;
        tokio::select! {
            () = self.program.readiness.wait(pid) => came_up = true,
            _ = child.wait() => {}
            () = sleep(READY_WITHIN) => {}
            () = unwanted(&mut self.wishes) => {}
        }
        if came_up {
            self.states.send_replace(State::Up(pid));
            tokio::select! {
                _ = child.wait() => {}
                () = unwanted(&mut self.wishes) => {}
            }
        }
        self.end(&mut child, pid).await;
        for reader in readers {
            // A grandchild may hold the pipe open; what it still prints is not worth waiting for.
            let _ = timeout(PROBE_TIMEOUT, reader).await;
        }
        came_up
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let program = &self.program;
        let mut command = Command::new(&program.binary);
        command
            .args(&program.arguments)
            .current_dir(&program.directory)
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("LANG", "C"), ("TZ", "UTC")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C goes to the whole foreground group; the servers must outlive those who still use them.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(account) = &program.account {
            account.run(&mut command);
        }
        command.spawn()
    }

    fn read_output(&self, child: &mut Child) -> Vec<JoinHandle<()>> {
        let stdout = child
            .stdout
            .take()
            .map(|output| tokio::spawn(self.log.clone().copy(output)));
        let stderr = child
            .stderr
            .take()
            .map(|output| tokio::spawn(self.log.clone().copy(output)));
        stdout.into_iter().chain(stderr).collect()
    }

    async fn end(&self, child: &mut Child, pid: u32) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        // A held process would not see the request.
        send(pid, Signal::SIGCONT);
        for (signal, patience) in [(self.program.stop, STOP_GRACE), (Signal::SIGQUIT, STOP_FORCE)] {
            send(pid, signal);
            if timeout(patience, child.wait()).await.is_ok() {
                return;
            }
            tracing::warn!(server = self.program.name, %signal, "server does not end; being firmer");
        }
        let _ = child.kill().await;
    }

    fn wish(&self) -> Wish {
        if self.wishes.has_changed().is_err() {
            Wish::End
        } else {
            *self.wishes.borrow()
        }
    }

    /// Waits for the wish to run it; false when it should end.
    async fn wait_until_wanted(&mut self) -> bool {
        match self.wish() {
            Wish::Up => return true,
            Wish::End => return false,
            Wish::Down => self.states.send_replace(State::Down),
        };
        let wanted = self.wishes.wait_for(|wish| *wish != Wish::Down).await;
        let up = matches!(wanted.as_deref(), Ok(Wish::Up));
        drop(wanted);
        if up {
            self.states.send_replace(State::Starting);
        }
        up
    }
}

impl Readiness {
    async fn wait(&self, pid: u32) {
        while !self.holds(pid).await {
            sleep(READY_POLL).await;
        }
    }

    async fn holds(&self, pid: u32) -> bool {
        match self {
            Self::PostmasterPid(path) => {
                postmaster_is_ready(&std::fs::read_to_string(path).unwrap_or_default(), pid)
            }
            Self::RedisPing(socket) => {
                matches!(timeout(PROBE_TIMEOUT, redis_answers(socket)).await, Ok(Ok(true)))
            }
        }
    }
}

/// First line: process id; eighth: state (postgres, `src/include/utils/pidfile.h`).
fn postmaster_is_ready(text: &str, pid: u32) -> bool {
    let mut lines = text.lines();
    lines.next().is_some_and(|line| line.trim() == pid.to_string())
        && lines.nth(6).is_some_and(|state| state.trim() == "ready")
}

async fn redis_answers(socket: &std::path::Path) -> std::io::Result<bool> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0_u8; 5];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"+PONG")
}

async fn unwanted(wishes: &mut watch::Receiver<Wish>) {
    let _ = wishes.wait_for(|wish| *wish != Wish::Up).await;
}

fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        // The process may have ended by itself in this very moment.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_of_another_process_or_state_is_not_readiness() {
        let file = "42\n/data\n1\n5432\n/run\n\n  5 6\nready   \n";
        assert!(postmaster_is_ready(file, 42));
        assert!(!postmaster_is_ready(file, 43));
        assert!(!postmaster_is_ready(&file.replace("ready", "starting"), 42));
        assert!(!postmaster_is_ready("42\n", 42));
    }
}
