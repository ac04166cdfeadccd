//! Rollback and promotion.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestApi, assert_body};

#[tokio::test]
async fn a_rollback_moves_the_site_to_the_earlier_release() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    let first = api.release_next().await.to_string();
    owner.deploy("site").await;
    let second = api.release_next().await.to_string();
    let back = owner
        .post("/projects/site/rollback", json!({"deployment_id": first}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        (&back.json["status"], &back.json["deployment"]["live"]),
        (&json!("switched"), &json!(true))
    );
    let project = owner.get("/projects/site").await.json;
    assert_eq!(project["live_deployment"]["id"], first);
    let again = owner
        .post("/projects/site/rollback", json!({"deployment_id": first}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(again.json["status"], "already_live");
    let forth = owner
        .post("/projects/site/promote", json!({"deployment_id": second}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        (&forth.json["status"], &forth.json["deployment"]["id"]),
        (&json!("switched"), &json!(second))
    );
}

#[tokio::test]
async fn only_a_release_that_exists_can_be_switched_to() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let waiting = owner.deploy("site").await["id"].clone();
    let answer = owner
        .post("/projects/site/rollback", json!({"deployment_id": waiting}))
        .await;
    assert_body!(
        "rollback_not_ready",
        answer.expect_problem(409, "deployment_not_ready").json
    );
    let first = api.release_next().await;
    owner.deploy("site").await;
    api.release_next().await;
    api.sql("update deployments set artifact_deleted_at = now() where number = 1")
        .await;
    owner
        .post("/projects/site/rollback", json!({"deployment_id": first}))
        .await
        .expect_problem(409, "release_gone");
    owner.project("other").await;
    owner
        .post("/projects/other/rollback", json!({"deployment_id": first}))
        .await
        .expect_problem(404, "not_found");
    owner
        .post("/projects/site/rollback", json!({"deployment_id": "1"}))
        .await
        .expect_problem(400, "malformed_json");
}

#[tokio::test]
async fn an_app_that_is_not_running_is_started_first() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    let first = api.release_next().await;
    owner.deploy("site").await;
    api.release_next().await;
    api.sql(r#"update deployments set plan = jsonb_set(plan, '{kind}', '"server"') where number = 1"#)
        .await;
    let body = json!({"deployment_id": first});
    let pending = owner
        .post("/projects/site/rollback", body.clone())
        .await
        .expect(StatusCode::ACCEPTED);
    assert_eq!(pending.json["status"], "pending");
    assert_eq!(api.store.pending_switches().await.unwrap().len(), 1);
    // Asked again, the latest wish counts; there is still one.
    owner
        .post("/projects/site/rollback", body)
        .await
        .expect(StatusCode::ACCEPTED);
    assert_eq!(api.store.pending_switches().await.unwrap().len(), 1);
}
