//! Deliveries of Git providers.

use std::time::Duration;

use aether_forge::WebhookSecret;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Answer, Caller, TestApi, assert_body, send};

pub(crate) const COMMIT: &str = "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5";
pub(crate) const APP_SECRET: &str = "the secret of the GitHub App";

pub(crate) fn push(branch: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"), "after": COMMIT,
        "head_commit": {"id": COMMIT, "message": "Add a page"},
        "repository": {"id": 1, "clone_url": "https://git.example.com/octo/site.git", "default_branch": "main"}
    })
}

pub(crate) fn delivery_id(n: u32) -> String {
    format!("72d3162e-cc78-11e3-81ab-{n:012x}")
}

pub(crate) struct Hook {
    pub(crate) caller: Caller,
    pub(crate) path: String,
    pub(crate) secret: String,
}

impl Hook {
    pub(crate) fn of(caller: &Caller, project: &Value) -> Self {
        let url = project["webhook"]["url"].as_str().unwrap();
        Self {
            caller: Caller {
                token: None,
                ..caller.clone()
            },
            path: url.split_once("/api/v1").unwrap().1.to_owned(),
            secret: project["webhook"]["secret"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn sign(&self, body: &[u8]) -> String {
        WebhookSecret::new(self.secret.as_str()).unwrap().sign(body)
    }

    pub(crate) async fn deliver(&self, id: u32, event: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let request = self
            .caller
            .request(Method::POST, &self.path)
            .header("content-type", "application/json");
        let request = request
            .header("x-github-event", event)
            .header("x-github-delivery", delivery_id(id));
        send(
            request
                .header("x-hub-signature-256", self.sign(body.as_bytes()))
                .body(body),
        )
        .await
    }
}

/// Sends a ping with a valid signature.
pub(crate) async fn deliver_ping(caller: &Caller, project: &Value) {
    Hook::of(caller, project)
        .deliver(1, "ping", &json!({"zen": "x"}))
        .await
        .expect(StatusCode::OK);
}

pub(crate) async fn ready() -> (TestApi, Caller, Hook) {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let project = owner.project("site").await;
    let hook = Hook::of(&owner, &project);
    (api, owner, hook)
}

#[tokio::test]
async fn a_signed_push_deploys_its_branch() {
    let (api, owner, hook) = ready().await;
    let answer = hook
        .deliver(1, "push", &push("main"))
        .await
        .expect(StatusCode::ACCEPTED);
    assert_body!("webhook_deployed", answer.json);
    let deployment = owner
        .get(&format!(
            "/deployments/{}",
            answer.json["deployment_id"].as_str().unwrap()
        ))
        .await
        .json;
    assert_eq!(
        (&deployment["trigger"], &deployment["ref"]),
        (&json!("webhook"), &json!("main"))
    );
    let mut log = owner
        .get("/projects/site/webhook-deliveries")
        .await
        .expect(StatusCode::OK)
        .json;
    log["items"][0]["payload_sha256"] = json!("[digest]");
    assert_body!("webhook_deliveries", log);
    assert_eq!(api.claim().await.git_ref, "main");
}

#[tokio::test]
async fn input_71_anything_but_the_right_signature_is_401_and_leaves_no_trace() {
    let (api, _, hook) = ready().await;
    let body = push("main").to_string();
    let right = hook.sign(body.as_bytes());
    let other = WebhookSecret::new("the secret of another project")
        .unwrap()
        .sign(body.as_bytes());
    let attempts: Vec<Vec<(&str, String)>> = vec![
        vec![],
        vec![(
            "x-hub-signature",
            "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12".to_owned(),
        )],
        vec![("x-hub-signature-256", String::new())],
        vec![("x-hub-signature-256", "sha256=".to_owned())],
        vec![("x-hub-signature-256", "sha256=00".to_owned())],
        vec![("x-hub-signature-256", right.to_uppercase())],
        vec![("x-hub-signature-256", other.clone())],
        vec![("x-aether-signature-256", other)],
        // HMAC-SHA-256 of this body with an empty key, as anybody can make it.
        vec![("x-hub-signature-256", empty_key_signature(body.as_bytes()))],
        vec![
            ("x-hub-signature-256", right.clone()),
            ("x-hub-signature-256", right),
        ],
    ];
    for headers in attempts {
        let mut request = hook
            .caller
            .request(Method::POST, &hook.path)
            .header("content-type", "application/json");
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let request = request
            .header("x-github-event", "push")
            .header("x-github-delivery", delivery_id(1));
        send(request.body(body.clone()))
            .await
            .expect_problem(401, "wrong_signature");
    }
    assert_eq!(api.count("select count(*) from deployments").await, 0);
    assert_eq!(api.count("select count(*) from webhook_deliveries").await, 0);
}

fn empty_key_signature(body: &[u8]) -> String {
    use hmac::{KeyInit, Mac};
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"")
        .unwrap()
        .chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn input_72_the_signature_is_over_the_raw_bytes() {
    let (_api, _, hook) = ready().await;
    let body = push("main").to_string();
    let signature = hook.sign(body.as_bytes());
    let rewritten = serde_json::to_string_pretty(&push("main")).unwrap();
    for sent in [
        rewritten,
        body.replace("Add a page", "Add a pagf"),
        format!("{body}\n"),
    ] {
        let request = hook
            .caller
            .request(Method::POST, &hook.path)
            .header("content-type", "application/json");
        let request = request
            .header("x-github-event", "push")
            .header("x-github-delivery", delivery_id(1));
        send(request.header("x-hub-signature-256", &signature).body(sent))
            .await
            .expect_problem(401, "wrong_signature");
    }
    // In chunks the bytes are the same.
    let chunks = body
        .as_bytes()
        .chunks(7)
        .map(|part| Ok::<_, std::io::Error>(part.to_vec()))
        .collect::<Vec<_>>();
    let request = hook
        .caller
        .request(Method::POST, &hook.path)
        .header("content-type", "application/json");
    let request = request
        .header("x-github-event", "push")
        .header("x-github-delivery", delivery_id(1));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    send(request.header("x-hub-signature-256", &signature).body(body))
        .await
        .expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn input_73_a_repeated_delivery_does_nothing_and_another_body_under_its_id_is_a_conflict() {
    let (api, _, hook) = ready().await;
    let first = hook
        .deliver(1, "push", &push("main"))
        .await
        .expect(StatusCode::ACCEPTED)
        .json;
    let again = hook
        .deliver(1, "push", &push("main"))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (&again["verdict"], &again["deployment_id"]),
        (&json!("duplicate"), &first["deployment_id"])
    );
    let mut other = push("main");
    other["after"] = json!("0123456789012345678901234567890123456789");
    hook.deliver(1, "push", &other)
        .await
        .expect_problem(409, "delivery_id_reused");
    let body = push("main").to_string();
    for id in [None, Some("1"), Some("")] {
        let mut request = hook
            .caller
            .request(Method::POST, &hook.path)
            .header("content-type", "application/json");
        if let Some(id) = id {
            request = request.header("x-aether-delivery", id);
        }
        let request = request.header("x-aether-signature-256", hook.sign(body.as_bytes()));
        send(request.body(body.clone()))
            .await
            .expect_problem(400, "malformed_delivery");
    }
    assert_eq!(api.count("select count(*) from deployments").await, 1);
}

#[tokio::test]
async fn f19_fifty_copies_of_one_delivery_at_once_make_one_deployment() {
    let (api, _, hook) = ready().await;
    let body = push("main");
    let copies = (0..50).map(|_| hook.deliver(1, "push", &body));
    for answer in futures::future::join_all(copies).await {
        assert!(answer.status.is_success(), "{}", answer.text);
    }
    assert_eq!(api.count("select count(*) from deployments").await, 1);
    assert_eq!(api.count("select count(*) from webhook_deliveries").await, 1);
}

#[tokio::test]
async fn f20_a_delivery_that_failed_on_our_side_can_be_sent_again() {
    let (api, _, hook) = ready().await;
    api.sql("alter table deployments add constraint broken check (number < 0) not valid")
        .await;
    let failed = hook
        .deliver(1, "push", &push("main"))
        .await
        .expect_problem(500, "internal");
    assert!(!failed.text.contains("broken"), "{}", failed.text);
    assert_eq!(api.count("select count(*) from webhook_deliveries").await, 0);
    api.sql("alter table deployments drop constraint broken").await;
    hook.deliver(1, "push", &push("main"))
        .await
        .expect(StatusCode::ACCEPTED);
    assert_eq!(api.count("select count(*) from deployments").await, 1);
}

#[tokio::test]
async fn f21_an_older_push_that_comes_late_still_deploys_the_head_of_the_branch() {
    let (api, _, hook) = ready().await;
    hook.deliver(2, "push", &push("main"))
        .await
        .expect(StatusCode::ACCEPTED);
    let mut older = push("main");
    older["after"] = json!("0123456789012345678901234567890123456789");
    hook.deliver(1, "push", &older).await.expect(StatusCode::ACCEPTED);
    // One of the two was superseded; what is left names the branch, whose head is the newest commit.
    assert_eq!(
        api.count("select count(*) from deployments where status = 'QUEUED'")
            .await,
        1
    );
    assert_eq!(api.claim().await.git_ref, "main");
}

#[tokio::test]
async fn inputs_74_and_75_what_does_not_deploy_says_why() {
    let (api, owner, hook) = ready().await;
    let mut elsewhere = push("main");
    elsewhere["repository"]["clone_url"] = json!("https://git.example.com/octo/other.git");
    let mut tag = push("main");
    tag["ref"] = json!("refs/tags/v1");
    let mut deleted = push("main");
    deleted["after"] = json!("0".repeat(40));
    let mut skipped = push("main");
    skipped["head_commit"]["message"] = json!("Fix a typo [skip ci]");
    let cases = [
        ("push", elsewhere),
        ("push", tag),
        ("push", deleted),
        ("push", skipped),
        ("push", push("docs")),
        ("ping", json!({})),
        ("star", json!({})),
    ];
    let mut reasons = Vec::new();
    for (number, (event, body)) in (1..).zip(cases) {
        let answer = hook
            .deliver(number, event, &body)
            .await
            .expect(StatusCode::OK)
            .json;
        assert_eq!(answer["verdict"], "ignored");
        reasons.push(answer["reason"].clone());
    }
    owner
        .patch("/projects/site", json!({"auto_deploy": false}))
        .await
        .expect(StatusCode::OK);
    reasons.push(
        hook.deliver(20, "push", &push("main"))
            .await
            .expect(StatusCode::OK)
            .json["reason"]
            .clone(),
    );
    assert_body!("webhook_reasons", reasons);
    assert_eq!(api.count("select count(*) from deployments").await, 0);
    assert_eq!(api.count("select count(*) from webhook_deliveries").await, 8);
}

#[tokio::test]
async fn the_branch_is_the_projects_or_the_providers_default_or_a_usual_one() {
    let (_api, owner, hook) = ready().await;
    let mut master = push("master");
    master["repository"]["default_branch"] = json!("master");
    assert_eq!(hook.deliver(1, "push", &master).await.json["verdict"], "deployed");
    let bare = json!({"ref": "refs/heads/main", "after": COMMIT});
    assert_eq!(hook.deliver(2, "push", &bare).await.json["verdict"], "deployed");
    owner
        .patch("/projects/site", json!({"branch": "release"}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        hook.deliver(3, "push", &push("main")).await.json["verdict"],
        "ignored"
    );
    assert_eq!(
        hook.deliver(4, "push", &push("release")).await.json["verdict"],
        "deployed"
    );
}

#[tokio::test]
async fn input_76_large_odd_and_wrongly_typed_deliveries_are_refused_in_under_a_second() {
    let (_api, _, hook) = ready().await;
    let nested = format!("{{\"ref\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let form = format!("payload={}", push("main"));
    let commits =
        json!({"ref": "refs/heads/main", "after": "x", "commits": vec![json!({"id": COMMIT}); 100_000]})
            .to_string();
    for (kind, body, status) in [
        ("application/json", "x".repeat(25 << 20), 413),
        ("application/json", nested, 400),
        ("application/json", commits, 400),
        ("application/json", "null".to_owned(), 400),
        ("application/x-www-form-urlencoded", form, 415),
        ("text/plain", push("main").to_string(), 415),
    ] {
        let request = hook
            .caller
            .request(Method::POST, &hook.path)
            .header("content-type", kind);
        let request = request
            .header("x-github-event", "push")
            .header("x-github-delivery", delivery_id(1));
        let request = request
            .header("x-hub-signature-256", hook.sign(body.as_bytes()))
            .body(body);
        let sent = Instant::now();
        // The server may answer and close before a large body was sent whole.
        if let Ok(response) = request.send().await {
            assert_eq!(response.status().as_u16(), status, "{kind}");
        } else {
            assert_eq!(status, 413);
        }
        assert!(sent.elapsed() < Duration::from_secs(3), "{:?}", sent.elapsed());
    }
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        assert_eq!(
            send(hook.caller.request(method, &hook.path)).await.status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}

#[tokio::test]
async fn a_project_that_does_not_exist_answers_like_a_wrong_signature() {
    let (api, _, hook) = ready().await;
    for name in ["nobody", "prj_01h455vb4pex5vsknk084sn02q", "..", "%00"] {
        let body = push("main").to_string();
        let request = api
            .nobody()
            .request(Method::POST, &format!("/webhooks/{name}"))
            .header("content-type", "application/json");
        let answer = send(
            request
                .header("x-hub-signature-256", hook.sign(body.as_bytes()))
                .body(body),
        )
        .await;
        assert!(
            matches!(answer.status.as_u16(), 401 | 404),
            "{name}: {} {}",
            answer.status,
            answer.text
        );
    }
}

#[tokio::test]
async fn a_stored_delivery_can_be_replayed() {
    let (api, owner, hook) = ready().await;
    hook.deliver(1, "push", &push("docs"))
        .await
        .expect(StatusCode::OK);
    let id = owner.get("/projects/site/webhook-deliveries").await.json["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/projects/site/webhook-deliveries/{id}/replay");
    let ignored = owner
        .post(&path, json!({}))
        .await
        .expect(StatusCode::ACCEPTED)
        .json;
    assert_eq!(ignored["verdict"], "ignored");
    owner
        .patch("/projects/site", json!({"branch": "docs"}))
        .await
        .expect(StatusCode::OK);
    let replayed = owner
        .post(&path, json!({}))
        .await
        .expect(StatusCode::ACCEPTED)
        .json;
    assert_eq!(
        (&replayed["verdict"], api.claim().await.git_ref.as_str()),
        (&json!("deployed"), "docs")
    );
    owner
        .post(
            "/projects/site/webhook-deliveries/whd_01h455vb4pex5vsknk084sn02q/replay",
            json!({}),
        )
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn the_github_app_deploys_every_project_of_the_repository() {
    let api =
        TestApi::start_with(|settings| settings.github_webhook_secret = Some(APP_SECRET.to_owned().into()))
            .await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.project("second").await;
    let other = json!({"repo_url": "https://git.example.com/octo/other.git"});
    owner.post("/projects", other).await.expect(StatusCode::CREATED);
    let hook = Hook {
        caller: api.nobody(),
        path: "/webhooks/github".to_owned(),
        secret: APP_SECRET.to_owned(),
    };
    let mut body = push("main");
    body["repository"]["clone_url"] = json!("https://GIT.example.com/Octo/Site");
    let answer = hook.deliver(1, "push", &body).await.expect(StatusCode::OK).json;
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);
    assert_eq!(api.count("select count(*) from deployments").await, 2);
    let again = hook.deliver(1, "push", &body).await.expect(StatusCode::OK).json;
    assert!(
        again["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|result| result["verdict"] == "duplicate")
    );
    assert_eq!(
        hook.deliver(2, "ping", &json!({}))
            .await
            .expect(StatusCode::OK)
            .json["results"],
        json!([])
    );

    let without = TestApi::start().await;
    let hook = Hook {
        caller: without.nobody(),
        path: "/webhooks/github".to_owned(),
        secret: "x".repeat(32),
    };
    hook.deliver(1, "push", &body)
        .await
        .expect_problem(401, "wrong_signature");
}

#[tokio::test]
async fn input_77_a_wrong_signature_takes_as_long_wherever_it_is_wrong() {
    let (_api, _, hook) = ready().await;
    let body = push("main").to_string();
    let right = hook.sign(body.as_bytes());
    let flip = |position: usize| {
        let mut bytes = right.clone().into_bytes();
        bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).unwrap()
    };
    let (first, last) = (flip(7), flip(70));
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..400 {
        let which = round % 2;
        let request = hook
            .caller
            .request(Method::POST, &hook.path)
            .header("content-type", "application/json");
        let request = request
            .header("x-hub-signature-256", if which == 0 { &first } else { &last })
            .body(body.clone());
        let sent = Instant::now();
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
        times[which].push(sent.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let [mut early, mut late] = times;
    let (early, late) = (median(&mut early), median(&mut late));
    // The comparison itself is the library's; this catches one that was put in front of it.
    assert!(
        early.abs_diff(late) < Duration::from_millis(2),
        "{early:?} {late:?}"
    );
}
