//! Apps: long-lived containers that the engine restarts and that outlive the worker.
//!
//! Everything needed to find an app again is in its labels, so a worker that was restarted adopts what runs. Its
//! variables are in memory of the machine only; after a restart of the machine the reconciler starts it anew.

mod log;
mod spec;
mod state;
mod stats;

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aether_models::{DeploymentId, InstanceId, LogLine, ProjectId};
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{CreateContainerOptionsBuilder, StopContainerOptionsBuilder};
use chrono::{DateTime, Utc};
use futures::future::try_join_all;

pub(super) use self::log::Logs;
pub use self::stats::AppStats;

use super::DockerRuntime;
use super::container::{self, Disposable, Listed};
use super::engine::{EngineError, found};
use super::labels;
use super::network::NetworkOf;
use super::pull::ensure_image;
use super::settings::AppReach;
use super::stack::image_for;
use crate::runtime::{AppHandle, AppSpec, AppState, RuntimeError};

impl DockerRuntime {
    pub(super) async fn launch_app(&self, app: AppSpec) -> Result<AppHandle, RuntimeError> {
        let name = self.app_name(app.instance_id);
        if let Some(handle) = self.look_at(&name).await? {
            // Its variables are gone when the machine was restarted, and with them the means to start it again.
            let usable = handle.state != AppState::Stopped && self.env_files.exists(&name);
            if usable && !matches!(handle.state, AppState::CrashLooping { .. }) {
                return Ok(handle);
            }
            container::remove(&self.engine, &name).await?;
        }
        let image = match &app.container.image {
            Some(image) => image.clone(),
            None => image_for(app.container.stack.as_ref(), &self.settings.images)?,
        };
        if app.container.image.is_none() {
            ensure_image(&self.engine, &image, self.settings.pull_timeout, None).await?;
        }
        self.firewall.ensure(&self.engine).await?;
        let container = self.create_app(&app, &image, &name).await?;
        let started = self
            .engine
            .call("starting an app", |docker| docker.start_container(&name, None))
            .await;
        if let Err(error) = started {
            container.remove().await?;
            self.env_files.forget(&name);
            return Err(spec::explain(error, app.port));
        }
        container.keep();
        self.logs.follow(&self.engine, app.instance_id, &name);
        self.look_at(&name)
            .await?
            .ok_or_else(|| RuntimeError::Protocol(format!("{name} vanished right after its start")))
    }

    /// Makes the container with an address that stays the same over restarts. One at a time: choosing an address and
    /// taking it are two calls.
    async fn create_app(&self, app: &AppSpec, image: &str, name: &str) -> Result<Disposable, RuntimeError> {
        let _choosing = self.choosing_address.lock().await;
        let of = NetworkOf::Apps(app.project_id);
        let network = self.networks.ensure(&self.engine, of).await?;
        let reserved = self.reserved_addresses(app.project_id).await?;
        let address = network.free_address(&reserved).ok_or_else(spec::network_full)?;
        let plan = self.image_plan(app, image).await?;
        self.ensure_volumes(app, image, plan.runs_as_ours()).await?;
        let body = self.app_body(app, name, &plan, &network.name, address)?;
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        let created = self
            .engine
            .call("making an app", |docker| {
                docker.create_container(Some(options), body)
            })
            .await;
        created.map_err(|error| spec::explain(error, app.port))?;
        Ok(Disposable::new(&self.engine, name))
    }

    /// Removes a project's network with its last app. The engine would also remove that of an app between two starts.
    async fn leave_network(&self, project: ProjectId) -> Result<(), RuntimeError> {
        let _choosing = self.choosing_address.lock().await;
        if !self.reserved_addresses(project).await?.is_empty() {
            return Ok(());
        }
        let of = NetworkOf::Apps(project);
        self.networks.remove_if_empty(&self.engine, of).await
    }

    /// Addresses of the project's apps, also of those that are between two starts.
    async fn reserved_addresses(&self, project: ProjectId) -> Result<HashSet<Ipv4Addr>, EngineError> {
        let project = project.uuid().to_string();
        let wanted = [
            (labels::OWNER, self.settings.owner.as_str()),
            (labels::PROJECT, project.as_str()),
        ];
        let apps = container::list(&self.engine, &wanted).await?;
        Ok(apps
            .iter()
            .filter_map(|app| app.labels.get(labels::CONTAINER_IP)?.parse().ok())
            .collect())
    }

