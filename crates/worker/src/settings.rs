//! What the operator can set, read once and checked as a whole: all faults are reported together, values never.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use aether_models::{GitHostPolicy, Hostname, PROOF_GRACE};
use aether_store::StoreSettings;
use aether_telemetry::SettingsReader;
use secrecy::SecretString;

use crate::git::GitLimits;
use crate::runtime::docker::DockerRuntimeSettings;

/// Ports for apps; below the range that Linux hands out for outgoing connections (32768 and up).
const DEFAULT_PORTS: RangeInclusive<u16> = 21_000..=29_999;
/// Which isolation builds and apps get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeChoice {
    /// The best one this machine has.
    Auto,
    /// Containers.
    Docker,
    /// Sandboxed processes.
    Process,
}

/// How the worker works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Caches, workspaces, state of running apps.
    pub data_dir: PathBuf,
    /// Releases.
    pub deployments_dir: PathBuf,
    /// Isolation.
    pub runtime: RuntimeChoice,
    /// Containers, where they are used.
    pub docker: DockerRuntimeSettings,
    /// Domain under which projects get their hosts.
    pub apps_domain: Hostname,
    /// Addresses that people outside are told.
    pub links: PublicLinks,
    /// Servers asked about custom domains; none is those of the machine.
    pub dns_servers: Vec<SocketAddr>,
    /// Hosts that repositories may come from.
    pub git_hosts: GitHostPolicy,
    /// What fetching may cost.
    pub git_limits: GitLimits,
    /// The master key of sealed values.
    pub secret_key: SecretString,
    /// Earlier master keys, still able to open.
    pub previous_secret_keys: Vec<SecretString>,
    /// Deployments at the same time.
    pub concurrency: usize,
    /// How long the app of the previous release stays running, so that a rollback is instant.
    pub warm: Duration,
    /// Releases kept per project besides the live one.
    pub keep_releases: u32,
    /// Name of this machine among the workers.
    pub node: String,
    /// Ports for apps.
    pub app_ports: RangeInclusive<u16>,
    /// Variables of the worker that builds see too (registry addresses, certificate files).
    pub build_env: BTreeMap<String, String>,
    /// Files that builds may read: path on this machine, path inside (a certificate authority, an `.npmrc`).
    pub build_mounts: Vec<(PathBuf, String)>,
    /// Apps are stopped with the worker, as `aether up` wants it.
    pub stop_apps_on_exit: bool,
    /// Intervals, changed by tests only.
    pub timing: Timing,
}

/// Addresses of the dashboard and of sites, as people outside reach them.
#[derive(Debug, Clone)]
pub struct PublicLinks {
    /// The dashboard, without a slash at the end.
    pub dashboard: String,
    /// `http` or `https`.
    pub apps_scheme: String,
    /// Port of the sites as visitors see it.
    pub apps_port: u16,
}

impl PublicLinks {
    /// The same settings as the API has.
    fn read(reader: &mut SettingsReader) -> Self {
        let local = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let api = reader.address("AETHER_API_ADDR", local(3000)).port();
        let dashboard = reader.public_url("AETHER_PUBLIC_URL", &format!("http://localhost:{api}"));
        let apps_scheme = reader.text("AETHER_APPS_URL_SCHEME", "http");
        let proxy = reader.address("AETHER_PROXY_ADDR", local(3005)).port();
        let default = if apps_scheme == "https" { 443 } else { proxy };
        Self {
            dashboard: dashboard.trim_end_matches('/').to_owned(),
            apps_port: reader.parse("AETHER_APPS_URL_PORT", default, "a port"),
            apps_scheme,
        }
    }

    /// Page of a deployment.
    #[must_use]
    pub fn deployment(&self, slug: &str, deployment: &str) -> String {
        format!("{}/projects/{slug}/deployments/{deployment}", self.dashboard)
    }

    /// A site.
    #[must_use]
    pub fn site(&self, host: &str) -> String {
        match (self.apps_scheme.as_str(), self.apps_port) {
            ("http", 80) | ("https", 443) => format!("{}://{host}", self.apps_scheme),
            (scheme, port) => format!("{scheme}://{host}:{port}"),
        }
    }
}

