//! The instance as a whole, and its description.

use std::collections::HashMap;

use aether_store::ProxyReport;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestApi, assert_body};

#[tokio::test]
async fn the_status_names_what_is_up_and_what_waits() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    api.claim().await;
    owner.deploy("site").await;
    let report = ProxyReport {
        proxy_id: "proxy-1".to_owned(),
        version: 1,
        in_flight: HashMap::new(),
    };
    api.store.report_proxy(&report).await.unwrap();
    let mut status = owner.get("/system/status").await.expect(StatusCode::OK).json;
    assert!(status["disk"]["total_bytes"].as_u64().unwrap() > status["disk"]["free_bytes"].as_u64().unwrap());
    assert!(status["queue"]["oldest_queued_seconds"].as_f64().unwrap() >= 0.0);
    status["disk"] = json!("[disk]");
    status["queue"]["oldest_queued_seconds"] = json!("[seconds]");
    assert_body!("system_status", status);
}

#[test]
fn openapi_json_is_the_description_of_this_code() {
    let committed = include_str!("../../../../openapi.json");
    let fresh = aether_api::openapi().to_pretty_json().unwrap() + "\n";
    assert!(
        committed == fresh,
        "openapi.json is stale: run `cargo run -p aether-api --bin openapi`"
    );
}
