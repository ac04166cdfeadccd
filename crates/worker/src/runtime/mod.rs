//! Where builds and apps run: one trait, one implementation per kind of isolation.
//!
//! The pipeline asks for a command to be run in a workspace, and for an app to be started, watched and stopped. It never
//! learns whether that happens in a sandboxed process or in a container.

mod choice;
pub mod docker;
pub(crate) mod process;

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::{
    BuildPlan, DeploymentId, InstanceId, LogLine, LogStream, ProjectId, ResourceLimits, RuntimeName,
    UserError, VolumeMount,
};
use async_trait::async_trait;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub(crate) use choice::choose;
pub use choice::{Forecast, Runtimes, forecast};
pub use docker::{AppStats, BuiltImage, ImageBuild, ImageReport, VolumeUsage};
pub use process::{
    HostAccess, IsolationReport, LimitedBy, ProcessRuntime, ProcessRuntimeSettings, SANDBOX_HOME, SandboxUser,
};

/// Isolation for builds and apps.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// Which kind of isolation it is.
    fn name(&self) -> RuntimeName;

    /// What keeps builds and apps apart here, in lines for people.
    fn about(&self) -> Vec<String> {
        Vec::new()
    }

    /// What commands of this language run with (an image); what one build installed fits only builds with the same.
    fn toolchain(&self, stack: &Stack) -> String {
        let _ = stack;
        String::new()
    }

    /// Runs one command of a build to its end. Nothing it started is left when this returns, not even a daemon that
    /// left its session.
    ///
    /// # Errors
    /// [`RuntimeError`] when the command could not be run; a command that ran and failed is an [`ExitReport`].
    async fn run_build(
        &self,
        command: BuildCommand,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ExitReport, RuntimeError>;

    /// Makes a folder and everything in it writable for builds. Called once for each working tree and cache folder.
    ///
    /// # Errors
    /// [`RuntimeError`] when it cannot be given away.
    async fn prepare_workspace(&self, path: &Path) -> Result<(), RuntimeError> {
        let _ = path;
        Ok(())
    }

    /// Removes what the commands of one build shared (its home folder); called when the build is over.
    ///
    /// # Errors
    /// [`RuntimeError`] when something could not be removed.
    async fn end_build(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        let _ = deployment;
        Ok(())
    }

    /// Builds the image of a Dockerfile project; in containers only.
    ///
    /// # Errors
    /// [`RuntimeError`] when images cannot be built here; a build that failed is an [`ImageReport`].
    async fn build_image(
        &self,
        build: ImageBuild,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ImageReport, RuntimeError> {
        let _ = (build, output, cancel);
        Err(docker_needed().into())
    }

    /// Removes what nobody needs any more of everything this runtime made, but for volumes, which are data.
    ///
    /// # Errors
    /// [`RuntimeError`] when the runtime does not answer; what is left is removed next time.
    async fn clean_up(&self, needed: NeededLater<'_>) -> Result<Removed, RuntimeError> {
        drop(needed);
        Ok(Removed::default())
    }

    /// Puts up again what keeps builds and apps from this machine, where something else may have taken it down (a
    /// firewall that was reloaded).
    ///
    /// # Errors
    /// [`RuntimeError`] when it cannot be put up.
    async fn keep_confined(&self) -> Result<(), RuntimeError> {
        Ok(())
    }

    /// What an app uses, where the runtime counts it.
    ///
    /// # Errors
    /// [`RuntimeError`] when the runtime does not answer.
    async fn app_stats(&self, instance: InstanceId) -> Result<Option<AppStats>, RuntimeError> {
        let _ = instance;
        Ok(None)
    }

    /// The volumes of all projects, with what is in them.
    ///
    /// # Errors
    /// [`RuntimeError`] when the runtime does not answer.
    async fn all_volumes(&self) -> Result<Vec<(ProjectId, VolumeUsage)>, RuntimeError> {
        Ok(Vec::new())
    }

    /// Removes a project's volumes for good, as part of removing the project.
    ///
    /// # Errors
    /// [`RuntimeError`] when one is still in use or the runtime does not answer.
    async fn remove_volumes(&self, project: ProjectId) -> Result<(), RuntimeError> {
        let _ = project;
        Ok(())
    }

    /// Starts an app under supervision and returns as soon as it was launched; it is not healthy yet. Starting an
    /// instance that already runs returns the running one.
    ///
    /// # Errors
    /// [`RuntimeError`] when it could not be launched at all; [`RuntimeError::PortTaken`] when another port is needed.
    async fn start_app(&self, app: AppSpec) -> Result<AppHandle, RuntimeError>;

    /// Every app that this runtime knows on this machine, also those started before the worker was.
    ///
    /// # Errors
    /// [`RuntimeError`] when the runtime does not answer.
    async fn list_apps(&self) -> Result<Vec<AppHandle>, RuntimeError>;

    /// The instances of [`Self::list_apps`]; asked several times a second.
    ///
    /// # Errors
    /// [`RuntimeError`] when the runtime does not answer.
    async fn list_instances(&self) -> Result<Vec<InstanceId>, RuntimeError> {
        let apps = self.list_apps().await?;
        Ok(apps.into_iter().map(|app| app.instance_id).collect())
    }

    /// The app's present state, or none when there is no such instance.
    ///
    /// # Errors
    /// [`RuntimeError`] when the runtime does not answer.
    async fn inspect_app(&self, instance: InstanceId) -> Result<Option<AppHandle>, RuntimeError>;

    /// Stops an app: TERM, then KILL after `grace`; its state is removed. Stopping one that is gone is fine.
    ///
    /// # Errors
    /// [`RuntimeError`] when the runtime does not answer.
    async fn stop_app(&self, instance: InstanceId, grace: Duration) -> Result<(), RuntimeError>;

    /// Lines the app printed with a number above `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`RuntimeError`] when they cannot be read.
    async fn app_log(
        &self,
        instance: InstanceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>, RuntimeError>;
}

/// What is still needed; everything else that a runtime made goes.
#[derive(Debug, Clone, Default)]
pub struct Needed {
    /// Builds that run right now.
    pub building: HashSet<DeploymentId>,
    /// Copies of apps that are meant to run.
    pub instances: HashSet<InstanceId>,
    /// Deployments whose image is kept (retention, and everything a route points at).
    pub images: HashSet<DeploymentId>,
}

/// Asks what is needed when it is polled, which is after a list of what is there was made.
pub type NeededLater<'a> = BoxFuture<'a, Result<Needed, RuntimeError>>;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Containers of builds, of apps and of helpers.
    pub containers: usize,
    /// Networks without containers.
    pub networks: usize,
    /// Images of Dockerfile projects.
    pub images: usize,
}

/// One command of a build.
#[derive(Debug, Clone)]
pub struct BuildCommand {
    /// The deployment it belongs to; names its control group and its scratch folders.
    pub deployment_id: DeploymentId,
    /// The user's own command line; the one thing that a shell reads, inside the sandbox.
    pub script: String,
    /// Working tree on this machine, writable, seen as [`WORKSPACE`] inside.
    pub workspace: PathBuf,
    /// Folder within the working tree to run in, relative.
    pub directory: String,
    /// Cache folders: path on this machine to path inside (`/cache/npm`), writable.
    pub caches: Vec<(PathBuf, String)>,
    /// The whole environment of the command besides `PATH`, `HOME`, `USER`, `TMPDIR`, `CI`.
    pub env: BTreeMap<String, String>,
    /// What it may use.
    pub limits: ResourceLimits,
    /// Time it may take.
    pub timeout: Duration,
    /// The language it needs: picks the image in a container; the process runtime runs what is installed.
    pub stack: Option<Stack>,
}

/// Where the working tree is seen inside a build, and the app's directory inside a running app.
pub const WORKSPACE: &str = "/workspace";

/// Receives each line of output as it is read, without its line end. Bounded: a slow reader slows the build.
pub type OutputSink = tokio::sync::mpsc::Sender<(LogStream, String)>;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitReport {
    /// It ended by itself with this code.
    Exited(i32),
    /// It was ended by a signal nobody here sent.
    Signalled(i32),
    /// It was cancelled.
    Cancelled,
    /// It used more than it may; the message names the limit and the setting that raises it.
    LimitExceeded(UserError),
}

/// An app to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AppSpec {
    /// Names this copy.
    pub instance_id: InstanceId,
    /// The release it runs.
    pub deployment_id: DeploymentId,
    /// The project, for labels and limits.
    pub project_id: ProjectId,
    /// The app's directory on this machine, read-only to it, seen as [`WORKSPACE`] inside.
    pub directory: PathBuf,
    /// Folder within it to run in, relative.
    pub root_dir: String,
    /// The user's own start command; a shell reads it inside the sandbox.
    pub start_command: String,
    /// Environment besides `PATH`, `HOME`, `TMPDIR`, `PORT` and `HOST`. Never written to disk in the clear.
    pub env: BTreeMap<String, String>,
    /// Port it must listen on (`PORT`, and the address of [`AppHandle`]); chosen by the caller.
    pub port: u16,
    /// What it may use.
    pub limits: ResourceLimits,
    /// What only a container has; the process runtime ignores it.
    #[serde(default)]
    pub container: AppContainer,
}

