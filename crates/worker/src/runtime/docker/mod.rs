//! Builds and apps in containers, for production.
//!
//! * A build command runs in a container of its own, from the image of its language, in a network of its deployment
//!   ([`build`]); nothing of it is left at the end.
//! * An app is a container that the engine restarts and that outlives the worker ([`app`]); it is found again by its
//!   labels.
//! * A Dockerfile project is built by the engine ([`image`]).
//! * A packet filter keeps all of them from this machine and its neighbours ([`firewall`]).
//!
//! Nothing is kept in memory that could not be asked from the engine again: it may be restarted or hang at any moment,
//! and so may the worker. Every call has a limit; trouble with the engine itself is an error worth another try.

mod app;
mod build;
mod cleanup;
mod container;
mod engine;
mod env_file;
mod firewall;
mod folder;
mod helper;
mod image;
mod labels;
mod network;
mod pull;
mod settings;
mod stack;
mod variables;
mod volume;
mod wire;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::{DeploymentId, InstanceId, LogLine, ProjectId, RuntimeName, SharedClock, UserError};
use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

pub use self::app::AppStats;
pub use self::image::{BuiltImage, ImageBuild, ImageReport};
pub use self::settings::{AppReach, BuildKitMode, DockerRuntimeSettings, FirewallMode};
pub use self::volume::VolumeUsage;
pub use super::{Needed, Removed};

use self::app::Logs;
use self::engine::{Engine, EngineError};
use self::env_file::EnvFiles;
use self::firewall::Firewall;
use self::network::Networks;
use super::{
    AppHandle, AppSpec, BuildCommand, ExitReport, NeededLater, OutputSink, Runtime, RuntimeError, Stack,
};

/// How often a build's engine is asked whether it is still there.
const ENGINE_CHECK: Duration = Duration::from_secs(5);

/// Runs builds and apps in containers.
pub struct DockerRuntime {
    settings: DockerRuntimeSettings,
    clock: SharedClock,
    engine: Engine,
    firewall: Firewall,
    networks: Networks,
    env_files: EnvFiles,
    logs: Logs,
    choosing_address: Mutex<()>,
    /// Whether an image has a shell, by its id, which stands for its contents.
    shells: std::sync::Mutex<HashMap<String, bool>>,
}

impl std::fmt::Debug for DockerRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DockerRuntime")
            .field("settings", &self.settings)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl DockerRuntime {
    /// Connects to the engine, puts up the packet filter and adopts the apps that run.
    ///
    /// # Errors
    /// [`RuntimeError::User`] when no engine answers, it is too old, or containers cannot be confined.
    pub async fn connect(settings: DockerRuntimeSettings, clock: SharedClock) -> Result<Self, RuntimeError> {
        let engine = Engine::connect(&settings.socket, settings.call_timeout).await?;
        let runtime = Self {
            firewall: Firewall::new(&settings),
            networks: Networks::new(&settings.owner, settings.network_pool),
            env_files: EnvFiles::open(&settings.secrets_dir, &settings.owner)?,
            logs: Logs::new(settings.data_dir.join("docker/logs").join(&settings.owner)),
            choosing_address: Mutex::new(()),
            shells: std::sync::Mutex::default(),
            settings,
            clock,
            engine,
        };
        runtime.firewall.renew(&runtime.engine).await?;
        runtime.adopt_apps().await?;
        Ok(runtime)
    }

    /// Whether builds and apps could be run with these settings on this machine, and what the engine is; changes nothing.
    ///
    /// # Errors
    /// [`RuntimeError::User`] with what is in the way.
    pub async fn probe(settings: &DockerRuntimeSettings) -> Result<Vec<String>, RuntimeError> {
        let engine = Engine::connect(&settings.socket, settings.call_timeout).await?;
        if settings.firewall == FirewallMode::Host && !rustix::process::geteuid().is_root() {
            return Err(no_packet_filter().into());
        }
        Ok(describe(&engine, settings))
    }

    /// Whether the engine answers right now, for health checks.
    ///
    /// # Errors
    /// [`RuntimeError`] when it does not.
    pub async fn ping(&self) -> Result<(), RuntimeError> {
        self.engine.ping(ENGINE_CHECK).await.map_err(Into::into)
    }

    /// Puts the packet filter up again; for the reconciler, because a firewall that was reloaded has forgotten it.
    ///
    /// # Errors
    /// [`RuntimeError`] when it cannot be put up.
    pub async fn renew_firewall(&self) -> Result<(), RuntimeError> {
        self.firewall.renew(&self.engine).await
    }

    /// What runs builds and apps here, as lines of text for `aether doctor` and the head of a build log.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        describe(&self.engine, &self.settings)
    }

    /// Returns when the engine has not answered for as long as patience lasts.
    async fn engine_lost(&self) -> EngineError {
        loop {
            tokio::time::sleep(ENGINE_CHECK).await;
            if let Err(error) = self.engine.ping(self.settings.engine_patience).await {
                return error;
            }
        }
    }

    fn scratch_folder(&self) -> PathBuf {
        self.settings
            .data_dir
            .join("docker/builds")
            .join(&self.settings.owner)
    }
}

