//! What GitLab, Bitbucket and Gitea are told of deployments, by stand-ins of their interfaces that refuse what the real ones
//! would refuse. Each test runs for every provider.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

mod provider_support;
mod support;

use std::time::Duration;

use aether_models::{BuildOverrides, DeploymentId, PlanKind, ProjectSettings};
use aether_store::{DeliveryAction, ForkHead, NewPreview, PreviewOf};
use aether_testkit::GitRepo;
use provider_support::{Kind, REPOSITORY, Refusal, StandIn, TOKEN};
use support::{Project, Worker, World, eventually};

struct Scene {
    world: World,
    repo: GitRepo,
    project: Project,
    api: StandIn,
    worker: Worker,
}

impl Scene {
    async fn start(kind: Kind) -> Self {
        Self::start_with(kind, &ProjectSettings::default()).await
    }

    async fn start_with(kind: Kind, settings: &ProjectSettings) -> Self {
        let world = World::start().await;
        let repo = world.git.create_repo(REPOSITORY).unwrap();
        let project = world.project_with("site", settings, None).await;
        world
            .sql("update projects set repo_url = $1")
            .bind(world.git.url(REPOSITORY))
            .execute(world.store.raw_pool())
            .await
            .unwrap();
        let api = StandIn::start(kind).await;
        api.connect(&world, &project).await;
        let mut settings = world.settings();
        settings.timing.reports = Duration::from_millis(50);
        let worker = world.worker_with(settings).await;
        Self {
            world,
            repo,
            project,
            api,
            worker,
        }
    }

    async fn deliver(&self, action: DeliveryAction) -> Option<DeploymentId> {
        let (team, project) = (self.project.team, self.project.id);
        let applied = self
            .world
            .store
            .apply_delivery(team, project, None, &[action])
            .await;
        applied.unwrap().unwrap().deployment_id
    }

    /// A new head of the request, deployed.
    async fn request_goes_live(&self, text: &str) -> (DeploymentId, String) {
        let head = self.repo.commit_files(&[("index.html", text)]).unwrap();
        let id = self.deliver(opened(own_request(&head))).await.unwrap();
        self.world.ready(&self.project, id).await;
        (id, head)
    }

    async fn has_state(&self, commit: &str, state: &str) {
        eventually(&format!("{:?} to hear of {state}", self.api.kind), || async {
            (self.api.last_state(commit).as_deref() == Some(state)).then_some(())
        })
        .await;
    }

    async fn only_comment_says(&self, words: &str) -> u64 {
        eventually(&format!("a comment with {words:?}"), || async {
            self.api.look(|told| {
                let mut comments = told.comments.iter();
                let (id, (number, text)) = comments.next()?;
                assert!(
                    comments.next().is_none() && *number == 7,
                    "one comment, on its own request"
                );
                text.contains(words).then_some(*id)
            })
        })
        .await
    }

    async fn last_error(&self) -> String {
        eventually("the refusal to be noted", || async {
            let (team, project) = (self.project.team, self.project.id);
            self.world
                .store
                .provider(team, project)
                .await
                .unwrap()?
                .last_error
        })
        .await
    }

    /// As if the time until the next attempt had passed.
    async fn later(&self) {
        for table in [
            "update provider_connections set paused_until = now()",
            "update deployment_reports set next_at = now()",
            "update preview_comments set next_at = now()",
        ] {
            self.world
                .sql(table)
                .execute(self.world.store.raw_pool())
                .await
                .unwrap();
        }
    }

    async fn end(self) {
        let faults = self.api.look(|told| told.faults.clone());
        assert_eq!(faults, Vec::<String>::new(), "{:?}", self.api.kind);
        self.worker.stop().await;
    }
}

fn own_request(head: &str) -> NewPreview {
    NewPreview {
        of: PreviewOf::PullRequest(7),
        host: "site-pr-7.aether.localhost".parse().unwrap(),
        git_ref: "main".parse().unwrap(),
        head: Some(head.to_owned()),
        from_fork: false,
        fork: None,
        title: Some("Add a page".to_owned()),
        page_url: None,
        opened: true,
        max: 10,
    }
}

fn opened(preview: NewPreview) -> DeliveryAction {
    DeliveryAction::Preview {
        preview: Box::new(preview),
        reason: "opened".to_owned(),
    }
}

