//! Settings of the proxy, read and checked as a whole before any port is bound.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use aether_models::Hostname;
use aether_telemetry::SettingsReader;

use crate::limits::Limits;

/// The apps domain unless told otherwise; every system resolves `*.localhost` to itself.
const DEFAULT_APPS_DOMAIN: &str = "aether.localhost";
const DEFAULT_DEPLOYMENTS_DIR: &str = "/deployments";
const DEFAULT_DATA_DIR: &str = "/var/lib/aether";
/// How long requests in flight may take once the proxy stops (threats.md F24); below the 30 s after which the process
/// ends whatever still runs.
const DEFAULT_DRAIN: Duration = Duration::from_secs(25);
/// Most serving threads.
const THREADS_MAX: usize = 256;

/// Everything the proxy needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Plain HTTP listener.
    pub addr: SocketAddr,
    /// Health, readiness and metrics; a listener of its own, so that no path of a site is shadowed.
    pub admin_addr: SocketAddr,
    /// HTTPS listener with the operator's certificate.
    pub tls: Option<TlsSettings>,
    /// Domain whose subdomains are the sites.
    pub apps_domain: Hostname,
    /// Where the releases lie.
    pub deployments_dir: PathBuf,
    /// Where the route snapshot is kept (`proxy/routes.json`).
    pub data_dir: PathBuf,
    /// Threads that serve, each with a listener and a runtime of its own.
    pub threads: usize,
    /// How long requests in flight may take at the end.
    pub drain: Duration,
    /// Write a line for every request, whatever the projects' own settings say.
    pub access_log: bool,
    /// File the access log is appended to; none is standard output.
    pub access_log_file: Option<PathBuf>,
    /// Caps and timers.
    pub limits: Limits,
}

/// HTTPS with a certificate given by the operator.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Where to listen.
    pub addr: SocketAddr,
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

impl Settings {
    /// Settings with the defaults, for `aether up` and for tests.
    #[must_use]
    pub fn new(apps_domain: Hostname, deployments_dir: PathBuf, data_dir: PathBuf) -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 3005)),
            admin_addr: SocketAddr::from(([127, 0, 0, 1], 3006)),
            tls: None,
            apps_domain,
            deployments_dir,
            data_dir,
            threads: default_threads(),
            drain: DEFAULT_DRAIN,
            access_log: false,
            access_log_file: None,
            limits: Limits::default(),
        }
    }

    /// Reads the settings; [`SettingsReader::finish`] then tells whether they can be used.
    pub fn read(reader: &mut SettingsReader) -> Self {
        let domain = reader.text("AETHER_APPS_DOMAIN", DEFAULT_APPS_DOMAIN);
        let apps_domain = domain.parse().ok();
        if apps_domain.is_none() {
            reader.fault(
                "AETHER_APPS_DOMAIN",
                "must be a domain name, such as apps.example.com",
            );
        }
        let data_dir = reader
            .path("AETHER_DATA_DIR")
            .unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
        let deployments = reader.path("AETHER_DEPLOYMENTS_DIR");
        let defaults = Self::new(
            apps_domain.unwrap_or_else(stand_in),
            deployments.unwrap_or_else(|| PathBuf::from(DEFAULT_DEPLOYMENTS_DIR)),
            data_dir,
        );
        let threads = reader.parse("AETHER_PROXY_THREADS", defaults.threads, "a number from 1 to 256");
        if !(1..=THREADS_MAX).contains(&threads) {
            reader.fault("AETHER_PROXY_THREADS", "must be a number from 1 to 256");
        }
        Self {
            addr: reader.address("AETHER_PROXY_ADDR", defaults.addr),
            admin_addr: reader.address("AETHER_PROXY_ADMIN_ADDR", defaults.admin_addr),
            tls: TlsSettings::read(reader),
            threads,
            drain: reader.duration("AETHER_PROXY_DRAIN", defaults.drain),
            access_log: reader.flag("AETHER_PROXY_ACCESS_LOG", defaults.access_log),
            access_log_file: reader.path("AETHER_PROXY_ACCESS_LOG_FILE"),
            limits: read_limits(reader),
            ..defaults
        }
    }
}

