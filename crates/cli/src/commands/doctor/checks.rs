//! The list of checks. Each is small, asks the machine itself and changes nothing.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use aether_embedded::{PostgresBinaries, redis_server};
use aether_models::RuntimeName;
use aether_telemetry::SettingsReader;
use aether_worker::RuntimeChoice;
use aether_worker::runtime::docker::{DockerRuntime, DockerRuntimeSettings};
use aether_worker::runtime::forecast;

use super::Finding;
use super::machine::{resolves_to_loopback, version_of};

pub(super) async fn all() -> Vec<Finding> {
    let mut settings = SettingsReader::from_environment();
    let mut findings = vec![
        postgres(),
        redis().await,
        git().await,
        bubblewrap().await,
        limits(),
    ];
    let (runtime, docker) = runtime(&mut settings).await;
    findings.extend([docker, runtime, node().await, python().await]);
    findings.extend(ports(&mut settings));
    findings.push(names(&settings.text("AETHER_APPS_DOMAIN", "aether.localhost")).await);
    findings
}

fn postgres() -> Finding {
    let installed = PostgresBinaries::installed();
    match installed.first() {
        Some(binaries) => Finding::ok(
            "postgres",
            format!(
                "PostgreSQL {} in {}",
                binaries.major,
                binaries.directory.display()
            ),
        ),
        None if is_set("DATABASE_URL") => Finding::ok("postgres", "DATABASE_URL is set"),
        None => Finding::missing(
            "postgres",
            "not found",
            "install it with: apt-get install postgresql",
        ),
    }
}

async fn redis() -> Finding {
    match redis_server() {
        Some(path) => Finding::ok(
            "redis",
            version_of(&path, &["--version"]).await.unwrap_or_default(),
        ),
        None if is_set("REDIS_URL") => Finding::ok("redis", "REDIS_URL is set"),
        None => Finding::missing(
            "redis",
            "not found",
            "install it with: apt-get install redis-server",
        ),
    }
}

/// The platform clones by itself; builds of other people's projects often call git.
async fn git() -> Finding {
    match version_of(Path::new("git"), &["--version"]).await {
        Some(version) => Finding::ok("git", version),
        None => Finding::limited(
            "git",
            "not found",
            "builds that call git fail; apt-get install git",
        ),
    }
}

/// Being installed is not enough: kernels and containers forbid namespaces.
async fn bubblewrap() -> Finding {
    let Some(version) = version_of(Path::new("bwrap"), &["--version"]).await else {
        let advice = "builds and apps without Docker need it; apt-get install bubblewrap";
        return Finding::limited("bubblewrap", "not found", advice);
    };
    let sandbox = [
        "--unshare-all",
        "--die-with-parent",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--",
        "true",
    ];
    let works = version_of(Path::new("bwrap"), &sandbox).await.is_some();
    if works {
        return Finding::ok("bubblewrap", version);
    }
    let advice = "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or use Docker";
    Finding::limited(
        "bubblewrap",
        format!("{version}, but this machine refuses to make a sandbox"),
        advice,
    )
}

fn limits() -> Finding {
    let writable = |path: &str| nix::unistd::access(path, nix::unistd::AccessFlags::W_OK).is_ok();
    if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        let controllers = std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
        let needed = ["cpu", "memory", "pids"];
        let has_all = needed
            .iter()
            .all(|name| controllers.split_whitespace().any(|found| found == *name));
        if has_all && writable("/sys/fs/cgroup/cgroup.subtree_control") {
            return Finding::ok("cgroups", "version 2: memory, processes and CPU can be limited");
        }
    } else if ["memory", "pids", "cpu"]
        .iter()
        .all(|name| writable(&format!("/sys/fs/cgroup/{name}")))
    {
        return Finding::ok("cgroups", "version 1: memory, processes and CPU can be limited");
    }
    let advice =
        "limits fall back to rlimits, per process instead of per app; run as root, or delegate a cgroup";
    Finding::limited("cgroups", "not writable for this user", advice)
}

