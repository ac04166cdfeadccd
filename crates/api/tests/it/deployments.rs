//! Asking for deployments, reading and stopping them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApi, assert_body, send};

#[tokio::test]
async fn a_deployment_is_accepted_listed_and_read() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let accepted = owner.deploy("site").await;
    assert_body!("accepted_deployment", accepted);
    let id = accepted["id"].as_str().unwrap();
    assert_eq!(owner.get(&format!("/deployments/{id}")).await.json, accepted);
    api.release_next().await;
    let mut done = owner.get(&format!("/deployments/{id}")).await.json;
    assert!(done["duration_ms"].as_i64().unwrap() >= 0);
    done["duration_ms"] = json!("[milliseconds]");
    assert_body!("ready_deployment", done);
    owner
        .post("/projects/site/deployments", json!({"ref": "v1.2.3"}))
        .await
        .expect(StatusCode::ACCEPTED);
    let list = owner.get("/projects/site/deployments?limit=1").await.json;
    assert_eq!(
        (&list["items"][0]["ref"], list["items"].as_array().unwrap().len()),
        (&json!("v1.2.3"), 1)
    );
    let rest = owner
        .get(&format!(
            "/projects/site/deployments?cursor={}",
            list["next_cursor"].as_str().unwrap()
        ))
        .await
        .json;
    assert_eq!(rest["items"][0]["id"], accepted["id"]);
}

#[tokio::test]
async fn input_46_refs_that_git_would_misread_are_422() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    for git_ref in [
        "--help",
        "-x",
        "a..b",
        "@{-1}",
        "refs/heads/x;id",
        "main^{/x}",
        "HEAD~1",
        "a b",
        "",
        "$(id)",
        &"a".repeat(300),
    ] {
        let answer = owner
            .post("/projects/site/deployments", json!({"ref": git_ref}))
            .await
            .expect_problem(422, "invalid");
        assert_eq!(answer.wrong_fields(), ["ref"]);
    }
}

#[tokio::test]
async fn f5_the_same_idempotency_key_gives_the_same_deployment() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.project("other").await;
    let deploy = |project: &'static str, key: String| {
        let request = owner.request(Method::POST, &format!("/projects/{project}/deployments"));
        send(request.header("idempotency-key", key).json(&json!({})))
    };
    let attempts = (0..20).map(|_| deploy("site", "key-1".to_owned()));
    let ids: Vec<Value> = futures::future::join_all(attempts)
        .await
        .into_iter()
        .map(|answer| answer.expect(StatusCode::ACCEPTED).json["id"].clone())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_ne!(deploy("site", "key-2".to_owned()).await.json["id"], ids[0]);
    assert_ne!(deploy("other", "key-1".to_owned()).await.json["id"], ids[0]);
    for key in ["", "ä", &"x".repeat(201)] {
        deploy("site", key.to_owned())
            .await
            .expect_problem(400, "malformed_idempotency_key");
    }
}

#[tokio::test]
async fn a_waiting_deployment_is_cancelled_at_once_and_a_running_one_is_told() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let first = owner.deploy("site").await["id"].as_str().unwrap().to_owned();
    let cancel = format!("/deployments/{first}/cancel");
    let cancelled = owner
        .post(&cancel, json!({}))
        .await
        .expect(StatusCode::ACCEPTED)
        .json;
    assert_eq!(cancelled["status"], "CANCELLED");
    owner.post(&cancel, json!({})).await.expect(StatusCode::ACCEPTED);

    let second = owner.deploy("site").await["id"].as_str().unwrap().to_owned();
    let claimed = api.claim().await;
    let told = owner
        .post(&format!("/deployments/{second}/cancel"), json!({}))
        .await
        .expect(StatusCode::ACCEPTED)
        .json;
    assert_eq!(
        (told["status"].as_str(), &told["cancel_requested"]),
        (Some("BUILDING"), &json!(true))
    );
    let heartbeat = api
        .store
        .heartbeat(&claimed.lease, std::time::Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(
        heartbeat,
        aether_store::Heartbeat::Held {
            cancel_requested: true
        }
    );
}

#[tokio::test]
async fn f34_a_deployment_that_went_live_cannot_be_cancelled() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    let id = api.release_next().await;
    owner
        .post(&format!("/deployments/{id}/cancel"), json!({}))
        .await
        .expect_problem(409, "already_ended");
}

#[tokio::test]
async fn a_redeployment_builds_the_commit_again_with_the_settings_of_today() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    let old = api.release_next().await;
    owner
        .patch("/projects/site", json!({"build_command": "make"}))
        .await
        .expect(StatusCode::OK);
    let new = owner
        .post(&format!("/deployments/{old}/redeploy"), json!({}))
        .await
        .expect(StatusCode::ACCEPTED)
        .json;
    assert_eq!(
        (&new["trigger"], &new["ref"]),
        (
            &json!("redeploy"),
            &json!("59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5")
        )
    );
    assert_eq!(
        api.claim().await.settings.overrides.build_command.as_deref(),
        Some("make")
    );
}

#[tokio::test]
async fn input_105_a_person_asks_for_at_most_two_hundred_deployments_a_minute() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let mut statuses = Vec::new();
    for _ in 0..205 {
        statuses.push(
            owner
                .post("/projects/site/deployments", json!({}))
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(
        (
            statuses[..200].iter().all(|status| *status == 202),
            &statuses[200..]
        ),
        (true, &[429; 5][..])
    );
}
