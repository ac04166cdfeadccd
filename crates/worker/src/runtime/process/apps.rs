//! Apps as the worker sees them: supervisors that are started, found, asked and told to stop.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use aether_models::{InstanceId, LogLine};
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use super::cgroups::APP_PREFIX;
use super::disk::remove_tree;
use super::processes::Process;
use super::{ProcessRuntime, blocking};
use crate::runtime::{AppHandle, AppSpec, AppState, RuntimeError};
use crate::shim::{
    APP, Identity, Launch, Record, Request, Response, SUBCOMMAND, Started, StateFolder, Status, read_lines,
};

/// A supervisor that was started says how it went within this time, also on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(20);
/// A living supervisor answers at once.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Time for killing and cleaning up, besides the grace.
const STOP_OVERHEAD: Duration = Duration::from_secs(15);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(10);

impl ProcessRuntime {
    pub(super) async fn launch_app(&self, app: AppSpec) -> Result<AppHandle, RuntimeError> {
        let instance = app.instance_id;
        let state = self.app_state(instance);
        if let Some(handle) = self.inspect(&state).await?
            && handle.state != AppState::Stopped
        {
            return Ok(handle);
        }
        if !app.directory.is_dir() {
            return Err(RuntimeError::Io {
                context: "finding the app's directory",
                source: io::Error::new(io::ErrorKind::NotFound, app.directory.display().to_string()),
            });
        }
        state.create().map_err(|source| RuntimeError::Io {
            context: "making an app's state folder",
            source,
        })?;
        let launch = self.launch(&app, &state)?;
        match start_supervisor(&self.executable, &state, &launch).await? {
            Started::Launched | Started::AlreadyThere => {}
            Started::PortTaken => {
                discard(&launch, &state).await?;
                return Err(RuntimeError::PortTaken(app.port));
            }
            Started::Failed { why } => {
                discard(&launch, &state).await?;
                return Err(RuntimeError::Protocol(format!("the app was not started: {why}")));
            }
        }
        self.wait_until_listed(&state).await
    }

    fn launch(&self, app: &AppSpec, state: &StateFolder) -> Result<Launch, RuntimeError> {
        let name = format!("{APP_PREFIX}{}", app.instance_id.uuid());
        let group = self
            .cgroups
            .as_ref()
            .map(|groups| groups.create(&name, &app.limits))
            .transpose()?;
        Ok(Launch {
            identity: Identity {
                instance_id: app.instance_id,
                deployment_id: app.deployment_id,
                project_id: app.project_id,
                port: app.port,
            },
            sandbox: self.template.app(app, state.sandbox_status(), group.as_ref())?,
            group,
            limits: app.limits,
            first_pause: self.restart_pause,
        })
    }

