//! Projects made from templates.

use aether_store::WorkerReport;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApi, assert_body};

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_templates_are_offered_with_what_they_need() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let unknown = owner.get("/templates").await.expect(StatusCode::OK).json;
    assert_eq!(
        names(&unknown),
        [
            "static-page",
            "vite-react",
            "astro",
            "express",
            "fastapi",
            "dockerfile"
        ]
    );
    assert!(
        unknown["items"][5]["unavailable"].is_null(),
        "nothing is known of the workers yet"
    );
    let mut report = WorkerReport {
        worker_id: "w".to_owned(),
        node: "a".to_owned(),
        version: "0.1.0".to_owned(),
        runtime: "process".to_owned(),
        about: vec![],
        concurrency: 1,
        started_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        disk_total: None,
        disk_free: None,
        apps: vec![],
        volumes: vec![],
    };
    api.store.report_worker(&report).await.unwrap();
    let without = owner.get("/templates").await.json;
    assert_body!("templates", without);
    report.runtime = "docker".to_owned();
    api.store.report_worker(&report).await.unwrap();
    assert!(owner.get("/templates").await.json["items"][5]["unavailable"].is_null());
}

#[tokio::test]
async fn one_call_makes_a_project_of_a_template_and_a_free_name_is_found() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({"template": "astro"});
    let first = owner
        .post("/projects", body.clone())
        .await
        .expect(StatusCode::CREATED)
        .json;
    assert_eq!(
        (
            &first["source"],
            &first["template"],
            &first["repo_url"],
            &first["name"],
            &first["slug"]
        ),
        (
            &json!("template"),
            &json!("astro"),
            &json!(null),
            &json!("Astro"),
            &json!("astro")
        )
    );
    let second = owner
        .post("/projects", body)
        .await
        .expect(StatusCode::CREATED)
        .json;
    let slug = second["slug"].as_str().unwrap();
    assert!(slug.starts_with("astro-") && slug.len() == 10, "{slug}");
    // A name that somebody chose is not changed behind their back.
    owner
        .post("/projects", json!({"template": "astro", "name": "Astro"}))
        .await
        .expect_problem(409, "slug_taken");
    let accepted = owner.deploy("astro").await;
    assert_eq!(
        (&accepted["ref"], &accepted["commit"]),
        (&json!("HEAD"), &json!(null))
    );
    let claimed = api.claim().await;
    assert_eq!(claimed.source.template().unwrap().as_str(), "astro");
}

#[tokio::test]
async fn what_a_template_cannot_have_is_refused() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for (body, fields) in [
        (json!({}), vec!["repo_url"]),
        (json!({"template": "../../etc"}), vec!["template"]),
        (json!({"template": "nothing-like-it"}), vec!["template"]),
        (
            json!({"template": "astro", "repo_url": "https://git.example.com/a/b"}),
            vec!["template"],
        ),
        (json!({"template": "astro", "branch": "main"}), vec!["branch"]),
    ] {
        let answer = owner
            .post("/projects", body.clone())
            .await
            .expect_problem(422, "invalid");
        assert_eq!(answer.wrong_fields(), fields, "{body}");
    }
    owner
        .post("/projects", json!({"template": "static-page"}))
        .await
        .expect(StatusCode::CREATED);
    owner
        .post("/projects/static-page/deployments", json!({"ref": "main"}))
        .await
        .expect_problem(422, "invalid");
}

#[tokio::test]
async fn a_template_is_detected_without_a_worker_and_can_become_a_repository() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let project = owner
        .post("/projects", json!({"template": "express"}))
        .await
        .expect(StatusCode::CREATED)
        .json;
    let found = owner
        .post("/projects/express/detect", json!({}))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(found["candidates"][0]["framework"], "express");
    assert_eq!(found["branches"], json!([]));
    // A push to somewhere cannot be meant for it.
    crate::webhooks::deliver_ping(&owner, &project).await;
    let connected = owner
        .patch(
            "/projects/express",
            json!({"repo_url": "https://git.example.com/octo/shop"}),
        )
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (
            &connected["source"],
            &connected["template"],
            &connected["repo_url"]
        ),
        (
            &json!("git"),
            &json!(null),
            &json!("https://git.example.com/octo/shop")
        )
    );
}
