//! Previews of branches and pull requests, as deliveries open and close them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Caller, TestApi, assert_body, send};
use crate::webhooks::{APP_SECRET, COMMIT, Hook, delivery_id, push, ready};

const OTHER_COMMIT: &str = "0123456789012345678901234567890123456789";

fn request(action: &str, number: i32, head: &str, head_repository: u32) -> Value {
    json!({
        "action": action, "number": number,
        "pull_request": {
            "number": number, "title": "Add a page", "html_url": format!("https://git.example.com/octo/site/pull/{number}"),
            "head": {"ref": "page", "sha": head, "repo": {"id": head_repository}},
            // Not the production branch: a request is followed by its number and head, whatever it is to be merged into.
            "base": {"ref": "next", "sha": OTHER_COMMIT, "repo": {"id": 1}}
        },
        "repository": {"id": 1, "clone_url": "https://git.example.com/octo/site.git", "default_branch": "main"}
    })
}

async fn environments(owner: &Caller) -> Vec<Value> {
    let answer = owner
        .get("/projects/site/environments")
        .await
        .expect(StatusCode::OK);
    answer.json["items"].as_array().unwrap().clone()
}

async fn last_reason(owner: &Caller) -> String {
    let log = owner.get("/projects/site/webhook-deliveries").await.json;
    log["items"][0]["reason"].as_str().unwrap().to_owned()
}

async fn is_routed(api: &TestApi, host: &str) -> bool {
    let routes = api.store.route_changes_since(0).await.unwrap().routes;
    routes.iter().any(|route| route.host.as_str() == host)
}

#[tokio::test]
async fn a_pull_request_has_a_preview_from_its_opening_to_its_end() {
    let (api, owner, hook) = ready().await;
    let opened = hook
        .deliver(1, "pull_request", &request("opened", 7, COMMIT, 1))
        .await;
    assert_eq!(opened.expect(StatusCode::ACCEPTED).json["verdict"], "deployed");
    let claimed = api.claim().await;
    assert_eq!(claimed.git_ref, "page");
    assert_eq!(
        claimed.preview_host.as_ref().unwrap().as_str(),
        "site-pr-7.apps.test"
    );
    api.store.release_lease(&claimed.lease).await.unwrap();
    let id = api.release_next().await;
    let all = environments(&owner).await;
    assert_body!("environments", all);
    assert_eq!(all[1]["live_deployment_id"], id.to_string());
    assert!(is_routed(&api, "site-pr-7.apps.test").await && is_routed(&api, "site-1.apps.test").await);
    // Production knows nothing of it.
    let project = owner.get("/projects/site").await.json;
    assert_eq!(
        (&project["live_deployment"], &project["latest_deployment"]),
        (&Value::Null, &Value::Null)
    );

    let closed = hook
        .deliver(2, "pull_request", &request("closed", 7, COMMIT, 1))
        .await;
    assert_eq!(closed.expect(StatusCode::OK).json["verdict"], "removed");
    assert_eq!(environments(&owner).await.len(), 1);
    assert!(!is_routed(&api, "site-pr-7.apps.test").await && !is_routed(&api, "site-1.apps.test").await);
    assert!(is_routed(&api, "site.apps.test").await);
    assert_eq!(api.store.expire_releases(10).await.unwrap(), [id], "its files go");

    // What comes late does not open it again; opening it again does.
    let late = hook
        .deliver(3, "pull_request", &request("synchronize", 7, OTHER_COMMIT, 1))
        .await;
    assert_eq!(
        late.json["reason"],
        "pull request #7 has a new head; it was closed before"
    );
    assert_eq!(environments(&owner).await.len(), 1);
    hook.deliver(4, "pull_request", &request("reopened", 7, COMMIT, 1))
        .await
        .expect(StatusCode::ACCEPTED);
    assert_eq!(environments(&owner).await.len(), 2);
}

