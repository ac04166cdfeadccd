//! How much longer an app takes to answer when the Docker runtime starts it than when `docker run` does, with the same
//! image and the same program. `bench/docker/run.mjs` runs it.
//!
//! `container_start [ROUNDS]` prints one line a round: milliseconds to the first answer, bare and by the runtime.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aether_models::{DeploymentId, InstanceId, ProjectId, ResourceLimits, SystemClock};
use aether_worker::runtime::docker::{AppReach, DockerRuntime, DockerRuntimeSettings};
use aether_worker::runtime::{AppContainer, AppSpec, Runtime, Stack};
use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const IMAGE: &str = "node:22-bookworm-slim";
const SERVER: &str =
    "require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '0.0.0.0');";
const PORT: u16 = 21_900;
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let secrets = tempfile::tempdir_in("/dev/shm")?;
    let app = folder.path().join("app");
    std::fs::create_dir(&app)?;
    std::fs::write(app.join("server.js"), SERVER)?;
    for path in [folder.path(), &app] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    let mut settings = DockerRuntimeSettings::new(folder.path().join("data"));
    settings.owner = format!("bench{}", std::process::id());
    settings.secrets_dir = secrets.path().to_owned();
    settings.reach = AppReach::ContainerAddress;
    let runtime = DockerRuntime::connect(settings, Arc::new(SystemClock)).await?;
    // The project's network stays while it has an app, as in operation.
    let project = ProjectId::generate();
    let resident = start(&runtime, project, &app, PORT).await?.1;
    for round in 0..=rounds {
        let bare = bare(&app).await?;
        let (ours, instance) = start(&runtime, project, &app, PORT + 1).await?;
        runtime.stop_app(instance, Duration::from_secs(1)).await?;
        // The first round warms the page cache.
        if round > 0 {
            println!("{:.1} {:.1}", milliseconds(bare), milliseconds(ours));
        }
    }
    runtime.stop_app(resident, Duration::from_secs(1)).await?;
    Ok(())
}

/// Starts the app by the runtime, and waits for its first answer.
async fn start(
    runtime: &DockerRuntime,
    project: ProjectId,
    directory: &Path,
    port: u16,
) -> anyhow::Result<(Duration, InstanceId)> {
    let spec = AppSpec {
        instance_id: InstanceId::generate(),
        deployment_id: DeploymentId::generate(),
        project_id: project,
        directory: directory.to_owned(),
        root_dir: ".".to_owned(),
        start_command: "node server.js".to_owned(),
        env: BTreeMap::new(),
        port,
        limits: ResourceLimits {
            memory_mb: 512,
            cpus: 1.0.into(),
            pids: 256,
            disk_mb: 1024,
        },
        container: AppContainer {
            stack: Some(Stack {
                language: "node".to_owned(),
                version: Some("22".to_owned()),
            }),
            ..AppContainer::default()
        },
    };
    let started = Instant::now();
    let handle = runtime.start_app(spec).await?;
    first_answer(handle.address).await?;
    Ok((started.elapsed(), handle.instance_id))
}

/// The same by hand: `docker run` with the same folder, memory and processor.
async fn bare(directory: &Path) -> anyhow::Result<Duration> {
    let mount = format!("{}:/workspace:ro", directory.display());
    let port = format!("PORT={PORT}");
    let started = Instant::now();
    let id = docker(&[
        "run",
        "-d",
        "--rm",
        "--init",
        "-m",
        "512m",
        "--cpus",
        "1",
        "-v",
        &mount,
        "-w",
        "/workspace",
        "-e",
        &port,
        IMAGE,
        "node",
        "server.js",
    ])?;
    let ip = docker(&["inspect", "-f", "{{.NetworkSettings.IPAddress}}", &id])?;
    let address: Ipv4Addr = ip.parse().context("the container has an address")?;
    first_answer((address, PORT).into()).await?;
    let took = started.elapsed();
    docker(&["kill", &id])?;
    Ok(took)
}

async fn first_answer(address: SocketAddr) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ask = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"GET / HTTP/1.0\r\nHost: bench\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        if ask.await.is_ok_and(|answer| answer.ends_with("ok")) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "no answer from {address}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn docker(args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("docker")
        .args(args)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "docker {args:?}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
