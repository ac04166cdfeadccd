//! A process runtime in a private folder, and ways to look at what it left.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aether_models::{DeploymentId, InstanceId, LogLine, LogStream, ProjectId, ResourceLimits};
use aether_worker::runtime::{
    AppContainer, AppHandle, AppSpec, BuildCommand, ExitReport, ProcessRuntime, ProcessRuntimeSettings,
    Runtime, RuntimeError,
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A runtime with a data folder that only its owner may enter.
pub(crate) struct Setup {
    pub(crate) runtime: ProcessRuntime,
    pub(crate) folder: TempDir,
}

/// Lines of a build with the stream they came from.
pub(crate) type Output = Vec<(LogStream, String)>;

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ProcessRuntimeSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = runtime_in(folder.path(), change).await;
        Self { runtime, folder }
    }

    /// An empty working tree that the sandbox may write.
    pub(crate) async fn workspace(&self) -> PathBuf {
        let path = self
            .folder
            .path()
            .join(format!("workspace-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&path).unwrap();
        self.runtime.prepare_workspace(&path).await.unwrap();
        path
    }

    pub(crate) async fn command(&self, script: &str) -> BuildCommand {
        BuildCommand {
            deployment_id: DeploymentId::generate(),
            script: script.to_owned(),
            workspace: self.workspace().await,
            directory: ".".to_owned(),
            caches: Vec::new(),
            env: BTreeMap::new(),
            limits: limits(),
            timeout: Duration::from_secs(60),
            stack: None,
        }
    }

    /// Runs a script with everything else as usual.
    pub(crate) async fn run(&self, script: &str) -> (ExitReport, Output) {
        let command = self.command(script).await;
        self.run_command(command, CancellationToken::new()).await.unwrap()
    }

    pub(crate) async fn run_command(
        &self,
        command: BuildCommand,
        cancel: CancellationToken,
    ) -> Result<(ExitReport, Output), RuntimeError> {
        let (sink, mut lines) = mpsc::channel(64);
        let collect = async {
            let mut output = Output::new();
            while let Some(line) = lines.recv().await {
                output.push(line);
            }
            output
        };
        let (report, output) = tokio::join!(self.runtime.run_build(command, sink, cancel), collect);
        Ok((report?, output))
    }

    pub(crate) async fn app(&self, start_command: &str) -> AppSpec {
        app_in(&self.workspace().await, start_command)
    }

    pub(crate) async fn inspect(&self, app: &AppSpec) -> Option<AppHandle> {
        self.runtime.inspect_app(app.instance_id).await.unwrap()
    }

    /// The app's log once it has a line with this text.
    pub(crate) async fn log_with(&self, app: &AppSpec, text: &str) -> Vec<LogLine> {
        log_with(&self.runtime, app.instance_id, text).await
    }

    pub(crate) fn state_folder(&self, app: &AppSpec) -> PathBuf {
        self.folder
            .path()
            .join("run/apps")
            .join(app.instance_id.uuid().to_string())
    }

    /// The supervisor's process.
    pub(crate) fn supervisor(&self, app: &AppSpec) -> i32 {
        let record = std::fs::read(self.state_folder(app).join("app.json")).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        i32::try_from(record["pid"].as_i64().unwrap()).unwrap()
    }
}

/// A test that fails leaves no app behind.
impl Drop for Setup {
    fn drop(&mut self) {
        for entry in std::fs::read_dir(self.folder.path().join("run/apps"))
            .into_iter()
            .flatten()
            .flatten()
        {
            for pid in processes_with(&entry.path().display().to_string()) {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
        }
    }
}

pub(crate) async fn runtime_in(
    folder: &Path,
    change: impl FnOnce(&mut ProcessRuntimeSettings),
) -> ProcessRuntime {
    let mut settings = ProcessRuntimeSettings::new(folder);
    settings.executable = PathBuf::from(env!("CARGO_BIN_EXE_aether-shim"));
    settings.restart_pause = Duration::from_millis(50);
    change(&mut settings);
    ProcessRuntime::new(settings).await.unwrap()
}

pub(crate) fn app_in(directory: &Path, start_command: &str) -> AppSpec {
    AppSpec {
        instance_id: InstanceId::generate(),
        deployment_id: DeploymentId::generate(),
        project_id: ProjectId::generate(),
        directory: directory.to_owned(),
        root_dir: ".".to_owned(),
        start_command: start_command.to_owned(),
        env: BTreeMap::new(),
        port: own_port(),
        limits: limits(),
        container: AppContainer::default(),
    }
}

/// A port that no test beside this one takes: below those of outgoing connections and of real apps, four a process.
fn own_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let port = 10_000 + std::process::id() % 2_500 * 4 + TAKEN.fetch_add(1, Ordering::Relaxed) % 4;
    u16::try_from(port).unwrap()
}

pub(crate) fn limits() -> ResourceLimits {
    ResourceLimits {
        memory_mb: 256,
        cpus: 2.0.into(),
        pids: 64,
        disk_mb: 512,
    }
}

pub(crate) async fn log_with(runtime: &ProcessRuntime, instance: InstanceId, text: &str) -> Vec<LogLine> {
    eventually(&format!("the line {text:?}"), || async {
        let lines = runtime.app_log(instance, 0, 100_000).await.unwrap();
        lines.iter().any(|line| line.text.contains(text)).then_some(lines)
    })
    .await
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Processes of this machine with `marker` in their command line.
pub(crate) fn processes_with(marker: &str) -> Vec<i32> {
    let own = std::process::id().cast_signed();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(marker)
        })
        .collect()
}

/// A number of seconds that no other process sleeps for.
pub(crate) fn unique_sleep() -> String {
    format!("86399.{}", uuid::Uuid::now_v7().as_u128() % 1_000_000_000_000)
}

pub(crate) fn text(output: &Output) -> Vec<&str> {
    output.iter().map(|(_, line)| line.as_str()).collect()
}

pub(crate) fn kill(pid: i32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
}
