//! Settings of `aether up`: those of the three services, with defaults that need nothing from outside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_embedded::create_shared_directory;
use aether_store::StoreSettings;
use aether_telemetry::SettingsReader;
use anyhow::Context;
use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::keys;

const DATA_DIR: &str = "AETHER_DATA_DIR";
const DATABASE: &str = "DATABASE_URL";
const REDIS: &str = "REDIS_URL";
const DOCKER_OWNER: &str = "AETHER_DOCKER_OWNER";
/// Stand-ins until the private servers run and their sockets are known.
const PENDING: [(&str, &str); 2] = [(DATABASE, "postgres://pending"), (REDIS, "redis://pending")];

/// Four stages share the 30 s between Ctrl-C and the end: requests, builds, apps (10 s to end by themselves, kept by the
/// worker), servers.
const PROXY_DRAIN: Duration = Duration::from_secs(4);
const BUILD_GRACE: Duration = Duration::from_secs(6);

/// Everything `aether up` needs to know.
#[derive(Debug)]
pub(super) struct UpSettings {
    pub(super) data_dir: PathBuf,
    pub(super) api: aether_api::Settings,
    pub(super) worker: aether_worker::Settings,
    pub(super) proxy: aether_proxy::Settings,
    pub(super) store: StoreSettings,
    /// `DATABASE_URL` names somebody else's server.
    pub(super) own_postgres: bool,
    /// `REDIS_URL` does.
    pub(super) own_redis: bool,
}

/// The data directory, made when it is missing.
pub(super) fn data_dir(reader: &mut SettingsReader) -> anyhow::Result<PathBuf> {
    if let Some(default) = default_data_dir() {
        reader.default_to(DATA_DIR, default.to_string_lossy());
    }
    let directory = reader
        .path(DATA_DIR)
        .context("set AETHER_DATA_DIR: neither XDG_DATA_HOME nor HOME is set")?;
    create_shared_directory(&directory)?;
    // Later stages compare paths, and the working directory may be a link.
    let directory = directory.canonicalize()?;
    reader.default_to(DATA_DIR, directory.to_string_lossy());
    Ok(directory)
}

impl UpSettings {
    pub(super) fn read(reader: &mut SettingsReader, data_dir: &Path) -> anyhow::Result<Self> {
        let own_postgres = reader.optional_text(DATABASE).is_some();
        let own_redis = reader.optional_text(REDIS).is_some();
        for (key, value) in PENDING {
            reader.default_to(key, value);
        }
        reader.default_to(
            "AETHER_DEPLOYMENTS_DIR",
            data_dir.join("deployments").to_string_lossy(),
        );
        if reader.optional_text(keys::SETTING).is_none() {
            reader.default_to(keys::SETTING, keys::load_or_make(data_dir)?);
        }
        reader.default_to(DOCKER_OWNER, docker_owner(data_dir));
        let mut api = aether_api::Settings::read(reader);
        let mut worker = aether_worker::Settings::read(reader);
        let mut proxy = aether_proxy::Settings::read(reader);
        let store = aether_api::store_settings(reader);
        reader.finish()?;
        // Repositories served on this machine, such as a Git server of one's own.
        api.git_hosts = api.git_hosts.with_loopback();
        worker.git_hosts = worker.git_hosts.with_loopback();
        worker.stop_apps_on_exit = true;
        worker.timing.shutdown_grace = worker.timing.shutdown_grace.min(BUILD_GRACE);
        proxy.drain = proxy.drain.min(PROXY_DRAIN);
        Ok(Self {
            data_dir: data_dir.to_owned(),
            api,
            worker,
            proxy,
            store,
            own_postgres,
            own_redis,
        })
    }
}

/// Two platforms on one machine leave each other's containers alone: each data directory has a name of its own.
fn docker_owner(data_dir: &Path) -> String {
    let digest = hex::encode(Sha256::digest(data_dir.as_os_str().as_encoded_bytes()));
    format!("aether{}", &digest[..8])
}

fn default_data_dir() -> Option<PathBuf> {
    // Root's home is closed to the unprivileged users that Postgres and apps run as.
    if Uid::effective().is_root() {
        return Some(PathBuf::from("/var/lib/aether"));
    }
    let set = |key: &str| {
        std::env::var_os(key)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(base.join("aether"))
}
