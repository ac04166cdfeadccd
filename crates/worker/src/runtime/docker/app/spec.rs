//! The container of an app: what it runs, sees and may use. What an image says about user, volumes and signals does
//! not count against what we say.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::PoisonError;

use aether_models::UserError;
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfigLogConfig,
    ImageConfig, Mount, MountType, MountVolumeOptions, NetworkingConfig, PortBinding, RestartPolicyNameEnum,
};
use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, CreateContainerOptionsBuilder};

use super::super::DockerRuntime;
use super::super::build::inside;
use super::super::container::{Confinement, Disposable, bind};
use super::super::engine::{EngineError, found};
use super::super::folder::{self, HOME};
use super::super::labels;
use super::super::settings::AppReach;
use crate::runtime::{AppSpec, RuntimeError, WORKSPACE};

/// Reads the variables and becomes the user's command. Arguments: the command.
const SCRIPT_RUNNER: &str = ". /.aether.env; exec /bin/sh -c \"$1\"";
/// Reads the variables and becomes the image's own command, the arguments.
const IMAGE_RUNNER: &str = ". /.aether.env; exec \"$@\"";
/// Size of an app's `/tmp`, MiB, where its limits allow so much; it counts as memory.
const TMP_MB: u32 = 256;
/// Each app's log in the engine; Aether keeps its own copy with numbers.
const LOG_SIZE: &str = "10m";
const LOG_FILES: &str = "2";

/// An image, and what to run in it.
pub(super) struct ImagePlan {
    image: String,
    entrypoint: Vec<String>,
    arguments: Vec<String>,
    working_dir: String,
    /// None runs as our own account.
    user: Option<String>,
    /// The project's own image, not a stack image.
    own: bool,
    /// Whether there is a shell to read the variables.
    has_shell: bool,
}

impl ImagePlan {
    /// Whether it runs as our own account.
    pub(super) const fn runs_as_ours(&self) -> bool {
        self.user.is_none()
    }
}

impl DockerRuntime {
    /// What to run: the start command, or what the project's own image says.
    pub(super) async fn image_plan(&self, app: &AppSpec, image: &str) -> Result<ImagePlan, RuntimeError> {
        if app.container.image.is_none() {
            return Ok(ImagePlan {
                image: image.to_owned(),
                entrypoint: words(&["/bin/sh"]),
                arguments: words(&["-c", SCRIPT_RUNNER, "app", &app.start_command]),
                working_dir: inside(&app.root_dir),
                user: None,
                own: false,
                has_shell: true,
            });
        }
        let inspected = self
            .engine
            .call("looking at an image", |docker| docker.inspect_image(image))
            .await;
        let config = found(inspected)?
            .ok_or_else(image_gone)?
            .config
            .unwrap_or_default();
        let mut command = config.entrypoint.clone().unwrap_or_default();
        command.extend(config.cmd.clone().unwrap_or_default());
        let has_shell = self.has_shell(image).await?;
        if !app.start_command.is_empty() && has_shell {
            command = words(&["/bin/sh", "-c", &app.start_command]);
        }
        let (program, rest) = command.split_first().ok_or_else(nothing_to_run)?;
        let (entrypoint, arguments) = if has_shell {
            let arguments = words(&["-c", IMAGE_RUNNER, "app"]);
            (words(&["/bin/sh"]), [arguments, command].concat())
        } else {
            (vec![program.clone()], rest.to_vec())
        };
        Ok(ImagePlan {
            image: image.to_owned(),
            entrypoint,
            arguments,
            working_dir: config
                .working_dir
                .clone()
                .filter(|folder| !folder.is_empty())
                .unwrap_or("/".to_owned()),
            user: own_user(&config),
            own: true,
            has_shell,
        })
    }

    /// Whether `/bin/sh` is in the image; asked once.
    async fn has_shell(&self, image: &str) -> Result<bool, RuntimeError> {
        let known = || self.shells.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known().get(image).copied();
        if let Some(has_shell) = seen {
            return Ok(has_shell);
        }
        let has_shell = self.look_for_shell(image).await?;
        if image.starts_with("sha256:") {
            known().insert(image.to_owned(), has_shell);
        }
        Ok(has_shell)
    }

