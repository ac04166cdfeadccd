//! GitHub Apps: made by the manifest flow, installed, listened to.

use aether_forge::WebhookSecret;
use aether_models::GitHostPolicy;
use aether_testkit::{GitHubBehaviour, GitHubStandIn};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::support::{Answer, Caller, PASSWORD, TestApi, send};
use crate::webhooks::{COMMIT, delivery_id};

const NOW: i64 = 1_790_000_000;

/// An API that GitHub could reach by its public name, and a GitHub on loopback.
struct World {
    api: TestApi,
    github: GitHubStandIn,
    owner: Caller,
}

impl World {
    async fn start() -> Self {
        let api = TestApi::start_with(|settings| {
            settings.public_url = "https://aether.example.com".parse().unwrap();
            settings.git_hosts = GitHostPolicy::default().with_loopback();
        })
        .await;
        let owner = api.owner().await;
        Self {
            github: GitHubStandIn::start().await.unwrap(),
            owner,
            api,
        }
    }

    /// Where the dashboard sends the browser.
    async fn form_url(&self, caller: &Caller) -> String {
        let body = json!({"base_url": self.github.base_url()});
        let begun = caller.post("/github/apps/manifest", body).await;
        let begun = begun.expect(StatusCode::CREATED);
        assert_eq!(begun.json["has_webhook"], true);
        begun.json["form_url"].as_str().unwrap().to_owned()
    }

    /// What GitHub sends the browser back with after somebody confirmed: code and state.
    async fn confirm(&self, form_url: &str) -> (String, String) {
        let page = self.api.nobody().get(form_url).await.expect(StatusCode::OK);
        let policy = page.header("content-security-policy").to_owned();
        assert!(
            policy.contains(&format!("form-action {};", self.github.base_url())),
            "{policy}"
        );
        let attribute = |before: &str| {
            let rest = page.text.split_once(before).unwrap().1;
            rest.split_once('"')
                .unwrap()
                .0
                .replace("&quot;", "\"")
                .replace("&amp;", "&")
        };
        let (action, manifest) = (attribute("action=\""), attribute("name=\"manifest\" value=\""));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("manifest", &manifest)
            .finish();
        let http = &self.owner.http;
        let request = http
            .post(action)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = send(request).await;
        let back = Url::parse(answer.header("location")).unwrap();
        assert_eq!(
            (back.origin().ascii_serialization().as_str(), back.path()),
            ("https://aether.example.com", "/github/callback")
        );
        let query = |wanted: &str| {
            let mut pairs = back.query_pairs();
            pairs.find(|(name, _)| name == wanted).unwrap().1.into_owned()
        };
        (query("code"), query("state"))
    }

    async fn connect(&self) -> App {
        let (code, state) = self.confirm(&self.form_url(&self.owner).await).await;
        let app = finish(&self.owner, &code, &state)
            .await
            .expect(StatusCode::CREATED)
            .json;
        let github_id = code.trim_start_matches("code").parse().unwrap();
        App {
            id: app["id"].as_str().unwrap().to_owned(),
            github_id,
            secret: self.github.webhook_secret(github_id).unwrap(),
            shown: app,
        }
    }

    /// A connected App that is installed on a repository, and the reference by which that is picked.
    async fn installed(&self, full_name: &str) -> (App, i64, Value) {
        let app = self.connect().await;
        let (repository, _) = self.github.create_repo(full_name, true).unwrap();
        let account = full_name.split('/').next().unwrap();
        let installation = self.github.install(app.github_id, account, &[repository]);
        let path = format!("/github/apps/{}/refresh", app.id);
        self.owner.post(&path, json!({})).await.expect(StatusCode::OK);
        let picked = json!({"app_id": app.id, "installation_id": installation, "repository_id": repository});
        (app, installation, picked)
    }

    async fn deliver(&self, app: &App, id: u32, event: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let signature = WebhookSecret::new(app.secret.as_str())
            .unwrap()
            .sign(body.as_bytes());
        let request = self
            .api
            .nobody()
            .request(Method::POST, "/webhooks/github")
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", delivery_id(id))
            .header("x-github-hook-installation-target-type", "integration")
            .header("x-github-hook-installation-target-id", app.github_id)
            .header("x-hub-signature-256", signature)
            .body(body);
        send(request).await
    }

