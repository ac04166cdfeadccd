//! The table follows the store, survives its absence, and survives a restart without it.

use aether_models::{DeploymentId, PlatformPage, RouteTarget};

use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::source::MemorySource;
use crate::support::{TestProxy, TestSite, route};

const HOST: &str = "site.apps.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_visible_to_the_next_request_after_its_event() {
    let proxy = TestProxy::start().await;
    proxy.page(HOST, PlatformPage::Building).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 503);
    proxy.site(HOST, &TestSite::new().html("index.html", "one")).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.text(), "one");
    let removed = proxy.source.remove(HOST);
    proxy.source.served(removed).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 404);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_event_is_made_up_for_by_the_timer() {
    let proxy = TestProxy::start().await;
    proxy.page(HOST, PlatformPage::Building).await;
    proxy.source.set_mute(true);
    proxy.page(HOST, PlatformPage::NotDeployed).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 404);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_went_back_in_time_is_followed() {
    let proxy = TestProxy::start().await;
    for _ in 0..3 {
        proxy.page(HOST, PlatformPage::Building).await;
    }
    let page = RouteTarget::Page {
        page: PlatformPage::NotDeployed,
    };
    proxy.source.restore(1, vec![route("old.apps.example", page)]);
    proxy.source.reported(|report| report.version == 1).await;
    assert!(
        Client::get(proxy.addr, "old.apps.example", "/", "")
            .await
            .text()
            .contains("Nothing here yet")
    );
    assert!(
        Client::get(proxy.addr, HOST, "/", "")
            .await
            .text()
            .contains("no site here")
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_and_f25_sites_and_apps_are_served_after_a_restart_with_everything_else_down() {
    let proxy = TestProxy::start().await;
    let app = TestApp::echo("app").await;
    proxy
        .site(HOST, &TestSite::new().html("index.html", "static"))
        .await;
    proxy.app("app.apps.example", &[app.addr]).await;
    let (folder, source) = proxy.stop().await;
    source.set_away(true);
    let proxy = TestProxy::start_in(folder, source, |_| {}).await;
    let ready = || async { Client::get(proxy.admin_addr, "x", "/ready", "").await.status };
    while ready().await != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.text(), "static");
    assert_eq!(
        Client::get(proxy.addr, "app.apps.example", "/", "")
            .await
            .header("x-app"),
        Some("app")
    );
    proxy.source.set_away(false);
    proxy.page(HOST, PlatformPage::Building).await;
    assert_eq!(
        Client::get(proxy.addr, HOST, "/", "").await.status,
        503,
        "follows again"
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_any_site_knows_that_there_is_none() {
    let proxy = TestProxy::start().await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 404);
    assert_eq!(Client::get(proxy.admin_addr, "x", "/ready", "").await.status, 200);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_knows_nothing_yet_says_so_and_is_not_ready() {
    let source = MemorySource::default();
    source.set_away(true);
    let proxy = TestProxy::start_in(tempfile::tempdir().unwrap(), source, |_| {}).await;
    assert_eq!(Client::get(proxy.addr, HOST, "/", "").await.status, 503);
    assert_eq!(Client::get(proxy.admin_addr, "x", "/ready", "").await.status, 503);
    assert_eq!(
        Client::get(proxy.admin_addr, "x", "/health", "").await.status,
        200
    );
    // The health of the proxy does not shadow a site's own pages.
    proxy.source.set_away(false);
    proxy
        .site(HOST, &TestSite::new().html("health.html", "mine"))
        .await;
    assert_eq!(Client::get(proxy.addr, HOST, "/health", "").await.text(), "mine");
    assert_eq!(Client::get(proxy.admin_addr, "x", "/ready", "").await.status, 200);
    let metrics = Client::get(proxy.admin_addr, "x", "/metrics", "").await;
    assert!(metrics.text().contains("aether_proxy_routes 1\n"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_hosts_are_all_found() {
    let proxy = TestProxy::start().await;
    let page = || RouteTarget::Page {
        page: PlatformPage::NotDeployed,
    };
    let version = proxy
        .source
        .put_all((0..10_000).map(|n| route(&format!("s{n}.apps.example"), page())));
    proxy.source.served(version).await;
    let mut client = Client::connect(proxy.addr).await;
    for n in (0..10_000).step_by(97) {
        client
            .send(
                format!("HEAD / HTTP/1.1\r\nHost: s{n}.apps.example\r\nAccept: application/json\r\n\r\n")
                    .as_bytes(),
            )
            .await;
        assert_eq!(
            client.answer("HEAD").await.unwrap().header("content-type"),
            Some("application/problem+json")
        );
    }
    let one = DeploymentId::generate();
    proxy
        .route("s5.apps.example", RouteTarget::Static { deployment_id: one })
        .await;
    assert_eq!(
        Client::get(proxy.addr, "s5.apps.example", "/", "").await.status,
        503
    );
    proxy.stop().await;
}

/// On the wire: the proxy's own view of 1,000 changes a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_changes_in_a_row_are_all_applied() {
    let proxy = TestProxy::start().await;
    let page = |page| RouteTarget::Page { page };
    let mut last = 0;
    for n in 0..1_000 {
        let kind = if n % 2 == 0 {
            PlatformPage::Building
        } else {
            PlatformPage::NotDeployed
        };
        last = proxy
            .source
            .put(route(&format!("s{}.apps.example", n % 50), page(kind)));
    }
    proxy.source.served(last).await;
    for n in 0..50 {
        let status = if n % 2 == 0 { 503 } else { 404 };
        assert_eq!(
            Client::get(proxy.addr, &format!("s{n}.apps.example"), "/", "")
                .await
                .status,
            status
        );
    }
    proxy.stop().await;
}