fn closed() -> DeliveryAction {
    DeliveryAction::Remove {
        of: PreviewOf::PullRequest(7),
        reason: "closed".to_owned(),
    }
}

async fn a_request_has_a_status_per_head_and_one_comment(kind: Kind) {
    let scene = Scene::start(kind).await;
    let (first, head) = scene.request_goes_live("one").await;
    scene.has_state(&head, kind.success()).await;
    let comment = scene.only_comment_says("is live").await;
    let text = scene.api.look(|told| told.comments[&comment].1.clone());
    assert!(text.contains("http://site-pr-7.aether.localhost:3005"), "{text}");

    let (_, next) = scene.request_goes_live("two").await;
    scene.has_state(&next, kind.success()).await;
    let same = scene.only_comment_says(&next[..7]).await;
    assert_eq!(same, comment, "the comment is changed in place");

    // Somebody removes it by hand: the next head gets a new one.
    scene.api.look(|told| told.comments.clear());
    let (_, third) = scene.request_goes_live("three").await;
    let another = scene.only_comment_says(&third[..7]).await;
    assert_ne!(another, comment);

    scene.deliver(closed()).await;
    eventually("the comment to go", || async {
        scene.api.look(|told| told.comments.is_empty()).then_some(())
    })
    .await;
    let log = scene.world.log_text(first).await;
    assert!(!log.contains(TOKEN));
    scene.end().await;
}

async fn a_deployment_that_fails_is_told_as_failed(kind: Kind) {
    let settings = ProjectSettings {
        overrides: BuildOverrides {
            kind: Some(PlanKind::Static),
            build_command: Some("exit 3".to_owned()),
            output_directory: Some("out".to_owned()),
            ..BuildOverrides::default()
        },
        ..ProjectSettings::default()
    };
    let scene = Scene::start_with(kind, &settings).await;
    let head = scene.repo.commit_files(&[("README", "x")]).unwrap();
    let id = scene.world.deploy(&scene.project).await;
    scene.world.ended(&scene.project, id).await;
    scene.has_state(&head, kind.failure()).await;
    // A branch with a long name, whose status has a long name.
    let branch = format!("feature/{}", "long-".repeat(20));
    let head = scene
        .repo
        .commit_on(&branch, "Begin")
        .file("README", "y")
        .write()
        .unwrap();
    let preview = NewPreview {
        of: PreviewOf::Branch(branch.parse().unwrap()),
        host: "site-git-long.aether.localhost".parse().unwrap(),
        git_ref: branch.parse().unwrap(),
        ..own_request(&head)
    };
    let id = scene.deliver(opened(preview)).await.unwrap();
    scene.world.ended(&scene.project, id).await;
    scene.has_state(&head, kind.failure()).await;
    scene.end().await;
}

async fn a_provider_that_wants_a_pause_has_it(kind: Kind) {
    let scene = Scene::start(kind).await;
    let in_an_hour =
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()) + chrono::TimeDelta::hours(1);
    for (status, headers) in [
        (429, vec![("retry-after", "3600".to_owned())]),
        (
            503,
            vec![("retry-after", in_an_hour.to_rfc2822().replace("+0000", "GMT"))],
        ),
        (
            403,
            vec![
                ("x-ratelimit-remaining", "0".to_owned()),
                ("x-ratelimit-reset", in_an_hour.timestamp().to_string()),
            ],
        ),
        (
            429,
            vec![
                ("ratelimit-remaining", "0".to_owned()),
                ("ratelimit-reset", in_an_hour.timestamp().to_string()),
            ],
        ),
    ] {
        let before = scene.api.look(|told| {
            told.refuse = Some(Refusal {
                status,
                headers: headers.clone(),
            });
            told.calls.len()
        });
        let head = scene
            .repo
            .commit_files(&[("index.html", &format!("{headers:?}"))])
            .unwrap();
        let id = scene.world.deploy(&scene.project).await;
        scene.world.ready(&scene.project, id).await;
        assert_eq!(
            scene.last_error().await,
            format!("the provider answered with status {status}")
        );
        let paused = scene
            .world
            .sql("select 1 from provider_connections where paused_until > now() + interval '50 minutes'")
            .fetch_optional(scene.world.store.raw_pool());
        assert!(
            paused.await.unwrap().is_some(),
            "{kind:?}: an hour is an hour: {headers:?}"
        );
        let asked = scene.api.look(|told| told.calls.len() - before);
        assert_eq!(asked, 1, "{kind:?} {status}");
        scene.api.look(|told| told.refuse = None);
        scene.later().await;
        scene.has_state(&head, kind.success()).await;
        scene
            .world
            .sql("update provider_connections set last_error = null")
            .execute(scene.world.store.raw_pool())
            .await
            .unwrap();
    }
    scene.end().await;
}

