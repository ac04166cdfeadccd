//! Deliveries as each provider sends them, with its own headers and its own way to prove who sends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "helpers of tests"
)]

use aether_forge::{
    Changes, Delivery, Event, PullRequest, PullRequestAction, WebhookError, WebhookRequest, WebhookSecret,
    receive, repeat,
};
use http::HeaderMap;
use serde_json::{Value, json};

const COMMIT: &str = "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5";
const BEFORE: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
const DELIVERY: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
const SECRET: &str = "a secret of the project";

fn secret() -> WebhookSecret {
    WebhookSecret::new(SECRET).unwrap()
}

fn deliver(headers: &[(&'static str, &str)], body: &[u8]) -> Result<Delivery, WebhookError> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    receive(
        WebhookRequest {
            headers: &headers,
            body,
        },
        &secret(),
    )
}

fn gitlab(event: &str, body: &Value) -> Delivery {
    let headers = [
        ("x-gitlab-token", SECRET),
        ("x-gitlab-event", event),
        ("idempotency-key", DELIVERY),
        ("x-gitlab-event-uuid", "00000000-0000-0000-0000-000000000000"),
    ];
    deliver(&headers, body.to_string().as_bytes()).unwrap()
}

fn gitea(event: &str, body: &Value) -> Delivery {
    let body = body.to_string();
    let signature = secret().sign(body.as_bytes());
    let headers = [
        ("x-gitea-event", event),
        ("x-gitea-delivery", DELIVERY),
        ("x-gitea-signature", signature.trim_start_matches("sha256=")),
        ("x-github-event", event),
        ("x-github-delivery", DELIVERY),
        ("x-hub-signature-256", &signature),
    ];
    deliver(&headers, body.as_bytes()).unwrap()
}

fn bitbucket(event: &str, body: &Value) -> Delivery {
    let body = body.to_string();
    let signature = secret().sign(body.as_bytes());
    let headers = [
        ("x-event-key", event),
        ("x-request-uuid", DELIVERY),
        ("x-hub-signature", signature.as_str()),
    ];
    deliver(&headers, body.as_bytes()).unwrap()
}

fn github(event: &str, body: &Value) -> Delivery {
    let body = body.to_string();
    let signature = secret().sign(body.as_bytes());
    let headers = [
        ("x-github-event", event),
        ("x-github-delivery", DELIVERY),
        ("x-hub-signature-256", signature.as_str()),
    ];
    deliver(&headers, body.as_bytes()).unwrap()
}

fn only(delivery: Delivery) -> Event {
    assert_eq!(delivery.events.len(), 1, "{delivery:?}");
    delivery.events.into_iter().next().unwrap()
}

fn pull_request(event: Event) -> PullRequest {
    match event {
        Event::PullRequest(request) => request,
        other => panic!("{other:?}"),
    }
}

fn gitlab_push() -> Value {
    json!({
        "object_kind": "push", "event_name": "push", "before": BEFORE, "after": COMMIT, "ref": "refs/heads/main",
        "project_id": 15, "total_commits_count": 1,
        "project": {"id": 15, "default_branch": "main", "git_http_url": "https://gitlab.example.com/a/b.git", "web_url": "https://gitlab.example.com/a/b"},
        "repository": {"name": "b", "url": "git@gitlab.example.com:a/b.git"},
        "commits": [{"id": COMMIT, "message": "Change", "added": ["new"], "modified": ["apps/web/a.ts"], "removed": ["gone"]}]
    })
}

fn merge_request(action: &str, oldrev: Option<&str>, source: u32) -> Value {
    let mut body = json!({
        "object_kind": "merge_request", "project": {"id": 15, "web_url": "https://gitlab.example.com/a/b", "git_http_url": "https://gitlab.example.com/a/b.git", "default_branch": "main"},
        "object_attributes": {
            "iid": 7, "title": "Add a page", "action": action, "state": "opened", "url": "https://gitlab.example.com/a/b/-/merge_requests/7",
            "source_branch": "page", "target_branch": "main", "source_project_id": source, "target_project_id": 15,
            "last_commit": {"id": COMMIT, "message": "Add a page"}
        }
    });
    if let Some(oldrev) = oldrev {
        body["object_attributes"]["oldrev"] = json!(oldrev);
    }
    body
}

fn hub_pull_request(action: &str, head_repository: Value) -> Value {
    json!({
        "action": action, "number": 7,
        "pull_request": {
            "number": 7, "title": "Add a page", "html_url": "https://git.example.com/octo/site/pull/7", "merged": false,
            "head": {"ref": "page", "sha": COMMIT, "repo": head_repository}, "base": {"ref": "release", "sha": BEFORE, "repo": {"id": 1}}
        },
        "repository": {"id": 1, "clone_url": "https://git.example.com/octo/site.git", "default_branch": "main"}
    })
}

#[test]
fn a_push_from_gitlab_names_every_changed_file() {
    let delivery = gitlab("Push Hook", &gitlab_push());
    assert_eq!((delivery.forge, delivery.id.as_str()), ("gitlab", DELIVERY));
    let Event::Push(push) = only(delivery) else {
        panic!()
    };
    assert_eq!((push.branch.as_str(), push.commit.as_str()), ("main", COMMIT));
    let files = ["apps/web/a.ts", "gone", "new"].map(str::to_owned).to_vec();
    assert_eq!(push.changes, Changes::Known(files));
    assert_eq!(push.repository.unwrap().id.as_deref(), Some("15"));
}

#[test]
fn a_list_of_files_that_may_not_be_whole_is_taken_for_unknown() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = gitlab_push();
        change(&mut body);
        match only(gitlab("Push Hook", &body)) {
            Event::Push(push) => push.changes,
            other => panic!("{other:?}"),
        }
    };
    let is_unknown = |changes: Changes| matches!(changes, Changes::Unknown(_));
    assert!(!is_unknown(changed(&|_| {})));
    assert!(
        is_unknown(changed(&|body| body["total_commits_count"] = json!(21))),
        "cut"
    );
    assert!(
        is_unknown(changed(&|body| body["forced"] = json!(true))),
        "rewritten"
    );
    assert!(
        is_unknown(changed(&|body| body["before"] = json!("0".repeat(40)))),
        "new"
    );
    assert!(is_unknown(changed(&|body| body["commits"] = json!([]))), "none");
    assert!(is_unknown(changed(&|body| body["commits"] = Value::Null)), "null");
    assert!(
        is_unknown(changed(&|body| body["commits"] = json!([{"id": COMMIT}]))),
        "no files"
    );
    let many: Vec<Value> = (0..2048).map(|_| json!({"id": COMMIT, "added": ["a"]})).collect();
    assert!(
        is_unknown(changed(&|body| {
            body["commits"] = json!(many);
            body["total_commits_count"] = json!(2048);
        })),
        "as many as a provider lists at most"
    );
}

