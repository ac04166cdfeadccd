//! A store with one project, and short ways to move its deployments along.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support; each test file uses a part of it"
)]

use std::time::Duration;

use aether_models::{
    DeploymentId, EnvironmentId, GitRef, Hostname, PlatformPage, ProjectId, ProjectSettings, RouteTarget,
    Step, TeamId, Trigger,
};
use aether_store::{ClaimedDeployment, CreatedDeployment, Event, NewDeployment, Release, Store};
use aether_testkit::TestServices;
use futures::{Stream, StreamExt};

pub const LEASE: Duration = Duration::from_secs(30);

pub struct Fixture {
    pub services: TestServices,
    pub store: Store,
    pub project: Project,
}

#[derive(Debug, Clone, Copy)]
pub struct Project {
    pub team: TeamId,
    pub id: ProjectId,
    pub environment: EnvironmentId,
}

impl Fixture {
    pub async fn start() -> Self {
        let services = TestServices::start().await.unwrap();
        let store = services.store().unwrap();
        let team = add_team(&store).await;
        let project = add_project(&store, team, "site").await;
        Self {
            services,
            store,
            project,
        }
    }

    pub async fn deploy(&self, git_ref: &str) -> DeploymentId {
        deploy(&self.store, self.project, git_ref).await.deployment.id
    }

    pub async fn claim(&self) -> Option<ClaimedDeployment> {
        self.store.claim_next("worker", LEASE).await.unwrap()
    }

    /// Takes the next deployment and makes it live as a static site.
    pub async fn release_next(&self) -> DeploymentId {
        let claimed = self.claim().await.expect("a deployment waits");
        let id = claimed.lease.deployment_id;
        self.store
            .record_plan(&claimed.lease, &aether_models::BuildPlan::static_files("."))
            .await
            .unwrap();
        self.store.begin_step(&claimed.lease, Step::Route).await.unwrap();
        self.store
            .complete_release(&claimed.lease, &static_release(id, claimed.number))
            .await
            .unwrap();
        id
    }

    /// The worker that holds everything stops answering.
    pub async fn expire_leases(&self) {
        sqlx::query(
            "update deployments set lease_until = now() - interval '1 second' where lease_until is not null",
        )
        .execute(self.store.raw_pool())
        .await
        .unwrap();
    }
}

/// The next message; hints that something may have been missed are passed over.
pub async fn next_message<T>(events: &mut (impl Stream<Item = Event<T>> + Unpin)) -> T {
    let message = async {
        loop {
            if let Event::Message(message) = events.next().await.expect("events do not end") {
                return message;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), message)
        .await
        .expect("a message arrives")
}

/// The subscription stands, or stands again.
pub async fn next_gap<T>(events: &mut (impl Stream<Item = Event<T>> + Unpin)) {
    let gap = async { while !matches!(events.next().await, Some(Event::Gap)) {} };
    tokio::time::timeout(Duration::from_secs(10), gap)
        .await
        .expect("the subscription stands");
}

pub fn static_release(id: DeploymentId, number: i32) -> Release {
    Release {
        target: RouteTarget::Static { deployment_id: id },
        host: format!("site-{number}.test.localhost").parse().unwrap(),
    }
}

pub async fn deploy(store: &Store, project: Project, git_ref: &str) -> CreatedDeployment {
    let new = NewDeployment {
        team_id: project.team,
        project_id: project.id,
        environment_id: None,
        upload_id: None,
        git_ref: Some(git_ref.parse::<GitRef>().unwrap()),
        trigger: Trigger::Manual,
        created_by: None,
        idempotency_key: None,
    };
    store
        .create_deployment(new)
        .await
        .unwrap()
        .expect("the project exists")
}

pub async fn add_team(store: &Store) -> TeamId {
    let team = TeamId::generate();
    sqlx::query("insert into teams (id, name) values ($1, 'team')")
        .bind(team.uuid())
        .execute(store.raw_pool())
        .await
        .unwrap();
    team
}

pub async fn add_project(store: &Store, team: TeamId, slug: &str) -> Project {
    let project = Project {
        team,
        id: ProjectId::generate(),
        environment: EnvironmentId::generate(),
    };
    let pool = store.raw_pool();
    sqlx::query(
        "insert into projects (id, team_id, slug, name, repo_url, settings, webhook_secret)
        values ($1, $2, $3, $3, 'https://example.com/a/b', $4, '')",
    )
    .bind(project.id.uuid())
    .bind(team.uuid())
    .bind(slug)
    .bind(sqlx::types::Json(ProjectSettings::default()))
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into environments (id, project_id, kind, name) values ($1, $2, 'production', 'production')",
    )
    .bind(project.environment.uuid())
    .bind(project.id.uuid())
    .execute(pool)
    .await
    .unwrap();
    sqlx::query("update route_version set version = version + 1")
        .execute(pool)
        .await
        .unwrap();
    let host: Hostname = format!("{slug}.test.localhost").parse().unwrap();
    sqlx::query("insert into routes (host, project_id, environment_id, kind, target, version) values ($1, $2, $3, 'production', $4, (select version from route_version))")
        .bind(host.as_str())
        .bind(project.id.uuid())
        .bind(project.environment.uuid())
        .bind(sqlx::types::Json(RouteTarget::Page { page: PlatformPage::NotDeployed }))
        .execute(pool)
        .await
        .unwrap();
    project
}
