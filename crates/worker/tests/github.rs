//! What the worker does through a GitHub App: cloning a private repository, and showing at GitHub what is live.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

mod support;

use std::time::Duration;

use aether_models::{DeploymentStatus, GitHubAppId};
use aether_store::{
    DeliveryAction, GitHubAppRecord, GitHubInstallation, GitHubSecret, NewPreview, PreviewOf,
};
use aether_testkit::{GitHubBehaviour, GitHubStandIn, GitRepo};
use chrono::DateTime;
use support::{Project, Worker, World, eventually, keyring};

/// A project whose private repository is reached through an App.
struct Site {
    world: World,
    github: GitHubStandIn,
    repo: GitRepo,
    project: Project,
    installation: i64,
    repository: i64,
}

impl Site {
    async fn start() -> Self {
        let world = World::start().await;
        let github = GitHubStandIn::start().await.unwrap();
        let project = world.project("site").await;
        let (repository, repo) = github.create_repo("octo/site", true).unwrap();
        repo.commit_files(&[("index.html", "first")]).unwrap();
        let github_id = github.create_app(Some("a webhook secret"));
        let installation = github.install(github_id, "octo", &[repository]);
        let id = GitHubAppId::generate();
        let seal = |secret: GitHubSecret, plain: &str| {
            secret
                .seal(&keyring(), project.team, id, plain.as_bytes())
                .unwrap()
        };
        let app = GitHubAppRecord {
            id,
            team_id: project.team,
            base_url: github.base_url(),
            github_id,
            slug: "aether".to_owned(),
            name: "Aether".to_owned(),
            owner: "octo".to_owned(),
            html_url: github.base_url(),
            client_id: "x".to_owned(),
            client_secret: seal(GitHubSecret::Client, "x"),
            private_key: seal(GitHubSecret::PrivateKey, GitHubStandIn::private_key()),
            webhook_secret: None,
            created_at: DateTime::UNIX_EPOCH,
        };
        world.store.create_github_app(&app).await.unwrap();
        let present = GitHubInstallation {
            installation_id: installation,
            account: "octo".to_owned(),
            account_kind: "Organization".to_owned(),
            repository_selection: "selected".to_owned(),
            html_url: String::new(),
            suspended_at: None,
            changed_at: DateTime::UNIX_EPOCH,
        };
        world.store.put_github_installation(id, &present).await.unwrap();
        for sql in [
            "update projects set repo_url = $2 || '/octo/site.git', branch = 'main' where id = $1 and $3 > 0 and $4 > 0 and $5::uuid is not null",
            "insert into github_repositories (project_id, app_id, installation_id, repository_id, full_name)
            select $1, $5, $3, $4, 'octo/site' where $2 <> ''",
            "insert into provider_connections (project_id, team_id, forge, api_url, token)
            select id, team_id, 'github', $2 || '/api/v3', '' from projects where id = $1 and $3 > 0 and $4 > 0 and $5::uuid is not null",
        ] {
            world
                .sql(sql)
                .bind(project.id.uuid())
                .bind(github.base_url())
                .bind(installation)
                .bind(repository)
                .bind(id.uuid())
                .execute(world.store.raw_pool())
                .await
                .unwrap();
        }
        Self {
            world,
            github,
            repo,
            project,
            installation,
            repository,
        }
    }

    async fn worker(&self) -> Worker {
        let mut settings = self.world.settings();
        settings.timing.reports = Duration::from_millis(50);
        self.world.worker_with(settings).await
    }

    async fn ready(&self) {
        let id = self.world.deploy(&self.project).await;
        self.world.ready(&self.project, id).await;
    }

    async fn failure(&self) -> String {
        let id = self.world.deploy(&self.project).await;
        let ended = self.world.ended(&self.project, id).await;
        assert_eq!(ended.status, DeploymentStatus::Failed);
        ended.error.unwrap().code
    }