#[test]
fn merge_requests_of_gitlab_are_opened_synchronised_and_closed() {
    use PullRequestAction as Action;
    for (action, oldrev, expected) in [
        ("open", None, Action::Opened),
        ("reopen", None, Action::Opened),
        ("update", Some(BEFORE), Action::Synchronised),
        ("update", None, Action::Other),
        ("close", None, Action::Closed),
        ("merge", None, Action::Closed),
        ("approved", None, Action::Other),
    ] {
        let event = only(gitlab("Merge Request Hook", &merge_request(action, oldrev, 15)));
        assert_eq!(pull_request(event).action, expected, "{action} {oldrev:?}");
    }
    let request = pull_request(only(gitlab(
        "Merge Request Hook",
        &merge_request("open", None, 99),
    )));
    assert!(request.from_fork, "another project's branch");
    insta::assert_debug_snapshot!(request);
}

#[test]
fn input_71_gitlab_proves_itself_by_the_whole_secret_only() {
    let body = gitlab_push().to_string();
    for token in [
        "",
        "a secret",
        "a secret of the project ",
        "A SECRET OF THE PROJECT",
        "another secret of another project",
    ] {
        let headers = [
            ("x-gitlab-token", token),
            ("x-gitlab-event", "Push Hook"),
            ("idempotency-key", DELIVERY),
        ];
        assert_eq!(
            deliver(&headers, body.as_bytes()),
            Err(WebhookError::Signature),
            "{token:?}"
        );
    }
}