    /// Asks a container that is never started.
    async fn look_for_shell(&self, image: &str) -> Result<bool, RuntimeError> {
        let name = format!("{}-probe-{:08x}", self.settings.owner, rand::random::<u32>());
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(words(&["/bin/sh"])),
            labels: Some(labels::labels(&self.settings.owner, labels::HELPER, &[])),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        self.engine
            .call("probing an image", |docker| {
                docker.create_container(Some(options), body)
            })
            .await?;
        let container = Disposable::new(&self.engine, &name);
        let options = ContainerArchiveInfoOptionsBuilder::new().path("/bin/sh").build();
        let shell = self
            .engine
            .call("probing an image", |docker| {
                docker.get_container_archive_info(&name, Some(options))
            })
            .await;
        container.remove().await?;
        match shell {
            Ok(_) => Ok(true),
            Err(error) if error.is_engine_trouble() && !error.to_string().contains("404") => {
                Err(error.into())
            }
            Err(_) => Ok(false),
        }
    }

    pub(super) fn app_body(
        &self,
        app: &AppSpec,
        name: &str,
        plan: &ImagePlan,
        network: &str,
        address: Ipv4Addr,
    ) -> Result<ContainerCreateBody, RuntimeError> {
        let settings = &self.settings;
        let user = settings.user();
        let env = self.app_environment(app);
        let mut mounts = self.app_mounts(app, plan)?;
        // Without a shell in the image its configuration is the only way in.
        let (mut plain, secret) = if plan.has_shell {
            (BTreeMap::new(), env)
        } else {
            (env, BTreeMap::new())
        };
        mounts.push(self.env_files.write(name, &secret)?);
        // The signal to stop goes to everything the start command started.
        plain.insert("TINI_KILL_PROCESS_GROUP".to_owned(), "1".to_owned());
        let confinement = Confinement {
            limits: app.limits,
            facts: &self.engine.facts,
            network,
            mounts,
            tmpfs: self.app_tmpfs(app, plan),
            log: log_config(),
            restart: RestartPolicyNameEnum::UNLESS_STOPPED,
        };
        let mut host_config = settings.with_dns(confinement.host_config());
        host_config.port_bindings = self.published(app);
        Ok(ContainerCreateBody {
            image: Some(plan.image.clone()),
            user: Some(
                plan.user
                    .clone()
                    .unwrap_or_else(|| format!("{}:{}", user.uid, user.gid)),
            ),
            entrypoint: Some(plan.entrypoint.clone()),
            cmd: Some(plan.arguments.clone()),
            working_dir: Some(plan.working_dir.clone()),
            env: Some(
                plain
                    .into_iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
            ),
            exposed_ports: Some(vec![format!("{}/tcp", inner_port(app))]),
            labels: Some(self.app_labels(app, address)),
            stop_signal: Some("SIGTERM".to_owned()),
            // Health is asked from outside; a check inside would cost the app's own processes and memory.
            healthcheck: Some(HealthConfig {
                test: Some(words(&["NONE"])),
                ..HealthConfig::default()
            }),
            host_config: Some(host_config),
            networking_config: Some(endpoint(network, address)),
            ..ContainerCreateBody::default()
        })
    }

    fn app_environment(&self, app: &AppSpec) -> BTreeMap<String, String> {
        let own = [("HOME", HOME), ("USER", "aether"), ("TMPDIR", "/tmp")];
        let mut env: BTreeMap<String, String> = own
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        env.extend(self.settings.app_access.env.clone());
        env.extend(app.env.clone());
        env.insert("PORT".to_owned(), inner_port(app).to_string());
        env.insert("HOST".to_owned(), "0.0.0.0".to_owned());
        env
    }

    fn app_mounts(&self, app: &AppSpec, plan: &ImagePlan) -> Result<Vec<Mount>, RuntimeError> {
        let settings = &self.settings;
        let mut mounts: Vec<Mount> = settings
            .app_access
            .files
            .iter()
            .map(|(source, target)| bind(source, target, true))
            .collect();
        mounts.extend(app.container.volumes.iter().map(|volume| Mount {
            typ: Some(MountType::VOLUME),
            source: Some(self.volume_name(app.project_id, &volume.name)),
            target: Some(volume.path.clone()),
            volume_options: Some(MountVolumeOptions::default()),
            ..Mount::default()
        }));
        if !plan.own {
            mounts.push(bind(&app.directory, WORKSPACE, true));
            mounts.extend(folder::account_files(
                &settings.data_dir.join("docker"),
                settings.user(),
            )?);
        }
        Ok(mounts)
    }

