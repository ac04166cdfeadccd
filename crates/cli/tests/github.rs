//! From the click on "Connect GitHub" to a preview that is gone again, against the real programs and a GitHub on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::path::Path;

use aether_testkit::GitHubStandIn;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use support::services::Up;
use support::{Platform, eventually};

/// What a browser would do.
async fn connect(platform: &Platform, github: &GitHubStandIn) -> (Value, i64, Value) {
    let begun = json!({"base_url": github.base_url()});
    let begun = platform.call(Method::POST, "/github/manifest", Some(begun)).await;
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let form = format!("http://{}{}", platform.api, begun["form_url"].as_str().unwrap());
    let page = http.get(form).send().await.unwrap().text().await.unwrap();
    let attribute = |before: &str| {
        let rest = page.split_once(before).unwrap().1;
        rest.split_once('"')
            .unwrap()
            .0
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
    };
    let manifest = attribute("name=\"manifest\" value=\"");
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("manifest", &manifest)
        .finish();
    let answer = http
        .post(attribute("action=\""))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let query = |wanted: &str| {
        let mut pairs = back.query_pairs();
        pairs.find(|(name, _)| name == wanted).unwrap().1.into_owned()
    };
    let brought = json!({"code": query("code"), "state": query("state")});
    let app = platform
        .call(Method::POST, "/github/callback", Some(brought.clone()))
        .await;
    let github_id = query("code").trim_start_matches("code").parse().unwrap();
    (app, github_id, brought)
}

struct Hook<'a> {
    platform: &'a Platform,
    github_id: i64,
    secret: String,
}

impl Hook<'_> {
    async fn deliver(&self, id: u32, event: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let answer = reqwest::Client::new()
            .post(format!("http://{}/api/v1/webhooks/github", self.platform.api))
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", format!("72d3162e-cc78-11e3-81ab-{id:012x}"))
            .header("x-github-hook-installation-target-type", "integration")
            .header("x-github-hook-installation-target-id", self.github_id)
            .header(
                "x-hub-signature-256",
                format!("sha256={}", hex::encode(mac.finalize().into_bytes())),
            )
            .body(body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

/// Files below a folder that contain `text`.
fn holding(folder: &Path, text: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            holding(&path, text, found);
        } else if kind.is_file()
            && std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            found.push(path.display().to_string());
        }
    }
}

#[tokio::test]
async fn github_from_the_first_click_to_a_preview_that_is_gone_again() {
    let github = GitHubStandIn::start().await.unwrap();
    let (repository, repo) = github.create_repo("octo/site", true).unwrap();
    let head = repo.commit_files(&[("index.html", "first")]).unwrap();
    // The name is one that GitHub could reach, so that the App gets a webhook.
    let public = ("AETHER_PUBLIC_URL", "https://aether.example.com".to_owned());
    let up = Up::start_with(&[public]).await;
    let platform = &up.platform;
    let (app, github_id, brought) = connect(platform, &github).await;
    let (status, _) = platform
        .try_call(Method::POST, "/github/callback", Some(brought))
        .await;
    assert_eq!(status, 400, "a state is good once");

    let hook = Hook {
        platform,
        github_id,
        secret: github.webhook_secret(github_id).unwrap(),
    };
    let installation = github.install(github_id, "octo", &[repository]);
    let told = json!({"action": "created", "installation": github.installation(installation, 1_790_000_000)});
    hook.deliver(1, "installation", &told).await;
    let found = platform
        .call(Method::GET, "/github/repositories?q=sit", None)
        .await;
    assert_eq!(
        (&found["total"], &found["items"][0]["private"]),
        (&json!(1), &json!(true))
    );
    let picked = json!({"app_id": app["id"], "installation_id": installation, "repository_id": repository});
    let seen = json!({"github_repository": picked});
    let seen = platform.call(Method::POST, "/detect", Some(seen)).await;
    assert_eq!(seen["candidates"][0]["kind"], "static", "{seen}");
    let project = json!({"github_repository": picked, "name": "site"});
    platform.call(Method::POST, "/projects", Some(project)).await;

    let described = json!({
        "id": repository, "full_name": "octo/site", "default_branch": "main",
        "clone_url": format!("{}/octo/site.git", github.base_url()),
    });
    let push = json!({
        "ref": "refs/heads/main", "after": head, "head_commit": {"id": head, "message": "First"},
        "repository": described,
    });
    let answer = hook.deliver(2, "push", &push).await;
    assert_eq!(answer["results"][0]["verdict"], "deployed", "{answer}");
    let id = answer["results"][0]["deployment_id"].as_str().unwrap();
    let ended = platform.finished(id).await;
    assert_eq!(ended["status"], "READY", "{ended:#}");
    platform.shows("site", "first").await;
    eventually("GitHub shows it as live", async || {
        let deployments = github.deployments();
        let [one] = deployments.as_slice() else {
            return false;
        };
        let status = format!("POST repos/octo/site/statuses/{head}");
        let is_told = github
            .calls()
            .iter()
            .any(|call| call.line == status && call.body["state"] == "success");
        is_told
            && one.production
            && one.commit == head
            && one.states.last().is_some_and(|state| state == "success")
    })
    .await;

    a_request_has_a_preview_until_it_is_closed(&hook, &github, &head, &described).await;
    assert!(github.faults().is_empty(), "{:?}", github.faults());
    nothing_secret_was_written_down(&up, id).await;
}

