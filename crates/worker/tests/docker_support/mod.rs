//! What the tests of the Docker runtime share: a real engine, stand-in images, a runtime whose things are told apart
//! from every other test's by its owner, and the check that nothing of it is left.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]
#![allow(dead_code, reason = "each test file uses its part")]

mod engine;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aether_models::{DeploymentId, InstanceId, LogStream, ProjectId, ResourceLimits, SystemClock};
use aether_worker::runtime::docker::{AppReach, DockerRuntime, DockerRuntimeSettings};
use aether_worker::runtime::{
    AppContainer, AppHandle, AppSpec, AppState, BuildCommand, ExitReport, Runtime, RuntimeError, Stack,
};
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use engine::{PrivateEngine, ensure_engine};

pub(crate) const NODE: &str = "node:22-bookworm-slim";
pub(crate) const DEBIAN: &str = "debian:bookworm-slim";

/// A runtime of its own, with folders of its own.
pub(crate) struct Bench {
    pub(crate) runtime: Arc<DockerRuntime>,
    pub(crate) settings: DockerRuntimeSettings,
    pub(crate) folder: TempDir,
    _secrets: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut DockerRuntimeSettings)) -> Self {
        ensure_engine();
        let folder = tempfile::tempdir().unwrap();
        let secrets = tempfile::tempdir_in("/dev/shm").unwrap();
        let mut settings = DockerRuntimeSettings::new(folder.path().join("data"));
        settings.owner = format!("test{:08x}", rand::random::<u32>());
        settings.secrets_dir = secrets.path().to_owned();
        settings.reach = AppReach::ContainerAddress;
        change(&mut settings);
        // The account inside must get through to the folders.
        open_to_all(folder.path());
        let runtime = Arc::new(
            DockerRuntime::connect(settings.clone(), Arc::new(SystemClock))
                .await
                .unwrap(),
        );
        Self {
            runtime,
            settings,
            folder,
            _secrets: secrets,
        }
    }

    /// Another runtime over the same things, as after a restart of the worker.
    pub(crate) async fn restarted(&self) -> Arc<DockerRuntime> {
        Arc::new(
            DockerRuntime::connect(self.settings.clone(), Arc::new(SystemClock))
                .await
                .unwrap(),
        )
    }

    /// A build of `script` in an empty working tree, in the plain image.
    pub(crate) fn build(&self, script: &str) -> BuildCommand {
        let workspace = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        BuildCommand {
            deployment_id: DeploymentId::generate(),
            script: script.to_owned(),
            workspace,
            directory: ".".to_owned(),
            caches: Vec::new(),
            env: BTreeMap::new(),
            limits: limits(),
            timeout: Duration::from_secs(60),
            stack: None,
        }
    }

    /// An app of `script` in the plain image, or in Node's.
    pub(crate) fn app(&self, script: &str, language: Option<&str>) -> AppSpec {
        let directory = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        open_to_all(&directory);
        AppSpec {
            instance_id: InstanceId::generate(),
            deployment_id: DeploymentId::generate(),
            project_id: ProjectId::generate(),
            directory,
            root_dir: ".".to_owned(),
            start_command: script.to_owned(),
            env: BTreeMap::new(),
            port: free_port(),
            limits: limits(),
            container: AppContainer {
                stack: language.map(|language| Stack {
                    language: language.to_owned(),
                    version: None,
                }),
                ..AppContainer::default()
            },
        }
    }

    /// Runs a build of one command.
    pub(crate) async fn run(&self, command: BuildCommand) -> Outcome {
        let deployment = command.deployment_id;
        let outcome = self.run_until(command, CancellationToken::new()).await.unwrap();
        self.runtime.end_build(deployment).await.unwrap();
        outcome
    }

    pub(crate) async fn run_until(
        &self,
        command: BuildCommand,
        cancel: CancellationToken,
    ) -> Result<Outcome, RuntimeError> {
        let (sink, mut lines) = tokio::sync::mpsc::channel(64);
        let collect = tokio::spawn(async move {
            let mut all = Vec::new();
            while let Some(line) = lines.recv().await {
                all.push(line);
            }
            all
        });
        let started = Instant::now();
        let report = self.runtime.run_build(command, sink, cancel).await;
        let took = started.elapsed();
        let lines = collect.await.unwrap();
        Ok(Outcome {
            report: report?,
            lines,
            took,
        })
    }

    pub(crate) async fn wait_for(
        &self,
        instance: InstanceId,
        what: impl Fn(&AppHandle) -> bool,
    ) -> AppHandle {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let handle = self
                .runtime
                .inspect_app(instance)
                .await
                .unwrap()
                .expect("the app is known");
            if what(&handle) {
                return handle;
            }
            assert!(Instant::now() < deadline, "it did not come to that: {handle:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the app's log has a line with `text`, and returns all lines.
    pub(crate) async fn wait_for_line(&self, instance: InstanceId, text: &str) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let lines = self.runtime.app_log(instance, 0, 10_000).await.unwrap();
            let texts: Vec<String> = lines.into_iter().map(|line| line.text).collect();
            if texts.iter().any(|line| line.contains(text)) {
                return texts;
            }
            assert!(Instant::now() < deadline, "{text:?} was not printed: {texts:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything in the engine that carries this test's label.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        leftovers(&self.settings)
    }

    /// Asserts that nothing is left, neither in the engine nor in the folder for variables.
    pub(crate) fn assert_nothing_left(&self) {
        assert_eq!(self.leftovers(), Vec::<String>::new());
        let variables = self.settings.secrets_dir.join(&self.settings.owner);
        assert_eq!(
            std::fs::read_dir(variables).unwrap().count(),
            0,
            "variables are left in memory"
        );
    }
}

/// Everything in the engine that carries the label of this owner.
pub(crate) fn leftovers(settings: &DockerRuntimeSettings) -> Vec<String> {
    let filter = format!("label=aether.owner={}", settings.owner);
    let mut left = Vec::new();
    for (kind, args) in [
        ("container", &["ps", "-aq"][..]),
        ("network", &["network", "ls", "-q"]),
        ("volume", &["volume", "ls", "-q"]),
        ("image", &["images", "-aq"]),
    ] {
        let args = args
            .iter()
            .copied()
            .chain(["--filter", &filter])
            .collect::<Vec<_>>();
        left.extend(
            docker(&settings.socket, &args)
                .lines()
                .map(|id| format!("{kind} {id}")),
        );
    }
    left
}

/// How a build went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) report: ExitReport,
    pub(crate) lines: Vec<(LogStream, String)>,
    pub(crate) took: Duration,
}

