//! Making an App, and what GitHub answers when it cannot be made.

use aether_testkit::GitHubBehaviour;
use reqwest::StatusCode;
use serde_json::json;

use super::{World, finish};
use crate::support::{PASSWORD, TestApi};
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
        let answer = owner.post("/github/manifest", json!({"base_url": address})).await;
        assert_eq!(
            answer.expect_problem(422, "invalid").wrong_fields(),
            ["base_url"],
            "{address}"
        );
    }
    let odd = json!({"organization": "a/../b?x=", "name": "n".repeat(35)});
    let answer = owner
        .post("/github/manifest", odd)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(answer.wrong_fields(), ["organization", "name"]);
    // An instance that GitHub cannot reach gets an App without a webhook.
    let begun = owner
        .post("/github/manifest", json!({}))
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
