//! Builds and apps as sandboxed processes, for one machine without Docker.
//!
//! Each command runs under bubblewrap: own mount, pid, ipc, uts and user namespaces, an allow-list of read-only system
//! paths, no capabilities, a system call filter, an unprivileged account, and a control group with limits where the
//! machine has them. It isolates less than Docker: the network is the machine's own (installs need registries, and the
//! proxy reaches apps on loopback), so a build can connect to whatever listens on this machine without a password.
//!
//! A build is a child of the worker and ends with it. An app is a child of its own small supervisor
//! ([`crate::shim`]) and outlives the worker; it is found again through its state folder.

mod account;
mod apps;
mod bubblewrap;
mod build;
pub(crate) mod cgroups;
pub(crate) mod disk;
pub(crate) mod exit;
pub(crate) mod limits;
pub(crate) mod lines;
mod probe;
pub(crate) mod processes;
mod report;
pub(crate) mod running;
pub(crate) mod sandbox;
pub(crate) mod seccomp;
pub(crate) mod settings;
mod spawner;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::{DeploymentId, InstanceId, LogLine, RuntimeName};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

pub use report::{IsolationReport, LimitedBy};
pub use sandbox::SANDBOX_HOME;
pub use settings::{HostAccess, ProcessRuntimeSettings, SandboxUser};

use self::bubblewrap::Bubblewrap;
use self::cgroups::Cgroups;
use self::sandbox::Template;
use self::spawner::Spawner;
use super::{AppHandle, AppSpec, BuildCommand, ExitReport, OutputSink, Runtime, RuntimeError};

/// Scratch folders that nobody touched for so long belong to a worker that was killed.
const SCRATCH_KEPT: Duration = Duration::from_hours(24);

/// Runs builds and apps as sandboxed processes.
#[derive(Debug)]
pub struct ProcessRuntime {
    executable: PathBuf,
    run_folder: PathBuf,
    template: Template,
    cgroups: Option<Cgroups>,
    spawner: Spawner,
    restart_pause: Duration,
    report: IsolationReport,
}

impl ProcessRuntime {
    /// Finds out what this machine can do, and proves it by making one sandbox. Call it before children are started:
    /// with cgroup v2 it may move this process into a group of its own.
    ///
    /// # Errors
    /// A [`RuntimeError::User`] that says what to install or to allow.
    pub async fn new(settings: ProcessRuntimeSettings) -> Result<Self, RuntimeError> {
        let at = |context| move |source| RuntimeError::Io { context, source };
        let bubblewrap = Bubblewrap::find(settings.bubblewrap.as_deref()).await?;
        let template = Template::new(&settings, bubblewrap, seccomp::programs().is_some());
        let spawner = Spawner::start().map_err(at("starting a thread"))?;
        let run_folder =
            std::path::absolute(settings.data_dir.join("run")).map_err(at("finding the data folder"))?;
        for name in ["builds", "apps"] {
            std::fs::create_dir_all(run_folder.join(name)).map_err(at("making the run folder"))?;
        }
        let cgroups = settings.use_cgroups.then(Cgroups::detect);
        probe::probe(&template, &settings.executable, &spawner, &run_folder).await?;
        let runtime = Self {
            report: report::report(&template, cgroups.as_ref()),
            executable: settings.executable,
            restart_pause: settings.restart_pause,
            run_folder,
            template,
            cgroups,
            spawner,
        };
        runtime.sweep_scratch();
        Ok(runtime)
    }

    /// What keeps builds and apps apart here.
    #[must_use]
    pub const fn report(&self) -> &IsolationReport {
        &self.report
    }

    /// Removes a folder that a build could write, also where it took away the permission to read.
    ///
    /// # Errors
    /// [`RuntimeError::Io`] when something cannot be removed.
    pub async fn remove_workspace(&self, path: &Path) -> Result<(), RuntimeError> {
        let path = path.to_owned();
        blocking("removing a workspace", move || disk::remove_tree(&path)).await
    }

    fn builds_folder(&self) -> PathBuf {
        self.run_folder.join("builds")
    }

    fn sweep_scratch(&self) {
        let Ok(entries) = std::fs::read_dir(self.builds_folder()) else {
            return;
        };
        for entry in entries.flatten() {
            let age = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .map(|time| time.elapsed());
            if matches!(age, Ok(Ok(age)) if age > SCRATCH_KEPT) {
                let _ = disk::remove_tree(&entry.path());
            }
        }
    }
}

#[async_trait]
impl Runtime for ProcessRuntime {
    fn name(&self) -> RuntimeName {
        RuntimeName::Process
    }

    fn about(&self) -> Vec<String> {
        self.report.lines()
    }

    async fn run_build(
        &self,
        command: BuildCommand,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ExitReport, RuntimeError> {
        self.run_command(&command, output, &cancel).await
    }

    /// Needed when Aether runs as root, and builds therefore as somebody else; nothing to do otherwise.
    async fn prepare_workspace(&self, path: &Path) -> Result<(), RuntimeError> {
        let Some(user) = self.template.user else {
            return Ok(());
        };
        let path = path.to_owned();
        blocking("preparing a workspace", move || account::give(&path, user)).await
    }

    async fn end_build(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        self.remove_scratch(deployment).await
    }

    async fn start_app(&self, app: AppSpec) -> Result<AppHandle, RuntimeError> {
        self.launch_app(app).await
    }

    async fn list_apps(&self) -> Result<Vec<AppHandle>, RuntimeError> {
        self.every_app().await
    }

    async fn inspect_app(&self, instance: InstanceId) -> Result<Option<AppHandle>, RuntimeError> {
        self.inspect(&self.app_state(instance)).await
    }

    async fn stop_app(&self, instance: InstanceId, grace: Duration) -> Result<(), RuntimeError> {
        self.stop(instance, grace).await
    }

    async fn app_log(
        &self,
        instance: InstanceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        self.log_of(instance, after, limit).await
    }
}

/// Work on the file system, away from the asynchronous threads.
async fn blocking<T: Send + 'static>(
    context: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, RuntimeError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|source| RuntimeError::Io { context, source })
}
