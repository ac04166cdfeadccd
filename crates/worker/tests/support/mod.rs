//! A whole worker in a test: private stores, a Git server, projects, and the pipeline with its real sandbox.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test binary uses a part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

pub mod invariants;
pub mod process;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aether_models::{
    AppHosts, Deployment, DeploymentId, DeploymentStatus, EnvScope, GitHostPolicy, LogLine, Manifest,
    ProjectId, ProjectSettings, Route, RouteTarget, Slug, SystemClock, TeamId, Trigger,
};
use aether_store::{Keyring, NewDeployment, SealContext, Store};
use aether_testkit::{GitServer, TestServices};
use aether_worker::runtime::docker::DockerRuntimeSettings;
use aether_worker::runtime::{ProcessRuntime, ProcessRuntimeSettings, Runtime, Runtimes};
use aether_worker::{
    Environment, Folders, GitClient, PublicLinks, RuntimeChoice, Settings, Timing, run_with,
};
use secrecy::SecretString;
use sqlx::AssertSqlSafe;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const KEY: &str = "f7Gq2mZx9LrT4vBn8KsW1yHc6JdP3aQe";
/// Nothing in these tests should take longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Stores and a Git server.
pub struct World {
    pub services: TestServices,
    pub git: GitServer,
    pub store: Store,
}

/// A project of a team of its own.
#[derive(Debug, Clone)]
pub struct Project {
    pub team: TeamId,
    pub id: ProjectId,
    pub slug: Slug,
}

impl World {
    pub async fn start() -> Self {
        let services = TestServices::start().await.unwrap();
        let git = GitServer::start().await.unwrap();
        let store = services.store().unwrap();
        Self { services, git, store }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.services.directory().join("data")
    }

    pub fn folders(&self) -> Folders {
        Folders::new(self.data_dir(), self.data_dir().join("deployments"))
    }

    pub fn settings(&self) -> Settings {
        Settings {
            data_dir: self.data_dir(),
            deployments_dir: self.data_dir().join("deployments"),
            runtime: RuntimeChoice::Process,
            docker: DockerRuntimeSettings::new(self.data_dir()),
            apps_domain: "aether.localhost".parse().unwrap(),
            links: PublicLinks {
                dashboard: "http://localhost:3000".to_owned(),
                apps_scheme: "http".to_owned(),
                apps_port: 3005,
            },
            dns_servers: Vec::new(),
            git_hosts: GitHostPolicy::default().with_loopback(),
            git_limits: aether_worker::GitLimits::default(),
            secret_key: KEY.into(),
            previous_secret_keys: Vec::new(),
            concurrency: 2,
            warm: Duration::from_secs(600),
            keep_releases: 10,
            node: "test".to_owned(),
            app_ports: app_ports(),
            build_env: passthrough(),
            build_mounts: npmrc(),
            stop_apps_on_exit: true,
            timing: Timing {
                reconcile: Duration::from_millis(500),
                ..Timing::default()
            },
        }
    }

    /// The outside world of a worker; its sandbox is entered through the worker's own binary.
    pub async fn environment(&self, settings: Settings) -> Environment {
        let folders = self.folders();
        folders.prepare().unwrap();
        let mut process = ProcessRuntimeSettings::new(self.data_dir());
        process.executable = worker_binary();
        process.build_access.env = settings.build_env.clone();
        process.build_access.files = settings.build_mounts.clone();
        let runtime = ProcessRuntime::new(process).await.unwrap();
        self.environment_with(settings, Arc::new(runtime))
    }

    pub fn environment_with(&self, settings: Settings, runtime: Arc<dyn Runtime>) -> Environment {
        let folders = self.folders();
        Environment {
            clock: Arc::new(SystemClock),
            store: self.services.store().unwrap(),
            keyring: keyring(),
            runtime: Runtimes::only(runtime, "for a test"),
            git: GitClient::new(
                settings.git_hosts.clone(),
                settings.git_limits.clone(),
                folders.git_cache(),
            ),
            github: Arc::default(),
            folders,
            hosts: AppHosts::new(settings.apps_domain.clone()),
            worker: format!("test-{}", Uuid::now_v7()),
            settings: Arc::new(settings),
        }
    }

