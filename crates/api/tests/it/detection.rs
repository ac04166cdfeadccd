//! Dry runs of detection, with the test in the worker's place.

use std::time::Duration;

use aether_models::{BuildPlan, UserError};
use aether_store::{ClaimedDetection, DetectionResult};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestApi, assert_body};

async fn claim(api: &TestApi) -> ClaimedDetection {
    loop {
        if let Some(claimed) = api.store.claim_detection(Duration::from_secs(30)).await.unwrap() {
            return claimed;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn found() -> DetectionResult {
    DetectionResult {
        candidates: vec![BuildPlan::static_files(".")],
        explanation: None,
        branches: vec!["main".to_owned(), "docs".to_owned()],
        default_branch: Some("main".to_owned()),
        commit_sha: Some("59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5".to_owned()),
    }
}

#[tokio::test]
async fn a_repository_is_looked_at_before_it_is_a_project() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body =
        json!({"repo_url": "https://git.example.com/octo/site", "branch": "docs", "root_dir": "apps/web"});
    let (answer, claimed) = tokio::join!(owner.post("/detect", body), async {
        let claimed = claim(&api).await;
        api.store
            .finish_detection(claimed.id, Ok(&found()))
            .await
            .unwrap();
        claimed
    });
    assert_eq!(
        (claimed.git_ref.as_deref(), claimed.root_dir.as_str()),
        (Some("docs"), "apps/web")
    );
    assert_body!("detection", answer.expect(StatusCode::OK).json);
}

#[tokio::test]
async fn a_project_is_looked_at_with_its_own_settings_and_credentials() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let repo = "https://mona:token@git.example.com/octo/site";
    owner
        .post("/projects", json!({"repo_url": repo, "branch": "main"}))
        .await
        .expect(StatusCode::CREATED);
    let (answer, claimed) = tokio::join!(owner.post("/projects/site/detect", json!({})), async {
        let claimed = claim(&api).await;
        let error =
            UserError::new("clone_failed", "Cloning failed", "the host does not answer").hint("try again");
        api.store.finish_detection(claimed.id, Err(&error)).await.unwrap();
        claimed
    });
    assert!(claimed.repo_credentials.is_some() && claimed.project_id.is_some());
    assert_body!(
        "detection_failed",
        answer.expect_problem(422, "repository_unreadable").json
    );
}

#[tokio::test]
async fn a_private_repository_is_looked_at_with_the_credentials_of_its_address() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({"repo_url": "https://mona:s3cret-token@git.example.com/octo/site"});
    let (answer, claimed) = tokio::join!(owner.post("/detect", body), async {
        let claimed = claim(&api).await;
        api.store
            .finish_detection(claimed.id, Ok(&found()))
            .await
            .unwrap();
        claimed
    });
    assert!(claimed.project_id.is_none());
    assert_eq!(claimed.repo_url.as_str(), "https://git.example.com/octo/site");
    let sealed = claimed.repo_credentials.unwrap();
    assert!(!sealed.windows(12).any(|part| part == b"s3cret-token"));
    let answer = answer.expect(StatusCode::OK);
    assert!(!answer.json.to_string().contains("s3cret-token"));
}

#[tokio::test]
async fn the_app_of_a_whole_repository_is_named_like_it_whatever_its_manifest_says() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let mut result = found();
    result.candidates[0].name = Some("app".to_owned());
    let body = json!({"repo_url": "git.example.com/octo/portfolio.git"});
    let (answer, claimed) = tokio::join!(owner.post("/detect", body), async {
        let claimed = claim(&api).await;
        api.store.finish_detection(claimed.id, Ok(&result)).await.unwrap();
        claimed
    });
    assert_eq!(
        claimed.repo_url.as_str(),
        "https://git.example.com/octo/portfolio.git"
    );
    let answer = answer.expect(StatusCode::OK);
    assert_eq!(answer.json["candidates"][0]["name"], "portfolio");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_look_is_said_at_once() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({"repo_url": "file:///etc", "branch": "-x", "root_dir": "../x"});
    let answer = owner.post("/detect", body).await.expect_problem(422, "invalid");
    assert_eq!(answer.wrong_fields(), ["repo_url", "branch", "root_dir"]);
}

#[tokio::test]
async fn one_wrong_field_is_a_sentence_that_needs_no_field_beside_it() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for (address, detail) in [
        (
            "/srv/site.git",
            "A repository address starts with https:// or ssh://, or has the form git@host:path",
        ),
        (
            "https://github.com/octo/site/tree/main/apps/web",
            "This is the address of a page within a repository. Paste https://github.com/octo/site instead, and choose \
             its branch and folder afterwards",
        ),
    ] {
        for path in ["/detect", "/projects"] {
            let answer = owner
                .post(path, json!({ "repo_url": address }))
                .await
                .expect_problem(422, "invalid");
            assert_eq!(answer.json["title"], "This repository address cannot be used");
            assert_eq!(answer.json["detail"], detail);
            assert_eq!(
                answer.json["errors"],
                json!([{ "field": "repo_url", "message": detail }])
            );
        }
    }
}