#[async_trait]
impl Runtime for DockerRuntime {
    fn name(&self) -> RuntimeName {
        RuntimeName::Docker
    }

    async fn run_build(
        &self,
        command: BuildCommand,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ExitReport, RuntimeError> {
        self.build_command(command, output, cancel).await
    }

    fn about(&self) -> Vec<String> {
        self.describe()
    }

    fn toolchain(&self, stack: &Stack) -> String {
        // A language without an image fails when it is used, with the reason.
        stack::image_for(Some(stack), &self.settings.images).unwrap_or_default()
    }

    async fn build_image(
        &self,
        build: ImageBuild,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ImageReport, RuntimeError> {
        Self::build_image(self, build, output, cancel).await
    }

    async fn clean_up(&self, needed: NeededLater<'_>) -> Result<Removed, RuntimeError> {
        self.remove_unneeded(needed).await
    }

    async fn keep_confined(&self) -> Result<(), RuntimeError> {
        self.renew_firewall().await
    }

    async fn app_stats(&self, instance: InstanceId) -> Result<Option<AppStats>, RuntimeError> {
        Self::app_stats(self, instance).await
    }

    async fn all_volumes(&self) -> Result<Vec<(ProjectId, VolumeUsage)>, RuntimeError> {
        self.every_volume().await
    }

    async fn remove_volumes(&self, project: ProjectId) -> Result<(), RuntimeError> {
        Self::remove_volumes(self, project).await
    }

    async fn prepare_workspace(&self, path: &Path) -> Result<(), RuntimeError> {
        folder::give(path.to_owned(), self.settings.user(), true).await
    }

    async fn end_build(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        self.end_of_build(deployment).await
    }

    async fn start_app(&self, app: AppSpec) -> Result<AppHandle, RuntimeError> {
        self.launch_app(app).await
    }

    async fn list_apps(&self) -> Result<Vec<AppHandle>, RuntimeError> {
        self.known_apps().await
    }

    async fn list_instances(&self) -> Result<Vec<InstanceId>, RuntimeError> {
        self.known_instances().await
    }

    async fn inspect_app(&self, instance: InstanceId) -> Result<Option<AppHandle>, RuntimeError> {
        self.app_handle(instance).await
    }

    async fn stop_app(&self, instance: InstanceId, grace: Duration) -> Result<(), RuntimeError> {
        self.end_app(instance, grace).await
    }

    async fn app_log(
        &self,
        instance: InstanceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        self.log_lines(instance, after, limit).await
    }
}

fn describe(engine: &Engine, settings: &DockerRuntimeSettings) -> Vec<String> {
    let facts = &engine.facts;
    let mut lines = vec![format!(
        "Docker engine {} (API {}) at {}, {}, {} CPUs, {} MiB memory",
        facts.version,
        facts.api,
        engine.socket().display(),
        facts.architecture,
        facts.cpus,
        facts.memory_bytes / (1024 * 1024),
    )];
    if !facts.live_restore {
        lines.push(
            "Note: apps stop while the engine is restarted; set \"live-restore\": true in /etc/docker/daemon.json"
                .to_owned(),
        );
    }
    if settings.firewall == FirewallMode::Off {
        lines.push(
            "Note: no packet filter; containers reach this machine's ports and cloud metadata".to_owned(),
        );
    }
    lines
}

fn no_packet_filter() -> UserError {
    UserError::new(
        "firewall_unavailable",
        "Containers cannot be kept from this machine",
        "The packet filter between containers and this machine can be put up by root only, and Aether is not root.",
    )
    .hint("Run Aether as root, or name an image with iptables in AETHER_DOCKER_FIREWALL.")
}
