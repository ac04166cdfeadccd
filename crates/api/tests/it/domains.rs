//! Domains of a project's own.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestApi, assert_body};

#[tokio::test]
async fn a_domain_waits_for_its_proof() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let added = owner
        .post("/projects/site/domains", json!({"hostname": "WWW.Example.com."}))
        .await
        .expect(StatusCode::CREATED);
    assert_body!("domain", added.json);
    assert_eq!(
        owner.get("/projects/site/domains").await.json["items"],
        json!([added.json])
    );
    assert_eq!(
        api.count("select count(*) from routes where kind = 'domain'")
            .await,
        0
    );
    owner
        .delete("/projects/site/domains/www.example.com")
        .await
        .expect(StatusCode::NO_CONTENT);
    owner
        .delete("/projects/site/domains/www.example.com")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn inputs_67_and_68_names_nobody_can_own_are_422() {
    let api =
        TestApi::start_with(|settings| settings.public_url = "https://dash.example.org".parse().unwrap())
            .await;
    let owner = api.owner().await;
    owner.project("site").await;
    for hostname in [
        "dash.example.org",
        "apps.test",
        "x.apps.test",
        "*.example.com",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "com",
        "co.uk",
        "intranet",
        "printer.lan",
        "_x.com",
        "-a.com",
        "a..b",
        "xn--a.com",
        "evil.com {\n}",
        "a b",
        "%00",
        "example.com:80",
        "example.com/x",
        "",
        &format!("{}.com", "a".repeat(64)),
        &format!("{}com", "abcdefg.".repeat(32)),
    ] {
        let answer = owner
            .post("/projects/site/domains", json!({"hostname": hostname}))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.wrong_fields()),
            (422, vec!["hostname"]),
            "{hostname}: {}",
            answer.text
        );
    }
    for hostname in ["example.com", "münchen.example.com", "example.co.uk"] {
        owner
            .post("/projects/site/domains", json!({"hostname": hostname}))
            .await
            .expect(StatusCode::CREATED);
    }
}

#[tokio::test]
async fn inputs_67_and_106_a_domain_belongs_to_one_project() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.project("other").await;
    let body = json!({"hostname": "www.example.com"});
    let attempts = (0..20).map(|n| {
        let path = if n % 2 == 0 {
            "/projects/site/domains"
        } else {
            "/projects/other/domains"
        };
        owner.post(path, body.clone())
    });
    let mut statuses: Vec<u16> = futures::future::join_all(attempts)
        .await
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses[19]), (201, 409, 409));
    let stranger = api.stranger().await;
    stranger.project("theirs").await;
    stranger
        .post("/projects/theirs/domains", body.clone())
        .await
        .expect_problem(409, "domain_taken");
    // A claim that was never proved keeps nobody out for ever.
    api.sql("update domains set created_at = now() - interval '8 days'")
        .await;
    stranger
        .post("/projects/theirs/domains", body.clone())
        .await
        .expect(StatusCode::CREATED);
    api.sql("update domains set created_at = now() - interval '8 days', verified_at = now()")
        .await;
    owner
        .post("/projects/site/domains", body)
        .await
        .expect_problem(409, "domain_taken");
}

#[tokio::test]
async fn a_pasted_address_adds_its_host() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let pasted = json!({"hostname": " HTTPS://www.example.com/about?x#y "});
    let answer = owner
        .post("/projects/site/domains", pasted)
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(answer.json["hostname"], "www.example.com");
    for wrong in [
        "https://",
        "user@example.com",
        "https://example.com:8443/",
        "exa mple.com",
    ] {
        let answer = owner
            .post("/projects/site/domains", json!({ "hostname": wrong }))
            .await
            .expect_problem(422, "invalid");
        assert_eq!(answer.json["title"], "This domain cannot be used");
        assert_eq!(answer.json["detail"], "Enter a domain, such as www.example.com");
    }
}
