//! What the operator can set, as this service needs it.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use aether_models::{GitHostPolicy, Hostname};
use aether_store::StoreSettings;
use aether_telemetry::SettingsReader;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where the API listens unless something else is said.
const API_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);
/// Where the proxy listens unless something else is said; only its port is shown.
const PROXY_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3005);
/// Connections to Postgres; more would not make two cores faster.
const CONNECTIONS: u32 = 16;
const WEBHOOK_SECRET_MIN: usize = aether_forge::SECRET_MIN;

/// Who may make an account once the instance has an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Only who was invited.
    Invite,
    /// Everybody.
    Open,
}

/// How visitors reach deployed sites: the scheme and port in the addresses we show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppsUrl {
    /// `http` or `https`.
    pub scheme: String,
    /// Port of the proxy as visitors see it.
    pub port: u16,
}

/// Settings of the API.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `AETHER_API_ADDR`: address to listen on.
    pub listen: SocketAddr,
    /// `AETHER_PUBLIC_URL`: where browsers find the dashboard.
    pub public_url: Url,
    /// `AETHER_APPS_DOMAIN`: deployed sites are at `<slug>.<this>`.
    pub apps_domain: Hostname,
    /// `AETHER_APPS_URL_SCHEME` and `AETHER_APPS_URL_PORT`: how visitors reach them. Without these, `http` and the port of
    /// `AETHER_PROXY_ADDR`.
    pub apps_url: AppsUrl,
    /// `AETHER_DATA_DIR`: holds the set-up token's file.
    pub data_dir: PathBuf,
    /// `AETHER_SECRET_KEY`: master key of all secrets at rest and of the access tokens.
    pub secret_key: SecretString,
    /// `AETHER_PREVIOUS_SECRET_KEYS`: earlier master keys, for reading only, separated by commas.
    pub previous_secret_keys: Vec<SecretString>,
    /// `AETHER_REGISTRATION`: `invite` or `open`.
    pub registration: Registration,
    /// `AETHER_GIT_ALLOWED_HOSTS`: hosts repositories may be on besides the public internet.
    pub git_hosts: GitHostPolicy,
    /// `AETHER_TRUSTED_PROXIES`: networks of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `AETHER_METRICS_TOKEN`: opens `/metrics` to other machines.
    pub metrics_token: Option<SecretString>,
    /// `AETHER_GITHUB_WEBHOOK_SECRET`: secret of the instance's GitHub App.
    pub github_webhook_secret: Option<SecretString>,
    /// `AETHER_API_THREADS`: threads that serve requests.
    pub threads: usize,
}

impl Settings {
    /// Reads them; faults stay in the reader until its `finish`.
    pub fn read(reader: &mut SettingsReader) -> Self {
        let listen = reader.address("AETHER_API_ADDR", API_ADDRESS);
        Self {
            listen,
            public_url: public_url(reader, listen),
            apps_domain: apps_domain(reader),
            apps_url: apps_url(reader),
            data_dir: reader
                .path("AETHER_DATA_DIR")
                .unwrap_or_else(|| PathBuf::from("/var/lib/aether")),
            secret_key: reader.secret_key("AETHER_SECRET_KEY"),
            previous_secret_keys: reader
                .list("AETHER_PREVIOUS_SECRET_KEYS")
                .into_iter()
                .map(SecretString::from)
                .collect(),
            registration: registration(reader),
            git_hosts: git_hosts(reader),
            trusted_proxies: trusted_proxies(reader),
            metrics_token: reader.optional_secret("AETHER_METRICS_TOKEN"),
            github_webhook_secret: github_webhook_secret(reader),
            threads: reader
                .optional::<NonZeroUsize>("AETHER_API_THREADS", "a number of threads, 1 or more")
                .or_else(|| available_parallelism().ok())
                .map_or(2, NonZeroUsize::get),
        }
    }
}

