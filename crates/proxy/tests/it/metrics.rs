//! What operators see: metrics by project, traffic in the report, the access log.

use aether_models::{DeploymentId, RouteTarget};
use aether_proxy::ProjectTraffic;

use crate::support::client::{Client, PATIENCE};
use crate::support::{TestProxy, TestSite, route};

const HOST: &str = "site.apps.example";
const DOWN: &str = "down.apps.example";

async fn metrics(proxy: &TestProxy) -> String {
    Client::get(proxy.admin_addr, "x", "/metrics", "")
        .await
        .text()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_project_and_reported() {
    let proxy = TestProxy::start().await;
    let id = proxy
        .site(HOST, &TestSite::new().html("index.html", "home"))
        .await;
    // Two hosts of one project, and an app of another that is down.
    let site = route(HOST, RouteTarget::Static { deployment_id: id });
    let mut alias = route("alias.apps.example", RouteTarget::Static { deployment_id: id });
    alias.project_id = site.project_id;
    let project = site.project_id;
    let down = route(
        DOWN,
        RouteTarget::App {
            deployment_id: DeploymentId::generate(),
            upstreams: vec!["127.0.0.1:1".parse().unwrap()],
        },
    );
    let failing = down.project_id;
    let version = proxy.source.put_all([site, alias, down]);
    proxy.source.served(version).await;

    let mut client = Client::connect(proxy.addr).await;
    for (host, target, status) in [
        (HOST, "/", 200),
        ("alias.apps.example", "/", 200),
        (HOST, "/nope", 404),
        (DOWN, "/", 502),
        ("nobody.apps.example", "/", 404),
    ] {
        client
            .send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
            .await;
        assert_eq!(client.answer("GET").await.unwrap().status, status, "{host}");
    }
    let text = metrics(&proxy).await;
    for line in [
        format!("aether_proxy_project_requests_total{{project=\"{project}\",status=\"2xx\"}} 2"),
        format!("aether_proxy_project_requests_total{{project=\"{project}\",status=\"4xx\"}} 1"),
        format!("aether_proxy_project_requests_total{{project=\"{failing}\",status=\"5xx\"}} 1"),
        format!("aether_proxy_project_request_duration_seconds_count{{project=\"{project}\"}} 3"),
        format!(
            "aether_proxy_project_request_duration_seconds_bucket{{project=\"{project}\",le=\"+Inf\"}} 3"
        ),
        format!("aether_proxy_project_requests_in_flight{{project=\"{project}\"}} 0"),
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "{line} is missing in\n{text}"
        );
    }
    assert!(!text.contains("project=\"others\""), "{text}");

    let report = proxy
        .source
        .reported(|report| report.traffic.get(&failing).is_some())
        .await;
    assert_eq!(report.traffic.len(), 2, "an unknown host is nobody's");
    let traffic = report.traffic[&project];
    assert_eq!((traffic.requests, traffic.errors), (3, 0));
    assert!(traffic.sent_bytes > 8, "two pages and a 404");
    assert_eq!(traffic.latency.iter().sum::<u64>(), 3);
    let expected = ProjectTraffic {
        requests: 1,
        errors: 1,
        ..report.traffic[&failing]
    };
    assert_eq!(report.traffic[&failing], expected);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_96_the_access_log_has_the_sites_that_want_it_and_no_query() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let file = path.clone();
    let proxy = TestProxy::start_with(|settings| settings.access_log_file = Some(file)).await;
    let id = proxy
        .site(HOST, &TestSite::new().html("index.html", "home"))
        .await;
    let target = RouteTarget::Static { deployment_id: id };
    let mut logged = route("logged.apps.example", target.clone());
    logged.access_log_percent = 100;
    let project = logged.project_id;
    let version = proxy
        .source
        .put_all([route("quiet.apps.example", target), logged]);
    proxy.source.served(version).await;
    for host in ["quiet.apps.example", "logged.apps.example", "nobody.apps.example"] {
        let _ = Client::get(proxy.addr, host, "/?token=s3cret", "Cookie: s3cret\r\n").await;
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let text = loop {
        match std::fs::read_to_string(&path) {
            Ok(text) if text.ends_with('\n') => break text,
            _ => assert!(tokio::time::Instant::now() < deadline, "nothing was logged"),
        }
        tokio::task::yield_now().await;
    };
    assert!(!text.contains("s3cret"), "{text}");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["host"], "logged.apps.example");
    assert_eq!(line["path"], "/");
    assert_eq!(line["project"], project.to_string());
    assert_eq!((&line["status"], &line["sent_bytes"]), (&200.into(), &4.into()));
    proxy.stop().await;
}
