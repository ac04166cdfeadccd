//! Deliveries as providers send them, through the one way in.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use aether_forge::{Event, WebhookError, WebhookRequest, WebhookSecret, receive};
use http::HeaderMap;

const COMMIT: &str = "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5";
const DELIVERY: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

fn secret() -> WebhookSecret {
    WebhookSecret::new("a secret of the project").unwrap()
}

fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

fn generic(event: &str, body: &str) -> Result<Event, WebhookError> {
    let signature = secret().sign(body.as_bytes());
    let headers = headers(&[
        ("x-aether-signature-256", &signature),
        ("x-aether-delivery", DELIVERY),
        ("x-aether-event", event),
    ]);
    receive(
        WebhookRequest {
            headers: &headers,
            body: body.as_bytes(),
        },
        &secret(),
    )
    .map(|delivery| delivery.events.into_iter().next().unwrap())
}

fn github(event: &str, body: &str) -> Result<Event, WebhookError> {
    let signature = secret().sign(body.as_bytes());
    let headers = headers(&[
        ("x-hub-signature-256", &signature),
        ("x-github-delivery", DELIVERY),
        ("x-github-event", event),
    ]);
    receive(
        WebhookRequest {
            headers: &headers,
            body: body.as_bytes(),
        },
        &secret(),
    )
    .map(|delivery| delivery.events.into_iter().next().unwrap())
}

fn push_body(git_ref: &str, after: &str, message: &str) -> String {
    serde_json::json!({
        "ref": git_ref, "before": COMMIT, "after": after, "created": false, "deleted": false, "forced": true,
        "head_commit": {"id": after, "message": message, "author": {"name": "Mona"}},
        "commits": [{"id": after, "message": message, "added": [], "removed": [], "modified": ["a"]}],
        "repository": {
            "id": 186_853_002, "full_name": "Codertocat/Hello-World", "default_branch": "main",
            "html_url": "https://github.com/Codertocat/Hello-World",
            "clone_url": "https://github.com/Codertocat/Hello-World.git", "url": "https://github.com/Codertocat/Hello-World"
        },
        "pusher": {"name": "Codertocat"}, "sender": {"id": 1}
    })
    .to_string()
}

#[test]
fn a_push_to_github_names_branch_commit_and_repository() {
    let event = github("push", &push_body("refs/heads/feature/x", COMMIT, "Add a thing")).unwrap();
    insta::assert_debug_snapshot!(event);
}

#[test]
fn a_push_from_gitlab_is_read_in_the_generic_form() {
    let body = serde_json::json!({
        "object_kind": "push", "ref": "refs/heads/main", "after": COMMIT, "project_id": 15,
        "project": {"id": 15, "default_branch": "main", "git_http_url": "https://gitlab.example.com/a/b.git", "web_url": "https://gitlab.example.com/a/b"},
        "repository": {"name": "b", "url": "git@gitlab.example.com:a/b.git", "git_http_url": "https://gitlab.example.com/a/b.git"},
        "commits": [{"id": "0000", "message": "old"}, {"id": COMMIT, "message": "new [skip ci]"}]
    });
    let event = generic("push", &body.to_string()).unwrap();
    let Event::Push(push) = &event else {
        panic!("{event:?}")
    };
    assert_eq!(
        push.skip_marker().map(|marker| marker.as_str()),
        Some("[skip ci]")
    );
    insta::assert_debug_snapshot!(event);
}

#[test]
fn the_smallest_push_is_a_branch_and_a_commit() {
    let event = generic("push", &format!(r#"{{"ref":"main","after":"{COMMIT}"}}"#)).unwrap();
    assert!(
        matches!(event, Event::Push(push) if push.branch.as_str() == "main" && push.repository.is_none())
    );
}

#[test]
fn input_75_tags_deleted_branches_pings_and_unknown_events_are_no_pushes() {
    let zeros = "0".repeat(40);
    assert!(
        matches!(github("push", &push_body("refs/tags/v1", COMMIT, "")), Ok(Event::Tag { name, .. }) if name == "v1")
    );
    assert!(matches!(
        github("push", &push_body("refs/heads/x", &zeros, "")),
        Ok(Event::BranchDeleted { branch, .. }) if branch.as_str() == "x"
    ));
    assert_eq!(github("ping", "{}"), Ok(Event::Ping));
    assert_eq!(github("star", "not json"), Ok(Event::Unknown));
    assert_eq!(generic("deployment_status", "{}"), Ok(Event::Unknown));
}

#[test]
fn input_75_the_author_can_ask_for_no_deployment() {
    for (message, skipped) in [
        ("[skip ci] docs", true),
        ("docs\n\n[Skip Deploy]", true),
        ("docs [ci skip]", true),
        ("explain skip ci", false),
        ("", false),
    ] {
        let Ok(Event::Push(push)) = github("push", &push_body("refs/heads/main", COMMIT, message)) else {
            panic!()
        };
        assert_eq!(push.skip_marker().is_some(), skipped, "{message:?}");
    }
}

#[test]
fn input_71_the_signature_is_looked_at_before_anything_else() {
    let body = "not json";
    let without = headers(&[("x-github-delivery", "nonsense")]);
    let sha1 = headers(&[("x-hub-signature", "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")]);
    let empty = headers(&[("x-hub-signature-256", "")]);
    let other = WebhookSecret::new("the secret of another project")
        .unwrap()
        .sign(body.as_bytes());
    let foreign = headers(&[("x-hub-signature-256", &other)]);
    let right = secret().sign(body.as_bytes());
    let doubled = headers(&[("x-hub-signature-256", &other), ("x-hub-signature-256", &right)]);
    for headers in [without, sha1, empty, foreign, doubled] {
        let request = WebhookRequest {
            headers: &headers,
            body: body.as_bytes(),
        };
        assert_eq!(
            receive(request, &secret()),
            Err(WebhookError::Signature),
            "{headers:?}"
        );
    }
}

#[test]
fn input_73_a_delivery_without_a_uuid_is_malformed() {
    let signature = secret().sign(b"{}");
    for id in [None, Some("1"), Some("")] {
        let mut headers = headers(&[("x-aether-signature-256", &signature)]);
        if let Some(id) = id {
            headers.insert("x-aether-delivery", id.parse().unwrap());
        }
        let request = WebhookRequest {
            headers: &headers,
            body: b"{}",
        };
        assert_eq!(receive(request, &secret()), Err(WebhookError::DeliveryId));
    }
}

#[test]
fn input_76_odd_payloads_are_malformed_and_harmless() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\u{feff}{}",
        &nested,
        r#"{"ref":1}"#,
        r#"{"ref":"--help","after":"x"}"#,
    ] {
        assert_eq!(generic("push", body), Err(WebhookError::Payload), "{body:.40}");
    }
    assert_eq!(
        generic("push", &push_body("refs/heads/main", "HEAD; id", "")),
        Err(WebhookError::Payload)
    );
}
