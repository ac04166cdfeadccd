//! Removing what nobody needs any more: containers, networks, images and files of ours whose owner is gone. The worker
//! that made them may have been killed at any point; the labels say what they are.

use std::collections::HashSet;

use aether_models::{DeploymentId, InstanceId, ProjectId};
use bollard::models::ImageSummary;
use bollard::query_parameters::{
    ListImagesOptionsBuilder, PruneBuildOptionsBuilder, RemoveImageOptionsBuilder,
};

use super::DockerRuntime;
use super::engine::EngineError;
use super::network::{list_networks, remove_network};
use super::{container, folder, labels};
use crate::runtime::RuntimeError;

/// Build steps that BuildKit keeps for the next build, at the most.
const BUILD_CACHE_BYTES: i64 = 20 * 1024 * 1024 * 1024;
/// Steps of image builds are kept for the next build of their project for so long, in seconds.
const STEP_LIFE: i64 = 7 * 24 * 3600;
/// Helpers live for a second; an older one was forgotten. In seconds.
const HELPER_LIFE: i64 = 60;

/// What is still needed; everything else of ours goes.
#[derive(Debug, Clone, Default)]
pub struct Needed {
    /// Builds that run right now.
    pub building: HashSet<DeploymentId>,
    /// Copies of apps that are meant to run.
    pub instances: HashSet<InstanceId>,
    /// Deployments whose image is kept (retention, and everything a route points at).
    pub images: HashSet<DeploymentId>,
}

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

impl DockerRuntime {
    /// Removes everything of ours that is not needed. Volumes are data and never touched.
    ///
    /// # Errors
    /// [`RuntimeError`] when the engine does not answer; what is left is removed next time.
    pub async fn cleanup(&self, needed: &Needed) -> Result<Removed, RuntimeError> {
        let mut removed = Removed {
            containers: self.remove_containers(needed).await?,
            ..Removed::default()
        };
        removed.networks = self.remove_networks(needed).await?;
        removed.images = self.remove_images(needed).await?;
        self.remove_files(needed).await;
        if needed.building.is_empty() {
            self.firewall.forget_default_bridge(&self.engine).await?;
        }
        Ok(removed)
    }

    /// Removes everything of a project but its volumes ([`DockerRuntime::remove_volumes`]).
    ///
    /// # Errors
    /// [`RuntimeError`] when the engine does not answer.
    pub async fn remove_project(&self, project: ProjectId) -> Result<(), RuntimeError> {
        let project = project.uuid().to_string();
        let wanted = [
            (labels::OWNER, self.settings.owner.as_str()),
            (labels::PROJECT, project.as_str()),
        ];
        for container in container::list(&self.engine, &wanted).await? {
            container::remove(&self.engine, &container.id).await?;
        }
        for (name, _) in list_networks(&self.engine, &wanted).await? {
            remove_network(&self.engine, &name).await?;
        }
        for image in self.images(&wanted).await? {
            self.remove_image(&image.id).await?;
        }
        Ok(())
    }