    /// A worker in this process.
    pub async fn worker(&self) -> Worker {
        let settings = self.settings();
        self.worker_with(settings).await
    }

    pub async fn worker_with(&self, settings: Settings) -> Worker {
        let env = self.environment(settings).await;
        Worker::start(env)
    }

    /// A project in a team of its own.
    pub async fn project(&self, name: &str) -> Project {
        self.project_with(name, &ProjectSettings::default(), None).await
    }

    pub async fn project_with(
        &self,
        name: &str,
        settings: &ProjectSettings,
        team: Option<TeamId>,
    ) -> Project {
        let repo = self.git.url(name);
        let team = match team {
            Some(team) => team,
            None => self.team().await,
        };
        let (id, environment) = (ProjectId::generate(), Uuid::now_v7());
        let host = format!("{name}.aether.localhost");
        self.sql("insert into projects (id, team_id, slug, name, repo_url, settings, webhook_secret) values ($1, $2, $3, $3, $4, $5, '\\x00')")
            .bind(id.uuid())
            .bind(team.uuid())
            .bind(name)
            .bind(&repo)
            .bind(serde_json::to_value(settings).unwrap())
            .execute(self.store.raw_pool())
            .await
            .unwrap();
        self.sql("insert into environments (id, project_id, kind, name) values ($1, $2, 'production', 'production')")
            .bind(environment)
            .bind(id.uuid())
            .execute(self.store.raw_pool())
            .await
            .unwrap();
        self.sql(
            "insert into routes (host, project_id, environment_id, kind, target, version)
            values ($1, $2, $3, 'production', '{\"type\":\"page\",\"page\":\"not_deployed\"}', 1)",
        )
        .bind(host)
        .bind(id.uuid())
        .bind(environment)
        .execute(self.store.raw_pool())
        .await
        .unwrap();
        Project {
            team,
            id,
            slug: name.parse().unwrap(),
        }
    }

    pub async fn team(&self) -> TeamId {
        let team = TeamId::generate();
        self.sql("insert into teams (id, name) values ($1, 'test')")
            .bind(team.uuid())
            .execute(self.store.raw_pool())
            .await
            .unwrap();
        team
    }

    pub async fn variable(&self, project: &Project, name: &str, value: &str, scope: EnvScope, secret: bool) {
        let context = SealContext {
            team: project.team,
            project: project.id,
            name,
        };
        let sealed = keyring().seal(&context, value.as_bytes()).unwrap();
        self.sql("insert into env_vars (id, team_id, project_id, name, value, secret, scope) values ($1, $2, $3, $4, $5, $6, $7)")
            .bind(Uuid::now_v7())
            .bind(project.team.uuid())
            .bind(project.id.uuid())
            .bind(name)
            .bind(sealed)
            .bind(secret)
            .bind(scope.as_str())
            .execute(self.store.raw_pool())
            .await
            .unwrap();
    }

