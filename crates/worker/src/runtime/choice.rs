//! Which runtime builds and apps get: what the operator asked for, what this machine has, and what a project is pinned to.
//!
//! With `AETHER_RUNTIME=auto` both kinds are there where the machine has both; Docker is taken when its engine answers, and
//! a project may be pinned to either. With `docker` or `process` there is only that one: an operator who wants every build
//! in a container says so there.

use std::sync::Arc;
use std::time::Duration;

use aether_models::{
    DeploymentId, InstanceId, LogLine, ProjectId, ProjectSettings, RuntimeName, SharedClock, UserError,
};
use futures::future::try_join_all;
use tokio::time::Instant;

use super::docker::{DockerRuntime, DockerRuntimeSettings};
use super::{
    AppHandle, AppStats, HostAccess, NeededLater, ProcessRuntime, ProcessRuntimeSettings, Removed, Runtime,
    RuntimeError, VolumeUsage,
};
use crate::settings::{RuntimeChoice, Settings};

/// Apps of this machine are in containers, and the engine may still be starting, as after a restart of the machine.
const ENGINE_PATIENCE: Duration = Duration::from_secs(60);
const ENGINE_PAUSE: Duration = Duration::from_secs(1);

/// The runtimes of this worker. Apps are found in whichever they run.
#[derive(Clone)]
pub struct Runtimes {
    main: Arc<dyn Runtime>,
    other: Option<Arc<dyn Runtime>>,
    why: String,
}

impl Runtimes {
    /// One runtime for everything, for the given reason.
    #[must_use]
    pub fn only(main: Arc<dyn Runtime>, why: impl Into<String>) -> Self {
        Self {
            main,
            other: None,
            why: why.into(),
        }
    }

    /// The runtime of projects that are not pinned.
    #[must_use]
    pub fn name(&self) -> RuntimeName {
        self.main.name()
    }

    /// Which it is, why, and what it is made of, in lines for people.
    #[must_use]
    pub fn about(&self) -> Vec<String> {
        let mut lines = vec![self.why.clone()];
        lines.extend(self.main.about());
        lines
    }

    /// The runtime of a project.
    ///
    /// # Errors
    /// A [`UserError`] when it is pinned to one that this worker does not have.
    pub fn of(&self, settings: &ProjectSettings) -> Result<&Arc<dyn Runtime>, UserError> {
        match settings.runtime {
            None => Ok(&self.main),
            Some(wanted) => self
                .each()
                .find(|runtime| runtime.name() == wanted)
                .ok_or_else(|| not_here(wanted)),
        }
    }

