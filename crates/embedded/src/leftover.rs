//! Servers that outlived a killed platform. They are ended in order, so that the next start owns its children again.

use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use crate::EmbeddedError;

/// How long a leftover may take to end after being asked, and again after being told.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// Ends the process named by `pid_file` if it really is a server working in `directory` (process ids are used again, so
/// the number alone proves nothing), and removes a pid file that names somebody else.
pub(crate) async fn end_leftover(
    program: &'static str,
    pid_file: &Path,
    directory: &Path,
    polite: Signal,
) -> Result<(), EmbeddedError> {
    let Ok(text) = std::fs::read_to_string(pid_file) else {
        return Ok(());
    };
    let pid = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse::<i32>().ok())
        .filter(|pid| *pid > 1);
    let Some(pid) = pid.filter(|pid| works_in(*pid, directory)) else {
        return std::fs::remove_file(pid_file).map_err(EmbeddedError::not_writable(pid_file));
    };
    tracing::warn!(program, pid, "ending a server that an earlier run left behind");
    for signal in [polite, Signal::SIGQUIT, Signal::SIGKILL] {
        if kill(Pid::from_raw(pid), signal) == Err(Errno::ESRCH) || gone(pid, directory).await {
            return Ok(());
        }
    }
    Err(EmbeddedError::Leftover { program, pid })
}

async fn gone(pid: i32, directory: &Path) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if !works_in(pid, directory) {
            return true;
        }
        sleep(POLL).await;
    }
    false
}

/// Both servers make their data directory their working directory.
fn works_in(pid: i32, directory: &Path) -> bool {
    let Ok(directory) = directory.canonicalize() else {
        return false;
    };
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == directory)
}
