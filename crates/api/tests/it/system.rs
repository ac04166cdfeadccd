//! The instance as a whole, and its description.

use std::collections::HashMap;

use aether_models::{DeploymentId, InstanceId, ProjectId};
use aether_store::{AppUsage, ProxyReport, VolumeUsage, WorkerReport};
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
    report_worker(&api, ProjectId::generate()).await;
    let mut status = owner.get("/system/status").await.expect(StatusCode::OK).json;
    assert!(status["disk"]["total_bytes"].as_u64().unwrap() > status["disk"]["free_bytes"].as_u64().unwrap());
    assert!(status["queue"]["oldest_queued_seconds"].as_f64().unwrap() >= 0.0);
    status["disk"] = json!("[disk]");
    status["queue"]["oldest_queued_seconds"] = json!("[seconds]");
    assert_body!("system_status", status);
}

#[tokio::test]
async fn a_projects_use_is_what_workers_say_of_it_and_of_nobody_else() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let project = owner.project("site").await;
    let nothing = owner
        .get("/projects/site/usage")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(nothing, json!({"apps": [], "volumes": []}));
    let id: ProjectId = project["id"].as_str().unwrap().parse().unwrap();
    report_worker(&api, ProjectId::generate()).await;
    assert_eq!(owner.get("/projects/site/usage").await.json, nothing);
    report_worker(&api, id).await;
    let usage = owner.get("/projects/site/usage").await.json;
    assert_eq!(usage["apps"][0]["memory_bytes"], 1 << 20);
    assert_eq!(usage["volumes"], json!([{"name": "data", "bytes": 7}]));
}

/// What a worker says that runs one app with a volume.
async fn report_worker(api: &TestApi, project_id: ProjectId) {
    let report = WorkerReport {
        worker: "worker-1".to_owned(),
        node: "one".to_owned(),
        runtime: "docker".to_owned(),
        about: vec!["docker: an engine answers".to_owned()],
        apps: vec![AppUsage {
            instance_id: InstanceId::generate(),
            deployment_id: DeploymentId::generate(),
            project_id,
            cpu_nanos: 1,
            memory_bytes: 1 << 20,
            memory_limit_bytes: 1 << 29,
            network_received_bytes: 0,
            network_sent_bytes: 0,
            processes: 2,
        }],
        volumes: vec![VolumeUsage {
            project_id,
            name: "data".to_owned(),
            bytes: Some(7),
        }],
    };
    api.store.report_worker(&report).await.unwrap();
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
