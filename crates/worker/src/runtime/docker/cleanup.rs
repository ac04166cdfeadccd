//! Removing what nobody needs any more: containers, networks, images and files of ours whose owner is gone. The worker
//! that made them may have been killed at any point; the labels say what they are.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use aether_models::{DeploymentId, InstanceId, ProjectId};
use bollard::models::ImageSummary;
use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder};
use url::form_urlencoded::Serializer;

use super::DockerRuntime;
use super::container::Listed;
use super::engine::EngineError;
use super::network::{list_networks, remove_network};
use super::{container, folder, labels, wire};
use crate::runtime::{Needed, NeededLater, Removed, RuntimeError};

/// Build steps that BuildKit keeps for the next build, at the most.
const BUILD_CACHE_BYTES: u64 = 20 * 1024 * 1024 * 1024;
/// The first API in which the part of the cache that is kept is called so.
const RESERVED_SPACE_API: (usize, usize) = (1, 48);
/// Steps of image builds are kept for the next build of their project for so long, in seconds.
const STEP_LIFE: i64 = 7 * 24 * 3600;
/// Helpers live for a second; an older one was forgotten. In seconds.
const HELPER_LIFE: i64 = 60;

/// Everything of ours that was there at one moment.
struct Inventory {
    containers: Vec<Listed>,
    networks: Vec<(String, HashMap<String, String>)>,
    images: Vec<ImageSummary>,
    /// Containers that have variables in memory.
    variables: Vec<String>,
    /// Folders of builds.
    scratch: Vec<PathBuf>,
    /// Apps that have a log.
    logs: Vec<InstanceId>,
}

impl DockerRuntime {
    /// Removes everything of ours that is not needed. Volumes are data and never touched.
    ///
    /// # Errors
    /// [`RuntimeError`] when the engine does not answer; what is left is removed next time.
    pub async fn cleanup(&self, needed: &Needed) -> Result<Removed, RuntimeError> {
        let needed = needed.clone();
        self.remove_unneeded(Box::pin(async { Ok(needed) })).await
    }

    /// The list of what is there is made first and `needed` is asked for then: whatever is being made at this moment is
    /// either not in the list, or its owner is among the needed ones.
    pub(super) async fn remove_unneeded(&self, needed: NeededLater<'_>) -> Result<Removed, RuntimeError> {
        let found = self.take_inventory().await?;
        let needed = needed.await?;
        let containers = self.remove_containers(&found.containers, &needed).await?;
        let networks = self.remove_networks(&found.networks, &needed).await?;
        let images = self.remove_images(&found.images, &needed).await?;
        self.remove_files(found, &needed).await;
        if needed.building.is_empty() {
            self.firewall.forget_default_bridge(&self.engine).await?;
        }
        Ok(Removed {
            containers,
            networks,
            images,
        })
    }

    async fn take_inventory(&self) -> Result<Inventory, RuntimeError> {
        let scratch = std::fs::read_dir(self.scratch_folder()).into_iter().flatten();
        Ok(Inventory {
            variables: self.env_files.names(),
            scratch: scratch.flatten().map(|entry| entry.path()).collect(),
            logs: self.logs.known(),
            containers: container::list(&self.engine, &self.mine()).await?,
            networks: list_networks(&self.engine, &self.mine()).await?,
            images: self.images(&self.mine()).await?,
        })
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

    async fn remove_containers(&self, found: &[Listed], needed: &Needed) -> Result<usize, RuntimeError> {
        let mut removed = 0;
        let young = self.clock.now().timestamp() - HELPER_LIFE;
        for container in found {
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

    /// Networks of builds that ended, and of projects without an app. An app that is between two starts is in its network
    /// for us, but not for the engine.
    async fn remove_networks(
        &self,
        found: &[(String, HashMap<String, String>)],
        needed: &Needed,
    ) -> Result<usize, RuntimeError> {
        // An app's network is empty until its container is made.
        let _starting = self.choosing_address.lock().await;
        let containers = container::list(&self.engine, &self.mine()).await?;
        let projects: HashSet<&String> = containers
            .iter()
            .filter_map(|container| container.labels.get(labels::PROJECT))
            .collect();
        for (name, labels) in found {
            let kept = match labels.get(labels::PROJECT) {
                Some(project) => projects.contains(project),
                None => labels
                    .get(labels::DEPLOYMENT)
                    .and_then(|value| value.parse().ok())
                    .is_some_and(|id| needed.building.contains(&DeploymentId::from_uuid(id))),
            };
            if !kept {
                remove_network(&self.engine, name).await?;
            }
        }
        let after = list_networks(&self.engine, &self.mine()).await?;
        let is_gone = |name: &String| !after.iter().any(|(other, _)| other == name);
        Ok(found.iter().filter(|(name, _)| is_gone(name)).count())
    }

    /// Images of deployments that are not kept, and what failed builds left behind. Only labelled ones: an image that
    /// Aether did not make is not its business.
    async fn remove_images(&self, images: &[ImageSummary], needed: &Needed) -> Result<usize, RuntimeError> {
        let mut removed = 0;
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
        for image in images {
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
        if let Err(error) = self.trim_build_cache().await {
            tracing::debug!(%error, "the engine's build cache was not trimmed");
        }
        Ok(removed)
    }

    /// Steps of BuildKit carry no labels, so they cannot be told from those of other builds on this machine: only what
    /// nobody has used for long goes, and only as much as is too much.
    async fn trim_build_cache(&self) -> Result<(), EngineError> {
        // An engine ignores a name that it does not know, and would keep nothing.
        let kept = if self.engine.facts.is_older_than(RESERVED_SPACE_API) {
            "keep-storage"
        } else {
            "reserved-space"
        };
        let filters = serde_json::json!({ "until": { format!("{STEP_LIFE}s"): true } });
        let query = Serializer::new(String::new())
            .append_pair(kept, &BUILD_CACHE_BYTES.to_string())
            .append_pair("filters", &filters.to_string())
            .finish();
        wire::post(
            &self.engine,
            "trimming the build cache",
            &format!("/build/prune?{query}"),
        )
        .await
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
    async fn remove_files(&self, found: Inventory, needed: &Needed) {
        // Variables are written before their container is made.
        let apps: HashSet<String> = needed.instances.iter().map(|id| self.app_name(*id)).collect();
        let builds: Vec<String> = needed.building.iter().map(|id| self.build_prefix(*id)).collect();
        for name in &found.variables {
            if !apps.contains(name) && !builds.iter().any(|prefix| name.starts_with(prefix)) {
                self.env_files.forget(name);
            }
        }
        for path in found.scratch {
            let name = path.file_name().and_then(|name| name.to_str());
            let deployment = name.and_then(|name| name.parse().ok());
            if !deployment.is_some_and(|id| needed.building.contains(&DeploymentId::from_uuid(id))) {
                folder::remove(path).await;
            }
        }
        for instance in found.logs {
            if !needed.instances.contains(&instance) {
                self.logs.forget(instance).await;
            }
        }
    }

    fn mine(&self) -> [(&'static str, &str); 1] {
        [(labels::OWNER, self.settings.owner.as_str())]
    }
}
