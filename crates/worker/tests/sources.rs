//! Where code comes from and what is told back: previews, forks, uploaded folders, and a stand-in of a provider's API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

mod support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_models::{
    BuildOverrides, DeploymentId, EnvScope, PlanKind, ProjectSettings, RouteTarget, Trigger, UploadEntry,
    UploadEntryKind,
};
use aether_store::{
    DeliveryAction, DeploymentFilter, NewDeployment, NewPreview, NewUpload, PreviewOf, ProviderConnection,
    SealContext,
};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Project, World, eventually, keyring};
use tokio::net::TcpListener;

fn built(build: &str) -> ProjectSettings {
    ProjectSettings {
        overrides: BuildOverrides {
            kind: Some(PlanKind::Static),
            build_command: Some(build.to_owned()),
            output_directory: Some("out".to_owned()),
            ..BuildOverrides::default()
        },
        ..ProjectSettings::default()
    }
}

fn preview(project: &Project, number: i32, git_ref: &str, head: &str, from_fork: bool) -> NewPreview {
    NewPreview {
        of: PreviewOf::PullRequest(number),
        host: format!("{}-pr-{number}.aether.localhost", project.slug)
            .parse()
            .unwrap(),
        git_ref: git_ref.parse().unwrap(),
        head: Some(head.to_owned()),
        from_fork,
        fork: None,
        title: Some("Add a page".to_owned()),
        page_url: None,
        opened: true,
        max: 10,
    }
}

/// What a delivery about a pull request does; answers with the deployment it caused.
async fn deliver(world: &World, project: &Project, action: DeliveryAction) -> Option<DeploymentId> {
    let outcome = world
        .store
        .apply_delivery(project.team, project.id, None, &[action])
        .await
        .unwrap();
    outcome.unwrap().deployment_id
}

fn opened(preview: NewPreview) -> DeliveryAction {
    DeliveryAction::Preview {
        preview: Box::new(preview),
        reason: "opened".to_owned(),
    }
}

fn closed(number: i32) -> DeliveryAction {
    DeliveryAction::Remove {
        of: PreviewOf::PullRequest(number),
        reason: "closed".to_owned(),
    }
}