#[tokio::test]
async fn closing_a_pull_request_stops_what_is_under_way_for_it() {
    let (api, _, hook) = ready().await;
    hook.deliver(1, "pull_request", &request("opened", 7, COMMIT, 1))
        .await
        .expect(StatusCode::ACCEPTED);
    let running = api.claim().await;
    hook.deliver(2, "pull_request", &request("synchronize", 7, OTHER_COMMIT, 1))
        .await
        .expect(StatusCode::ACCEPTED);
    hook.deliver(3, "pull_request", &request("closed", 7, OTHER_COMMIT, 1))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        api.count("select count(*) from deployments where status = 'CANCELLED'")
            .await,
        1
    );
    let beat = api
        .store
        .heartbeat(&running.lease, std::time::Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(
        beat,
        aether_store::Heartbeat::Held {
            cancel_requested: true
        }
    );
}

#[tokio::test]
async fn input_75_a_forks_request_waits_for_a_member_and_sees_no_secret() {
    let (api, owner, hook) = ready().await;
    for (name, secret) in [("TOKEN", true), ("COLOUR", false)] {
        owner
            .put(
                &format!("/projects/site/env/{name}"),
                json!({"value": "a value", "secret": secret}),
            )
            .await
            .expect(StatusCode::OK);
    }
    let opened = hook
        .deliver(1, "pull_request", &request("opened", 7, COMMIT, 99))
        .await;
    assert_eq!(opened.expect(StatusCode::OK).json["verdict"], "waiting");
    assert_eq!(
        last_reason(&owner).await,
        "pull request #7 was opened; it comes from a fork, a member has to approve it"
    );
    assert_eq!(api.count("select count(*) from deployments").await, 0);
    let waiting = environments(&owner).await[1].clone();
    assert_eq!(
        (&waiting["waiting_for_approval"], &waiting["head"]),
        (&json!(true), &json!(COMMIT))
    );
    let path = format!(
        "/projects/site/environments/{}/approve",
        waiting["id"].as_str().unwrap()
    );

    // Another head came while somebody was reading the first one.
    hook.deliver(2, "pull_request", &request("synchronize", 7, OTHER_COMMIT, 99))
        .await
        .expect(StatusCode::OK);
    owner
        .post(&path, json!({"head": COMMIT}))
        .await
        .expect_problem(409, "head_moved");
    owner
        .post(&path, json!({"head": OTHER_COMMIT}))
        .await
        .expect(StatusCode::ACCEPTED);
    owner
        .post(&path, json!({"head": OTHER_COMMIT}))
        .await
        .expect_problem(409, "nothing_to_approve");
    let claimed = api.claim().await;
    assert!(claimed.from_fork);
    assert_eq!(claimed.git_ref, "refs/pull/7/head");
    assert_eq!(
        claimed.commit.unwrap().sha,
        OTHER_COMMIT,
        "exactly what was approved"
    );
    let names: Vec<&str> = claimed
        .env
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    assert_eq!(names, ["COLOUR"]);

    // The next head waits again, and nothing else can deploy it.
    let next = hook
        .deliver(3, "pull_request", &request("synchronize", 7, COMMIT, 99))
        .await;
    assert_eq!(next.json["verdict"], "waiting");
    assert_eq!(api.count("select count(*) from deployments").await, 1);
}

