//! The Docker runtime's settings as variables of the environment.

use std::collections::BTreeMap;
use std::path::Path;

use aether_telemetry::SettingsReader;

use super::settings::{AppReach, BuildKitMode, DockerRuntimeSettings, FirewallMode};

impl DockerRuntimeSettings {
    /// Reads the settings; what is faulty is noted in the reader. `build_access` and `app_access` are the caller's to set.
    pub fn read(reader: &mut SettingsReader, data_dir: &Path) -> Self {
        let mut settings = Self::new(data_dir);
        if let Some(socket) = reader.path("AETHER_DOCKER_SOCKET") {
            settings.socket = socket;
        }
        if let Some(folder) = reader.path("AETHER_DOCKER_SECRETS_DIR") {
            settings.secrets_dir = folder;
        }
        settings.owner = owner(reader, &settings.owner);
        settings.images = images(reader);
        let pool = settings.network_pool;
        settings.network_pool = reader.parse(
            "AETHER_DOCKER_NETWORK_POOL",
            pool,
            "a network such as 10.201.0.0/16",
        );
        if settings.network_pool.prefix_len() > 27 {
            reader.fault(
                "AETHER_DOCKER_NETWORK_POOL",
                "must have room for networks of 32 addresses",
            );
        }
        settings.dns = each(
            reader,
            "AETHER_DOCKER_DNS",
            "addresses of name servers, separated by commas",
        );
        settings.allowed_private = each(
            reader,
            "AETHER_DOCKER_ALLOWED_NETWORKS",
            "networks such as 10.0.5.0/24, separated by commas",
        );
        settings.allowed_host_ports = each(reader, "AETHER_DOCKER_HOST_PORTS", "ports, separated by commas");
        settings.firewall = firewall(reader);
        settings.reach = match reader.text("AETHER_DOCKER_REACH", "address").as_str() {
            "port" => AppReach::PublishedPort,
            "address" => AppReach::ContainerAddress,
            _ => {
                reader.fault("AETHER_DOCKER_REACH", "must be port or address");
                settings.reach
            }
        };
        settings.buildkit = match reader.text("AETHER_BUILDKIT", "auto").as_str() {
            "auto" => BuildKitMode::WhenNeeded,
            "off" => BuildKitMode::Never,
            _ => {
                reader.fault("AETHER_BUILDKIT", "must be auto or off");
                settings.buildkit
            }
        };
        settings.context_mb = reader.parse("AETHER_BUILD_CONTEXT_MB", settings.context_mb, "a number of MiB");
        settings
    }
}

/// It becomes part of names in the engine.
fn owner(reader: &mut SettingsReader, default: &str) -> String {
    const KEY: &str = "AETHER_DOCKER_OWNER";
    let owner = reader.text(KEY, default);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if owner.is_empty() || owner.len() > 32 || !owner.bytes().all(plain) {
        reader.fault(KEY, "must be up to 32 lower-case letters and digits");
    }
    owner
}

fn images(reader: &mut SettingsReader) -> BTreeMap<String, String> {
    const KEY: &str = "AETHER_STACK_IMAGES";
    let mut images = BTreeMap::new();
    for entry in reader.list(KEY) {
        match entry.split_once('=') {
            Some((language, image)) if !language.is_empty() && !image.is_empty() => {
                images.insert(language.trim().to_owned(), image.trim().to_owned());
            }
            _ => reader.fault(
                KEY,
                "must be like node=node:{version}-bookworm,python:3.12=my/python, separated by commas",
            ),
        }
    }
    images
}

fn firewall(reader: &mut SettingsReader) -> FirewallMode {
    match reader.text("AETHER_DOCKER_FIREWALL", "host").as_str() {
        "host" => FirewallMode::Host,
        "off" => FirewallMode::Off,
        image => FirewallMode::Container {
            image: image.to_owned(),
        },
    }
}

fn each<T: std::str::FromStr>(reader: &mut SettingsReader, key: &str, expected: &str) -> Vec<T> {
    let parts = reader.list(key);
    let values: Vec<T> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    if values.len() < parts.len() {
        reader.fault(key, format!("must be {expected}"));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (DockerRuntimeSettings, usize) {
        let pairs = pairs
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        let mut reader = SettingsReader::from_pairs(pairs);
        let settings = DockerRuntimeSettings::read(&mut reader, Path::new("/data"));
        (
            settings,
            reader.finish().err().map_or(0, |error| error.faults.len()),
        )
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let (settings, faults) = read(&[]);
        assert_eq!(faults, 0);
        assert_eq!(settings.firewall, FirewallMode::Host);
        assert_eq!(settings.network_pool.to_string(), "10.201.0.0/16");
    }

    #[test]
    fn everything_can_be_set() {
        let (settings, faults) = read(&[
            (
                "AETHER_STACK_IMAGES",
                "node=mirror/node:{version}, python:3.12=my/python",
            ),
            ("AETHER_DOCKER_ALLOWED_NETWORKS", "10.0.5.0/24"),
            ("AETHER_DOCKER_HOST_PORTS", "80,443"),
            ("AETHER_DOCKER_FIREWALL", "aether/worker:1"),
            ("AETHER_DOCKER_REACH", "address"),
            ("AETHER_BUILDKIT", "off"),
        ]);
        assert_eq!(faults, 0);
        assert_eq!(settings.images["python:3.12"], "my/python");
        assert_eq!(settings.allowed_host_ports, [80, 443]);
        assert_eq!(
            settings.firewall,
            FirewallMode::Container {
                image: "aether/worker:1".to_owned()
            }
        );
        assert_eq!(
            (settings.reach, settings.buildkit),
            (AppReach::ContainerAddress, BuildKitMode::Never)
        );
    }

    #[test]
    fn input_104_every_fault_is_noted() {
        let (_, faults) = read(&[
            ("AETHER_DOCKER_OWNER", "A/b"),
            ("AETHER_STACK_IMAGES", "node"),
            ("AETHER_DOCKER_NETWORK_POOL", "10.0.0.0/30"),
            ("AETHER_DOCKER_DNS", "resolver"),
            ("AETHER_DOCKER_HOST_PORTS", "70000"),
            ("AETHER_DOCKER_REACH", "x"),
            ("AETHER_BUILDKIT", "x"),
            ("AETHER_BUILD_CONTEXT_MB", "x"),
        ]);
        assert_eq!(faults, 8);
    }
}
