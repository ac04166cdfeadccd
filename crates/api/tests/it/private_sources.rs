//! What a project needs for a private repository and for reporting to its provider: secrets that come in and never go out.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Caller, TestApi};

const KEY: &str = "/projects/site/deploy-key";
const PROVIDER: &str = "/projects/site/provider";

async fn ready() -> (TestApi, Caller) {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    (api, owner)
}

#[tokio::test]
async fn a_deploy_key_shows_its_public_part_only() {
    let (api, owner) = ready().await;
    owner.get(KEY).await.expect_problem(404, "not_found");
    let made = owner.post(KEY, json!({})).await.expect(StatusCode::CREATED);
    let public = made.json["public_key"].as_str().unwrap().to_owned();
    assert!(public.starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"), "{public}");
    assert!(!made.text.contains("PRIVATE"), "{}", made.text);
    assert_eq!(owner.get(KEY).await.expect(StatusCode::OK).json, made.json);
    let claimed = {
        owner.deploy("site").await;
        api.claim().await
    };
    assert!(claimed.deploy_key.is_some_and(|key| key.host_key.is_none()));
    // The server's key is kept from the first visit on, whatever a later one shows, until somebody forgets it.
    for key in ["ssh-ed25519 first", "ssh-ed25519 second"] {
        api.store.learn_host_key(claimed.project_id, key).await.unwrap();
    }
    assert_eq!(owner.get(KEY).await.json["host_key"], "ssh-ed25519 first");
    let path = format!("{KEY}/host-key");
    owner.delete(&path).await.expect(StatusCode::NO_CONTENT);
    owner.delete(&path).await.expect_problem(404, "not_found");
    // Another key takes the place of the first one.
    let again = owner.post(KEY, json!({})).await.expect(StatusCode::CREATED).json;
    assert_ne!(again["public_key"], public.as_str());
}

#[tokio::test]
async fn an_ssh_address_is_taken_in_both_spellings_and_kept_in_one() {
    let (_api, owner) = ready().await;
    for repo_url in [
        "git@git.example.com:octo/private.git",
        "ssh://git@git.example.com/octo/private.git",
    ] {
        let made = owner
            .post(
                "/projects",
                json!({"repo_url": repo_url, "name": format!("private {}", repo_url.len())}),
            )
            .await
            .expect(StatusCode::CREATED)
            .json;
        assert_eq!(made["repo_url"], "ssh://git@git.example.com/octo/private.git");
    }
    for repo_url in [
        "git@localhost:x",
        "ssh://git@10.0.0.1/x",
        "ssh://-oProxyCommand=id/x",
        "git@h.com:$(id)",
    ] {
        owner
            .post("/projects", json!({"repo_url": repo_url, "name": "no"}))
            .await
            .expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_connection_to_a_provider_never_shows_its_token() {
    let (_api, owner) = ready().await;
    owner.get(PROVIDER).await.expect_problem(404, "not_found");
    let body = json!({"forge": "gitea", "token": "a-provider-token"});
    let made = owner.put(PROVIDER, body).await.expect(StatusCode::OK);
    assert_eq!(
        made.json,
        json!({"forge": "gitea", "api_url": "https://git.example.com/api/v1", "last_error": null})
    );
    assert!(!owner.get(PROVIDER).await.text.contains("a-provider-token"));
    for body in [
        json!({"forge": "nobody", "token": "x"}),
        json!({"forge": "github", "token": "a\nb"}),
        json!({"forge": "github", "token": ""}),
        json!({"forge": "github", "token": "x", "api_url": "http://127.0.0.1:9"}),
        json!({"forge": "github", "token": "x", "api_url": "https://169.254.169.254"}),
        json!({"forge": "github", "token": "x", "api_url": "file:///etc/passwd"}),
    ] {
        owner.put(PROVIDER, body).await.expect_problem(422, "invalid");
    }
    owner.delete(PROVIDER).await.expect(StatusCode::NO_CONTENT);
    owner.delete(PROVIDER).await.expect_problem(404, "not_found");
}
