//! `shim app`: keeps one app running until it is told to stop.
//!
//! Take the lock -> read what to run -> claim the port -> listen -> launch -> say so -> (app ends -> pause -> launch)* -> stop. The app is
//! our child and dies with us; we are nobody's child and die only when told. The values of the environment exist only
//! in this process's memory: they came through a pipe, and are needed again for each restart.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use aether_models::{LogStream, ResourceLimits, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::control::{self, Stop};
use super::log_file::LogFile;
use super::port_claim::PortClaim;
use super::protocol::{Identity, Status};
use super::restart::RestartPolicy;
use super::state::{Record, StateFolder};
use super::{COULD_NOT, close_inherited_files, not_understood};
use crate::runtime::process::cgroups::{Group, Refusals};
use crate::runtime::process::exit::ending;
use crate::runtime::process::limits::{Exceeded, LimitWatch};
use crate::runtime::process::lines::forward;
use crate::runtime::process::processes::start_of;
use crate::runtime::process::running::{Running, Whom};
use crate::runtime::process::sandbox::Sandbox;
use crate::runtime::{AppState, OutputSink};

/// TERM to the supervisor itself (the machine shuts down): the app gets this long.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
/// Lines between the app and its log; a full disk slows the app down instead of eating memory.
const LOG_BACKLOG: usize = 256;
/// How often limits are looked at that no control group enforces.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const FOLDER_EVERY: Duration = Duration::from_secs(3);
/// What a killed app may still have in its pipes is read for this long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What to run; through the pipe, never stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Launch {
    pub(crate) identity: Identity,
    pub(crate) sandbox: Sandbox,
    pub(crate) group: Option<Group>,
    pub(crate) limits: ResourceLimits,
    /// Before the first restart.
    pub(crate) first_pause: Duration,
}

/// How the start went; one line on standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "start", rename_all = "snake_case")]
pub(crate) enum Started {
    Launched,
    /// Another supervisor has this app.
    AlreadyThere,
    /// Another program has the app's port.
    PortTaken,
    Failed {
        why: String,
    },
}

/// Runs the supervisor to its end.
pub(super) fn run(folder: Option<PathBuf>) -> ExitCode {
    close_inherited_files();
    // Fails for the leader of a process group, which is detached enough.
    let _ = rustix::process::setsid();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let Some(folder) = folder else {
        return ExitCode::from(COULD_NOT);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.and_then(|runtime| runtime.block_on(supervise(&folder)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "aether: {error}");
            say(&Started::Failed {
                why: error.to_string(),
            });
            ExitCode::from(COULD_NOT)
        }
    }
}

async fn supervise(folder: &Path) -> io::Result<()> {
    let state = StateFolder::new(folder.to_owned());
    let Some(_lock) = state.lock()? else {
        say(&Started::AlreadyThere);
        return Ok(());
    };
    let mut text = Vec::new();
    tokio::io::stdin().read_to_end(&mut text).await?;
    let launch: Launch = serde_json::from_slice(&text).map_err(|error| not_understood(&error))?;
    drop(text);
    let Some(_port) = PortClaim::take(launch.identity.port)? else {
        say(&Started::PortTaken);
        return Ok(());
    };
    let (stop, orders) = mpsc::channel(4);
    listen_to_signals(&stop)?;
    tokio::spawn(stop_without_folder(state.clone(), stop.clone()));
    let (log, lines) = mpsc::channel(LOG_BACKLOG);
    let writer = tokio::spawn(write_log(LogFile::open(folder, Arc::new(SystemClock))?, lines));
    let (status, published) = watch::channel(Status {
        app: AppState::Running,
        restarts: 0,
        pid: None,
    });
    tokio::spawn(control::serve(control::listen(&state)?, published, stop));
    state.write_record(&record(&launch))?;
    let supervisor = Supervisor {
        seen: launch.group.as_ref().map(Group::refusals).unwrap_or_default(),
        policy: RestartPolicy::new(launch.first_pause),
        launch,
        status,
        orders,
        log,
        announced: false,
    };
    let stop = supervisor.keep_running().await?;
    // All senders are gone with the supervisor, so this ends when the last line is on disk.
    let _ = writer.await;
    if let Some(done) = stop.done {
        let _ = done.send(());
        // The answer is written by another task of this thread.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn record(launch: &Launch) -> Record {
    let pid = std::process::id().cast_signed();
    Record {
        identity: launch.identity.clone(),
        pid,
        started: start_of(pid).unwrap_or(0),
        group: launch.group.clone(),
    }
}

/// TERM stops the app. HUP and INT belong to the terminal we were started from and mean nothing here.
fn listen_to_signals(stop: &mpsc::Sender<Stop>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {
                    let order = Stop { grace: SHUTDOWN_GRACE, done: None };
                    let _ = stop.send(order).await;
                }
                _ = hang_up.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    });
    Ok(())
}

/// An app whose data folder was deleted is stopped: nobody could find it again.
async fn stop_without_folder(state: StateFolder, stop: mpsc::Sender<Stop>) {
    let mut looks = tokio::time::interval(FOLDER_EVERY);
    loop {
        looks.tick().await;
        if state.was_removed() {
            let order = Stop {
                grace: SHUTDOWN_GRACE,
                done: None,
            };
            let _ = stop.send(order).await;
            return;
        }
    }
}

async fn write_log(mut log: LogFile, mut lines: mpsc::Receiver<(LogStream, String)>) {
    while let Some((stream, text)) = lines.recv().await {
        // A line that cannot be written is lost; a full disk must not take the app down.
        let _ = log.write(stream, text);
    }
}