    /// All apps of this machine; see [`Runtime::list_apps`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn list_apps(&self) -> Result<Vec<AppHandle>, RuntimeError> {
        Ok(try_join_all(self.each().map(|runtime| runtime.list_apps()))
            .await?
            .concat())
    }

    /// See [`Runtime::list_instances`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn list_instances(&self) -> Result<Vec<InstanceId>, RuntimeError> {
        Ok(try_join_all(self.each().map(|runtime| runtime.list_instances()))
            .await?
            .concat())
    }

    /// See [`Runtime::inspect_app`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn inspect_app(&self, instance: InstanceId) -> Result<Option<AppHandle>, RuntimeError> {
        for runtime in self.each() {
            if let Some(handle) = runtime.inspect_app(instance).await? {
                return Ok(Some(handle));
            }
        }
        Ok(None)
    }

    /// See [`Runtime::stop_app`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn stop_app(&self, instance: InstanceId, grace: Duration) -> Result<(), RuntimeError> {
        let stops = self.each().map(|runtime| runtime.stop_app(instance, grace));
        try_join_all(stops).await.map(drop)
    }

    /// See [`Runtime::app_log`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn app_log(
        &self,
        instance: InstanceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        for runtime in self.each() {
            let lines = runtime.app_log(instance, after, limit).await?;
            if !lines.is_empty() {
                return Ok(lines);
            }
        }
        Ok(Vec::new())
    }

    /// See [`Runtime::end_build`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn end_build(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        let ends = self.each().map(|runtime| runtime.end_build(deployment));
        try_join_all(ends).await.map(drop)
    }

    /// See [`Runtime::clean_up`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn clean_up<'a>(&self, needed: impl Fn() -> NeededLater<'a>) -> Result<Removed, RuntimeError> {
        let mut all = Removed::default();
        for runtime in self.each() {
            let removed = runtime.clean_up(needed()).await?;
            all.containers += removed.containers;
            all.networks += removed.networks;
            all.images += removed.images;
        }
        Ok(all)
    }

    /// See [`Runtime::keep_confined`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn keep_confined(&self) -> Result<(), RuntimeError> {
        try_join_all(self.each().map(|runtime| runtime.keep_confined()))
            .await
            .map(drop)
    }

    /// See [`Runtime::app_stats`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn app_stats(&self, instance: InstanceId) -> Result<Option<AppStats>, RuntimeError> {
        for runtime in self.each() {
            if let Some(stats) = runtime.app_stats(instance).await? {
                return Ok(Some(stats));
            }
        }
        Ok(None)
    }

    /// See [`Runtime::all_volumes`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn all_volumes(&self) -> Result<Vec<(ProjectId, VolumeUsage)>, RuntimeError> {
        Ok(try_join_all(self.each().map(|runtime| runtime.all_volumes()))
            .await?
            .concat())
    }

    /// See [`Runtime::remove_volumes`].
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn remove_volumes(&self, project: ProjectId) -> Result<(), RuntimeError> {
        try_join_all(self.each().map(|runtime| runtime.remove_volumes(project)))
            .await
            .map(drop)
    }

    fn each(&self) -> impl Iterator<Item = &Arc<dyn Runtime>> {
        std::iter::once(&self.main).chain(&self.other)
    }
}

/// Which runtime a worker with these settings would take on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The runtime.
    pub name: RuntimeName,
    /// Why this one, in words.
    pub why: String,
    /// What the engine is, when it would be used.
    pub about: Vec<String>,
    /// What is in the way of the runtime that was asked for.
    pub fault: Option<UserError>,
}

/// Says which runtime a worker would take, without changing anything; for `aether doctor`.
pub async fn forecast(choice: RuntimeChoice, docker: &DockerRuntimeSettings) -> Forecast {
    let process = |why: String| Forecast {
        name: RuntimeName::Process,
        why,
        about: Vec::new(),
        fault: None,
    };
    if choice == RuntimeChoice::Process {
        return process(asked_for(RuntimeName::Process));
    }
    let fault = match DockerRuntime::probe(docker).await {
        Ok(about) => {
            let why = match choice {
                RuntimeChoice::Auto => engine_answers(docker),
                _ => asked_for(RuntimeName::Docker),
            };
            return Forecast {
                name: RuntimeName::Docker,
                why,
                about,
                fault: None,
            };
        }
        Err(error) => as_user_error(error),
    };
    match choice {
        RuntimeChoice::Auto => process(fallen_back(&fault)),
        _ => Forecast {
            name: RuntimeName::Docker,
            why: asked_for(RuntimeName::Docker),
            about: Vec::new(),
            fault: Some(fault),
        },
    }
}

/// Connects to what the settings ask for. `engine_expected` says that apps of this machine are in containers.
///
/// # Errors
/// When a runtime that was asked for, or every one, is missing on this machine.
pub(crate) async fn choose(
    settings: &Settings,
    clock: SharedClock,
    engine_expected: bool,
) -> Result<Runtimes, RuntimeError> {
    match settings.runtime {
        RuntimeChoice::Process => {
            let process = process(settings).await?;
            Ok(Runtimes::only(process, asked_for(RuntimeName::Process)))
        }
        RuntimeChoice::Docker => {
            let docker = docker(settings, clock).await?;
            Ok(Runtimes::only(docker, asked_for(RuntimeName::Docker)))
        }
        RuntimeChoice::Auto => match patient_docker(settings, clock, engine_expected).await {
            Ok(docker) => Ok(Runtimes {
                main: docker,
                other: process(settings).await.ok(),
                why: engine_answers(&settings.docker),
            }),
            Err(error) => {
                let why = fallen_back(&as_user_error(error));
                tracing::warn!("{why}");
                Ok(Runtimes::only(process(settings).await?, why))
            }
        },
    }
}