#[test]
fn input_71_gitea_and_bitbucket_sign_with_sha_256_only() {
    let body = b"{}";
    let right = secret().sign(body);
    let digits = right.trim_start_matches("sha256=").to_owned();
    for (name, value) in [
        ("x-gitea-signature", ""),
        ("x-gitea-signature", "00"),
        ("x-gitea-signature", right.as_str()),
        ("x-gitea-signature", &digits.to_uppercase()),
        ("x-hub-signature", "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
        ("x-hub-signature", digits.as_str()),
    ] {
        let headers = [
            (name, value),
            ("x-gitea-event", "push"),
            ("x-gitea-delivery", DELIVERY),
            ("x-event-key", "repo:push"),
            ("x-request-uuid", DELIVERY),
        ];
        assert_eq!(
            deliver(&headers, body),
            Err(WebhookError::Signature),
            "{name}: {value}"
        );
    }
}

#[test]
fn gitea_is_taken_for_itself_although_it_sends_githubs_headers_too() {
    let body = json!({
        "ref": "refs/heads/main", "before": BEFORE, "after": COMMIT, "total_commits": 1,
        "commits": [{"id": COMMIT, "message": "Change [skip ci]", "added": [], "removed": [], "modified": ["a"]}],
        "head_commit": {"id": COMMIT, "message": "Change [skip ci]"},
        "repository": {"id": 3, "clone_url": "https://gitea.example.com/a/b.git", "html_url": "https://gitea.example.com/a/b", "default_branch": "main"}
    });
    let delivery = gitea("push", &body);
    assert_eq!(delivery.forge, "gitea");
    let Event::Push(push) = only(delivery) else {
        panic!()
    };
    assert!(push.skip_marker().is_some());
    assert_eq!(push.changes, Changes::Known(vec!["a".to_owned()]));
    let deleted = json!({"ref": "docs", "ref_type": "branch", "repository": {"id": 3}});
    assert!(
        matches!(only(gitea("delete", &deleted)), Event::BranchDeleted { branch, .. } if branch.as_str() == "docs")
    );
    let tag = json!({"ref": "v1", "ref_type": "tag", "repository": {"id": 3}});
    assert!(matches!(only(gitea("delete", &tag)), Event::Tag { name, .. } if name == "v1"));
}

#[test]
fn pull_requests_of_github_and_gitea_are_opened_synchronised_and_closed() {
    use PullRequestAction as Action;
    for (action, expected) in [
        ("opened", Action::Opened),
        ("reopened", Action::Opened),
        ("synchronize", Action::Synchronised),
        ("closed", Action::Closed),
        ("edited", Action::Other),
        ("labeled", Action::Other),
    ] {
        let event = only(github(
            "pull_request",
            &hub_pull_request(action, json!({"id": 1})),
        ));
        assert_eq!(pull_request(event).action, expected, "{action}");
    }
    let request = pull_request(only(gitea(
        "pull_request",
        &hub_pull_request("synchronized", json!({"id": 1})),
    )));
    assert_eq!(request.action, Action::Synchronised);
    assert!(!request.from_fork);
    assert_eq!(request.commit.as_deref(), Some(COMMIT));
}

#[test]
fn input_75_a_request_of_another_or_of_a_vanished_repository_is_a_forks() {
    for head in [json!({"id": 2}), Value::Null] {
        let request = pull_request(only(github(
            "pull_request",
            &hub_pull_request("opened", head.clone()),
        )));
        assert!(request.from_fork, "{head}");
        assert_eq!(request.fetch_ref.unwrap().as_str(), "refs/pull/7/head");
    }
}

#[test]
fn one_push_to_bitbucket_may_tell_of_several_branches() {
    let body = json!({
        "repository": {"uuid": "{0b6c1f4e-0000-0000-0000-000000000000}", "full_name": "a/b", "links": {"html": {"href": "https://bitbucket.org/a/b"}}},
        "push": {"changes": [
            {"new": {"type": "branch", "name": "main", "target": {"hash": COMMIT, "message": "Change"}}, "old": {"type": "branch", "name": "main"}, "forced": false},
            {"new": null, "old": {"type": "branch", "name": "docs", "target": {"hash": BEFORE}}},
            {"new": {"type": "tag", "name": "v1", "target": {"hash": COMMIT}}, "old": null}
        ]}
    });
    insta::assert_debug_snapshot!(bitbucket("repo:push", &body));
}

#[test]
fn pull_requests_of_bitbucket_are_named_by_their_branch() {
    let repository = |uuid: &str| json!({"uuid": uuid, "full_name": "a/b"});
    let body = |source: &str| {
        json!({
            "repository": repository("{1}"),
            "pullrequest": {
                "id": 7, "title": "Add a page", "links": {"html": {"href": "https://bitbucket.org/a/b/pull-requests/7"}},
                "source": {"branch": {"name": "page"}, "commit": {"hash": "59b20b8d5c6f"}, "repository": repository(source)},
                "destination": {"branch": {"name": "main"}, "repository": repository("{1}")}
            }
        })
    };
    let own = pull_request(only(bitbucket("pullrequest:created", &body("{1}"))));
    assert_eq!(own.fetch_ref.unwrap().as_str(), "page");
    let fork = pull_request(only(bitbucket("pullrequest:updated", &body("{2}"))));
    assert!(fork.from_fork && fork.fetch_ref.is_none() && fork.commit.is_none());
    for event in ["pullrequest:fulfilled", "pullrequest:rejected"] {
        let closed = pull_request(only(bitbucket(event, &body("{1}"))));
        assert_eq!(closed.action, PullRequestAction::Closed, "{event}");
    }
}

#[test]
fn a_stored_delivery_is_read_again_in_its_providers_form() {
    let body = gitlab_push().to_string();
    let events = repeat("gitlab", "Push Hook", body.as_bytes()).unwrap();
    assert!(matches!(events.as_slice(), [Event::Push(_)]));
    assert_eq!(
        repeat("gitlab", "push", body.as_bytes()),
        Ok(vec![Event::Unknown])
    );
    assert_eq!(
        repeat("nobody", "push", body.as_bytes()),
        Err(WebhookError::Payload)
    );
}

#[test]
fn input_76_odd_payloads_of_every_provider_are_malformed_and_harmless() {
    for (forge, event) in [
        ("github", "pull_request"),
        ("gitea", "pull_request"),
        ("gitea", "delete"),
        ("gitlab", "Push Hook"),
        ("gitlab", "Merge Request Hook"),
        ("bitbucket", "repo:push"),
        ("bitbucket", "pullrequest:created"),
    ] {
        for body in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"push":{"changes":[{}]},"repository":{}}"#,
        ] {
            assert_eq!(
                repeat(forge, event, body.as_bytes()),
                Err(WebhookError::Payload),
                "{forge} {event} {body}"
            );
        }
    }
}