    fn app_tmpfs(&self, app: &AppSpec, plan: &ImagePlan) -> Vec<(&'static str, u32)> {
        let size = TMP_MB.min(app.limits.memory_mb / 2).max(8);
        let mut tmpfs = vec![("/tmp", size)];
        if plan.own {
            // Where servers of images keep their sockets and process ids.
            tmpfs.push(("/run", size));
            tmpfs.push(("/var/tmp", size));
        } else {
            tmpfs.push((HOME, size));
        }
        tmpfs
    }

    fn app_labels(&self, app: &AppSpec, address: Ipv4Addr) -> HashMap<String, String> {
        let about = [
            (labels::PROJECT, app.project_id.uuid().to_string()),
            (labels::DEPLOYMENT, app.deployment_id.uuid().to_string()),
            (labels::INSTANCE, app.instance_id.uuid().to_string()),
            (labels::ADDRESS, self.reach(address, app).to_string()),
            (labels::CONTAINER_IP, address.to_string()),
        ];
        labels::labels(&self.settings.owner, labels::APP, &about)
    }

    fn published(&self, app: &AppSpec) -> Option<HashMap<String, Option<Vec<PortBinding>>>> {
        if self.settings.reach == AppReach::ContainerAddress {
            return None;
        }
        let binding = PortBinding {
            host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
            host_port: Some(app.port.to_string()),
        };
        Some([(format!("{}/tcp", inner_port(app)), Some(vec![binding]))].into())
    }
}

/// The port the app listens on inside.
pub(super) fn inner_port(app: &AppSpec) -> u16 {
    app.container.port.unwrap_or(app.port)
}

/// A start that failed in words of the user's world, where it is the user's doing.
pub(super) fn explain(error: EngineError, port: u16) -> RuntimeError {
    let text = error.to_string();
    if text.contains("port is already allocated") || text.contains("address already in use") {
        return RuntimeError::PortTaken(port);
    }
    if text.contains("executable file not found") || text.contains("no such file or directory: unknown") {
        return UserError::new(
            "start_command_not_found",
            "The start command is not in the image",
            "The program that the image is to run does not exist in it.",
        )
        .hint("Check ENTRYPOINT and CMD of the Dockerfile, or set a start command in Settings > Build.")
        .into();
    }
    error.into()
}

pub(super) fn network_full() -> UserError {
    UserError::new(
        "network_full",
        "The project has too many apps at the same time",
        "Every address in the project's network is in use.",
    )
    .hint("Lower the number of replicas, or remove deployments that are not needed.")
}

/// The image's user, unless that is root: then ours.
fn own_user(config: &ImageConfig) -> Option<String> {
    let user = config.user.as_deref().unwrap_or_default();
    let name = user.split(':').next().unwrap_or_default();
    let root = name.is_empty() || name == "root" || name.parse::<u32>().is_ok_and(|id| id == 0);
    (!root).then(|| user.to_owned())
}

fn endpoint(network: &str, address: Ipv4Addr) -> NetworkingConfig {
    let ipam = EndpointIpamConfig {
        ipv4_address: Some(address.to_string()),
        ..EndpointIpamConfig::default()
    };
    let settings = EndpointSettings {
        ipam_config: Some(ipam),
        ..EndpointSettings::default()
    };
    NetworkingConfig {
        endpoints_config: Some([(network.to_owned(), settings)].into()),
    }
}

fn log_config() -> HostConfigLogConfig {
    let options = [("max-size", LOG_SIZE), ("max-file", LOG_FILES)];
    HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(
            options
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        ),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn image_gone() -> UserError {
    UserError::new(
        "image_gone",
        "The image of this deployment is gone",
        "It was removed from the Docker engine.",
    )
    .hint("Deploy again to build it anew.")
}

fn nothing_to_run() -> UserError {
    UserError::new(
        "image_without_command",
        "The image has nothing to run",
        "Its Dockerfile names neither ENTRYPOINT nor CMD.",
    )
    .hint("Add a CMD to the Dockerfile, or set a start command in Settings > Build.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_62_an_image_that_wants_root_gets_our_account() {
        let user = |user: &str| {
            own_user(&ImageConfig {
                user: Some(user.to_owned()),
                ..ImageConfig::default()
            })
        };
        for root in ["", "0", "root", "0:0", "root:root", "00", "0:1000"] {
            assert_eq!(user(root), None, "{root:?}");
        }
        assert_eq!(user("node").as_deref(), Some("node"));
        assert_eq!(user("1000:1000").as_deref(), Some("1000:1000"));
    }
}