async fn patient_docker(
    settings: &Settings,
    clock: SharedClock,
    engine_expected: bool,
) -> Result<Arc<dyn Runtime>, RuntimeError> {
    let deadline = Instant::now() + ENGINE_PATIENCE;
    loop {
        match docker(settings, clock.clone()).await {
            Err(error) if engine_expected && Instant::now() < deadline => {
                tracing::warn!(%error, "apps of this machine are in containers; waiting for the engine");
                tokio::time::sleep(ENGINE_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

async fn docker(settings: &Settings, clock: SharedClock) -> Result<Arc<dyn Runtime>, RuntimeError> {
    let mut docker = settings.docker.clone();
    docker.build_access = build_access(settings);
    Ok(Arc::new(DockerRuntime::connect(docker, clock).await?))
}

async fn process(settings: &Settings) -> Result<Arc<dyn Runtime>, RuntimeError> {
    let mut process = ProcessRuntimeSettings::new(&settings.data_dir);
    process.build_access = build_access(settings);
    Ok(Arc::new(ProcessRuntime::new(process).await?))
}

fn build_access(settings: &Settings) -> HostAccess {
    HostAccess {
        env: settings.build_env.clone(),
        files: settings.build_mounts.clone(),
    }
}

fn as_user_error(error: RuntimeError) -> UserError {
    match error {
        RuntimeError::User(error) => error,
        error => UserError::new(
            "docker_unavailable",
            "The Docker engine is in trouble",
            error.to_string(),
        ),
    }
}

fn asked_for(name: RuntimeName) -> String {
    match name {
        RuntimeName::Docker => "AETHER_RUNTIME asks for Docker".to_owned(),
        RuntimeName::Process => "AETHER_RUNTIME asks for supervised processes".to_owned(),
    }
}

fn engine_answers(docker: &DockerRuntimeSettings) -> String {
    format!("A Docker engine answers at {}", docker.socket.display())
}

fn fallen_back(error: &UserError) -> String {
    format!(
        "{}, so apps run as supervised processes, which isolates less",
        error.detail.trim_end_matches('.')
    )
}

fn not_here(wanted: RuntimeName) -> UserError {
    let name = wanted.as_str();
    UserError::new(
        "runtime_unavailable",
        "The project's runtime is not available",
        format!("The project is pinned to {name}, and this worker runs without it."),
    )
    .hint(format!(
        "Remove the runtime from the project's settings, or let the operator set AETHER_RUNTIME to auto or {name}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> DockerRuntimeSettings {
        let mut settings = DockerRuntimeSettings::new("/nonexistent");
        settings.socket = "/nonexistent/docker.sock".into();
        settings
    }

    #[tokio::test]
    async fn without_an_engine_auto_takes_processes_and_says_why() {
        let forecast = forecast(RuntimeChoice::Auto, &nowhere()).await;
        assert_eq!(forecast.name, RuntimeName::Process);
        assert_eq!(
            forecast.why,
            "No Docker engine answers at /nonexistent/docker.sock (there is no such socket), so apps run as supervised \
             processes, which isolates less"
        );
        assert_eq!(forecast.fault, None);
    }

    #[tokio::test]
    async fn docker_that_was_asked_for_and_is_missing_is_a_fault() {
        let forecast = forecast(RuntimeChoice::Docker, &nowhere()).await;
        assert_eq!(forecast.fault.unwrap().code, "docker_unavailable");
    }
}