/// What only apps in containers have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppContainer {
    /// The language the app needs: picks the image.
    pub stack: Option<Stack>,
    /// The project's own image, built from its Dockerfile, by its id; then `directory` is not mounted, and an empty
    /// `start_command` runs what the image says.
    pub image: Option<String>,
    /// The port that this image listens on when it does not follow `PORT`.
    pub port: Option<u16>,
    /// Volumes of the project and the paths they are mounted at; they outlive the deployment.
    pub volumes: Vec<VolumeMount>,
}

/// A language and the version of it that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// As in a build plan: `node`, `python`, `go`, …
    pub language: String,
    /// As in a build plan (`22`, `3.13`); none takes the default.
    pub version: Option<String>,
}

impl Stack {
    /// What a plan's commands need: its main language, or the first runtime it names (a static site's Node).
    #[must_use]
    pub fn of(plan: &BuildPlan) -> Self {
        let named = plan
            .runtime_version
            .get_key_value(&plan.language)
            .or_else(|| plan.runtime_version.first());
        Self {
            language: named.map_or_else(|| plan.language.clone(), |(language, _)| language.clone()),
            version: named.map(|(_, version)| version.clone()),
        }
    }
}

/// A supervised app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppHandle {
    /// Names this copy.
    pub instance_id: InstanceId,
    /// The release it runs.
    pub deployment_id: DeploymentId,
    /// Where it can be reached from this machine.
    pub address: SocketAddr,
    /// What it is doing.
    pub state: AppState,
    /// How often it was started again.
    pub restarts: u32,
}