    fn push(&self, repository: &Value, full_name: &str) -> Value {
        json!({
            "ref": "refs/heads/main", "before": "1".repeat(40), "after": COMMIT,
            "head_commit": {"id": COMMIT, "message": "Add a page", "modified": ["web/index.html"]},
            "commits": [{"id": COMMIT, "message": "Add a page", "added": [], "removed": [], "modified": ["web/index.html"]}],
            "repository": {
                "id": repository, "full_name": full_name, "default_branch": "main",
                "clone_url": format!("{}/{full_name}.git", self.github.base_url()),
            },
        })
    }
}

struct App {
    id: String,
    github_id: i64,
    secret: String,
    shown: Value,
}

async fn finish(caller: &Caller, code: &str, state: &str) -> Answer {
    caller
        .post("/github/apps/callback", json!({"code": code, "state": state}))
        .await
}

#[tokio::test]
async fn an_app_is_made_by_one_click_and_its_secrets_are_never_shown() {
    let world = World::start().await;
    let app = world.connect().await;
    let text = world.owner.get("/github/apps").await.expect(StatusCode::OK).text;
    for secret in ["PRIVATE KEY", "the-client-secret", app.secret.as_str()] {
        assert!(!text.contains(secret) && !app.shown.to_string().contains(secret));
    }
    assert_eq!(app.shown["has_webhook"], true);
    assert_eq!(app.shown["owner"], "octo");
    assert!(
        app.shown["install_url"]
            .as_str()
            .unwrap()
            .ends_with("/installations/new")
    );
    // At rest they are sealed.
    for column in ["private_key", "webhook_secret", "client_secret"] {
        let sql = format!("select {column} from github_apps");
        let sealed: Vec<u8> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(world.api.store.raw_pool())
            .await
            .unwrap();
        let shown = String::from_utf8_lossy(&sealed);
        assert!(
            !shown.contains("PRIVATE KEY") && !shown.contains("secret"),
            "{column}"
        );
    }
    assert!(world.github.faults().is_empty(), "{:?}", world.github.faults());

    world
        .owner
        .delete(&format!("/github/apps/{}", app.id))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(world.owner.get("/github/apps").await.json["items"], json!([]));
}

#[tokio::test]
async fn input_15_a_state_that_is_wrong_foreign_old_or_used_is_refused() {
    let world = World::start().await;
    let owner = &world.owner;
    let (code, state) = world.confirm(&world.form_url(owner).await).await;
    finish(owner, &code, "")
        .await
        .expect_problem(400, "invalid_state");
    finish(owner, &code, "x".repeat(43).as_str())
        .await
        .expect_problem(400, "invalid_state");
    // Somebody of another team, who got hold of it.
    let stranger = world.api.stranger().await;
    finish(&stranger, &code, &state)
        .await
        .expect_problem(400, "invalid_state");
    // The same person in another browser: a link that was prepared there is not taken here.
    let login = json!({"email": "owner@example.com", "password": PASSWORD});
    let login = world
        .api
        .nobody()
        .post("/auth/login", login)
        .await
        .expect(StatusCode::OK);
    let elsewhere = owner.with_token(login.json["access_token"].as_str().unwrap());
    finish(&elsewhere, &code, &state)
        .await
        .expect_problem(400, "invalid_state");
    // Nobody.
    finish(&world.api.nobody(), &code, &state)
        .await
        .expect_problem(401, "missing_token");
    // An API token is no session.
    let token = json!({"name": "t", "scopes": ["read", "write"]});
    let token = owner.post("/tokens", token).await.json;
    let token = owner.with_token(token["secret"].as_str().unwrap());
    finish(&token, &code, &state)
        .await
        .expect_problem(403, "session_needed");

    // All of that has cost nothing; the owner's own call does, once.
    finish(owner, &code, &state).await.expect(StatusCode::CREATED);
    finish(owner, &code, &state)
        .await
        .expect_problem(400, "invalid_state");
    let (_, fresh) = world.confirm(&world.form_url(owner).await).await;
    finish(owner, &code, &fresh)
        .await
        .expect_problem(400, "invalid_code");

    let form = world.form_url(owner).await;
    let (code, state) = world.confirm(&form).await;
    world
        .api
        .sql("update github_app_drafts set expires_at = now() - interval '1 second'")
        .await;
    finish(owner, &code, &state)
        .await
        .expect_problem(400, "invalid_state");
    world
        .api
        .nobody()
        .get(&form)
        .await
        .expect_problem(400, "invalid_state");
    assert_eq!(world.api.count("select count(*) from github_apps").await, 1);
}

