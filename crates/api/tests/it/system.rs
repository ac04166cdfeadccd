//! The instance as a whole, and its description.

use std::collections::HashMap;

use aether_models::{DeploymentId, InstanceId, ProjectId};
use aether_store::{AppUsage, ProxyReport, TrafficCounts, VolumeUsage, WorkerReport};
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

#[tokio::test]
async fn a_projects_traffic_is_what_all_proxies_counted_for_it_and_for_nobody_else() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let project = owner.project("site").await;
    let id: ProjectId = project["id"].as_str().unwrap().parse().unwrap();
    let nothing = owner
        .get("/projects/site/traffic")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (&nothing["proxies"], &nothing["step_seconds"]),
        (&json!(0), &json!(900))
    );
    assert_eq!(nothing["points"].as_array().unwrap().len(), 96);
    assert_eq!(
        nothing["total"],
        json!({"requests": 0, "errors": 0, "sent_bytes": 0, "p50_at_most_ms": null, "p99_at_most_ms": null})
    );

    let hour = owner.get("/projects/site/traffic?range=hour").await.json;
    let last = hour["points"][59]["at"].as_str().unwrap();
    let minute = last.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp() / 60;
    let counts = |requests, latency| TrafficCounts {
        requests,
        errors: 1,
        sent_bytes: 1000,
        latency,
    };
    let of_one = counts(3, [2, 0, 1, 0, 0, 0, 0]);
    // Written twice, as after an answer that was lost: it counts once.
    for _ in 0..2 {
        api.store
            .record_traffic("one", minute, &[(id, of_one)])
            .await
            .unwrap();
    }
    let of_two = counts(1, [0, 0, 0, 0, 0, 0, 1]);
    api.store
        .record_traffic("two", minute - 5, &[(id, of_two)])
        .await
        .unwrap();
    let too_old = counts(50, [50, 0, 0, 0, 0, 0, 0]);
    api.store
        .record_traffic("one", minute - 24 * 60, &[(id, too_old)])
        .await
        .unwrap();
    let of_another = [(ProjectId::generate(), of_one)];
    api.store
        .record_traffic("one", minute, &of_another)
        .await
        .unwrap();
    for range in ["hour", "day"] {
        let path = format!("/projects/site/traffic?range={range}");
        let traffic = owner.get(&path).await.expect(StatusCode::OK).json;
        let total = json!({
            "requests": 4, "errors": 2, "sent_bytes": 2000, "p50_at_most_ms": 5, "p99_at_most_ms": null
        });
        assert_eq!(traffic["total"], total, "{range}");
        let points = traffic["points"].as_array().unwrap();
        let sum: u64 = points
            .iter()
            .map(|point| point["requests"].as_u64().unwrap())
            .sum();
        assert_eq!(sum, 4, "every minute is in one point");
    }
    owner
        .get("/projects/site/traffic?range=year")
        .await
        .expect(StatusCode::BAD_REQUEST);
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
