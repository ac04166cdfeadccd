//! The data plane outlives the control plane (promise 3), and an accepted deployment is never lost (promise 1), with the
//! services as processes of their own.

mod support;

use aether_testkit::GitServer;
use reqwest::Method;
use serde_json::json;
use support::services::Apart;
use support::sites;

#[tokio::test]
async fn f25_sites_and_apps_are_served_with_everything_else_gone_also_after_a_restart_of_the_proxy() {
    let git = GitServer::start().await.unwrap();
    sites::static_site(&git, "site", "static page");
    sites::node_app(&git, "shop", "app answer");
    let mut apart = Apart::start().await;
    for name in ["site", "shop"] {
        apart.platform.create_project(name, &git.url(name)).await;
        apart.platform.deploy_ready(name).await;
    }
    apart.platform.shows("shop", "app answer").await;

    apart.api.kill();
    apart.worker.kill();
    apart.servers.redis.server().take_down().await;
    apart.servers.postgres.server().take_down().await;
    for _ in 0..20 {
        assert_eq!(apart.platform.visit("site", "/").await.unwrap().0, 200);
        assert_eq!(apart.platform.visit("shop", "/").await.unwrap().1, "app answer");
    }
    apart.proxy.kill();
    apart.proxy = apart.again("aether-proxy", &[]);
    apart.platform.shows("site", "static page").await;
    apart.platform.shows("shop", "app answer").await;

    // And the control plane finds everything as it was.
    apart.servers.postgres.server().bring_up().await;
    apart.servers.redis.server().bring_up().await;
    apart.api = apart.again("aether-api", &[]);
    apart.worker = apart.again("aether-worker", &[]);
    support::eventually("the API is back", async || {
        reqwest::get(format!("http://{}/ready", apart.platform.api))
            .await
            .is_ok_and(|r| r.status().is_success())
    })
    .await;
    apart.platform.deploy_ready("shop").await;
}

#[tokio::test]
async fn f4_a_deployment_goes_on_when_the_api_dies_before_it_wakes_a_worker() {
    let git = GitServer::start().await.unwrap();
    sites::static_site(&git, "site", "page");
    let mut apart = Apart::start().await;
    apart.platform.create_project("site", &git.url("site")).await;
    apart.api.kill();
    let sleep_forever = ("FAILPOINTS", "deployment_inserted=sleep(600000)".to_owned());
    apart.api = apart.again("aether-api", &[sleep_forever]);
    support::eventually("the API is back", async || {
        reqwest::get(format!("http://{}/ready", apart.platform.api))
            .await
            .is_ok_and(|r| r.status().is_success())
    })
    .await;
    let platform = apart.platform.clone();
    let request = tokio::spawn(async move {
        platform
            .try_call(Method::POST, "/projects/site/deployments", Some(json!({})))
            .await
    });
    let store = apart.servers.store().unwrap();
    let inserted = "select exists (select 1 from deployments)";
    support::eventually("the row is committed", async || {
        sqlx::query_scalar::<_, bool>(inserted)
            .fetch_one(store.raw_pool())
            .await
            .unwrap()
    })
    .await;
    apart.api.kill();
    assert!(request.await.is_err(), "the caller never got an answer");
    apart.platform.shows("site", "page").await;
}