/// Where builds and apps would run and why, and whether there is an engine.
async fn runtime(settings: &mut SettingsReader) -> (Finding, Finding) {
    let choice = RuntimeChoice::read(settings);
    // Nothing is written there; the socket and the packet filter are what counts.
    let docker = DockerRuntimeSettings::read(settings, Path::new("/nonexistent"));
    let engine = match DockerRuntime::probe(&docker).await {
        Ok(about) => match about.split_first() {
            Some((engine, [])) => Finding::ok("docker", engine),
            Some((engine, notes)) => Finding::limited("docker", engine, notes.join("; ")),
            None => Finding::ok("docker", "an engine answers"),
        },
        Err(error) => Finding::limited(
            "docker",
            error.to_string(),
            "projects with a Dockerfile need one (apt-get install docker.io); everything else works without",
        ),
    };
    let forecast = forecast(choice, &docker).await;
    let runtime = match forecast.fault {
        Some(fault) => Finding::missing(
            "runtime",
            forecast.why,
            format!("{}: {}", fault.title, fault.detail),
        ),
        None if forecast.name == RuntimeName::Process && choice == RuntimeChoice::Auto => Finding::limited(
            "runtime",
            forecast.why,
            "start an engine, or set AETHER_RUNTIME=process when this is what you want",
        ),
        None => Finding::ok("runtime", forecast.why),
    };
    (runtime, engine)
}

async fn node() -> Finding {
    let (node, npm) = (
        version_of(Path::new("node"), &["--version"]).await,
        version_of(Path::new("npm"), &["--version"]).await,
    );
    match (node, npm) {
        (Some(node), Some(npm)) => Finding::ok("node", format!("{node}, npm {npm}")),
        (Some(node), None) => Finding::limited("node", format!("{node}, without npm"), "apt-get install npm"),
        _ => Finding::limited(
            "node",
            "not found",
            "Node projects need it when there is no Docker; install Node 20 or newer",
        ),
    }
}

async fn python() -> Finding {
    let Some(version) = version_of(Path::new("python3"), &["--version"]).await else {
        let advice = "Python projects need it when there is no Docker; apt-get install python3 python3-venv";
        return Finding::limited("python", "not found", advice);
    };
    if version_of(
        Path::new("python3"),
        &["-c", "import ensurepip, venv; print('ok')"],
    )
    .await
    .is_some()
    {
        return Finding::ok("python", version);
    }
    Finding::limited(
        "python",
        format!("{version}, without venv"),
        "apt-get install python3-venv",
    )
}

fn ports(settings: &mut SettingsReader) -> Vec<Finding> {
    let wanted = [
        ("api port", "AETHER_API_ADDR", 3000),
        ("proxy port", "AETHER_PROXY_ADDR", 3005),
    ];
    wanted
        .into_iter()
        .map(|(name, key, port)| {
            let address = settings.address(key, SocketAddr::from(([127, 0, 0, 1], port)));
            match TcpListener::bind(address) {
                Ok(_) => Finding::ok(name, format!("{address} is free")),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                    let advice =
                        format!("fine when it is Aether itself; otherwise set {key} to another address");
                    Finding::limited(name, format!("{address} is in use"), advice)
                }
                Err(error) => Finding::missing(
                    name,
                    format!("{address}: {error}"),
                    format!("set {key} to another address"),
                ),
            }
        })
        .collect()
}

/// Browsers resolve `*.localhost` by themselves (RFC 6761, section 6.3); not every other program does.
async fn names(domain: &str) -> Finding {
    let host = format!("doctor.{domain}");
    if resolves_to_loopback(&host).await {
        return Finding::ok("names", format!("*.{domain} leads to this machine"));
    }
    if domain.ends_with(".localhost") {
        let advice = "browsers and curl know it by themselves; other programs need an entry in /etc/hosts";
        return Finding::limited(
            "names",
            format!("*.{domain} is unknown to this machine's resolver"),
            advice,
        );
    }
    let advice = format!("add a DNS record for *.{domain} that points at this machine");
    Finding::limited("names", format!("*.{domain} does not lead here"), advice)
}

fn is_set(key: &str) -> bool {
    std::env::var_os(key).is_some_and(|value| !value.is_empty())
}
