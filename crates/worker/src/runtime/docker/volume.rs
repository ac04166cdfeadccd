//! Volumes: named, one project's own, mounted into its apps, and never removed by a deployment.

use std::collections::HashMap;

use aether_models::{ProjectId, UserError};
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder};
use serde::{Deserialize, Serialize};

use super::DockerRuntime;
use super::engine::{EngineError, found};
use super::labels;
use super::wire;
use crate::runtime::{AppSpec, RuntimeError, WORKSPACE};

/// The longest name; with ours around it, it stays below the engine's 255 characters.
const NAME_MAX: usize = 63;
/// Places that a volume would hide or open.
const RESERVED: &[&str] = &[
    "/", "/proc", "/sys", "/dev", "/run", "/tmp", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/usr",
    WORKSPACE,
];

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
        let names = self.volume_names(project).await?;
        let usage: DiskUsage = wire::get(&self.engine, "measuring volumes", "/system/df?type=volume").await?;
        let measured: HashMap<String, u64> = usage
            .volumes
            .unwrap_or_default()
            .into_iter()
            // The engine says -1 when it did not measure.
            .filter_map(|volume| Some((volume.name, u64::try_from(volume.usage_data?.size?).ok()?)))
            .collect();
        Ok(names
            .into_iter()
            .map(|(name, own)| VolumeUsage {
                bytes: measured.get(&own).copied(),
                name,
            })
            .collect())
    }

    /// Removes a project's volumes for good, as part of removing the project.
    ///
    /// # Errors
    /// [`RuntimeError`] when one is still in use or the engine does not answer.
    pub async fn remove_volumes(&self, project: ProjectId) -> Result<(), RuntimeError> {
        for (_, own) in self.volume_names(project).await? {
            let options = RemoveVolumeOptionsBuilder::new().build();
            found(
                self.engine
                    .call("removing a volume", |docker| {
                        docker.remove_volume(&own, Some(options))
                    })
                    .await,
            )?;
        }
        Ok(())
    }

    /// Makes the app's volumes where they are not there yet, and hands new ones to the account inside.
    pub(super) async fn ensure_volumes(&self, app: &AppSpec) -> Result<(), RuntimeError> {
        for volume in &app.container.volumes {
            check(&volume.name, &volume.path)?;
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
                name: Some(name),
                labels: Some(labels::labels(&self.settings.owner, labels::APP, &about)),
                driver_opts: Some(HashMap::new()),
                ..VolumeCreateRequest::default()
            };
            let made = self
                .engine
                .call("making a volume", |docker| docker.create_volume(request))
                .await?;
            self.hand_over(&made.mountpoint).await;
        }
        Ok(())
    }

    /// A new volume belongs to root, and the app is not. The folder is the engine's, on this machine in most cases.
    async fn hand_over(&self, folder: &str) {
        let user = self.settings.user();
        let folder = std::path::PathBuf::from(folder);
        if let Err(error) = super::folder::give(folder.clone(), user, false).await {
            tracing::warn!(%error, folder = %folder.display(), "a volume may not be writable for its app");
        }
    }

    pub(super) fn volume_name(&self, project: ProjectId, name: &str) -> String {
        format!("{}-{}-{name}", self.settings.owner, project.uuid().simple())
    }

    /// Names within the project and in the engine.
    async fn volume_names(&self, project: ProjectId) -> Result<Vec<(String, String)>, EngineError> {
        let project = project.uuid().to_string();
        let wanted = [
            (labels::OWNER, self.settings.owner.as_str()),
            (labels::PROJECT, project.as_str()),
        ];
        let options = ListVolumesOptionsBuilder::new()
            .filters(&labels::filter(&wanted))
            .build();
        let listed = self
            .engine
            .call("listing volumes", |docker| docker.list_volumes(Some(options)))
            .await?;
        let volumes = listed.volumes.unwrap_or_default().into_iter();
        Ok(volumes
            .filter_map(|mut volume| Some((volume.labels.remove(labels::VOLUME)?, volume.name)))
            .collect())
    }
}

fn check(name: &str, path: &str) -> Result<(), UserError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let named =
        !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(plain) && !name.starts_with('-');
    let steps = || path.split('/').skip(1);
    let clean = path.starts_with('/')
        && path.len() <= 255
        && steps().all(|step| !step.is_empty() && step != "." && step != "..")
        && !path.contains(|character: char| character.is_control() || character == ':' || character == ',');
    let free = !RESERVED.contains(&path)
        && !["/proc/", "/sys/", "/dev/", "/run/"]
            .iter()
            .any(|root| path.starts_with(root));
    if named && clean && free {
        return Ok(());
    }
    Err(UserError::new(
        "volume_unusable",
        "A volume cannot be used",
        format!("{name:?} at {path:?} has a name or a path that is not allowed."),
    )
    .hint("Use lower-case letters, digits and hyphens in the name, and a path of its own such as /data."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_has_a_plain_name_and_a_place_of_its_own() {
        assert!(check("uploads", "/data/uploads").is_ok());
        assert!(check("db", "/var/lib/data").is_ok());
        assert!(check("db", "/workspace/storage").is_ok());
        for (name, path) in [
            ("", "/data"),
            ("../x", "/data"),
            ("A", "/data"),
            ("-a", "/data"),
            ("a", "data"),
            ("a", "/"),
            ("a", "/data/../etc"),
            ("a", "/data//x"),
            ("a", "/proc/self"),
            ("a", "/run/secrets"),
            ("a", "/usr"),
            ("a", "/workspace"),
            ("a", "/da:ta"),
            ("a", "/data\n"),
        ] {
            assert_eq!(
                check(name, path).unwrap_err().code,
                "volume_unusable",
                "{name:?} {path:?}"
            );
        }
    }
}
