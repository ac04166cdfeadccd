//! API tokens.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestApi, assert_body};

#[tokio::test]
async fn a_token_is_shown_once_and_does_what_its_scopes_say() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let body = json!({"name": "ci", "scopes": ["deploy", "read"], "expires_at": null});
    let created = owner.post("/tokens", body).await.expect(StatusCode::CREATED).json;
    let secret = created["secret"].as_str().unwrap();
    assert!(secret.starts_with("aether_") && secret.ends_with(created["hint"].as_str().unwrap()));
    let token = owner.with_token(secret);
    token.get("/projects/site").await.expect(StatusCode::OK);
    token.deploy("site").await;
    token
        .patch("/projects/site", json!({"name": "x"}))
        .await
        .expect_problem(403, "scope_missing");
    token
        .post("/tokens", json!({"name": "x", "scopes": ["read"]}))
        .await
        .expect_problem(403, "session_required");

    let listed = owner.get("/tokens").await.expect(StatusCode::OK);
    assert!(!listed.text.contains(secret));
    assert_ne!(listed.json["items"][0]["last_used_at"], json!(null));
    let mut listed = listed.json;
    listed["items"][0]["hint"] = json!("[hint]");
    assert_body!("tokens", listed);

    owner
        .delete(&format!("/tokens/{}", created["id"].as_str().unwrap()))
        .await
        .expect(StatusCode::NO_CONTENT);
    token
        .get("/projects/site")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn input_7_a_lowered_role_counts_at_once_also_for_tokens() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let created = owner
        .post(
            "/tokens",
            json!({"name": "ci", "scopes": ["read", "deploy", "write"]}),
        )
        .await
        .json;
    let token = owner.with_token(created["secret"].as_str().unwrap());
    token
        .patch("/projects/site", json!({"name": "Site"}))
        .await
        .expect(StatusCode::OK);
    api.sql("update team_members set role = 'viewer'").await;
    for caller in [&token, &owner] {
        caller
            .patch("/projects/site", json!({"name": "x"}))
            .await
            .expect_problem(403, "role_too_low");
        caller
            .post("/projects/site/deployments", json!({}))
            .await
            .expect_problem(403, "role_too_low");
        caller.get("/projects/site").await.expect(StatusCode::OK);
    }
    api.sql("delete from team_members").await;
    token
        .get("/projects/site")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn input_107_odd_expiry_dates_are_refused_or_right() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for (at, status) in [
        ("9999-12-31T23:59:59Z", 201),
        ("2030-01-01T00:00:00+14:00", 201),
        ("0000-01-01T00:00:00Z", 422),
        ("1969-12-31T00:00:00Z", 422),
        ("2030-02-30T00:00:00Z", 400),
        ("tomorrow", 400),
    ] {
        let answer = owner
            .post(
                "/tokens",
                json!({"name": "x", "scopes": ["read"], "expires_at": at}),
            )
            .await;
        assert_eq!(answer.status.as_u16(), status, "{at}: {}", answer.text);
    }
    owner
        .post("/tokens", json!({"name": "x", "scopes": []}))
        .await
        .expect_problem(422, "invalid");
    owner
        .post("/tokens", json!({"name": "x", "scopes": ["root"]}))
        .await
        .expect_problem(400, "malformed_json");
}

#[tokio::test]
async fn an_expired_token_is_worth_nothing() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({"name": "x", "scopes": ["read"], "expires_at": "2100-01-01T00:00:00Z"});
    let created = owner.post("/tokens", body).await.json;
    let token = owner.with_token(created["secret"].as_str().unwrap());
    token.get("/projects").await.expect(StatusCode::OK);
    api.sql("update api_tokens set expires_at = now()").await;
    token.get("/projects").await.expect_problem(401, "invalid_token");
}