#[tokio::test]
async fn a_branch_that_matches_has_a_preview_until_it_is_deleted() {
    let (api, owner, hook) = ready().await;
    owner
        .patch("/projects/site", json!({"preview_branches": ["feature/*"]}))
        .await
        .expect(StatusCode::OK);
    hook.deliver(1, "push", &push("feature/x"))
        .await
        .expect(StatusCode::ACCEPTED);
    assert_eq!(
        hook.deliver(2, "push", &push("docs")).await.json["reason"],
        "branch `docs` has no environment"
    );
    let id = api.release_next().await;
    let all = environments(&owner).await;
    assert_eq!(all[1]["name"], "branch:feature/x");
    let host = all[1]["url"].as_str().unwrap().to_owned();
    assert!(host.starts_with("http://site-git-feature-x-"), "{host}");
    let deployment = owner.get(&format!("/deployments/{id}")).await.json;
    assert_eq!(
        (&deployment["environment"], &deployment["live"]),
        (&json!("branch:feature/x"), &json!(true))
    );
    // Redeploying goes to where it was.
    let again = owner
        .post(&format!("/deployments/{id}/redeploy"), json!({}))
        .await;
    assert_eq!(
        again.expect(StatusCode::ACCEPTED).json["environment"],
        "branch:feature/x"
    );

    let mut deleted = push("feature/x");
    deleted["after"] = json!("0".repeat(40));
    let answer = hook
        .deliver(3, "push", &deleted)
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        answer["reason"],
        "branch `feature/x` was deleted; its preview was removed"
    );
    assert_eq!(environments(&owner).await.len(), 1);
}