    pub fn sql(
        &self,
        text: &str,
    ) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
        sqlx::query(AssertSqlSafe(text.to_owned()))
    }

    /// Asks for a deployment of the default branch.
    pub async fn deploy(&self, project: &Project) -> DeploymentId {
        self.deploy_ref(project, None).await
    }

    pub async fn deploy_ref(&self, project: &Project, git_ref: Option<&str>) -> DeploymentId {
        let new = NewDeployment {
            team_id: project.team,
            project_id: project.id,
            environment_id: None,
            upload_id: None,
            git_ref: git_ref.map(|name| name.parse().unwrap()),
            trigger: Trigger::Manual,
            created_by: None,
            idempotency_key: None,
        };
        self.store
            .create_deployment(new)
            .await
            .unwrap()
            .unwrap()
            .deployment
            .id
    }

    pub async fn deployment(&self, project: &Project, id: DeploymentId) -> Deployment {
        self.store.deployment(project.team, id).await.unwrap().unwrap()
    }

    /// Waits for the deployment's end.
    pub async fn ended(&self, project: &Project, id: DeploymentId) -> Deployment {
        eventually("the deployment's end", || async {
            let deployment = self.store.deployment(project.team, id).await.ok().flatten()?;
            deployment.status.is_terminal().then_some(deployment)
        })
        .await
    }

    /// Waits for the deployment's end, which must be READY.
    pub async fn ready(&self, project: &Project, id: DeploymentId) -> Deployment {
        let deployment = self.ended(project, id).await;
        if deployment.status != DeploymentStatus::Ready {
            panic!(
                "{:?} {:#?}\n{}",
                deployment.status,
                deployment.error,
                self.log_text(id).await
            );
        }
        deployment
    }

    pub async fn log(&self, id: DeploymentId) -> Vec<LogLine> {
        let (mut lines, mut after) = (Vec::new(), 0);
        loop {
            let page = self.store.log_page(id, after, 1000).await.unwrap();
            let Some(last) = page.last() else { return lines };
            after = last.seq;
            lines.extend(page);
        }
    }

    pub async fn log_text(&self, id: DeploymentId) -> String {
        self.log(id)
            .await
            .into_iter()
            .map(|line| format!("{}\n", line.text))
            .collect()
    }

    pub async fn route(&self, project: &Project) -> Route {
        let host = format!("{}.aether.localhost", project.slug);
        let routes = self.store.route_changes_since(0).await.unwrap().routes;
        routes
            .into_iter()
            .find(|route| route.host.as_str() == host)
            .unwrap()
    }

    /// The address that visitors of the production host are sent to.
    pub async fn upstream(&self, project: &Project) -> std::net::SocketAddr {
        match self.route(project).await.target {
            RouteTarget::App { upstreams, .. } => upstreams[0],
            other => panic!("no app: {other:?}"),
        }
    }

    pub fn manifest(&self, id: DeploymentId) -> Manifest {
        serde_json::from_slice(&std::fs::read(self.folders().manifest(id)).unwrap()).unwrap()
    }

    /// Contents of a file of a static release.
    pub fn file(&self, id: DeploymentId, path: &str) -> String {
        let manifest = self.manifest(id);
        let entry = manifest
            .files
            .get(path)
            .unwrap_or_else(|| panic!("no {path} in {:?}", manifest.files.keys()));
        std::fs::read_to_string(self.folders().files(id).join(&entry.sha256)).unwrap()
    }
}

/// A running worker; ends when it is stopped or dropped.
pub struct Worker {
    shutdown: CancellationToken,
    task: Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
}

impl Worker {
    pub fn start(env: Environment) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(run_with(env, shutdown.clone()));
        Self {
            shutdown,
            task: Some(task),
        }
    }

    pub async fn stop(mut self) {
        self.shutdown.cancel();
        if let Some(task) = self.task.take() {
            tokio::time::timeout(Duration::from_secs(30), task)
                .await
                .expect("30 s")
                .unwrap()
                .unwrap();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub fn keyring() -> Keyring {
    Keyring::new(&SecretString::from(KEY), &[]).unwrap()
}

pub fn worker_binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_aether-worker"))
}

/// Polls until `look` finds something.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited too long for {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Tests run at the same time on one machine: each takes ports from its own part of the range.
fn app_ports() -> std::ops::RangeInclusive<u16> {
    let slot = u16::try_from(std::process::id() % 160).unwrap();
    let first = 21_000 + slot * 50;
    first..=first + 49
}

/// What this machine's builds need to reach their registries.
pub fn passthrough() -> BTreeMap<String, String> {
    let names = [
        "NODE_EXTRA_CA_CERTS",
        "SSL_CERT_FILE",
        "PIP_INDEX_URL",
        "PIP_CONFIG_FILE",
        "NPM_CONFIG_REGISTRY",
    ];
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
        .collect()
}

pub fn npmrc() -> Vec<(PathBuf, String)> {
    let home = std::env::var("HOME").unwrap_or_default();
    let file = Path::new(&home).join(".npmrc");
    let inside = format!("{}/.npmrc", aether_worker::runtime::SANDBOX_HOME);
    // Builds run as another user than root.
    let is_readable =
        std::fs::metadata(&file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o004 != 0);
    if is_readable {
        vec![(file, inside)]
    } else {
        Vec::new()
    }
}