async fn a_request_has_a_preview_until_it_is_closed(
    hook: &Hook<'_>,
    github: &GitHubStandIn,
    head: &str,
    described: &Value,
) {
    let platform = hook.platform;
    let request = |action: &str| {
        json!({
            "action": action, "number": 7, "repository": described,
            "pull_request": {
                "number": 7, "title": "Add a page", "html_url": format!("{}/octo/site/pull/7", github.base_url()),
                "state": "open",
                "head": {"ref": "main", "sha": head, "repo": described},
                "base": {"ref": "main", "sha": head, "repo": described},
            },
        })
    };
    let answer = hook.deliver(3, "pull_request", &request("opened")).await;
    assert_eq!(answer["results"][0]["verdict"], "deployed", "{answer}");
    platform.shows("site-pr-7", "first").await;
    eventually("the comment leads to the preview", async || {
        github
            .comments()
            .iter()
            .any(|text| text.contains("//site-pr-7.aether.localhost") && text.contains("is live"))
    })
    .await;
    eventually("GitHub shows the preview", async || {
        github
            .deployments()
            .iter()
            .any(|one| !one.production && one.states.last().is_some_and(|state| state == "success"))
    })
    .await;
    let answer = hook.deliver(4, "pull_request", &request("closed")).await;
    assert_eq!(answer["results"][0]["verdict"], "removed", "{answer}");
    eventually("comment and preview are gone", async || {
        let deployments = github.deployments();
        let mut previews = deployments.iter().filter(|one| !one.production);
        let inactive = previews.all(|one| one.states.last().is_some_and(|state| state == "inactive"));
        let (status, _) = platform.visit("site-pr-7", "/").await.unwrap();
        github.comments().is_empty() && inactive && status == 404
    })
    .await;
}

/// No token and no key: not in a log, a Git configuration, a workspace or the database.
async fn nothing_secret_was_written_down(up: &Up, deployment: &str) {
    let log = up.platform.log(deployment).await;
    assert!(!json!(log).to_string().contains("ghs_"));
    let mut found = Vec::new();
    holding(up.directory.path(), "ghs_0000", &mut found);
    assert!(found.is_empty(), "{found:?}");
    let mut found = Vec::new();
    holding(up.directory.path(), "PRIVATE KEY", &mut found);
    assert!(found.is_empty(), "{found:?}");
}
