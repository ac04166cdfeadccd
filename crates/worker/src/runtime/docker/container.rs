//! What every container of ours has in common: confinement, and being removed.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use aether_models::ResourceLimits;
use bollard::errors::Error as BollardError;
use bollard::models::{
    ContainerSummary, HostConfig, HostConfigLogConfig, Mount, MountType, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use futures::StreamExt;

use super::engine::{Engine, EngineError, EngineFacts};
use super::labels::{self, Labels};

const MIB: i64 = 1024 * 1024;
/// Installers open many files at once; the engine's own default is without bounds on some machines.
const OPEN_FILES: i64 = 65_536;
/// When memory gets short on the machine, containers of users go before anything of the machine's own.
const OOM_SCORE: i64 = 500;
/// Removal waits for processes to die and for file systems to be taken down.
const REMOVAL: Duration = Duration::from_secs(30);

/// How a container is confined.
pub(super) struct Confinement<'a> {
    pub(super) limits: ResourceLimits,
    pub(super) facts: &'a EngineFacts,
    pub(super) network: &'a str,
    pub(super) mounts: Vec<Mount>,
    /// Path and size in MiB of what is writable in memory.
    pub(super) tmpfs: Vec<(&'static str, u32)>,
    pub(super) log: HostConfigLogConfig,
    pub(super) restart: RestartPolicyNameEnum,
}

impl Confinement<'_> {
    /// The engine's words for it: every limit, every time.
    pub(super) fn host_config(self) -> HostConfig {
        let limits = self.limits;
        let memory = i64::from(limits.memory_mb) * MIB;
        let tmpfs = self.tmpfs.iter().map(|(path, megabytes)| {
            (
                String::from(*path),
                format!("rw,exec,nosuid,nodev,mode=1777,size={megabytes}m"),
            )
        });
        HostConfig {
            memory: Some(memory),
            // Equal to memory: no swap.
            memory_swap: Some(memory),
            nano_cpus: Some(nano_cpus(&limits, self.facts)),
            pids_limit: Some(i64::from(limits.pids)),
            ulimits: Some(vec![
                ulimit("nofile", open_files()),
                ulimit("core", 0),
                ulimit("fsize", i64::from(limits.disk_mb) * MIB),
            ]),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
            readonly_rootfs: Some(true),
            privileged: Some(false),
            init: Some(true),
            ipc_mode: Some("private".to_owned()),
            oom_score_adj: Some(OOM_SCORE),
            network_mode: Some(self.network.to_owned()),
            tmpfs: Some(tmpfs.collect::<HashMap<_, _>>()),
            mounts: Some(self.mounts),
            log_config: Some(self.log),
            restart_policy: Some(RestartPolicy {
                name: Some(self.restart),
                maximum_retry_count: None,
            }),
            ..HostConfig::default()
        }
    }
}

/// A container that must not outlive what it was made for, not even when that is dropped half way.
pub(super) struct Disposable {
    engine: Engine,
    name: String,
    armed: bool,
}

impl Disposable {
    pub(super) fn new(engine: &Engine, name: &str) -> Self {
        Self {
            engine: engine.clone(),
            name: name.to_owned(),
            armed: true,
        }
    }

    /// It is to stay.
    pub(super) fn keep(mut self) {
        self.armed = false;
    }

    /// Kills and removes it now.
    pub(super) async fn remove(mut self) -> Result<(), EngineError> {
        let removed = remove(&self.engine, &self.name).await;
        self.armed = removed.is_err();
        removed
    }
}

impl Drop for Disposable {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let (engine, name) = (self.engine.clone(), std::mem::take(&mut self.name));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = remove(&engine, &name).await {
                    tracing::warn!(%error, name, "a container is left for the clean-up");
                }
            });
        }
    }
}

/// Kills and removes a container with its anonymous volumes; one that is gone is fine.
pub(super) async fn remove(engine: &Engine, name: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removed = engine
        .long_call("removing a container", REMOVAL, |docker| {
            docker.remove_container(name, Some(options))
        })
        .await;
    match removed {
        // In conflict: somebody else is removing it.
        Ok(()) | Err(EngineError::NotFound { .. } | EngineError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Waits until a container has ended. No limit of its own: the caller has one.
pub(super) async fn exit_code(engine: &Engine, name: &str) -> Result<i64, EngineError> {
    let context = "waiting for a container";
    let mut ended = engine.docker().wait_container(name, None);
    match ended.next().await {
        Some(Ok(response)) => Ok(response.status_code),
        // The client library's way to say that it ended with another code than 0.
        Some(Err(BollardError::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(error)) => Err(EngineError::sort(context, error)),
        None => Err(EngineError::Gone {
            context,
            message: "the connection was closed".to_owned(),
        }),
    }
}

/// A container as a list shows it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) labels: Labels,
    /// When it was made, in seconds since 1970.
    pub(super) created: i64,
}

/// All containers that carry these labels, running or not.
pub(super) async fn list(engine: &Engine, wanted: &[(&str, &str)]) -> Result<Vec<Listed>, EngineError> {
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&labels::filter(wanted))
        .build();
    let containers = engine
        .call("listing containers", |docker| {
            docker.list_containers(Some(options))
        })
        .await?;
    let listed = |container: ContainerSummary| {
        Some(Listed {
            id: container.id?,
            labels: container.labels.unwrap_or_default(),
            created: container.created.unwrap_or(0),
        })
    };
    Ok(containers.into_iter().filter_map(listed).collect())
}

/// A folder or file of this machine, seen inside.
pub(super) fn bind(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(source.to_string_lossy().into_owned()),
        target: Some(target.to_owned()),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

fn nano_cpus(limits: &ResourceLimits, facts: &EngineFacts) -> i64 {
    // The engine refuses more processors than it has.
    let millis = limits.cpus.millis.min(facts.cpus.saturating_mul(1000)).max(10);
    i64::from(millis) * 1_000_000
}

/// An engine that may not raise limits cannot start a container above its own; ours is most likely the same.
fn open_files() -> i64 {
    let own = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    own.map_or(OPEN_FILES, |own| {
        i64::try_from(own).unwrap_or(OPEN_FILES).min(OPEN_FILES)
    })
}

fn ulimit(name: &str, value: i64) -> ResourcesUlimits {
    ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(value),
        hard: Some(value),
    }
}
