//! The service killed at its worst moment. Needs the feature `failpoints`.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aether_testkit::TestServices;
use serde_json::json;

use crate::support::{PASSWORD, TestApi, eventually};

/// Ends the process, whatever happens to the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(services: &TestServices, port: u16) -> Killed {
    let child = Command::new(env!("CARGO_BIN_EXE_aether-api"))
        .env_clear()
        .env("DATABASE_URL", services.database_url())
        .env("REDIS_URL", services.redis_url())
        .env("AETHER_SECRET_KEY", "m9Q2vXw7Lk3ZpR8tYb5NcD1sFg6HjK4a")
        .env("AETHER_DATA_DIR", services.directory())
        .env("AETHER_API_ADDR", format!("127.0.0.1:{port}"))
        // Between the commit and the wake-up the thread sleeps until it is killed.
        .env("FAILPOINTS", "deployment_inserted=sleep(60000)")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Killed(child)
}

#[tokio::test]
async fn f4_a_deployment_accepted_just_before_the_kill_is_found_by_a_worker() {
    // Same keys and database: accounts and projects made through this one are known to the other.
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let process = spawn(&api.services, free.port());
    let elsewhere = crate::support::Caller {
        address: free,
        ..api.nobody()
    };
    eventually("the process answers", || async {
        elsewhere
            .http
            .get(format!("http://{free}/health"))
            .send()
            .await
            .is_ok()
    })
    .await;
    let login = elsewhere
        .post(
            "/auth/login",
            json!({"email": "owner@example.com", "password": PASSWORD}),
        )
        .await;
    let owner = elsewhere.with_token(login.json["access_token"].as_str().unwrap());
    let request = owner
        .request(reqwest::Method::POST, "/projects/site/deployments")
        .json(&json!({}));
    let answer = tokio::spawn(request.send());
    eventually("the deployment is stored", || async {
        api.count("select count(*) from deployments").await == 1
    })
    .await;
    drop(process);
    assert!(
        tokio::time::timeout(Duration::from_secs(5), answer)
            .await
            .unwrap()
            .unwrap()
            .is_err()
    );
    let claimed = api.claim().await;
    assert_eq!((claimed.number, claimed.attempt), (1, 1));
}
