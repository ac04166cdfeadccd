//! Postgres or Redis away.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{TestApi, assert_body, eventually};

/// What F9 promises: an answer within 3.2 s.
const UNAVAILABLE_WITHIN: Duration = Duration::from_millis(3200);

#[tokio::test]
async fn f9_without_postgres_every_call_is_503_soon_and_comes_back_by_itself() {
    let mut api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    api.services.postgres.server().take_down().await;
    for (path, body) in [
        ("/projects/site/deployments", json!({})),
        ("/auth/login", json!({"email": "a@b.c", "password": "x"})),
    ] {
        let asked = Instant::now();
        let answer = owner.post(path, body).await;
        assert!(
            asked.elapsed() < UNAVAILABLE_WITHIN,
            "{path} took {:?}",
            asked.elapsed()
        );
        assert_eq!(answer.header("retry-after"), "3");
        assert_body!(
            "postgres_away",
            answer.expect_problem(503, "database_unavailable").json
        );
    }
    let asked = Instant::now();
    owner
        .get("/projects")
        .await
        .expect_problem(503, "database_unavailable");
    assert!(asked.elapsed() < UNAVAILABLE_WITHIN);
    let ready = owner.get("/ready").await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_body!("not_ready", ready.json);
    owner.get("/health").await.expect(StatusCode::OK);
    api.services.postgres.server().bring_up().await;
    eventually("the API answers again", || async {
        owner.get("/projects").await.status == StatusCode::OK
    })
    .await;
}

#[tokio::test]
async fn f6_without_redis_everything_but_live_push_works() {
    let mut api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    api.services.redis.server().take_down().await;
    let asked = Instant::now();
    let deployment = owner.deploy("site").await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    // Accepted is accepted: a worker finds it without having been woken.
    let claimed = api.claim().await;
    assert_eq!(json!(claimed.lease.deployment_id), deployment["id"]);
    api.print(&claimed, 1, 3).await;
    let page = owner
        .get(&format!("/deployments/{}/logs", claimed.lease.deployment_id))
        .await
        .json;
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    owner
        .put("/projects/site/env/A", json!({"value": "1"}))
        .await
        .expect(StatusCode::OK);
    let status = owner.get("/system/status").await.expect(StatusCode::OK).json;
    assert_eq!(
        (&status["redis"], &status["postgres"]),
        (&json!("down"), &json!("up"))
    );
    let ready = owner.get("/ready").await.expect(StatusCode::OK).json;
    assert_eq!((&ready["ready"], &ready["redis"]), (&json!(true), &json!("down")));
    // Limits go on being counted, in memory.
    let wrong = json!({"email": "owner@example.com", "password": "wrong wrong wrong"});
    for _ in 0..9 {
        owner
            .post("/auth/login", wrong.clone())
            .await
            .expect_problem(401, "wrong_credentials");
    }
    owner
        .post("/auth/login", wrong)
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn f6_a_live_log_goes_on_without_redis_from_postgres() {
    let mut api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    let claimed = api.claim().await;
    api.services.redis.server().take_down().await;
    let path = format!("/deployments/{}/logs", claimed.lease.deployment_id);
    let request = owner
        .request(reqwest::Method::GET, &path)
        .header("accept", "text/event-stream");
    let stream = tokio::spawn(async move { request.send().await.unwrap().text().await.unwrap() });
    api.print(&claimed, 1, 3).await;
    let error = aether_models::UserError::new("build_command_failed", "The build failed", "it ended with 1");
    api.store
        .finish_deployment(&claimed.lease, aether_models::DeploymentStatus::Failed, &error)
        .await
        .unwrap();
    let text = tokio::time::timeout(Duration::from_secs(20), stream)
        .await
        .expect("the stream ends")
        .unwrap();
    assert_eq!(text.matches("event: log").count(), 3, "{text}");
    assert!(
        text.ends_with("event: end\ndata: {\"status\":\"FAILED\",\"step\":null}\n\n"),
        "{text}"
    );
}
