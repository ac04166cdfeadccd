//! A whole worker over a real engine, with things in the engine that carry a label of this test only.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aether_models::{DeploymentId, SystemClock};
use aether_worker::Settings;
use aether_worker::runtime::HostAccess;
use aether_worker::runtime::docker::{DockerRuntime, DockerRuntimeSettings};
use tempfile::TempDir;

use crate::docker_support::{docker, ensure_engine, leftovers};
use crate::support::{Project, Worker, World, eventually, npmrc, passthrough};

const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

pub(crate) struct Platform {
    pub(crate) world: World,
    pub(crate) docker: DockerRuntimeSettings,
    _secrets: TempDir,
}

impl Platform {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut DockerRuntimeSettings)) -> Self {
        ensure_engine();
        let world = World::start().await;
        let secrets = tempfile::tempdir_in("/dev/shm").unwrap();
        let mut docker = DockerRuntimeSettings::new(world.data_dir());
        docker.owner = format!("test{:08x}", rand::random::<u32>());
        docker.secrets_dir = secrets.path().to_owned();
        // This machine's registries may be behind an authority of its own.
        let mut files = npmrc();
        files.push((PathBuf::from(AUTHORITIES), AUTHORITIES.to_owned()));
        docker.build_access = HostAccess {
            env: passthrough(),
            files,
        };
        change(&mut docker);
        Self {
            world,
            docker,
            _secrets: secrets,
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        let mut settings = self.world.settings();
        settings.stop_apps_on_exit = false;
        settings.timing.cleanup = Duration::from_secs(1);
        settings.timing.report = Duration::from_millis(500);
        settings
    }

    pub(crate) async fn runtime(&self) -> Arc<DockerRuntime> {
        let runtime = DockerRuntime::connect(self.docker.clone(), Arc::new(SystemClock)).await;
        Arc::new(runtime.unwrap())
    }

    pub(crate) async fn worker(&self) -> Worker {
        self.worker_with(self.settings()).await
    }

    pub(crate) async fn worker_with(&self, settings: Settings) -> Worker {
        let runtime = self.runtime().await;
        Worker::start(self.world.environment_with(settings, runtime))
    }

    /// What visitors of the live release get.
    pub(crate) async fn visit(&self, project: &Project) -> String {
        let address = self.world.upstream(project).await;
        visit(address, "/").await.unwrap()
    }

    /// Containers of this test's apps.
    pub(crate) fn containers(&self) -> Vec<String> {
        let owner = format!("label=aether.owner={}", self.docker.owner);
        let filters = ["--filter", &owner, "--filter", "label=aether.kind=app"];
        let ids = docker(
            &self.docker.socket,
            &[&["ps", "-q", "--no-trunc"][..], &filters].concat(),
        );
        ids.lines().map(str::to_owned).collect()
    }

    pub(crate) fn left(&self) -> Vec<String> {
        leftovers(&self.docker)
    }

    /// Deletes everything as their users would, and waits until the worker has taken all of it out of the engine.
    pub(crate) async fn assert_nothing_left(&self) {
        self.world
            .sql("update projects set deleted_at = now() where deleted_at is null")
            .execute(self.world.store.raw_pool())
            .await
            .unwrap();
        self.world.store.announce_reconcile().await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let left = self.left();
            if left.is_empty() {
                break;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "left in the engine: {left:?}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let variables = self.docker.secrets_dir.join(&self.docker.owner);
        eventually("variables in memory to go", || async {
            (std::fs::read_dir(&variables).unwrap().count() == 0).then_some(())
        })
        .await;
    }

    /// Waits until the deployment's log has a line with `text`.
    pub(crate) async fn says(&self, id: DeploymentId, text: &str) {
        eventually(text, || async {
            self.world.log_text(id).await.contains(text).then_some(())
        })
        .await;
    }
}

/// One request without the platform's proxy.
pub(crate) async fn visit(address: std::net::SocketAddr, path: &str) -> Result<String, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::get(format!("http://{address}{path}"))
        .await?
        .error_for_status()?
        .text()
        .await
}