impl Outcome {
    pub(crate) fn text(&self) -> String {
        self.lines
            .iter()
            .map(|(_, line)| line.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The code of the limit that was exceeded.
    pub(crate) fn limit(&self) -> &str {
        match &self.report {
            ExitReport::LimitExceeded(error) => &error.code,
            other => panic!("no limit was exceeded: {other:?}\n{}", self.text()),
        }
    }
}

pub(crate) fn is_running(handle: &AppHandle) -> bool {
    handle.state == AppState::Running
}

pub(crate) fn limits() -> ResourceLimits {
    ResourceLimits {
        memory_mb: 512,
        cpus: 1.0.into(),
        pids: 128,
        disk_mb: 512,
    }
}

/// Runs the engine's command line tool, which is no part of what is tested, and returns what it printed.
pub(crate) fn docker(socket: &Path, args: &[&str]) -> String {
    let output = Command::new("docker")
        .arg("--host")
        .arg(format!("unix://{}", socket.display()))
        .args(args)
        .env("DOCKER_BUILDKIT", "0")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "docker {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A port that is free right now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

pub(crate) fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Writes files into a folder.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path: PathBuf = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Asks an app, and returns status and body.
pub(crate) async fn get(address: std::net::SocketAddr, path: &str) -> Result<String, std::io::Error> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream
            .write_all(format!("GET {path} HTTP/1.0\r\nHost: test\r\n\r\n").as_bytes())
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    tokio::time::timeout(Duration::from_secs(5), ask)
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

/// Asks until the app answers.
pub(crate) async fn get_when_ready(address: std::net::SocketAddr, path: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match get(address, path).await {
            Ok(answer) if !answer.is_empty() => return answer,
            other => assert!(Instant::now() < deadline, "no answer from {address}: {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