    /// How often a token was asked for.
    fn asked(&self) -> usize {
        let calls = self.github.calls();
        calls
            .iter()
            .filter(|call| call.line.ends_with("/access_tokens"))
            .count()
    }

    /// Waits until the deployment objects say this, oldest first.
    async fn shows(&self, expected: &[&str]) {
        eventually(&format!("deployments at GitHub to be {expected:?}"), || async {
            let deployments = self.github.deployments();
            let last: Vec<_> = deployments.iter().filter_map(|one| one.states.last()).collect();
            (last == expected).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_cloned_with_a_token_for_it_alone_which_is_used_until_shortly_before_its_end()
{
    let site = Site::start().await;
    let worker = site.worker().await;
    site.ready().await;
    site.shows(&["success"]).await;
    assert_eq!(site.asked(), 1, "cloning and reporting share a token");
    let call = site
        .github
        .calls()
        .into_iter()
        .find(|call| call.line.ends_with("/access_tokens"))
        .unwrap();
    assert_eq!(
        call.body,
        serde_json::json!({"repository_ids": [site.repository]})
    );
    site.repo.commit_files(&[("index.html", "second")]).unwrap();
    site.ready().await;
    assert_eq!(site.asked(), 1);
    worker.stop().await;
    // A token that ends within five minutes is not begun with.
    site.github.behave(GitHubBehaviour {
        token_seconds: 299,
        ..GitHubBehaviour::default()
    });
    let before = site.asked();
    let worker = site.worker().await;
    site.repo.commit_files(&[("index.html", "third")]).unwrap();
    site.ready().await;
    let between = site.asked();
    assert!(between > before);
    site.ready().await;
    assert!(site.asked() > between);
    assert!(site.github.faults().is_empty(), "{:?}", site.github.faults());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_keeps_the_app_out_is_named() {
    let site = Site::start().await;
    let worker = site.worker().await;
    site.github.suspend(site.installation, true);
    assert_eq!(site.failure().await, "github_installation_suspended");
    site.github.suspend(site.installation, false);
    site.github.behave(GitHubBehaviour {
        clock_ahead: 1200,
        ..GitHubBehaviour::default()
    });
    assert_eq!(site.failure().await, "github_clock_skew");
    let refuse = |status, headers| GitHubBehaviour {
        refuse: Some((status, headers, "no")),
        ..GitHubBehaviour::default()
    };
    site.github.behave(refuse(502, Vec::new()));
    assert_eq!(site.failure().await, "github_failed");
    site.github
        .behave(refuse(429, vec![("retry-after", "5".to_owned())]));
    assert_eq!(site.failure().await, "github_rate_limited");
    site.github.behave(GitHubBehaviour::default());
    site.github.exclude(site.installation, site.repository);
    assert_eq!(site.failure().await, "github_repository_not_included");
    site.github.uninstall(site.installation);
    assert_eq!(site.failure().await, "github_installation_gone");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn github_shows_what_is_live_and_what_is_not_any_more() {
    let site = Site::start().await;
    let worker = site.worker().await;
    site.ready().await;
    site.shows(&["success"]).await;
    site.repo.commit_files(&[("index.html", "second")]).unwrap();
    site.ready().await;
    site.shows(&["inactive", "success"]).await;
    let [first, second] = <[_; 2]>::try_from(site.github.deployments()).unwrap();
    assert_eq!(
        (second.environment.as_str(), second.production),
        ("production", true)
    );
    assert_eq!(
        second.environment_url.as_deref(),
        Some("http://site.aether.localhost:3005")
    );
    assert_ne!(first.commit, second.commit);

    // A preview of a pull request, until it is closed.
    let head = site.repo.commit_files(&[("index.html", "third")]).unwrap();
    let preview = NewPreview {
        of: PreviewOf::PullRequest(7),
        host: "site-pr-7.aether.localhost".parse().unwrap(),
        git_ref: "main".parse().unwrap(),
        head: Some(head),
        from_fork: false,
        fork: None,
        title: None,
        page_url: None,
        opened: true,
        max: 10,
    };
    let apply = async |action: DeliveryAction| {
        let (team, project) = (site.project.team, site.project.id);
        site.world
            .store
            .apply_delivery(team, project, None, &[action])
            .await
            .unwrap();
    };
    apply(DeliveryAction::Preview {
        preview: Box::new(preview),
        reason: "opened".to_owned(),
    })
    .await;
    site.shows(&["inactive", "success", "success"]).await;
    let shown = site.github.deployments().pop().unwrap();
    assert!(
        !shown.production && shown.environment != "production",
        "{shown:?}"
    );
    assert_eq!(
        shown.environment_url.as_deref(),
        Some("http://site-pr-7.aether.localhost:3005")
    );
    eventually("the comment", || async {
        site.github
            .comments()
            .first()?
            .contains("site-pr-7.aether.localhost")
            .then_some(())
    })
    .await;
    apply(DeliveryAction::Remove {
        of: PreviewOf::PullRequest(7),
        reason: "closed".to_owned(),
    })
    .await;
    site.shows(&["inactive", "success", "inactive"]).await;
    eventually("the comment to go", || async {
        site.github.comments().is_empty().then_some(())
    })
    .await;

    // With the project nothing is live any more.
    site.world
        .store
        .delete_project(site.project.team, site.project.id)
        .await
        .unwrap();
    site.shows(&["inactive", "inactive", "inactive"]).await;
    assert!(site.github.faults().is_empty(), "{:?}", site.github.faults());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_or_an_outage_delays_what_github_is_told_and_nothing_else() {
    let site = Site::start().await;
    let worker = site.worker().await;
    site.ready().await;
    site.shows(&["success"]).await;
    // The token is there; from now on GitHub takes nothing, and names no time, as it does for a secondary limit.
    site.github.behave(GitHubBehaviour {
        refuse: Some((
            403,
            Vec::new(),
            "You have exceeded a secondary rate limit. Please wait.",
        )),
        ..GitHubBehaviour::default()
    });
    site.repo.commit_files(&[("index.html", "second")]).unwrap();
    site.ready().await;
    let paused = || async {
        let row = site
            .world
            .sql("select extract(epoch from paused_until - now())::float8 from provider_connections where paused_until > now()")
            .fetch_optional(site.world.store.raw_pool())
            .await
            .unwrap();
        row.map(|row| sqlx::Row::get::<f64, _>(&row, 0))
    };
    let seconds = eventually("the pause", paused).await;
    assert!((30.0..=60.0).contains(&seconds), "{seconds}");
    let calls = site.github.calls().len();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(site.github.calls().len(), calls, "GitHub is left alone");

    // The pause is over, but GitHub is down, then has forgotten the token.
    site.github.behave(GitHubBehaviour {
        refuse: Some((502, Vec::new(), "down")),
        ..GitHubBehaviour::default()
    });
    let over = "update provider_connections set paused_until = null";
    let due = [
        "update deployment_reports set next_at = now()",
        "update github_deployments set next_at = now()",
    ];
    let again = async || {
        for sql in std::iter::once(over).chain(due) {
            site.world
                .sql(sql)
                .execute(site.world.store.raw_pool())
                .await
                .unwrap();
        }
    };
    again().await;
    eventually("an attempt", || async {
        (site.github.calls().len() > calls).then_some(())
    })
    .await;
    site.github.revoke_tokens();
    site.github.behave(GitHubBehaviour::default());
    eventually("GitHub to know everything", || async {
        again().await;
        let deployments = site.github.deployments();
        let last: Vec<_> = deployments
            .iter()
            .filter_map(|one| one.states.last().cloned())
            .collect();
        (last == ["inactive", "success"]).then_some(())
    })
    .await;
    worker.stop().await;
}