/// What a supervised app is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AppState {
    /// Its process runs.
    Running,
    /// It ended and will be started again after a pause.
    BackingOff {
        /// How it last ended, in words ("exited with code 1").
        last_exit: String,
    },
    /// It ended so often that it is left alone.
    CrashLooping {
        /// How it last ended, in words.
        last_exit: String,
    },
    /// It is not running any more.
    Stopped,
}

/// The runtime could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Something the user can read and act on (no Docker engine, no bubblewrap).
    #[error(transparent)]
    User(#[from] UserError),
    /// A fault of this machine or of the runtime; worth another try.
    #[error("{context}: {source}")]
    Io {
        /// What was being done.
        context: &'static str,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Another program has the app's port; another port will do.
    #[error("port {0} is taken")]
    PortTaken(u16),
    /// The runtime answered with something unexpected.
    #[error("{0}")]
    Protocol(String),
}

/// A Dockerfile project on a machine without an engine.
pub(crate) fn docker_needed() -> UserError {
    UserError::new(
        "docker_needed",
        "This project needs Docker",
        "The repository is built from its Dockerfile, and this machine runs builds without a Docker engine.",
    )
    .hint(
        "Install Docker Engine 20.10 or newer on the machine that runs Aether and restart it, \
         or choose another framework in Settings > Build so that the Dockerfile is not needed.",
    )
}