/// Tells the starter, and lets go of it.
fn say(started: &Started) {
    let mut text = serde_json::to_vec(started).unwrap_or_default();
    text.push(b'\n');
    let mut output = io::stdout();
    let _ = output.write_all(&text).and_then(|()| output.flush());
    if let Ok(nothing) = std::fs::File::options().read(true).write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdin(&nothing);
        let _ = nix::unistd::dup2_stdout(&nothing);
    }
}

struct Supervisor {
    launch: Launch,
    status: watch::Sender<Status>,
    orders: mpsc::Receiver<Stop>,
    log: OutputSink,
    policy: RestartPolicy,
    /// What the control group had refused before the present run.
    seen: Refusals,
    announced: bool,
}

/// How one run ended.
enum Ended {
    ByItself(String),
    Ordered(Stop),
}

impl Supervisor {
    async fn keep_running(mut self) -> io::Result<Stop> {
        loop {
            let started = Instant::now();
            let last_exit = match self.run_once().await? {
                Ended::Ordered(stop) => return Ok(self.stopped(stop).await),
                Ended::ByItself(how) => how,
            };
            let decision = self.policy.ended(started, Instant::now());
            let pause = humantime::format_duration(decision.pause);
            self.note(format!("The app {last_exit}; starting it again in {pause}"))
                .await;
            let app = if decision.crash_looping {
                AppState::CrashLooping { last_exit }
            } else {
                AppState::BackingOff { last_exit }
            };
            self.status.send_modify(|status| {
                status.app = app;
                status.pid = None;
            });
            tokio::select! {
                () = tokio::time::sleep(decision.pause) => {}
                Some(stop) = self.orders.recv() => return Ok(self.stopped(stop).await),
            }
            self.status.send_modify(|status| status.restarts += 1);
        }
    }

    async fn run_once(&mut self) -> io::Result<Ended> {
        let group = self.launch.group.clone();
        let launched = Running::launch(&self.launch.sandbox, Path::new("/proc/self/exe"), None, group).await;
        let mut running = match launched {
            Ok(running) => running,
            // The caller of the first start is told; later, memory may just be short.
            Err(error) if self.announced => {
                return Ok(Ended::ByItself(format!("could not be started ({error})")));
            }
            Err(error) => return Err(io::Error::other(error)),
        };
        self.status.send_modify(|status| {
            status.pid = Some(running.pid());
            // A crash-looping app stays one until it has proved itself.
            if !matches!(status.app, AppState::CrashLooping { .. }) {
                status.app = AppState::Running;
            }
        });
        if !self.announced {
            self.announced = true;
            say(&Started::Launched);
        }
        let readers = [
            running
                .stdout
                .take()
                .map(|pipe| tokio::spawn(forward(pipe, LogStream::Stdout, self.log.clone()))),
            running
                .stderr
                .take()
                .map(|pipe| tokio::spawn(forward(pipe, LogStream::Stderr, self.log.clone()))),
        ];
        let ended = self.watch(&mut running).await;
        running.kill().await;
        for mut reader in readers.into_iter().flatten() {
            if tokio::time::timeout(LAST_WORDS, &mut reader).await.is_err() {
                reader.abort();
            }
        }
        Ok(ended)
    }

    async fn watch(&mut self, running: &mut Running) -> Ended {
        let proved = tokio::time::sleep(super::restart::SOUND_AFTER);
        tokio::pin!(proved);
        let mut is_proved = false;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = looks.tick() => {
                    let watch = LimitWatch::new(self.launch.group.as_ref(), self.launch.limits);
                    if let Some(exceeded) = watch.look_without_groups(running.pid()) {
                        return Ended::ByItself(self.stopped_at(exceeded));
                    }
                }
                status = running.wait() => return Ended::ByItself(self.how_it_ended(running, status)),
                Some(stop) = self.orders.recv() => {
                    running.terminate(Whom::Main, stop.grace).await;
                    return Ended::Ordered(stop);
                }
                () = &mut proved, if !is_proved => {
                    is_proved = true;
                    self.status.send_modify(|status| status.app = AppState::Running);
                }
            }
        }
    }

    fn how_it_ended(&mut self, running: &Running, status: io::Result<ExitStatus>) -> String {
        let refusals = self
            .launch
            .group
            .as_ref()
            .map(Group::refusals)
            .unwrap_or_default();
        let out_of_memory = refusals.out_of_memory > self.seen.out_of_memory;
        self.seen = refusals;
        if out_of_memory {
            return self.stopped_at(Exceeded::Memory);
        }
        let status = match status {
            Ok(status) => status,
            Err(error) => return format!("was lost ({error})"),
        };
        match running.start_failure(status) {
            Some(why) => format!("could not be started ({why})"),
            None => ending(status).to_string(),
        }
    }

    fn stopped_at(&self, exceeded: Exceeded) -> String {
        let limits = &self.launch.limits;
        match exceeded {
            Exceeded::Processes => format!("ran more than {} processes and was stopped", limits.pids),
            _ => format!(
                "used more than {} MiB of memory and was stopped",
                limits.memory_mb
            ),
        }
    }

    async fn stopped(self, stop: Stop) -> Stop {
        self.note("The app was stopped".to_owned()).await;
        if let Some(group) = &self.launch.group {
            group.remove().await;
        }
        stop
    }

    async fn note(&self, text: String) {
        let _ = self.log.send((LogStream::System, text)).await;
    }
}