#[tokio::test]
async fn inputs_40_to_42_a_github_inside_the_network_is_refused() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for address in [
        "http://127.0.0.1:8080",
        "https://169.254.169.254",
        "https://localhost",
        "https://[::1]",
        "http://github.com",
        "https://github.com:8443",
        "https://user:word@github.com",
        "https://github.com/enterprise",
        "javascript:alert(1)",
    ] {
        let answer = owner
            .post("/github/apps/manifest", json!({"base_url": address}))
            .await;
        assert_eq!(
            answer.expect_problem(422, "invalid").wrong_fields(),
            ["base_url"],
            "{address}"
        );
    }
    let odd = json!({"organization": "a/../b?x=", "name": "n".repeat(35)});
    let answer = owner
        .post("/github/apps/manifest", odd)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(answer.wrong_fields(), ["organization", "name"]);
    // An instance that GitHub cannot reach gets an App without a webhook.
    let begun = owner
        .post("/github/apps/manifest", json!({}))
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(begun.json["has_webhook"], false);
    let page = api.nobody().get(begun.json["form_url"].as_str().unwrap()).await;
    assert!(
        page.text
            .contains("action=\"https://github.com/settings/apps/new?state="),
        "{}",
        page.text
    );
    assert!(!page.text.contains("hook_attributes"));
}

#[tokio::test]
async fn repositories_are_listed_and_searched() {
    let world = World::start().await;
    let (app, ..) = world.installed("octo/Site").await;
    let ids: Vec<i64> = (0..64)
        .map(|n| {
            world
                .github
                .create_repo(&format!("acme/tool-{n}"), n % 2 == 0)
                .unwrap()
                .0
        })
        .collect();
    world.github.install(app.github_id, "acme", &ids);
    let refresh = format!("/github/apps/{}/refresh", app.id);
    let shown = world
        .owner
        .post(&refresh, json!({}))
        .await
        .expect(StatusCode::OK)
        .json;
    let accounts: Vec<_> = shown["installations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["account"].clone())
        .collect();
    assert_eq!(accounts, [json!("octo"), json!("acme")]);

    let all = world
        .owner
        .get("/github/repositories")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!((&all["total"], &all["next_page"]), (&json!(65), &json!(2)));
    assert_eq!(all["items"][0]["full_name"], "acme/tool-63", "last pushed first");
    let third = world.owner.get("/github/repositories?page=3").await.json;
    assert_eq!(
        (third["items"].as_array().unwrap().len(), &third["next_page"]),
        (5, &Value::Null)
    );
    let found = world.owner.get("/github/repositories?q=SITE%20octo").await.json;
    let item = &found["items"][0];
    assert_eq!(
        (&found["total"], &item["full_name"], &item["private"]),
        (&json!(1), &json!("octo/Site"), &json!(true))
    );
    assert_eq!(item["default_branch"], "main");
    // Search asks GitHub once.
    let lists = |calls: &[aether_testkit::GitHubCall]| {
        calls
            .iter()
            .filter(|call| call.line == "GET installation/repositories")
            .count()
    };
    assert_eq!(lists(&world.github.calls()), 2);
    assert!(world.github.faults().is_empty(), "{:?}", world.github.faults());
}

#[tokio::test]
async fn a_repository_is_picked_within_the_team() {
    let world = World::start().await;
    let (app, installation, picked) = world.installed("octo/Site").await;
    let body = json!({"github_repository": picked, "name": "site"});
    let stranger = world.api.stranger().await;
    stranger
        .post("/projects", body.clone())
        .await
        .expect_problem(422, "invalid");
    assert_eq!(stranger.get("/github/repositories").await.json["total"], 0);
    let foreign = json!({"app_id": app.id, "installation_id": installation + 99, "repository_id": picked["repository_id"]});
    world
        .owner
        .post("/projects", json!({"github_repository": foreign}))
        .await
        .expect_problem(422, "invalid");
    let both = json!({"github_repository": picked, "repo_url": "https://git.example.com/a/b"});
    world
        .owner
        .post("/projects", both)
        .await
        .expect_problem(422, "invalid");

    let project = world
        .owner
        .post("/projects", body)
        .await
        .expect(StatusCode::CREATED)
        .json;
    assert_eq!(project["github_repository"], "octo/Site");
    assert_eq!(
        project["repo_url"],
        format!("{}/octo/Site.git", world.github.base_url())
    );
    let provider = world
        .owner
        .get("/projects/site/provider")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (&provider["forge"], &provider["api_url"]),
        (&json!("github"), &json!(world.github.api_url()))
    );
    // Another address by hand ends that.
    let moved = json!({"repo_url": "https://git.example.com/a/b"});
    let moved = world
        .owner
        .patch("/projects/site", moved)
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(moved["github_repository"], Value::Null);
    world
        .owner
        .get("/projects/site/provider")
        .await
        .expect_problem(404, "not_found");
    assert!(world.github.faults().is_empty(), "{:?}", world.github.faults());
}

