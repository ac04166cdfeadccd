//! What people do with their own account.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Caller, PASSWORD, TestApi};

const NEW_PASSWORD: &str = "seven slow boats under a bridge";

async fn sign_in(api: &TestApi, email: &str, password: &str) -> Caller {
    let nobody = api.nobody();
    let answer = nobody
        .post("/auth/login", json!({"email": email, "password": password}))
        .await
        .expect(StatusCode::OK);
    nobody.with_token(answer.json["access_token"].as_str().unwrap())
}

async fn sessions(caller: &Caller) -> Vec<Value> {
    let list = caller.get("/auth/sessions").await.expect(StatusCode::OK).json;
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_session_that_is_ended_from_elsewhere_ends_at_once() {
    let api = TestApi::start().await;
    let here = api.owner().await;
    let there = sign_in(&api, "owner@example.com", PASSWORD).await;
    let listed = sessions(&here).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<&Value> = listed.iter().filter(|one| one["current"] == true).collect();
    assert_eq!(current.len(), 1);
    let other = listed.iter().find(|one| one["current"] == false).unwrap();
    let path = format!("/auth/sessions/{}", other["id"].as_str().unwrap());
    here.delete(&path).await.expect(StatusCode::NO_CONTENT);
    there.get("/auth/me").await.expect_problem(401, "invalid_token");
    here.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!(sessions(&here).await.len(), 1);
}

#[tokio::test]
async fn everywhere_else_is_signed_out_with_one_call() {
    let api = TestApi::start().await;
    let here = api.owner().await;
    let there = sign_in(&api, "owner@example.com", PASSWORD).await;
    let stranger = api.stranger().await;
    let ended = here.delete("/auth/sessions").await.expect(StatusCode::OK).json;
    assert_eq!(ended, json!({"ended": 1}));
    there.get("/auth/me").await.expect_problem(401, "invalid_token");
    here.get("/auth/me").await.expect(StatusCode::OK);
    stranger.get("/auth/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn another_password_takes_the_present_one_and_ends_other_sessions() {
    let api = TestApi::start().await;
    let here = api.owner().await;
    let there = sign_in(&api, "owner@example.com", PASSWORD).await;
    let wrong = json!({"current_password": "not it at all", "new_password": NEW_PASSWORD});
    let answer = here
        .post("/auth/password", wrong)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(answer.wrong_fields(), ["current_password"]);
    let easy = json!({"current_password": PASSWORD, "new_password": "password"});
    let answer = here
        .post("/auth/password", easy)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(answer.wrong_fields(), ["new_password"]);
    let right = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    here.post("/auth/password", right)
        .await
        .expect(StatusCode::NO_CONTENT);
    there.get("/auth/me").await.expect_problem(401, "invalid_token");
    here.get("/auth/me").await.expect(StatusCode::OK);
    api.nobody()
        .post(
            "/auth/login",
            json!({"email": "owner@example.com", "password": PASSWORD}),
        )
        .await
        .expect_problem(401, "wrong_credentials");
    sign_in(&api, "owner@example.com", NEW_PASSWORD).await;
}

#[tokio::test]
async fn input_9_the_present_password_cannot_be_guessed_from_an_open_browser() {
    let api = TestApi::start().await;
    let here = api.owner().await;
    let guess = json!({"current_password": "a guess", "new_password": NEW_PASSWORD});
    for _ in 0..9 {
        here.post("/auth/password", guess.clone())
            .await
            .expect_problem(422, "invalid");
    }
    here.post("/auth/password", guess)
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn name_and_address_can_be_changed_the_address_with_the_password_only() {
    let api = TestApi::start().await;
    let here = api.owner().await;
    api.stranger().await;
    let named = here
        .patch("/auth/me", json!({"name": " Olga T. "}))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (&named["name"], &named["email"]),
        (&json!("Olga T."), &json!("owner@example.com"))
    );
    let without = here
        .patch("/auth/me", json!({"email": "olga@example.com"}))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(without.wrong_fields(), ["current_password"]);
    here.patch(
        "/auth/me",
        json!({"email": "stranger@example.com", "current_password": PASSWORD}),
    )
    .await
    .expect_problem(409, "email_taken");
    let moved = here
        .patch(
            "/auth/me",
            json!({"email": "Olga@Example.com", "current_password": PASSWORD}),
        )
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(moved["email"], "olga@example.com");
    sign_in(&api, "olga@example.com", PASSWORD).await;
    assert_eq!(here.get("/auth/me").await.json["name"], "Olga T.");
}

#[tokio::test]
async fn an_api_token_cannot_look_after_the_account_it_belongs_to() {
    let api = TestApi::start().await;
    let here = api.owner().await;
    let made = here
        .post(
            "/tokens",
            json!({"name": "ci", "scopes": ["read", "deploy", "write"]}),
        )
        .await
        .expect(StatusCode::CREATED)
        .json;
    let token = here.with_token(made["secret"].as_str().unwrap());
    token
        .get("/auth/sessions")
        .await
        .expect_problem(403, "session_needed");
    token
        .delete("/auth/sessions")
        .await
        .expect_problem(403, "session_needed");
    token
        .patch("/auth/me", json!({"name": "x"}))
        .await
        .expect_problem(403, "session_needed");
    token
        .post(
            "/auth/password",
            json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD}),
        )
        .await
        .expect_problem(403, "session_needed");
    here.get("/auth/me").await.expect(StatusCode::OK);
}
