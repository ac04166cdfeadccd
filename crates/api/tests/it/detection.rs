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
async fn credentials_are_not_taken_before_there_is_a_project_to_seal_them_for() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({"repo_url": "https://mona:token@git.example.com/octo/site", "branch": "-x", "root_dir": "../x"});
    let answer = owner.post("/detect", body).await.expect_problem(422, "invalid");
    assert_eq!(answer.wrong_fields(), ["branch", "root_dir", "repo_url"]);
}