/// How often things are done and how long is waited for them.
#[derive(Debug, Clone)]
pub struct Timing {
    /// A worker that is silent for so long has lost its deployment.
    pub lease: Duration,
    /// How often a running deployment's lease is renewed.
    pub heartbeat: Duration,
    /// How often the queue is looked at without a wake-up.
    pub queue_poll: Duration,
    /// How often the real state is compared with the wanted one without a signal.
    pub reconcile: Duration,
    /// How often the output of apps is collected.
    pub runtime_log: Duration,
    /// How long requests of the old release may take to finish.
    pub drain: Duration,
    /// Between TERM and KILL of an app.
    pub stop_grace: Duration,
    /// How long running deployments may go on after a request to stop the worker.
    pub shutdown_grace: Duration,
    /// How long an unneeded workspace stays.
    pub workspace_age: Duration,
    /// How often releases beyond retention are removed.
    pub cleanup: Duration,
    /// How often the worker says what its apps use.
    pub report: Duration,
    /// How often it is looked for something to tell Git providers.
    pub reports: Duration,
    /// How often it is looked for domains whose DNS is due.
    pub domains: Duration,
    /// How long a domain goes on answering after its proof has gone.
    pub proof_grace: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(3),
            queue_poll: Duration::from_secs(1),
            reconcile: Duration::from_secs(5),
            runtime_log: Duration::from_millis(250),
            drain: Duration::from_secs(30),
            stop_grace: Duration::from_secs(10),
            // With 5 s for a build to end and 12 s for apps, the 30 s of an orderly stop are kept (threats.md F36).
            shutdown_grace: Duration::from_secs(8),
            workspace_age: Duration::from_secs(30),
            cleanup: Duration::from_secs(30),
            report: Duration::from_secs(5),
            reports: Duration::from_secs(2),
            domains: Duration::from_secs(5),
            proof_grace: PROOF_GRACE,
        }
    }
}

impl Settings {
    /// Reads them; faults stay in the reader until its `finish`.
    #[must_use]
    pub fn read(reader: &mut SettingsReader) -> Self {
        let limits = GitLimits::default();
        let data_dir = reader
            .path("AETHER_DATA_DIR")
            .unwrap_or_else(|| PathBuf::from("/var/lib/aether"));
        Self {
            docker: DockerRuntimeSettings::read(reader, &data_dir),
            data_dir,
            deployments_dir: reader
                .path("AETHER_DEPLOYMENTS_DIR")
                .unwrap_or_else(|| PathBuf::from("/deployments")),
            runtime: RuntimeChoice::read(reader),
            apps_domain: apps_domain(reader),
            links: PublicLinks::read(reader),
            dns_servers: dns_servers(reader),
            git_hosts: git_hosts(reader),
            git_limits: GitLimits {
                pack_bytes: number(reader, "AETHER_GIT_MAX_MB", limits.pack_bytes >> 20, 1..=1 << 20) << 20,
                total_time: reader.duration("AETHER_GIT_TIMEOUT", limits.total_time),
                ..limits
            },
            secret_key: reader.secret_key("AETHER_SECRET_KEY"),
            previous_secret_keys: reader
                .list("AETHER_PREVIOUS_SECRET_KEYS")
                .into_iter()
                .map(SecretString::from)
                .collect(),
            concurrency: number(reader, "AETHER_WORKER_CONCURRENCY", 2, 1..=64),
            warm: Duration::from_secs(number(reader, "AETHER_WARM_SECONDS", 600, 0..=604_800)),
            keep_releases: number(reader, "AETHER_KEEP_RELEASES", 10, 1..=1000),
            node: reader.text("AETHER_NODE", &host_name()),
            app_ports: app_ports(reader),
            build_env: build_env(reader),
            build_mounts: build_mounts(reader),
            stop_apps_on_exit: false,
            timing: Timing::default(),
        }
    }
}

/// Where Postgres and Redis are.
#[must_use]
pub fn store_settings(reader: &mut SettingsReader) -> StoreSettings {
    StoreSettings {
        database_url: reader.connection("DATABASE_URL", &["postgres", "postgresql"]),
        redis_url: reader.connection("REDIS_URL", &["redis", "rediss", "redis+unix", "unix"]),
        max_connections: number(reader, "AETHER_DATABASE_CONNECTIONS", 10, 2..=200),
    }
}

fn number<T>(reader: &mut SettingsReader, key: &str, default: T, range: RangeInclusive<T>) -> T
where
    T: FromStr + PartialOrd + Display + Copy,
{
    let expected = format!("a number from {} to {}", range.start(), range.end());
    let value = reader.parse(key, default, &expected);
    if range.contains(&value) {
        return value;
    }
    reader.fault(key, format!("must be {expected}"));
    default
}

impl RuntimeChoice {
    /// Reads `AETHER_RUNTIME`; a fault stays in the reader.
    pub fn read(reader: &mut SettingsReader) -> Self {
        const KEY: &str = "AETHER_RUNTIME";
        match reader.text(KEY, "auto").as_str() {
            "auto" => Self::Auto,
            "docker" => Self::Docker,
            "process" => Self::Process,
            _ => {
                reader.fault(KEY, "must be auto, docker or process");
                Self::Auto
            }
        }
    }
}

#[allow(clippy::expect_used, reason = "a constant that is a host name")]
fn apps_domain(reader: &mut SettingsReader) -> Hostname {
    const KEY: &str = "AETHER_APPS_DOMAIN";
    const DEFAULT: &str = "aether.localhost";
    reader.text(KEY, DEFAULT).parse().unwrap_or_else(|_| {
        reader.fault(KEY, "must be a domain such as apps.example.com");
        DEFAULT.parse().expect("a host name")
    })
}