/// Where Postgres and Redis are: `DATABASE_URL`, `REDIS_URL`, `AETHER_DATABASE_CONNECTIONS`.
pub fn store_settings(reader: &mut SettingsReader) -> StoreSettings {
    StoreSettings {
        database_url: reader.connection("DATABASE_URL", &["postgres", "postgresql"]),
        redis_url: reader.connection("REDIS_URL", &["redis", "rediss", "redis+unix", "unix"]),
        max_connections: reader.parse(
            "AETHER_DATABASE_CONNECTIONS",
            CONNECTIONS,
            "a number of connections",
        ),
    }
}

fn public_url(reader: &mut SettingsReader, listen: SocketAddr) -> Url {
    const KEY: &str = "AETHER_PUBLIC_URL";
    let default = format!("http://localhost:{}", listen.port());
    let text = reader.public_url(KEY, &default);
    Url::parse(&text).unwrap_or_else(|_| {
        reader.fault(KEY, "must be an address such as https://aether.example.com");
        stand_in("http://localhost")
    })
}

fn apps_domain(reader: &mut SettingsReader) -> Hostname {
    const KEY: &str = "AETHER_APPS_DOMAIN";
    let text = reader.text(KEY, "aether.localhost");
    text.parse().unwrap_or_else(|_| {
        reader.fault(KEY, "must be a domain such as apps.example.com");
        stand_in("localhost")
    })
}

/// In place of a faulty value, until the fault ends the start.
#[allow(clippy::expect_used, reason = "the text is a constant of this file")]
fn stand_in<T: std::str::FromStr>(text: &'static str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a stand-in is valid")
}

fn apps_url(reader: &mut SettingsReader) -> AppsUrl {
    let scheme = reader.text("AETHER_APPS_URL_SCHEME", "http");
    if !matches!(scheme.as_str(), "http" | "https") {
        reader.fault("AETHER_APPS_URL_SCHEME", "must be http or https");
    }
    let proxy = reader.address("AETHER_PROXY_ADDR", PROXY_ADDRESS).port();
    let default = if scheme == "https" { 443 } else { proxy };
    let port = reader.parse("AETHER_APPS_URL_PORT", default, "a port");
    AppsUrl { scheme, port }
}

fn registration(reader: &mut SettingsReader) -> Registration {
    match reader.text("AETHER_REGISTRATION", "invite").as_str() {
        "invite" => Registration::Invite,
        "open" => Registration::Open,
        _ => {
            reader.fault("AETHER_REGISTRATION", "must be invite or open");
            Registration::Invite
        }
    }
}

fn git_hosts(reader: &mut SettingsReader) -> GitHostPolicy {
    const KEY: &str = "AETHER_GIT_ALLOWED_HOSTS";
    let text = reader.text(KEY, "");
    GitHostPolicy::parse(&text).unwrap_or_else(|_| {
        reader.fault(
            KEY,
            "must be hosts and networks such as git.corp:8443 or 10.0.0.0/8, separated by commas",
        );
        GitHostPolicy::default()
    })
}

fn trusted_proxies(reader: &mut SettingsReader) -> Vec<IpNet> {
    const KEY: &str = "AETHER_TRUSTED_PROXIES";
    let mut networks = Vec::new();
    for text in reader.list(KEY) {
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        match network {
            Ok(network) => networks.push(network),
            Err(_) => reader.fault(
                KEY,
                "must be addresses or networks such as 10.0.0.0/8, separated by commas",
            ),
        }
    }
    networks
}

fn github_webhook_secret(reader: &mut SettingsReader) -> Option<SecretString> {
    const KEY: &str = "AETHER_GITHUB_WEBHOOK_SECRET";
    let secret = reader.optional_secret(KEY)?;
    if secret.expose_secret().len() < WEBHOOK_SECRET_MIN {
        reader.fault(KEY, format!("must have at least {WEBHOOK_SECRET_MIN} bytes"));
    }
    Some(secret)
}