    async fn remove_containers(&self, needed: &Needed) -> Result<usize, RuntimeError> {
        let mut removed = 0;
        let young = self.clock.now().timestamp() - HELPER_LIFE;
        for container in container::list(&self.engine, &self.mine()).await? {
            let uuid = |name| container.labels.get(name).and_then(|value| value.parse().ok());
            let kept = match container.labels.get(labels::KIND).map(String::as_str) {
                Some(labels::BUILD) => uuid(labels::DEPLOYMENT)
                    .is_some_and(|id| needed.building.contains(&DeploymentId::from_uuid(id))),
                Some(labels::APP) => uuid(labels::INSTANCE)
                    .is_some_and(|id| needed.instances.contains(&InstanceId::from_uuid(id))),
                Some(labels::HELPER) => container.created > young,
                // A step of an image build.
                _ => !needed.building.is_empty(),
            };
            if !kept {
                container::remove(&self.engine, &container.id).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The engine keeps a network that a container is in.
    async fn remove_networks(&self, needed: &Needed) -> Result<usize, RuntimeError> {
        // An app's network is empty until its container is made.
        let _starting = self.choosing_address.lock().await;
        let before = list_networks(&self.engine, &self.mine()).await?;
        for (name, labels) in &before {
            let deployment = labels
                .get(labels::DEPLOYMENT)
                .and_then(|value| value.parse().ok());
            if !deployment.is_some_and(|id| needed.building.contains(&DeploymentId::from_uuid(id))) {
                remove_network(&self.engine, name).await?;
            }
        }
        let after = list_networks(&self.engine, &self.mine()).await?;
        Ok(before.len().saturating_sub(after.len()))
    }

    /// Images of deployments that are not kept, and what failed builds left behind. Only labelled ones: an image that
    /// Aether did not make is not its business.
    async fn remove_images(&self, needed: &Needed) -> Result<usize, RuntimeError> {
        let mut removed = 0;
        let images = self.images(&self.mine()).await?;
        let old = self.clock.now().timestamp() - STEP_LIFE;
        let deployment = |image: &ImageSummary| {
            image
                .labels
                .get(labels::DEPLOYMENT)
                .and_then(|value| value.parse().ok())
                .map(DeploymentId::from_uuid)
        };
        let wanted = |id: DeploymentId| needed.images.contains(&id) || needed.building.contains(&id);
        let alive: HashSet<&String> = images
            .iter()
            .filter(|image| deployment(image).is_some_and(wanted))
            .filter_map(|image| image.labels.get(labels::PROJECT))
            .collect();
        for image in &images {
            let kept = match deployment(image) {
                Some(deployment) => wanted(deployment),
                // A step: the next build of its project begins with it, and a build that goes on may be making it.
                None => {
                    let project = image.labels.get(labels::PROJECT);
                    !needed.building.is_empty()
                        || (image.created > old && project.is_some_and(|project| alive.contains(project)))
                }
            };
            if !kept && self.remove_image(&image.id).await? {
                removed += 1;
            }
        }
        let options = PruneBuildOptionsBuilder::new()
            .reserved_space(BUILD_CACHE_BYTES)
            .build();
        let pruned = self
            .engine
            .call("trimming the build cache", |docker| {
                docker.prune_build(Some(options))
            })
            .await;
        if let Err(error) = pruned {
            tracing::debug!(%error, "the engine's build cache was not trimmed");
        }
        Ok(removed)
    }

    /// Whether it was there and is gone. One that a container uses stays.
    async fn remove_image(&self, id: &str) -> Result<bool, RuntimeError> {
        let options = RemoveImageOptionsBuilder::new().force(false).build();
        match self
            .engine
            .call("removing an image", |docker| {
                docker.remove_image(id, Some(options), None)
            })
            .await
        {
            Ok(_) => Ok(true),
            Err(EngineError::NotFound { .. } | EngineError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn images(&self, wanted: &[(&str, &str)]) -> Result<Vec<ImageSummary>, EngineError> {
        let options = ListImagesOptionsBuilder::new()
            .filters(&labels::filter(wanted))
            .build();
        self.engine
            .call("listing images", |docker| docker.list_images(Some(options)))
            .await
    }

    /// Scratch folders, variables and logs without a container.
    async fn remove_files(&self, needed: &Needed) {
        let containers: HashSet<String> = match container::list(&self.engine, &self.mine()).await {
            Ok(containers) => containers.into_iter().map(|container| container.name).collect(),
            Err(error) => {
                tracing::warn!(%error, "files of containers are left for the next clean-up");
                return;
            }
        };
        for name in self
            .env_files
            .names()
            .into_iter()
            .filter(|name| !containers.contains(name))
        {
            self.env_files.forget(&name);
        }
        let scratch = std::fs::read_dir(self.scratch_folder())
            .into_iter()
            .flatten()
            .flatten();
        for entry in scratch {
            let deployment = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if !deployment.is_some_and(|id| needed.building.contains(&DeploymentId::from_uuid(id))) {
                folder::remove(entry.path()).await;
            }
        }
        for instance in self
            .logs
            .known()
            .into_iter()
            .filter(|instance| !needed.instances.contains(instance))
        {
            self.logs.forget(instance).await;
        }
    }

    fn mine(&self) -> [(&'static str, &str); 1] {
        [(labels::OWNER, self.settings.owner.as_str())]
    }
}
