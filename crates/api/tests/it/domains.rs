//! Domains of a project's own.

use reqwest::StatusCode;
use serde_json::{Value, json};

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
async fn a_domain_says_how_far_it_is_and_what_to_mend_first() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    for hostname in ["www.example.com", "example.com"] {
        owner
            .post("/projects/site/domains", json!({ "hostname": hostname }))
            .await
            .expect(StatusCode::CREATED);
    }
    let finding = |proof: &str, address: Value| json!({"proof": {"is": proof}, "address": address, "own_addresses": ["203.0.113.7"]});
    let (nowhere, here) = (json!({"is": "missing"}), json!({"is": "here"}));
    let elsewhere = json!({"is": "elsewhere", "addresses": ["198.51.100.1"]});
    let missing = json!("domain_proof_missing");
    for (finding, verified, lost, status, code) in [
        (finding("missing", nowhere), false, false, "unverified", &missing),
        (
            finding("found", elsewhere),
            true,
            false,
            "misdirected",
            &json!("domain_address_elsewhere"),
        ),
        (
            finding("found", here.clone()),
            true,
            false,
            "active",
            &Value::Null,
        ),
        (finding("missing", here), true, true, "expiring", &missing),
    ] {
        sqlx::query(
            "update domains set checked_at = now(), finding = $1, verified_at = case when $2 then now() end,
            proof_missing_since = case when $3 then now() end",
        )
        .bind(finding)
        .bind(verified)
        .bind(lost)
        .execute(api.store.raw_pool())
        .await
        .unwrap();
        let domains = owner.get("/projects/site/domains").await.json["items"].clone();
        for domain in domains.as_array().unwrap() {
            assert_eq!(
                (&domain["status"], &domain["problem"]["code"]),
                (&json!(status), code),
                "{domain}"
            );
        }
        // The top of a zone cannot be an alias.
        assert_eq!(
            domains[0]["pointing"],
            json!([{"type": "A", "name": "example.com", "value": "203.0.113.7"}])
        );
        assert_eq!(
            domains[1]["pointing"],
            json!([{"type": "CNAME", "name": "www.example.com", "value": "site.apps.test"}])
        );
    }
}

#[tokio::test]
async fn a_look_can_be_asked_for() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let check = "/projects/site/domains/www.example.com/check";
    owner
        .post(check, json!({}))
        .await
        .expect_problem(404, "not_found");
    owner
        .post("/projects/site/domains", json!({"hostname": "www.example.com"}))
        .await
        .expect(StatusCode::CREATED);
    api.sql("update domains set next_check_at = now() + interval '1 hour'")
        .await;
    let asked = owner.post(check, json!({})).await.expect(StatusCode::ACCEPTED);
    assert_eq!(asked.json["hostname"], "www.example.com");
    let due = "select count(*) from domains where next_check_at <= now()";
    assert_eq!(api.count(due).await, 1);
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