    /// What [`Self::known_apps`] knows, without a look at each.
    pub(super) async fn known_instances(&self) -> Result<Vec<InstanceId>, RuntimeError> {
        let apps = self.app_containers().await?;
        let instance = |app: &Listed| app.labels.get(labels::INSTANCE)?.parse().ok();
        Ok(apps
            .iter()
            .filter_map(instance)
            .map(InstanceId::from_uuid)
            .collect())
    }

    async fn app_containers(&self) -> Result<Vec<Listed>, EngineError> {
        let wanted = [
            (labels::OWNER, self.settings.owner.as_str()),
            (labels::KIND, labels::APP),
        ];
        container::list(&self.engine, &wanted).await
    }

    pub(super) async fn known_apps(&self) -> Result<Vec<AppHandle>, RuntimeError> {
        let apps = self.app_containers().await?;
        let handles = try_join_all(apps.iter().map(|app| self.look_at(&app.id))).await?;
        Ok(handles.into_iter().flatten().collect())
    }

    pub(super) async fn app_handle(&self, instance: InstanceId) -> Result<Option<AppHandle>, RuntimeError> {
        self.look_at(&self.app_name(instance)).await
    }

    pub(super) async fn end_app(&self, instance: InstanceId, grace: Duration) -> Result<(), RuntimeError> {
        let name = self.app_name(instance);
        let container = self
            .engine
            .call("looking at an app", |docker| {
                docker.inspect_container(&name, None)
            })
            .await;
        let container = found(container)?;
        if container.is_some() {
            let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
            let options = StopContainerOptionsBuilder::new().t(seconds).build();
            let stopped = self
                .engine
                .long_call("stopping an app", grace, |docker| {
                    docker.stop_container(&name, Some(options))
                })
                .await;
            match stopped {
                Ok(()) | Err(EngineError::NotFound { .. } | EngineError::Conflict { .. }) => {}
                // What does not let itself be stopped is killed by the removal.
                Err(error) if error.is_engine_trouble() => return Err(error.into()),
                Err(error) => tracing::warn!(%error, name, "an app could not be stopped gently"),
            }
        }
        container::remove(&self.engine, &name).await?;
        self.logs.forget(instance).await;
        self.env_files.forget(&name);
        match container.and_then(|container| project_of(&container)) {
            Some(project) => self.leave_network(project).await,
            None => Ok(()),
        }
    }

    pub(super) async fn log_lines(
        &self,
        instance: InstanceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        self.logs.read(instance, after, limit).await
    }

    /// Follows the logs of apps that an earlier worker started.
    pub(super) async fn adopt_apps(&self) -> Result<(), RuntimeError> {
        for handle in self.known_apps().await? {
            self.logs.follow(
                &self.engine,
                handle.instance_id,
                &self.app_name(handle.instance_id),
            );
        }
        Ok(())
    }

    async fn look_at(&self, name: &str) -> Result<Option<AppHandle>, RuntimeError> {
        let container = self
            .engine
            .call("looking at an app", |docker| docker.inspect_container(name, None))
            .await;
        Ok(found(container)?.and_then(|container| handle(&container, self.clock.now())))
    }

    pub(super) fn app_name(&self, instance: InstanceId) -> String {
        format!("{}-app-{}", self.settings.owner, instance.uuid().simple())
    }

    /// Where an app is reached.
    fn reach(&self, address: Ipv4Addr, app: &AppSpec) -> SocketAddr {
        match self.settings.reach {
            AppReach::ContainerAddress => (address, spec::inner_port(app)).into(),
            AppReach::PublishedPort => (Ipv4Addr::LOCALHOST, app.port).into(),
        }
    }
}

/// The app that a container is; none when it is not one of ours.
fn handle(container: &ContainerInspectResponse, now: DateTime<Utc>) -> Option<AppHandle> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    Some(AppHandle {
        instance_id: InstanceId::from_uuid(labels.get(labels::INSTANCE)?.parse().ok()?),
        deployment_id: DeploymentId::from_uuid(labels.get(labels::DEPLOYMENT)?.parse().ok()?),
        address: labels.get(labels::ADDRESS)?.parse().ok()?,
        state: state::state_of(container, now),
        restarts: u32::try_from(container.restart_count.unwrap_or(0)).unwrap_or(0),
    })
}

fn project_of(container: &ContainerInspectResponse) -> Option<ProjectId> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    Some(ProjectId::from_uuid(labels.get(labels::PROJECT)?.parse().ok()?))
}
