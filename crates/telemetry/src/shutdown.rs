//! Ending in two stages: the first signal asks everything to finish, the second ends the process at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// From the first signal to the end of the process, whatever still runs.
pub const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(30);
/// Exit status of a process ended by SIGINT (128 + 2), as shells report it.
const FORCED: i32 = 130;
/// Exit status when the deadline passed.
const TOO_LATE: i32 = 1;

/// Called just before the process is ended without waiting.
type LastCall = Arc<dyn Fn() + Send + Sync>;

/// The process' wish to end.
#[derive(Debug, Clone)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// Begins to listen for SIGTERM, SIGINT and SIGHUP.
    pub fn on_signals() -> std::io::Result<Self> {
        Self::on_signals_with(|| {})
    }

    /// As [`Shutdown::on_signals`]; `last_call` runs just before the process is ended without waiting (children that would
    /// outlive it can be killed there).
    pub fn on_signals_with(last_call: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let token = CancellationToken::new();
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        };
        tokio::spawn(watch(signals, token.clone(), Arc::new(last_call)));
        Ok(Self { token })
    }

    /// Cancelled when the process should end.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hang_up.recv() => "SIGHUP",
        }
    }
}

async fn watch(mut signals: Signals, token: CancellationToken, last_call: LastCall) {
    tokio::select! {
        name = signals.next() => tracing::info!(signal = name, "ending; a second signal ends at once"),
        // Ended from inside; the deadline holds all the same.
        () = token.cancelled() => {}
    }
    token.cancel();
    let status = forced_end(&mut signals).await;
    last_call();
    std::process::exit(status);
}

/// Waits until patience is over, and answers with the exit status.
async fn forced_end(signals: &mut Signals) -> i32 {
    match tokio::time::timeout(SHUTDOWN_DEADLINE, signals.next()).await {
        Ok(name) => {
            tracing::warn!(signal = name, "second signal: ending at once");
            FORCED
        }
        Err(_) => {
            tracing::error!(deadline = ?SHUTDOWN_DEADLINE, "the deadline has passed: ending with work unfinished");
            TOO_LATE
        }
    }
}