async fn a_provider_that_is_down_changes_nothing_about_a_deployment(kind: Kind) {
    let scene = Scene::start(kind).await;
    scene
        .world
        .sql("update provider_connections set api_url = 'http://127.0.0.1:9/api'")
        .execute(scene.world.store.raw_pool())
        .await
        .unwrap();
    let (_, head) = scene.request_goes_live("one").await;
    assert!(!scene.last_error().await.contains(TOKEN));
    // It comes back.
    scene.api.connect(&scene.world, &scene.project).await;
    scene.later().await;
    scene.has_state(&head, kind.success()).await;
    scene.only_comment_says("is live").await;
    scene.end().await;
}

macro_rules! for_every_provider {
    ($($test:ident)*) => { $(
        mod $test {
            use super::Kind;

            #[tokio::test(flavor = "multi_thread")]
            async fn gitlab() {
                super::$test(Kind::GitLab).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn bitbucket() {
                super::$test(Kind::Bitbucket).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn gitea() {
                super::$test(Kind::Gitea).await;
            }
        }
    )* };
}

for_every_provider! {
    a_request_has_a_status_per_head_and_one_comment
    a_deployment_that_fails_is_told_as_failed
    a_provider_that_wants_a_pause_has_it
    a_provider_that_is_down_changes_nothing_about_a_deployment
}

#[tokio::test(flavor = "multi_thread")]
async fn input_75_a_fork_at_bitbucket_is_built_at_the_whole_commit_that_a_member_approved() {
    let scene = Scene::start(Kind::Bitbucket).await;
    scene.repo.commit_files(&[("index.html", "ours")]).unwrap();
    let fork = scene.world.git.create_repo("stranger/site").unwrap();
    let seen = fork
        .commit_on("page", "Seen")
        .file("index.html", "seen")
        .write()
        .unwrap();
    let request = |head: &str| NewPreview {
        git_ref: "page".parse().unwrap(),
        head: None,
        from_fork: true,
        fork: Some(ForkHead {
            url: scene.world.git.url("stranger/site").parse().unwrap(),
            start: head[..12].to_owned(),
        }),
        ..own_request(head)
    };
    assert_eq!(scene.deliver(opened(request(&seen))).await, None, "it waits");
    let (team, project) = (scene.project.team, scene.project.id);
    let preview = || async {
        scene
            .world
            .store
            .environments(team, project)
            .await
            .unwrap()
            .remove(1)
    };
    let shown = eventually("the whole id of the head", || async { preview().await.head }).await;
    assert_eq!(shown, seen);
    assert!(preview().await.waiting);
    // The fork moves on before anybody has looked; the provider tells of it later.
    let unseen = fork
        .commit_on("page", "Unseen")
        .file("index.html", "unseen")
        .write()
        .unwrap();
    let user = aether_models::UserId::generate();
    scene
        .world
        .sql("insert into users (id, email, name, password_hash) values ($1, 'a@example.com', 'A', 'x')")
        .bind(user.uuid())
        .execute(scene.world.store.raw_pool())
        .await
        .unwrap();
    let approved = scene
        .world
        .store
        .approve_preview(team, project, preview().await.id, &seen, user)
        .await
        .unwrap()
        .unwrap();
    let aether_store::Approval::Deploying(id) = approved else {
        panic!("{approved:?}")
    };
    scene.world.ready(&scene.project, id).await;
    assert_eq!(scene.world.file(id, "index.html"), "seen");
    // The next head waits again, first for its whole id, then for a member.
    assert_eq!(scene.deliver(opened(request(&unseen))).await, None);
    assert!(preview().await.waiting);
    eventually("the next head", || async {
        (preview().await.head? == unseen).then_some(())
    })
    .await;
    assert!(preview().await.waiting);
    scene.end().await;
}
