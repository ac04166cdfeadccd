//! What the operator decides about the Docker runtime.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use bollard::models::HostConfig;
use ipnet::{IpNet, Ipv4Net};
use rustix::process::geteuid;

use crate::runtime::{HostAccess, SandboxUser};

/// The account of builds and apps when Aether runs as root; far from the ids that people's accounts have.
const DEFAULT_USER: SandboxUser = SandboxUser {
    uid: 10_001,
    gid: 10_001,
};
/// 2,048 networks of 29 addresses; the engine's own pools end after some thirty networks.
const DEFAULT_POOL: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 201, 0, 0), 16);

/// How builds and apps are run in containers.
#[derive(Debug, Clone)]
pub struct DockerRuntimeSettings {
    /// The engine's socket.
    pub socket: PathBuf,
    /// Marks what this Aether made, so that several on one engine leave each other alone.
    pub owner: String,
    /// Folder for home folders of builds and for logs of apps. The engine must see it under the same path.
    pub data_dir: PathBuf,
    /// Folder for variables of running containers; must be in memory (tmpfs), and seen by the engine under the same
    /// path.
    pub secrets_dir: PathBuf,
    /// Images of languages in place of the table's: `node` or `node:22` to an image, `{version}` is filled in.
    pub images: BTreeMap<String, String>,
    /// The account of builds and apps; without one, an unprivileged one of our own, or the user that runs Aether.
    pub run_as: Option<SandboxUser>,
    /// Addresses that networks of projects are cut from; must not be in use on this machine's networks.
    pub network_pool: Ipv4Net,
    /// Name servers for containers; the engine's when there are none.
    pub dns: Vec<IpAddr>,
    /// Private addresses that builds and apps may reach all the same (a registry mirror).
    pub allowed_private: Vec<IpNet>,
    /// Ports of this machine that apps and builds may reach (80 and 443, where an app calls its own public name).
    pub allowed_host_ports: Vec<u16>,
    /// Who puts up the packet filter that keeps containers from this machine and its neighbours.
    pub firewall: FirewallMode,
    /// How apps are reached from this machine.
    pub reach: AppReach,
    /// Whether Dockerfiles may be built by BuildKit.
    pub buildkit: BuildKitMode,
    /// What of the operator's configuration reaches builds (registry mirrors, certificate authorities).
    pub build_access: HostAccess,
    /// What of the operator's configuration reaches apps.
    pub app_access: HostAccess,
    /// Largest build context of a Dockerfile project, MiB.
    pub context_mb: u64,
    /// Longest time one call to the engine may take.
    pub call_timeout: Duration,
    /// An engine that is silent for so long during a build has failed it.
    pub engine_patience: Duration,
    /// Longest time a pull may take.
    pub pull_timeout: Duration,
}

/// Who puts up the packet filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirewallMode {
    /// This process, with the machine's own iptables; needs root.
    Host,
    /// A short-lived container of this image, in the machine's network, with nothing but the right to administer it.
    Container {
        /// An image with iptables; Aether's own worker image has it.
        image: String,
    },
    /// The operator does it. Without a filter, builds and apps reach this machine's ports and cloud metadata.
    Off,
}

/// How apps are reached from this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppReach {
    /// By the container's own address ([`crate::runtime::AppHandle::address`], not the port that was asked for):
    /// nothing between proxy and app, also while the engine is restarted.
    ContainerAddress,
    /// By the port that was asked for, published on 127.0.0.1; the engine's own proxy is in between, and ends with it.
    PublishedPort,
}

/// Whether Dockerfiles may be built by BuildKit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildKitMode {
    /// For Dockerfiles that need it (`RUN --mount`, here-documents, secrets). The classic builder takes the others,
    /// because the engine limits memory and processors of its steps, and not of BuildKit's.
    WhenNeeded,
    /// Never; such Dockerfiles are refused.
    Never,
}

impl DockerRuntimeSettings {
    /// The defaults, with state under `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let root = geteuid().is_root();
        Self {
            socket: PathBuf::from("/var/run/docker.sock"),
            owner: "aether".to_owned(),
            data_dir: data_dir.into(),
            secrets_dir: default_secrets_dir(root),
            images: BTreeMap::new(),
            run_as: None,
            network_pool: DEFAULT_POOL,
            dns: Vec::new(),
            allowed_private: Vec::new(),
            allowed_host_ports: Vec::new(),
            firewall: FirewallMode::Host,
            reach: AppReach::ContainerAddress,
            buildkit: BuildKitMode::WhenNeeded,
            build_access: HostAccess::default(),
            app_access: HostAccess::default(),
            context_mb: 1024,
            call_timeout: Duration::from_secs(30),
            engine_patience: Duration::from_secs(30),
            pull_timeout: Duration::from_secs(900),
        }
    }

    /// Sets the name servers, where the operator chose some.
    pub(super) fn with_dns(&self, mut config: HostConfig) -> HostConfig {
        if !self.dns.is_empty() {
            config.dns = Some(self.dns.iter().map(IpAddr::to_string).collect());
        }
        config
    }

    /// The account of builds and apps.
    pub(super) fn user(&self) -> SandboxUser {
        let own = geteuid();
        if own.is_root() {
            return self.run_as.unwrap_or(DEFAULT_USER);
        }
        // Without root, folders cannot be given to another account.
        SandboxUser {
            uid: own.as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }
}

fn default_secrets_dir(root: bool) -> PathBuf {
    if root {
        return PathBuf::from("/run/aether");
    }
    PathBuf::from(format!("/dev/shm/aether-{}", geteuid().as_raw()))
}
