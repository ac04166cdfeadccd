//! Where builds and apps run: one trait, one implementation per kind of isolation.
//!
//! The pipeline asks for a command to be run in a workspace, and for an app to be started, watched and stopped. It never
//! learns whether that happens in a sandboxed process or in a container.

pub mod docker;
pub(crate) mod process;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::{
    BuildPlan, DeploymentId, InstanceId, LogLine, LogStream, ProjectId, ResourceLimits, UserError,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use process::{
    HostAccess, IsolationReport, LimitedBy, ProcessRuntime, ProcessRuntimeSettings, SANDBOX_HOME, SandboxUser,
};

/// Isolation for builds and apps.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// `process` or `docker`.
    fn name(&self) -> &'static str;

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
    pub volumes: Vec<AppVolume>,
}

/// A volume of a project, mounted into its apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppVolume {
    /// Its name within the project.
    pub name: String,
    /// Where the app sees it, absolute.
    pub path: String,
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