impl TlsSettings {
    fn read(reader: &mut SettingsReader) -> Option<Self> {
        let addr = reader.address("AETHER_PROXY_TLS_ADDR", SocketAddr::from(([127, 0, 0, 1], 3443)));
        let certificate = reader.path("AETHER_PROXY_TLS_CERT");
        let key = reader.path("AETHER_PROXY_TLS_KEY");
        for (name, path) in [
            ("AETHER_PROXY_TLS_CERT", &certificate),
            ("AETHER_PROXY_TLS_KEY", &key),
        ] {
            if path
                .as_ref()
                .is_some_and(|path| std::fs::File::open(path).is_err())
            {
                reader.fault(name, "must be a file this process can read");
            }
        }
        if certificate.is_some() != key.is_some() {
            reader.fault(
                "AETHER_PROXY_TLS_CERT",
                "must be set together with AETHER_PROXY_TLS_KEY",
            );
        }
        Some(Self {
            addr,
            certificate: certificate?,
            key: key?,
        })
    }
}

fn read_limits(reader: &mut SettingsReader) -> Limits {
    const COUNT: &str = "a whole number";
    let defaults = Limits::default();
    Limits {
        connections: reader.parse("AETHER_PROXY_MAX_CONNECTIONS", defaults.connections, COUNT),
        client_connections: reader.parse(
            "AETHER_PROXY_MAX_CLIENT_CONNECTIONS",
            defaults.client_connections,
            COUNT,
        ),
        site_requests: reader.parse("AETHER_PROXY_MAX_SITE_REQUESTS", defaults.site_requests, COUNT),
        body_bytes: reader.parse("AETHER_PROXY_MAX_BODY_BYTES", defaults.body_bytes, COUNT),
        hot_bytes: reader.parse("AETHER_PROXY_CACHE_BYTES", defaults.hot_bytes, COUNT),
        first_byte: reader.duration("AETHER_PROXY_APP_TIMEOUT", defaults.first_byte),
        app_idle: reader.duration("AETHER_PROXY_APP_IDLE_TIMEOUT", defaults.app_idle),
        ..defaults
    }
}

/// Never used: a fault was noted, so reading the settings fails.
fn stand_in() -> Hostname {
    let domain = DEFAULT_APPS_DOMAIN.parse();
    domain.unwrap_or_else(|_| unreachable!("the default is a domain name"))
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Settings, Vec<String>) {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let mut reader = SettingsReader::from_pairs(pairs);
        let settings = Settings::read(&mut reader);
        let faults = reader
            .finish()
            .err()
            .map(|error| error.faults)
            .unwrap_or_default();
        (
            settings,
            faults
                .into_iter()
                .map(|fault| format!("{} {}", fault.key, fault.problem))
                .collect(),
        )
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let (settings, faults) = read(&[]);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(settings.addr.to_string(), "127.0.0.1:3005");
        assert_eq!(settings.apps_domain.as_str(), DEFAULT_APPS_DOMAIN);
        assert!(settings.tls.is_none());
    }

    #[test]
    fn input_104_all_faults_are_reported_at_once_without_values() {
        let (_, faults) = read(&[
            ("AETHER_PROXY_ADDR", "127.0.0.1:70000"),
            ("AETHER_APPS_DOMAIN", "s3cret value"),
            ("AETHER_PROXY_THREADS", "0"),
            ("AETHER_PROXY_TLS_CERT", "/nonexistent"),
            ("AETHER_PROXY_MAX_BODY_BYTES", "-1"),
        ]);
        assert_eq!(faults.len(), 6, "{faults:?}");
        assert!(
            faults
                .iter()
                .all(|fault| !fault.contains("70000") && !fault.contains("s3cret"))
        );
    }
}
