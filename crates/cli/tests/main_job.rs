//! The main job with `aether up`: a repository goes in, a live site comes out.

mod support;

use aether_testkit::GitServer;
use reqwest::Method;
use serde_json::json;
use support::services::Up;
use support::{eventually, sites};

#[tokio::test]
async fn a_repository_becomes_a_live_site_and_rolls_back() {
    let git = GitServer::start().await.unwrap();
    let repo = sites::static_site(&git, "site", "first");
    let up = Up::start().await;
    let platform = &up.platform;
    platform.create_project("site", &git.url("site")).await;
    let first = platform.deploy_ready("site").await;
    platform.shows("site", "first").await;

    sites::change_page(&repo, "second");
    platform.deploy_ready("site").await;
    platform.shows("site", "second").await;
    platform.shows("site-1", "first").await;

    let back = json!({"deployment_id": first});
    platform
        .call(Method::POST, "/projects/site/rollback", Some(back))
        .await;
    platform.shows("site", "first").await;
}

#[tokio::test]
async fn the_log_is_numbered_without_gaps_and_resumes() {
    let git = GitServer::start().await.unwrap();
    sites::static_site(&git, "site", "first");
    let up = Up::start().await;
    let platform = &up.platform;
    platform.create_project("site", &git.url("site")).await;
    let id = platform.deploy_ready("site").await;
    let stored: Vec<i64> = platform
        .log(&id)
        .await
        .iter()
        .map(|line| line["seq"].as_i64().unwrap())
        .collect();
    assert!(stored.len() > 3, "a deployment says what it does: {stored:?}");
    assert_eq!(stored, (1..=stored.len() as i64).collect::<Vec<_>>());

    let ids = |events: &str| -> Vec<i64> {
        events
            .lines()
            .filter_map(|line| line.strip_prefix("id:"))
            .map(|id| id.trim().parse().unwrap())
            .collect()
    };
    let all = platform.log_events(&id, None).await;
    assert_eq!(ids(&all), stored);
    assert!(all.contains("event: end") || all.contains("event:end"), "{all}");
    let rest = platform.log_events(&id, Some(2)).await;
    assert_eq!(ids(&rest), stored[2..]);
}

#[tokio::test]
async fn an_app_runs_with_its_variables_and_its_output_can_be_read() {
    let git = GitServer::start().await.unwrap();
    let repo = git.create_repo("shop").unwrap();
    let program = r#"require("node:http").createServer((request, response) => {
        console.log("visited with " + process.env.TOKEN);
        response.end("greeting=" + process.env.GREETING + " host=" + process.env.HOST);
    }).listen(process.env.PORT, process.env.HOST);"#;
    let package = r#"{"scripts":{"start":"node server.js"}}"#;
    repo.commit_files(&[("server.js", program), ("package.json", package)])
        .unwrap();
    let up = Up::start().await;
    let platform = &up.platform;
    platform.create_project("shop", &git.url("shop")).await;
    let put = |key: &str, value: &str, secret: bool| {
        let body = json!({"value": value, "secret": secret});
        let path = format!("/projects/shop/env/{key}");
        async move { platform.call(Method::PUT, &path, Some(body)).await }
    };
    put("GREETING", "it's \"me\" $X", false).await;
    put("TOKEN", "s3cret-canary-value", true).await;
    platform.deploy_ready("shop").await;
    platform
        .shows("shop", "greeting=it's \"me\" $X host=127.0.0.1")
        .await;
    let mut log = String::new();
    eventually("the visit is in the runtime log", async || {
        log = platform
            .call(Method::GET, "/projects/shop/logs", None)
            .await
            .to_string();
        log.contains("visited with")
    })
    .await;
    assert!(
        !log.contains("s3cret-canary-value"),
        "secrets are masked in runtime logs too: {log}"
    );
}

#[tokio::test]
async fn a_build_that_fails_says_why_and_leaves_the_old_release() {
    let git = GitServer::start().await.unwrap();
    let repo = git.create_repo("site").unwrap();
    let package = |build: &str| format!(r#"{{"scripts":{{"build":"{build}"}}}}"#);
    repo.commit_files(&[(
        "package.json",
        &package("mkdir -p dist && echo good > dist/index.html"),
    )])
    .unwrap();
    let up = Up::start().await;
    let platform = &up.platform;
    let settings =
        json!({"repo_url": git.url("site"), "name": "site", "output_directory": "dist", "kind": "static"});
    platform.call(Method::POST, "/projects", Some(settings)).await;
    platform.deploy_ready("site").await;
    repo.commit_files(&[("package.json", &package("echo about to break >&2; exit 3"))])
        .unwrap();
    let failed = platform.deploy("site").await;
    assert_eq!(failed["status"], "FAILED", "{failed:#}");
    let error = failed["error"].to_string();
    assert!(
        error.contains('3') && error.contains("about to break"),
        "the error quotes the build: {error}"
    );
    assert!(failed["error"]["hint"].is_string(), "{error}");
    platform.shows("site", "good").await;
}

#[tokio::test]
async fn everything_comes_back_after_the_process_was_killed() {
    let git = GitServer::start().await.unwrap();
    sites::static_site(&git, "site", "still here");
    sites::node_app(&git, "shop", "app is up");
    let mut up = Up::start().await;
    for name in ["site", "shop"] {
        up.platform.create_project(name, &git.url(name)).await;
        up.platform.deploy_ready(name).await;
    }
    up.service.kill();
    up.restart();
    up.platform.shows("site", "still here").await;
    up.platform.shows("shop", "app is up").await;
    let status = up.service.terminate().await;
    assert!(status.success(), "{status}");
    assert!(
        up.platform.visit("shop", "/").await.is_err(),
        "nothing listens any more"
    );
}
