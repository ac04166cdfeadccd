//! Volumes: named, one project's own, mounted into its apps, and never removed by a deployment.

use std::collections::HashMap;

use aether_models::{ProjectId, UserError, VolumeMount};
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use serde::{Deserialize, Serialize};

use super::DockerRuntime;
use super::container::Disposable;
use super::engine::{EngineError, found};
use super::labels;
use super::wire;
use crate::runtime::{AppSpec, RuntimeError, SandboxUser};

/// Where a new volume is while it is handed to its app.
const HANDED_OVER: &str = "aether-volume";

/// A volume as its project sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VolumeUsage {
    /// Its name within the project.
    pub name: String,
    /// What is in it, in bytes; none when the engine did not measure it.
    pub bytes: Option<u64>,
}

/// The part of the engine's `GET /system/df` that is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DiskUsage {
    volumes: Option<Vec<Volume>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volume {
    name: String,
    usage_data: Option<UsageData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UsageData {
    size: Option<i64>,
}

impl DockerRuntime {
    /// The volumes of a project with their sizes.
    ///
    /// # Errors
    /// [`RuntimeError`] when the engine does not answer.
    pub async fn volumes(&self, project: ProjectId) -> Result<Vec<VolumeUsage>, RuntimeError> {
        let all = self.every_volume().await?.into_iter();
        Ok(all
            .filter_map(|(of, volume)| (of == project).then_some(volume))
            .collect())
    }

    /// The volumes of all projects with their sizes.
    pub(super) async fn every_volume(&self) -> Result<Vec<(ProjectId, VolumeUsage)>, RuntimeError> {
        let volumes = self.list_volumes(&[]).await?;
        if volumes.is_empty() {
            return Ok(Vec::new());
        }
        let usage: DiskUsage = wire::get(&self.engine, "measuring volumes", "/system/df?type=volume").await?;
        let measured: HashMap<String, u64> = usage
            .volumes
            .unwrap_or_default()
            .into_iter()
            // The engine says -1 when it did not measure.
            .filter_map(|volume| Some((volume.name, u64::try_from(volume.usage_data?.size?).ok()?)))
            .collect();
        let described = |(own, labels): (String, HashMap<String, String>)| {
            let project = ProjectId::from_uuid(labels.get(labels::PROJECT)?.parse().ok()?);
            let usage = VolumeUsage {
                name: labels.get(labels::VOLUME)?.clone(),
                bytes: measured.get(&own).copied(),
            };
            Some((project, usage))
        };
        Ok(volumes.into_iter().filter_map(described).collect())
    }

    /// Removes a project's volumes for good, as part of removing the project.
    ///
    /// # Errors
    /// [`RuntimeError`] when one is still in use or the engine does not answer.
    pub async fn remove_volumes(&self, project: ProjectId) -> Result<(), RuntimeError> {
        let project = project.uuid().to_string();
        for (own, _) in self.list_volumes(&[(labels::PROJECT, project.as_str())]).await? {
            self.remove_volume(&own).await?;
        }
        Ok(())
    }

    /// Makes the app's volumes where they are not there yet. New ones are handed to our account, unless the image has an
    /// account of its own, which gets what the image has at that place.
    pub(super) async fn ensure_volumes(
        &self,
        app: &AppSpec,
        image: &str,
        runs_as_ours: bool,
    ) -> Result<(), RuntimeError> {
        for volume in &app.container.volumes {
            check(volume)?;
            let name = self.volume_name(app.project_id, &volume.name);
            let present = self
                .engine
                .call("looking at a volume", |docker| docker.inspect_volume(&name))
                .await;
            if found(present)?.is_some() {
                continue;
            }
            let about = [
                (labels::PROJECT, app.project_id.uuid().to_string()),
                (labels::VOLUME, volume.name.clone()),
            ];
            let request = VolumeCreateRequest {
                name: Some(name.clone()),
                labels: Some(labels::labels(&self.settings.owner, labels::APP, &about)),
                driver_opts: Some(HashMap::new()),
                ..VolumeCreateRequest::default()
            };
            self.engine
                .call("making a volume", |docker| docker.create_volume(request))
                .await?;
            if runs_as_ours && let Err(error) = self.hand_over(&name, image).await {
                // The next start finds it missing and tries again.
                self.remove_volume(&name).await?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// A new volume belongs to root, and the app is not. Its folder is the engine's, which may be out of our sight; so the
    /// engine itself is given an archive with that folder and its owner, by way of a container that is never started.
    async fn hand_over(&self, volume: &str, image: &str) -> Result<(), RuntimeError> {
        let archive = owned_folder(self.settings.user()).map_err(|source| RuntimeError::Io {
            context: "handing a volume to its app",
            source,
        })?;
        let name = format!("{}-volume-{:08x}", self.settings.owner, rand::random::<u32>());
        let mount = Mount {
            typ: Some(MountType::VOLUME),
            source: Some(volume.to_owned()),
            target: Some(format!("/{HANDED_OVER}")),
            ..Mount::default()
        };
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(vec!["/bin/sh".to_owned()]),
            labels: Some(labels::labels(&self.settings.owner, labels::HELPER, &[])),
            host_config: Some(HostConfig {
                mounts: Some(vec![mount]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        self.engine
            .call("handing a volume to its app", |docker| {
                docker.create_container(Some(options), body)
            })
            .await?;
        let container = Disposable::new(&self.engine, &name);
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let handed = self
            .engine
            .call("handing a volume to its app", |docker| {
                docker.upload_to_container(&name, Some(options), bollard::body_full(archive.into()))
            })
            .await;
        container.remove().await?;
        handed.map_err(Into::into)
    }

    async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveVolumeOptionsBuilder::new().build();
        let removed = self.engine.call("removing a volume", |docker| {
            docker.remove_volume(name, Some(options))
        });
        found(removed.await).map(drop)
    }

    pub(super) fn volume_name(&self, project: ProjectId, name: &str) -> String {
        format!("{}-{}-{name}", self.settings.owner, project.uuid().simple())
    }

    /// Names in the engine, and labels.
    async fn list_volumes(
        &self,
        wanted: &[(&str, &str)],
    ) -> Result<Vec<(String, HashMap<String, String>)>, EngineError> {
        let mine = [(labels::OWNER, self.settings.owner.as_str())];
        let wanted = [&mine, wanted].concat();
        let options = ListVolumesOptionsBuilder::new()
            .filters(&labels::filter(&wanted))
            .build();
        let listed = self
            .engine
            .call("listing volumes", |docker| docker.list_volumes(Some(options)))
            .await?;
        let volumes = listed.volumes.unwrap_or_default().into_iter();
        Ok(volumes.map(|volume| (volume.name, volume.labels)).collect())
    }
}

fn owned_folder(user: SandboxUser) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_path(format!("{HANDED_OVER}/"))?;
    header.set_mode(0o755);
    header.set_uid(u64::from(user.uid));
    header.set_gid(u64::from(user.gid));
    header.set_size(0);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, std::io::empty())?;
    archive.into_inner()
}

fn check(volume: &VolumeMount) -> Result<(), UserError> {
    if volume.is_usable() {
        return Ok(());
    }
    Err(UserError::new(
        "volume_unusable",
        "A volume cannot be used",
        format!(
            "{:?} at {:?} has a name or a path that is not allowed.",
            volume.name, volume.path
        ),
    )
    .hint("Use lower-case letters, digits and hyphens in the name, and a path of its own such as /data."))
}