    /// Another starter's supervisor may hold the lock and not listen yet.
    async fn wait_until_listed(&self, state: &StateFolder) -> Result<AppHandle, RuntimeError> {
        let deadline = Instant::now() + START_WITHIN;
        loop {
            if let Some(handle) = self.inspect(state).await? {
                return Ok(handle);
            }
            if Instant::now() >= deadline {
                return Err(RuntimeError::Protocol(
                    "the app's supervisor does not answer".to_owned(),
                ));
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    pub(super) async fn every_app(&self) -> Result<Vec<AppHandle>, RuntimeError> {
        let mut apps = Vec::new();
        let entries = match std::fs::read_dir(self.apps_folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(apps),
            Err(source) => {
                return Err(RuntimeError::Io {
                    context: "listing apps",
                    source,
                });
            }
        };
        for entry in entries.flatten() {
            let is_ours = entry
                .file_name()
                .to_str()
                .is_some_and(|name| uuid::Uuid::parse_str(name).is_ok());
            if is_ours && let Some(handle) = self.inspect(&StateFolder::new(entry.path())).await? {
                apps.push(handle);
            }
        }
        Ok(apps)
    }

    /// An app whose supervisor is gone is stopped: it went with its supervisor. A folder without a record is of a start
    /// that is under way, or was cut off; it is none.
    pub(super) async fn inspect(&self, state: &StateFolder) -> Result<Option<AppHandle>, RuntimeError> {
        let supervised = state.is_supervised();
        let Some(record) = state.record() else {
            return Ok(None);
        };
        let status = match supervised {
            true => match ask(state, &Request::Status, ANSWER_WITHIN).await {
                Ok(Response::Status(status)) => status,
                Ok(other) => {
                    return Err(RuntimeError::Protocol(format!(
                        "the supervisor answered {other:?}"
                    )));
                }
                // It ended between the two looks.
                Err(_) if !state.is_supervised() => gone(),
                // One that hangs must not hide the others; stopping it kills it.
                Err(error) => {
                    tracing::warn!(instance = %record.identity.instance_id, %error, "an app's supervisor does not answer");
                    silent()
                }
            },
            false => gone(),
        };
        Ok(Some(handle(&record, status)))
    }

    pub(super) async fn stop(&self, instance: InstanceId, grace: Duration) -> Result<(), RuntimeError> {
        let state = self.app_state(instance);
        if !state.path().exists() {
            return Ok(());
        }
        if state.is_supervised() {
            let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
            let told = ask(&state, &Request::Stop { grace_ms }, grace + STOP_OVERHEAD).await;
            if told.is_err() || !ended(&state, ANSWER_WITHIN).await {
                force(&state).await;
            }
        }
        if let Some(group) = state.record().and_then(|record| record.group) {
            group.kill_all().await;
            group.remove().await;
        }
        let path = state.path().to_owned();
        blocking("removing an app's state", move || remove_tree(&path)).await
    }

    pub(super) async fn log_of(
        &self,
        instance: InstanceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        let path = self.app_state(instance).path().to_owned();
        blocking("reading an app's log", move || read_lines(&path, after, limit)).await
    }

    pub(super) fn app_state(&self, instance: InstanceId) -> StateFolder {
        StateFolder::new(self.apps_folder().join(instance.uuid().to_string()))
    }

    fn apps_folder(&self) -> PathBuf {
        self.run_folder.join("apps")
    }
}

const fn gone() -> Status {
    Status {
        app: AppState::Stopped,
        restarts: 0,
        pid: None,
    }
}

fn silent() -> Status {
    Status {
        app: AppState::BackingOff {
            last_exit: "has a supervisor that does not answer".to_owned(),
        },
        restarts: 0,
        pid: None,
    }
}

fn handle(record: &Record, status: Status) -> AppHandle {
    AppHandle {
        instance_id: record.identity.instance_id,
        deployment_id: record.identity.deployment_id,
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, record.identity.port)),
        state: status.app,
        restarts: status.restarts,
    }
}

/// Removes what was made for an app that was not started.
async fn discard(launch: &Launch, state: &StateFolder) -> Result<(), RuntimeError> {
    if let Some(group) = &launch.group {
        group.remove().await;
    }
    // The supervisor still holds its lock for a moment; a folder must not go from under the next one's.
    ended(state, ANSWER_WITHIN).await;
    let path = state.path().to_owned();
    blocking("removing an app's state", move || remove_tree(&path)).await
}

/// Starts the supervisor, hands it what to run, and waits until it says how that went. It is not ours any more then;
/// only its end is collected, as long as we are there.
async fn start_supervisor(
    executable: &std::path::Path,
    state: &StateFolder,
    launch: &Launch,
) -> Result<Started, RuntimeError> {
    let failed = |source| RuntimeError::Io {
        context: "starting an app's supervisor",
        source,
    };
    let own_log = std::fs::File::create(state.own_log()).map_err(failed)?;
    let mut command = Command::new(executable);
    command
        .args([SUBCOMMAND, APP])
        .arg(state.path())
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(own_log));
    let text = serde_json::to_vec(launch).map_err(|error| failed(error.into()))?;
    let mut child = command.spawn().map_err(failed)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    tokio::spawn(async move { child.wait().await });
    let conversation = async {
        if let Some(mut input) = input {
            // One that refuses to listen says why.
            let _ = input.write_all(&text).await;
        }
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line).await?;
        }
        Ok(serde_json::from_str(&line)?)
    };
    match timeout(START_WITHIN, conversation).await {
        Ok(outcome) => outcome.map_err(failed),
        Err(_) => Err(failed(io::ErrorKind::TimedOut.into())),
    }
}

async fn ask(state: &StateFolder, request: &Request, within: Duration) -> io::Result<Response> {
    let conversation = async {
        let socket = state.socket()?;
        let mut stream = UnixStream::connect(socket.path()).await?;
        let mut text = serde_json::to_vec(request)?;
        text.push(b'\n');
        stream.write_all(&text).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    };
    timeout(within, conversation)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Waits until the supervisor has let go of its lock.
async fn ended(state: &StateFolder, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    while state.is_supervised() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
    true
}

/// Kills a supervisor that does not answer; the kernel kills its sandbox with it.
async fn force(state: &StateFolder) {
    if let Some(record) = state.record() {
        let supervisor = Process {
            pid: record.pid,
            started: record.started,
        };
        supervisor.signal(Signal::KILL);
        ended(state, ANSWER_WITHIN).await;
    }
}
