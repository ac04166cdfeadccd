//! No visitor's request fails while releases change (promise 2).
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use aether_testkit::GitServer;
use reqwest::Method;
use serde_json::json;
use support::load::Load;
use support::services::Up;
use support::{Platform, sites};

/// Switches of the live release under load.
const SWAPS: usize = 200;
/// Every so many switches is a whole redeploy; the others are rollbacks.
const REDEPLOY_EVERY: usize = 20;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f22_two_hundred_swaps_of_an_app_under_load_fail_no_request() {
    let git = GitServer::start().await.unwrap();
    let repo = sites::node_app(&git, "shop", "release 0");
    let up = Up::start().await;
    let platform = &up.platform;
    platform.create_project("shop", &git.url("shop")).await;
    let mut releases = [platform.deploy_ready("shop").await, String::new()];
    sites::change_app(&repo, "release 1");
    releases[1] = platform.deploy_ready("shop").await;
    platform.shows("shop", "release 1").await;
    let load = Load::start(platform, "shop", "release");
    for swap in 0..SWAPS {
        if swap % REDEPLOY_EVERY == REDEPLOY_EVERY - 1 {
            sites::change_app(&repo, &format!("release {swap}"));
            // The swap before this one made the first of the two live: it is the one that stays running.
            releases[1] = platform.deploy_ready("shop").await;
        } else {
            let body = json!({"deployment_id": releases[swap % 2]});
            platform
                .call(Method::POST, "/projects/shop/rollback", Some(body))
                .await;
        }
    }
    let (answered, failures) = load.stop().await;
    assert!(
        failures.is_empty(),
        "{} of {answered} failed: {:?}",
        failures.len(),
        &failures[..failures.len().min(5)]
    );
    assert!(answered > SWAPS as u64, "the load was real: {answered} requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_push_changes_the_site_without_a_failed_request() {
    let git = GitServer::start().await.unwrap();
    let repo = sites::static_site(&git, "site", "version one");
    let up = Up::start().await;
    let platform = &up.platform;
    platform.create_project("site", &git.url("site")).await;
    platform.deploy_ready("site").await;
    platform.shows("site", "version one").await;
    let webhook = platform.call(Method::GET, "/projects/site/webhook", None).await;
    let load = Load::start(platform, "site", "version");

    sites::change_page(&repo, "version two");
    let head = repo.head("main").unwrap();
    let status = push(
        platform,
        webhook["secret"].as_str().unwrap(),
        "0192f0c4-7d6a-7c3e-8b1a-000000000001",
        &head,
    )
    .await;
    assert!(status.is_success(), "{status}");
    platform.shows("site", "version two").await;
    let (answered, failures) = load.stop().await;
    assert!(
        failures.is_empty(),
        "{} of {answered} failed: {:?}",
        failures.len(),
        &failures[..failures.len().min(5)]
    );

    let again = push(
        platform,
        webhook["secret"].as_str().unwrap(),
        "0192f0c4-7d6a-7c3e-8b1a-000000000001",
        &head,
    )
    .await;
    assert!(again.is_success(), "a repeated delivery is a no-op: {again}");
    let deployments = platform
        .call(Method::GET, "/projects/site/deployments", None)
        .await;
    assert_eq!(
        deployments["items"].as_array().unwrap().len(),
        2,
        "{deployments:#}"
    );
    let forged = push(
        platform,
        "not the secret",
        "0192f0c4-7d6a-7c3e-8b1a-000000000002",
        &head,
    )
    .await;
    assert_eq!(forged, 401);
}

async fn push(platform: &Platform, secret: &str, delivery: &str, head: &str) -> reqwest::StatusCode {
    use hmac::{Hmac, KeyInit, Mac};
    let body = json!({"ref": "refs/heads/main", "after": head}).to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    reqwest::Client::new()
        .post(format!("http://{}/api/v1/webhooks/site", platform.api))
        .header("content-type", "application/json")
        .header("x-aether-event", "push")
        .header("x-aether-delivery", delivery)
        .header("x-aether-signature-256", signature)
        .body(body)
        .send()
        .await
        .unwrap()
        .status()
}