fn git_hosts(reader: &mut SettingsReader) -> GitHostPolicy {
    const KEY: &str = "AETHER_GIT_ALLOWED_HOSTS";
    GitHostPolicy::parse(&reader.text(KEY, "")).unwrap_or_else(|_| {
        reader.fault(
            KEY,
            "must be a list of hosts, host:port, addresses or networks, separated by commas",
        );
        GitHostPolicy::default()
    })
}

/// Addresses, with a port where it is not 53.
fn dns_servers(reader: &mut SettingsReader) -> Vec<SocketAddr> {
    const KEY: &str = "AETHER_DNS_SERVERS";
    const PORT: u16 = 53;
    let mut servers = Vec::new();
    for entry in reader.list(KEY) {
        let with_port = entry.parse::<SocketAddr>();
        match with_port.or_else(|_| entry.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT))) {
            Ok(server) => servers.push(server),
            Err(_) => reader.fault(
                KEY,
                "must be a list of addresses such as 9.9.9.9 or 127.0.0.1:5353",
            ),
        }
    }
    servers
}

fn app_ports(reader: &mut SettingsReader) -> RangeInclusive<u16> {
    const KEY: &str = "AETHER_APP_PORTS";
    let Some(text) = reader.optional_text(KEY) else {
        return DEFAULT_PORTS;
    };
    let range = text.split_once('-').and_then(|(first, last)| {
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first >= 1024 && first < last).then_some(first..=last)
    });
    range.unwrap_or_else(|| {
        reader.fault(KEY, "must be a range like 21000-29999, above 1023");
        DEFAULT_PORTS
    })
}

fn build_env(reader: &mut SettingsReader) -> BTreeMap<String, String> {
    let names = reader.list("AETHER_BUILD_ENV_PASSTHROUGH");
    names
        .into_iter()
        .filter_map(|name| Some((name.clone(), reader.optional_text(&name)?)))
        .collect()
}

fn build_mounts(reader: &mut SettingsReader) -> Vec<(PathBuf, String)> {
    const KEY: &str = "AETHER_BUILD_MOUNTS";
    let mut mounts = Vec::new();
    for entry in reader.list(KEY) {
        let (outside, inside) = entry.split_once(':').unwrap_or((&entry, &entry));
        let path = PathBuf::from(outside);
        if path.is_absolute() && path.is_file() && inside.starts_with('/') {
            mounts.push((path, inside.to_owned()));
        } else {
            reader.fault(KEY, format!("{outside} is not the absolute path of a file"));
        }
    }
    mounts
}

/// The machine's name, which only has to be the same after a restart.
fn host_name() -> String {
    let name = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(pairs: &[(&str, &str)]) -> SettingsReader {
        let needed = [
            ("AETHER_SECRET_KEY", "f7Gq2mZx9LrT4vBn8KsW1yHc6JdP3aQe"),
            ("DATABASE_URL", "postgres://localhost/x"),
            ("REDIS_URL", "redis://localhost"),
        ];
        let all = needed
            .iter()
            .chain(pairs)
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        SettingsReader::from_pairs(all)
    }

    #[test]
    fn the_defaults_are_complete() {
        let mut reader = reader(&[]);
        let settings = Settings::read(&mut reader);
        let _ = store_settings(&mut reader);
        reader.finish().unwrap();
        assert_eq!(settings.concurrency, 2);
        assert_eq!(settings.app_ports, 21_000..=29_999);
        assert_eq!(settings.apps_domain.as_str(), "aether.localhost");
    }

    #[test]
    fn input_104_all_faults_are_named_at_once_without_values() {
        let faulty = [
            ("AETHER_RUNTIME", "chroot"),
            ("AETHER_APP_PORTS", "70000"),
            ("AETHER_WORKER_CONCURRENCY", "0"),
            ("AETHER_GIT_ALLOWED_HOSTS", "a b"),
            ("AETHER_DNS_SERVERS", "dns.example.com"),
            ("AETHER_BUILD_MOUNTS", "/nonexistent"),
            ("AETHER_SECRET_KEY", "changeme"),
        ];
        let mut reader = reader(&faulty);
        let _ = Settings::read(&mut reader);
        let faults = reader.finish().unwrap_err().to_string();
        for (name, _) in faulty {
            assert!(faults.contains(name), "{name} is missing in:\n{faults}");
        }
        assert!(!faults.contains("chroot") && !faults.contains("changeme"));
    }

    #[test]
    fn what_builds_get_of_this_machine_is_named_by_the_operator() {
        let mut reader = reader(&[
            ("AETHER_BUILD_ENV_PASSTHROUGH", "NPM_CONFIG_X,MISSING"),
            ("NPM_CONFIG_X", "1"),
            ("OTHER", "2"),
        ]);
        let settings = Settings::read(&mut reader);
        assert_eq!(
            settings.build_env,
            BTreeMap::from([("NPM_CONFIG_X".to_owned(), "1".to_owned())])
        );
    }
}