#[tokio::test]
async fn members_can_open_and_remove_previews_by_hand() {
    let (api, owner, _) = ready().await;
    let body = json!({"ref": "docs", "preview": true});
    let created = owner.post("/projects/site/deployments", body).await;
    assert_eq!(
        created.expect(StatusCode::ACCEPTED).json["environment"],
        "branch:docs"
    );
    owner
        .post("/projects/site/deployments", json!({"preview": true}))
        .await
        .expect_problem(422, "invalid");
    let id = environments(&owner).await[1]["id"].as_str().unwrap().to_owned();
    let path = format!("/projects/site/environments/{id}");
    owner.delete(&path).await.expect(StatusCode::NO_CONTENT);
    owner.delete(&path).await.expect_problem(404, "not_found");
    assert!(!is_routed(&api, "site-git-docs.apps.test").await);
    // Production is no preview.
    let production = environments(&owner).await[0]["id"].as_str().unwrap().to_owned();
    owner
        .delete(&format!("/projects/site/environments/{production}"))
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn previews_are_capped_expire_and_never_take_a_foreign_host() {
    let (api, owner, hook) = ready().await;
    owner
        .patch(
            "/projects/site",
            json!({"preview_max": 1, "preview_branches": ["**"]}),
        )
        .await
        .expect(StatusCode::OK);
    owner.project("site-git-taken").await;
    let taken = hook.deliver(1, "push", &push("taken")).await;
    assert!(
        taken.json["reason"]
            .as_str()
            .unwrap()
            .ends_with("another project answers on its host")
    );
    hook.deliver(2, "push", &push("one"))
        .await
        .expect(StatusCode::ACCEPTED);
    let second = hook.deliver(3, "push", &push("two")).await.json;
    assert!(
        second["reason"]
            .as_str()
            .unwrap()
            .ends_with("the project has 1 previews already"),
        "{second}"
    );
    api.sql("update environments set updated_at = now() - interval '15 days' where kind = 'preview'")
        .await;
    assert_eq!(api.store.expire_previews().await.unwrap(), 1);
    assert_eq!(api.store.expire_previews().await.unwrap(), 0);
    // A push to an expired one opens it again.
    hook.deliver(4, "push", &push("one"))
        .await
        .expect(StatusCode::ACCEPTED);
    assert_eq!(environments(&owner).await.len(), 2);
}

#[tokio::test]
async fn a_variable_for_previews_goes_before_the_one_for_all() {
    let (api, owner, hook) = ready().await;
    for (value, target) in [
        ("everywhere", "all"),
        ("live", "production"),
        ("trial", "preview"),
    ] {
        owner
            .put(
                "/projects/site/env/MODE",
                json!({"value": value, "target": target, "secret": false}),
            )
            .await
            .expect(StatusCode::OK);
    }
    owner
        .put(
            "/projects/site/env/DATABASE",
            json!({"value": "the real one", "target": "production"}),
        )
        .await
        .expect(StatusCode::OK);
    let listed = owner.get("/projects/site/env").await.json;
    assert_eq!(listed["items"].as_array().unwrap().len(), 4);
    hook.deliver(1, "pull_request", &request("opened", 7, COMMIT, 1))
        .await
        .expect(StatusCode::ACCEPTED);
    let snapshot =
        |env: &[aether_store::SealedEnvVar]| env.iter().map(|v| v.name.clone()).collect::<Vec<_>>();
    let preview = api.claim().await;
    assert_eq!(snapshot(&preview.env), ["MODE"]);
    owner.deploy("site").await;
    let production = api.claim().await;
    assert_eq!(snapshot(&production.env), ["DATABASE", "MODE"]);
    let value =
        |env: &[aether_store::SealedEnvVar]| env.iter().find(|v| v.name == "MODE").unwrap().value.clone();
    assert_ne!(value(&preview.env), value(&production.env));
    owner
        .delete("/projects/site/env/MODE?target=preview")
        .await
        .expect(StatusCode::NO_CONTENT);
    owner
        .delete("/projects/site/env/MODE?target=preview")
        .await
        .expect_problem(404, "not_found");
    assert_eq!(
        owner.get("/projects/site/env").await.json["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_push_outside_of_the_watched_paths_does_not_deploy() {
    let (api, owner, hook) = ready().await;
    owner
        .patch("/projects/site", json!({"watch_paths": ["apps/web/", "*.json"]}))
        .await
        .expect(StatusCode::OK);
    let with = |added: Value, removed: Value, forced: bool| {
        let mut body = push("main");
        body["before"] = json!(OTHER_COMMIT);
        body["forced"] = json!(forced);
        body["commits"] =
            json!([{"id": COMMIT, "message": "x", "added": added, "removed": removed, "modified": []}]);
        body
    };
    let ignored = hook
        .deliver(1, "push", &with(json!(["docs/a.md"]), json!([]), false))
        .await;
    assert_eq!(
        ignored.expect(StatusCode::OK).json["reason"],
        "none of the 1 changed files is in the watched paths"
    );
    for (number, body) in (2..).zip([
        with(json!(["apps/web/src/a.ts"]), json!([]), false),
        with(json!([]), json!(["apps/web/gone.ts"]), false),
        with(json!(["package.json"]), json!([]), false),
        // What a rewritten branch changed is not in the list.
        with(json!(["docs/a.md"]), json!([]), true),
    ]) {
        hook.deliver(number, "push", &body)
            .await
            .expect(StatusCode::ACCEPTED);
    }
    assert_eq!(
        last_reason(&owner).await,
        "push of 59b20b8 to `main` (watched paths were not looked at: the branch was rewritten)"
    );
    owner
        .patch("/projects/site", json!({"watch_paths": ["[", "/abs"]}))
        .await
        .expect_problem(422, "invalid");
    drop(api);
}

#[tokio::test]
async fn one_delivery_deploys_just_those_projects_of_a_monorepo_that_it_changed() {
    let api =
        TestApi::start_with(|settings| settings.github_webhook_secret = Some(APP_SECRET.to_owned().into()))
            .await;
    let owner = api.owner().await;
    for name in ["web", "docs"] {
        owner.project(name).await;
        owner
            .patch(
                &format!("/projects/{name}"),
                json!({"watch_paths": [format!("apps/{name}")]}),
            )
            .await
            .expect(StatusCode::OK);
    }
    let hook = Hook {
        caller: api.nobody(),
        path: "/webhooks/github".to_owned(),
        secret: APP_SECRET.to_owned(),
    };
    let mut body = push("main");
    body["before"] = json!(OTHER_COMMIT);
    body["commits"] =
        json!([{"id": COMMIT, "message": "x", "added": [], "removed": [], "modified": ["apps/web/a"]}]);
    let answer = hook.deliver(1, "push", &body).await.expect(StatusCode::OK).json;
    let mut verdicts: Vec<&str> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["verdict"].as_str().unwrap())
        .collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["deployed", "ignored"]);
    assert_eq!(api.claim().await.slug.as_str(), "web");
}

#[tokio::test]
async fn input_74_a_repository_is_known_by_its_id_once_it_was_seen() {
    let (_api, _, hook) = ready().await;
    hook.deliver(1, "push", &push("main"))
        .await
        .expect(StatusCode::ACCEPTED);
    // Renamed: the same id under another address.
    let mut renamed = push("main");
    renamed["repository"]["clone_url"] = json!("https://git.example.com/octo/new-name.git");
    hook.deliver(2, "push", &renamed)
        .await
        .expect(StatusCode::ACCEPTED);
    // Somebody else's repository under the old name.
    let mut other = push("main");
    other["repository"]["id"] = json!(2);
    let answer = hook.deliver(3, "push", &other).await.expect(StatusCode::OK).json;
    assert_eq!(answer["reason"], "it is about another repository");
}

#[tokio::test]
async fn gitlab_gitea_and_bitbucket_deploy_like_github() {
    let (api, owner, hook) = ready().await;
    let gitlab = json!({
        "ref": "refs/heads/main", "before": OTHER_COMMIT, "after": COMMIT, "total_commits_count": 1,
        "project": {"id": 1, "default_branch": "main", "git_http_url": "https://git.example.com/octo/site.git"},
        "commits": [{"id": COMMIT, "message": "x", "added": ["a"], "modified": [], "removed": []}]
    });
    let bitbucket = json!({
        "repository": {"uuid": "{1}", "full_name": "octo/site", "links": {"html": {"href": "https://git.example.com/octo/site"}}},
        "push": {"changes": [
            {"new": {"type": "branch", "name": "main", "target": {"hash": COMMIT, "message": "x"}}, "old": null},
            {"new": null, "old": {"type": "branch", "name": "docs"}}
        ]}
    });
    let sent = |body: &Value| {
        let body = body.to_string();
        let signature = hook.sign(body.as_bytes());
        (body, signature)
    };
    let (gitlab, _) = sent(&gitlab);
    let (gitea, gitea_signature) = sent(&push("main"));
    let (bitbucket, bitbucket_signature) = sent(&bitbucket);
    let digits = gitea_signature.trim_start_matches("sha256=").to_owned();
    let deliveries: [(String, Vec<(&str, String)>); 3] = [
        (
            gitlab,
            vec![
                ("x-gitlab-token", hook.secret.clone()),
                ("x-gitlab-event", "Push Hook".to_owned()),
                ("idempotency-key", delivery_id(1)),
            ],
        ),
        (
            gitea,
            vec![
                ("x-gitea-signature", digits),
                ("x-gitea-event", "push".to_owned()),
                ("x-gitea-delivery", delivery_id(2)),
            ],
        ),
        (
            bitbucket,
            vec![
                ("x-hub-signature", bitbucket_signature),
                ("x-event-key", "repo:push".to_owned()),
                ("x-request-uuid", delivery_id(3)),
            ],
        ),
    ];
    for (body, headers) in deliveries {
        let mut request = hook
            .caller
            .request(reqwest::Method::POST, &hook.path)
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        send(request.body(body)).await.expect(StatusCode::ACCEPTED);
    }
    assert_eq!(api.claim().await.git_ref, "main");
    let log = owner.get("/projects/site/webhook-deliveries").await.json;
    let told: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["forge"].as_str().unwrap(), item["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "bitbucket",
                "push of 59b20b8 to `main`; branch `docs` was deleted; it has no preview"
            ),
            ("gitea", "push of 59b20b8 to `main`"),
            ("gitlab", "push of 59b20b8 to `main`"),
        ]
    );
}
