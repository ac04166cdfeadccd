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

#[tokio::test]
async fn the_list_is_filtered_by_status_branch_and_trigger() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    let first = api.release_next().await.to_string();
    owner
        .post("/projects/site/deployments", json!({"ref": "next"}))
        .await
        .expect(StatusCode::ACCEPTED);
    owner
        .post(&format!("/deployments/{first}/redeploy"), json!({}))
        .await
        .expect(StatusCode::ACCEPTED);
    for (query, numbers) in [
        ("", vec![3, 2, 1]),
        ("?status=READY", vec![1]),
        ("?status=QUEUED,BUILDING", vec![3, 2]),
        ("?ref=next", vec![2]),
        ("?ref=HEAD", vec![1]),
        ("?trigger=redeploy", vec![3]),
        ("?status=QUEUED&trigger=manual", vec![2]),
        ("?status=FAILED", vec![]),
    ] {
        let list = owner
            .get(&format!("/projects/site/deployments{query}"))
            .await
            .expect(StatusCode::OK)
            .json;
        let found: Vec<i64> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["number"].as_i64().unwrap())
            .collect();
        assert_eq!(found, numbers, "{query}");
    }
    // The filter holds over pages.
    let page = owner
        .get("/projects/site/deployments?status=QUEUED&limit=1")
        .await
        .json;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = owner
        .get(&format!(
            "/projects/site/deployments?status=QUEUED&limit=1&cursor={cursor}"
        ))
        .await
        .json;
    assert_eq!(
        (&rest["items"][0]["number"], &rest["next_cursor"]),
        (&json!(2), &json!(null))
    );
    for query in ["?status=ready", "?trigger=nobody", "?ref=--help", "?stauts=READY"] {
        owner
            .get(&format!("/projects/site/deployments{query}"))
            .await
            .expect_problem(400, "malformed_query");
    }
}

#[tokio::test]
async fn a_deployment_says_what_is_different_from_the_release_before_and_no_value() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    for (name, value) in [
        ("KEPT", "kept-canary"),
        ("TURNED", "old-canary"),
        ("DROPPED", "x"),
    ] {
        owner
            .put(&format!("/projects/site/env/{name}"), json!({"value": value}))
            .await
            .expect(StatusCode::OK);
    }
    owner.deploy("site").await;
    let first = api.release_next().await.to_string();
    let none = owner
        .get(&format!("/deployments/{first}/changes"))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        none.json,
        json!({"previous": null, "settings": [], "variables": []})
    );
    // Sealed anew, and the same.
    for (name, value) in [("KEPT", "kept-canary"), ("TURNED", "new-canary"), ("FRESH", "y")] {
        owner
            .put(&format!("/projects/site/env/{name}"), json!({"value": value}))
            .await
            .expect(StatusCode::OK);
    }
    owner.delete("/projects/site/env/DROPPED").await;
    owner
        .patch("/projects/site", json!({"build_command": "make"}))
        .await
        .expect(StatusCode::OK);
    let second = owner.deploy("site").await;
    let changes = owner
        .get(&format!(
            "/deployments/{}/changes",
            second["id"].as_str().unwrap()
        ))
        .await
        .expect(StatusCode::OK);
    assert!(!changes.text.contains("canary"), "{}", changes.text);
    assert_body!("deployment_changes", changes.json);
}