async fn target(world: &World, host: &str) -> Option<RouteTarget> {
    let routes = world.store.route_changes_since(0).await.unwrap().routes;
    routes
        .into_iter()
        .find(|route| route.host.as_str() == host)
        .map(|route| route.target)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_live_at_its_own_host_and_knows_where_it_is() {
    let world = World::start().await;
    let repo = world.git.create_repo("site").unwrap();
    let head = repo.commit_files(&[("README", "x")]).unwrap();
    let settings = built("mkdir out && echo \"$AETHER_ENVIRONMENT $AETHER_HOST $MODE\" > out/index.html");
    let project = world.project_with("site", &settings, None).await;
    world
        .variable(&project, "MODE", "everywhere", EnvScope::All, false)
        .await;
    let worker = quick_worker(&world).await;
    let action = opened(preview(&project, 7, "main", &head, false));
    let id = deliver(&world, &project, action).await.unwrap();
    world.ready(&project, id).await;
    assert_eq!(
        world.file(id, "index.html"),
        "preview site-pr-7.aether.localhost everywhere\n"
    );
    let expected = RouteTarget::Static { deployment_id: id };
    assert_eq!(target(&world, "site-pr-7.aether.localhost").await, Some(expected));
    assert!(
        matches!(world.route(&project).await.target, RouteTarget::Page { .. }),
        "production is untouched"
    );

    deliver(&world, &project, closed(7)).await;
    assert_eq!(target(&world, "site-pr-7.aether.localhost").await, None);
    eventually("its files to go", || async {
        (!world.folders().files(id).exists()).then_some(())
    })
    .await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_75_a_forks_build_is_the_approved_commit_without_secrets_and_with_caches_of_its_own() {
    let world = World::start().await;
    let repo = world.git.create_repo("site").unwrap();
    let head = repo.commit_files(&[("README", "seen")]).unwrap();
    // Whatever a build leaves in the folder of package managers' downloads is there in the next build of that cache.
    let settings = built(
        "mkdir out && cp README out/ && env > out/env.txt && (cat $npm_config_cache/mark || echo none) > out/mark.txt \
         && mkdir -p $npm_config_cache && echo poison > $npm_config_cache/mark",
    );
    let project = world.project_with("site", &settings, None).await;
    world
        .variable(&project, "TOKEN", "canary-value", EnvScope::All, true)
        .await;
    let worker = world.worker().await;
    assert_eq!(
        deliver(
            &world,
            &project,
            opened(preview(&project, 7, "main", &head, true))
        )
        .await,
        None,
        "it waits"
    );
    // The request moves on after somebody has looked at it.
    let environment = world.store.environments(project.team, project.id).await.unwrap()[1].clone();
    assert!(environment.waiting);
    repo.commit_files(&[("README", "unseen")]).unwrap();
    let user = user(&world).await;
    world
        .store
        .approve_preview(project.team, project.id, environment.id, &head, user)
        .await
        .unwrap()
        .unwrap();
    let deployments = world
        .sql("select id from deployments")
        .fetch_all(world.store.raw_pool())
        .await
        .unwrap();
    let id = DeploymentId::from_uuid(sqlx::Row::get(&deployments[0], 0));
    world.ready(&project, id).await;
    assert_eq!(world.file(id, "README"), "seen");
    assert!(!world.file(id, "env.txt").contains("canary-value"));
    // Production builds after it, and finds nothing that it left.
    let production = world.deploy(&project).await;
    world.ready(&project, production).await;
    assert_eq!(world.file(production, "mark.txt"), "none\n");
    assert!(world.file(production, "env.txt").contains("canary-value"));
    worker.stop().await;
}

async fn user(world: &World) -> aether_models::UserId {
    let id = aether_models::UserId::generate();
    world
        .sql("insert into users (id, email, name, password_hash) values ($1, 'a@example.com', 'A', 'x')")
        .bind(id.uuid())
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_folder_goes_live() {
    let world = World::start().await;
    world.git.create_repo("site").unwrap();
    let project = world.project("site").await;
    let page = b"<h1>Sent</h1>".as_slice();
    let file = |path: &str| UploadEntry {
        path: path.to_owned(),
        kind: UploadEntryKind::File {
            sha256: hex::encode(Sha256::digest(page)),
            size: page.len() as u64,
            executable: false,
        },
    };
    let link = UploadEntry {
        path: "sub/home.html".to_owned(),
        kind: UploadEntryKind::Link {
            target: "../index.html".to_owned(),
        },
    };
    let mut entries = vec![file("index.html"), file("deep/er/copy.html"), link];
    aether_models::check_upload(&mut entries).unwrap();
    let new = NewUpload {
        team_id: project.team,
        project_id: project.id,
        digest: vec![1; 32],
        entries,
        size: 26,
        created_by: None,
    };
    let upload = world.store.begin_upload(&new).await.unwrap().unwrap();
    world
        .store
        .put_upload_file(project.team, project.id, upload.id, &upload.missing[0], page)
        .await
        .unwrap();
    let worker = world.worker().await;
    let created = world.store.create_deployment(NewDeployment {
        team_id: project.team,
        project_id: project.id,
        environment_id: None,
        upload_id: Some(upload.id),
        git_ref: None,
        trigger: Trigger::Manual,
        created_by: None,
        idempotency_key: None,
    });
    let id = created.await.unwrap().unwrap().deployment.id;
    let deployment = world.ready(&project, id).await;
    assert_eq!((deployment.git_ref.as_str(), deployment.commit), ("upload", None));
    for path in ["index.html", "deep/er/copy.html"] {
        assert_eq!(world.file(id, path).as_bytes(), page, "{path}");
    }
    worker.stop().await;
}

/// One call that the stand-in has seen.
#[derive(Debug, Clone)]
struct Call {
    line: String,
    authorization: String,
    body: Value,
}

/// A provider's API on loopback, which takes everything and writes it down, or refuses it.
#[derive(Clone)]
struct StandIn {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    refuse: Arc<Mutex<Option<(u16, &'static str)>>>,
}

impl StandIn {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = Self {
            address: listener.local_addr().unwrap(),
            calls: Arc::default(),
            refuse: Arc::default(),
        };
        let this = stand_in.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| this.answer(request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        stand_in
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let line = format!("{} {}", request.method(), request.uri().path());
        let authorization = request.headers()["authorization"].to_str().unwrap().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        self.calls.lock().unwrap().push(Call {
            line,
            authorization,
            body,
        });
        let mut response = Response::builder();
        if let Some((status, retry_after)) = *self.refuse.lock().unwrap() {
            response = response.status(status).header("retry-after", retry_after);
        }
        Ok(response.body(Full::from(json!({"id": 42}).to_string())).unwrap())
    }

    fn lines(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .map(|call| match call.body.get("state").and_then(Value::as_str) {
                Some(state) => format!("{} {state}", call.line),
                None => call.line.clone(),
            })
            .collect()
    }

    async fn connect(&self, world: &World, project: &Project) {
        let context = SealContext {
            team: project.team,
            project: project.id,
            name: "provider_token",
        };
        let connection = ProviderConnection {
            team_id: project.team,
            project_id: project.id,
            forge: "gitea".to_owned(),
            api_url: format!("http://{}/api/v1", self.address),
            token: keyring().seal(&context, b"a-provider-token").unwrap(),
            last_error: None,
        };
        world.store.set_provider(&connection).await.unwrap();
    }
}

async fn quick_worker(world: &World) -> support::Worker {
    let mut settings = world.settings();
    settings.timing.reports = Duration::from_millis(50);
    settings.timing.cleanup = Duration::from_millis(500);
    world.worker_with(settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_told_the_status_and_has_one_comment_which_goes_with_the_preview() {
    let world = World::start().await;
    let repo = world.git.create_repo("site").unwrap();
    let head = repo.commit_files(&[("index.html", "one")]).unwrap();
    let project = world.project("site").await;
    let api = StandIn::start().await;
    api.connect(&world, &project).await;
    let worker = quick_worker(&world).await;
    let action = || opened(preview(&project, 7, "main", &head, false));
    let id = deliver(&world, &project, action()).await.unwrap();
    world.ready(&project, id).await;
    let told = |line: String| {
        let api = api.clone();
        async move {
            eventually(&line.clone(), || async {
                api.lines().contains(&line).then_some(())
            })
            .await;
        }
    };
    told(format!("POST /api/v1/repos/site/statuses/{head} success")).await;
    let is_live = |call: &Call| {
        call.body["body"]
            .as_str()
            .is_some_and(|text| text.contains("is live"))
    };
    let comment = eventually("the comment", || async {
        api.calls
            .lock()
            .unwrap()
            .iter()
            .find(|call| is_live(call))
            .cloned()
    })
    .await;
    assert_eq!(comment.authorization, "token a-provider-token");
    let text = comment.body["body"].as_str().unwrap();
    assert!(text.contains("http://site-pr-7.aether.localhost:3005"), "{text}");

    // The next head changes the same comment.
    repo.commit_files(&[("index.html", "two")]).unwrap();
    let id = deliver(&world, &project, action()).await.unwrap();
    world.ready(&project, id).await;
    told("PATCH /api/v1/repos/site/issues/comments/42".to_owned()).await;
    let posted = api
        .lines()
        .iter()
        .filter(|line| line.ends_with("/issues/7/comments"))
        .count();
    assert_eq!(posted, 1, "{:?}", api.lines());

    deliver(&world, &project, closed(7)).await;
    told("DELETE /api/v1/repos/site/issues/comments/42".to_owned()).await;
    let log = world.log_text(id).await;
    assert!(!log.contains("a-provider-token"));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_or_wants_a_pause_never_fails_a_deployment() {
    let world = World::start().await;
    let repo = world.git.create_repo("site").unwrap();
    let head = repo.commit_files(&[("index.html", "one")]).unwrap();
    let project = world.project("site").await;
    let api = StandIn::start().await;
    *api.refuse.lock().unwrap() = Some((429, "3600"));
    api.connect(&world, &project).await;
    let worker = quick_worker(&world).await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let error = eventually("the refusal to be noted", || async {
        world
            .store
            .provider(project.team, project.id)
            .await
            .unwrap()?
            .last_error
    })
    .await;
    assert_eq!(error, "the provider answered with status 429");
    let asked = api.lines().len();
    assert_eq!(asked, 1, "an hour is an hour: {:?}", api.lines());
    // The hour passes.
    *api.refuse.lock().unwrap() = None;
    for table in [
        "update provider_connections set paused_until = now()",
        "update deployment_reports set next_at = now()",
    ] {
        world.sql(table).execute(world.store.raw_pool()).await.unwrap();
    }
    let line = format!("POST /api/v1/repos/site/statuses/{head} success");
    eventually("the status", || async {
        api.lines().contains(&line).then_some(())
    })
    .await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_nobody_told_of_is_found_by_polling() {
    let world = World::start().await;
    let repo = world.git.create_repo("site").unwrap();
    repo.commit_files(&[("index.html", "one")]).unwrap();
    let settings = ProjectSettings {
        poll_minutes: 1,
        ..ProjectSettings::default()
    };
    let project = world.project_with("site", &settings, None).await;
    let silent = world.project("quiet").await;
    let worker = quick_worker(&world).await;
    let newest = || async {
        let all = world
            .store
            .deployments(project.team, project.id, &DeploymentFilter::default(), None, 10)
            .await
            .unwrap();
        all.into_iter().next()
    };
    let first = eventually("the first look", newest).await;
    assert_eq!(first.trigger, Trigger::Poll);
    world.ready(&project, first.id).await;
    let head = repo.commit_files(&[("index.html", "two")]).unwrap();
    world
        .sql("update projects set polled_at = now() - interval '1 hour'")
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    let second = eventually("the second look", || async {
        newest().await.filter(|deployment| deployment.id != first.id)
    })
    .await;
    let second = world.ready(&project, second.id).await;
    assert_eq!(second.commit.unwrap().sha, head);
    // A look that finds nothing new deploys nothing, and a project that does not ask for it is left alone.
    world
        .sql("update projects set polled_at = now() - interval '1 hour'")
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    let recently = "select 1 from projects where slug = 'site' and polled_at > now() - interval '1 minute'";
    eventually("the third look", || async {
        world
            .sql(recently)
            .fetch_optional(world.store.raw_pool())
            .await
            .unwrap()
    })
    .await;
    let all = world
        .store
        .deployments(project.team, project.id, &DeploymentFilter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(all.len(), 2);
    assert!(
        world
            .store
            .deployments(silent.team, silent.id, &DeploymentFilter::default(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_50_submodules_are_fetched_where_a_project_wants_it_and_only_then() {
    let world = World::start().await;
    let library = world.git.create_repo("library").unwrap();
    let commit = library.commit_files(&[("lib.txt", "from the library")]).unwrap();
    library.commit_files(&[("lib.txt", "later")]).unwrap();
    let site = world.git.create_repo("site").unwrap();
    site.commit("Add the library")
        .file("index.html", "<h1>Hello</h1>")
        .file(
            ".gitmodules",
            "[submodule \"x/../y\"]\n\tpath = vendor/library\n\turl = ../library.git\n",
        )
        .submodule("vendor/library", &commit)
        .write()
        .unwrap();
    let with = |submodules| ProjectSettings {
        submodules,
        ..ProjectSettings::default()
    };
    let worker = world.worker().await;
    let project = world.project_with("site", &with(false), None).await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    assert!(!world.manifest(id).files.contains_key("vendor/library/lib.txt"));
    assert!(
        world
            .log_text(id)
            .await
            .contains("the submodule vendor/library was not fetched")
    );
    world
        .sql("update projects set settings = $1")
        .bind(serde_json::to_value(with(true)).unwrap())
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    assert_eq!(world.file(id, "vendor/library/lib.txt"), "from the library");
    worker.stop().await;
}