#[tokio::test]
async fn one_delivery_of_the_app_deploys_each_project_whose_files_changed() {
    let world = World::start().await;
    let (app, _, picked) = world.installed("octo/site").await;
    for (name, watched) in [("web", "web"), ("docs", "docs")] {
        let body = json!({"github_repository": picked, "name": name, "watch_paths": [watched]});
        world
            .owner
            .post("/projects", body)
            .await
            .expect(StatusCode::CREATED);
    }
    let push = world.push(&picked["repository_id"], "octo/site");
    let answer = world.deliver(&app, 1, "push", &push).await.expect(StatusCode::OK);
    let verdicts: Vec<_> = answer.json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["deployed", "ignored"]);
    // Again the same delivery, and one of a repository that nobody picked.
    let answer = world.deliver(&app, 1, "push", &push).await.expect(StatusCode::OK);
    assert_eq!(answer.json["results"][0]["verdict"], "duplicate");
    let other = world.push(&json!(1), "octo/site");
    let answer = world
        .deliver(&app, 2, "push", &other)
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        answer.json["results"],
        json!([]),
        "the id counts, not the name (input 74)"
    );
    // A renamed repository is the same one.
    let renamed = world.push(&picked["repository_id"], "octo/site-new");
    let answer = world
        .deliver(&app, 3, "push", &renamed)
        .await
        .expect(StatusCode::OK);
    assert_eq!(answer.json["results"][0]["verdict"], "deployed");
    let project = world.owner.get("/projects/web").await.json;
    assert_eq!(project["github_repository"], "octo/site-new");
    assert_eq!(
        project["repo_url"],
        format!("{}/octo/site-new.git", world.github.base_url())
    );
}

#[tokio::test]
async fn input_71_only_the_apps_own_secret_opens_its_endpoint() {
    let world = World::start().await;
    let (app, _, picked) = world.installed("octo/site").await;
    let body = json!({"github_repository": picked, "name": "site"});
    world
        .owner
        .post("/projects", body)
        .await
        .expect(StatusCode::CREATED);
    let push = world.push(&picked["repository_id"], "octo/site");
    let forged = App {
        secret: "a secret of somebody else's".to_owned(),
        ..world.connect().await
    };
    for (github_id, secret) in [
        (app.github_id, forged.secret.clone()),
        (forged.github_id, app.secret.clone()),
        (1, app.secret.clone()),
    ] {
        let sender = App {
            id: String::new(),
            github_id,
            secret,
            shown: Value::Null,
        };
        world
            .deliver(&sender, 7, "push", &push)
            .await
            .expect_problem(401, "wrong_signature");
    }
    // An App of the team that does not reach the repository says nothing about it.
    let other = App {
        secret: world.github.webhook_secret(forged.github_id).unwrap(),
        ..forged
    };
    let answer = world
        .deliver(&other, 8, "push", &push)
        .await
        .expect(StatusCode::OK);
    assert_eq!(answer.json["results"], json!([]));
    assert_eq!(
        world.api.count("select count(*) from webhook_deliveries").await,
        0
    );
    assert_eq!(world.api.count("select count(*) from deployments").await, 0);
}

