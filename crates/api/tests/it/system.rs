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
    let proxy = ProxyReport {
        proxy_id: "proxy-1".to_owned(),
        version: 1,
        in_flight: HashMap::new(),
        ..Default::default()
    };
    api.store.report_proxy(&proxy).await.unwrap();
    // The test's own worker is called `worker`; the other one is idle.
    for worker in [report("worker", "a"), report("idle", "b")] {
        api.store.report_worker(&worker).await.unwrap();
    }
    let mut status = owner.get("/system/status").await.expect(StatusCode::OK).json;
    assert!(status["disk"]["total_bytes"].as_u64().unwrap() > status["disk"]["free_bytes"].as_u64().unwrap());
    assert!(status["queue"]["oldest_queued_seconds"].as_f64().unwrap() >= 0.0);
    for server in ["postgres_version", "redis_version"] {
        let version = status[server].as_str().unwrap();
        assert!(
            version.starts_with(|first: char| first.is_ascii_digit()),
            "{server}: {version}"
        );
        status[server] = json!("[version]");
    }
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
    report_use(&api, ProjectId::generate()).await;
    assert_eq!(owner.get("/projects/site/usage").await.json, nothing);
    report_use(&api, id).await;
    let usage = owner.get("/projects/site/usage").await.json;
    assert_eq!(usage["apps"][0]["memory_bytes"], 1 << 20);
    assert_eq!(usage["volumes"], json!([{"name": "data", "bytes": 7}]));
}

/// What an idle worker says.
fn report(worker_id: &str, node: &str) -> WorkerReport {
    WorkerReport {
        worker_id: worker_id.to_owned(),
        node: node.to_owned(),
        version: "0.1.0".to_owned(),
        runtime: "process".to_owned(),
        about: vec!["No Docker engine is used on this machine".to_owned()],
        concurrency: 2,
        started_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        disk_total: Some(1000),
        disk_free: Some(400),
        apps: vec![],
        volumes: vec![],
    }
}

/// A worker says that it runs one app with a volume.
async fn report_use(api: &TestApi, project_id: ProjectId) {
    let report = WorkerReport {
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
        ..report("worker-1", "one")
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