#[tokio::test]
async fn installations_follow_what_github_tells_in_whatever_order() {
    let world = World::start().await;
    let app = world.connect().await;
    let (repository, _) = world.github.create_repo("octo/site", true).unwrap();
    let installation = world.github.install(app.github_id, "octo", &[repository]);
    let event = |action: &str, at: i64| json!({"action": action, "installation": world.github.installation(installation, at)});
    let suspended = async || {
        let apps = world.owner.get("/github/apps").await.json;
        let installations = apps["items"][0]["installations"].as_array().unwrap().clone();
        installations.first().map(|one| !one["suspended_at"].is_null())
    };
    world
        .deliver(&app, 1, "installation", &event("created", NOW))
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, Some(false));
    world.github.suspend(installation, true);
    let late = event("suspend", NOW + 10);
    world.github.suspend(installation, false);
    world
        .deliver(&app, 3, "installation", &event("unsuspend", NOW + 20))
        .await
        .expect(StatusCode::OK);
    world
        .deliver(&app, 2, "installation", &late)
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, Some(false), "what is older changes nothing");
    let added = event("added", NOW + 30);
    world
        .deliver(&app, 4, "installation_repositories", &added)
        .await
        .expect(StatusCode::OK);
    world
        .deliver(&app, 5, "installation", &event("deleted", NOW + 40))
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, None);
    world
        .deliver(&app, 4, "installation", &added)
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, None, "it is gone for good");
    world
        .deliver(&app, 6, "installation", &json!({"action": "created"}))
        .await
        .expect_problem(400, "malformed_delivery");
}

#[tokio::test]
async fn a_github_that_is_down_busy_or_of_another_time_is_told_in_words() {
    let world = World::start().await;
    let (app, installation, _) = world.installed("octo/site").await;
    let refresh = format!("/github/apps/{}/refresh", app.id);
    let refuse = |status, headers, message| {
        world.github.behave(GitHubBehaviour {
            refuse: Some((status, headers, message)),
            ..GitHubBehaviour::default()
        });
    };
    refuse(503, Vec::new(), "down");
    let answer = world
        .owner
        .post(&refresh, json!({}))
        .await
        .expect_problem(503, "github_unavailable");
    assert_eq!(answer.header("retry-after"), "10");
    refuse(
        403,
        vec![("retry-after", "17".to_owned())],
        "You have exceeded a secondary rate limit",
    );
    let answer = world
        .owner
        .post(&refresh, json!({}))
        .await
        .expect_problem(429, "github_rate_limited");
    assert_eq!(answer.header("retry-after"), "17");
    world.github.behave(GitHubBehaviour {
        clock_ahead: 1200,
        ..GitHubBehaviour::default()
    });
    let answer = world
        .owner
        .post(&refresh, json!({}))
        .await
        .expect_problem(422, "github_refused");
    let detail = answer.json["detail"].as_str().unwrap();
    assert!(
        detail.contains("clock is 1200 seconds behind") || detail.contains("clock is 1201 seconds behind"),
        "{detail}"
    );

    // One account that cannot be read does not hide the others.
    world.github.behave(GitHubBehaviour::default());
    world.owner.post(&refresh, json!({})).await.expect(StatusCode::OK);
    world.github.uninstall(installation);
    let list = world
        .owner
        .get("/github/repositories")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(list["failures"][0]["account"], "octo");
    assert!(
        list["failures"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("not installed"),
        "{list}"
    );
}
