//! Addresses that are no repository, one test per row of the table of bad inputs, and text that would be markup elsewhere.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Caller, TestApi, send};
use crate::webhooks::{COMMIT, Hook};

/// Every address is refused with 422 wherever one can be given, and nothing is stored.
async fn refused(addresses: &[&str]) {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    for address in addresses {
        for (method, path, body) in [
            (
                Method::POST,
                "/projects",
                json!({"repo_url": address, "name": "other"}),
            ),
            (Method::PATCH, "/projects/site", json!({"repo_url": address})),
            (Method::POST, "/detect", json!({"repo_url": address})),
        ] {
            let answer = send(owner.request(method.clone(), path).json(&body)).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{method} {path} {address:?}: {}",
                answer.text
            );
            assert_eq!(answer.wrong_fields(), ["repo_url"], "{method} {path} {address:?}");
        }
    }
    let stored =
        api.count("select count(*) from projects where repo_url = 'https://git.example.com/octo/site.git'");
    assert_eq!(stored.await, 1);
    assert_eq!(api.count("select count(*) from projects").await, 1);
}

#[tokio::test]
async fn input_35_paths_of_this_machine_are_no_repository() {
    refused(&["file:///etc", "/etc", "../x", "C:\\x", ".", ""]).await;
}

#[tokio::test]
async fn input_36_remote_helpers_are_no_repository() {
    refused(&[
        "ext::sh -c touch% /tmp/p",
        "fd::17",
        "transport::addr",
        "https::https://git.example.com/x",
    ])
    .await;
}

#[tokio::test]
async fn input_37_options_are_no_repository() {
    refused(&[
        "--upload-pack=touch /tmp/aether-input-37;",
        "-c core.sshCommand=id",
        "-u x",
        "git@git.example.com:--upload-pack=id",
        "ssh://git@git.example.com/--upload-pack=id",
    ])
    .await;
    assert!(!std::path::Path::new("/tmp/aether-input-37").exists());
}

#[tokio::test]
async fn input_38_ssh_addresses_that_are_options_are_no_repository() {
    refused(&[
        "ssh://-oProxyCommand=id/x",
        "git@-oProxyCommand=id:x",
        "ssh://git.example.com:-1/x",
        "ssh://git@git.example.com/a'b",
        "ssh://git@git.example.com/$(id)",
    ])
    .await;
}

#[tokio::test]
async fn input_39_only_https_and_ssh_are_taken() {
    refused(&[
        "http://git.example.com/x",
        "git://git.example.com/x",
        "ftp://git.example.com/x",
        "gopher://git.example.com/x",
        "HTTPS://git.example.com/x",
        " https://git.example.com/x",
        "https:/git.example.com/x",
        "https:///git.example.com/x",
    ])
    .await;
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for address in ["https://git.example.com/a/b", "git@git.example.com:a/c.git"] {
        owner
            .post("/projects", json!({ "repo_url": address }))
            .await
            .expect(StatusCode::CREATED);
    }
}

#[tokio::test]
async fn input_40_this_machine_is_no_git_host_in_any_spelling() {
    refused(&[
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://0.0.0.0/x",
        "https://0/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://0177.0.0.1/x",
        "https://127.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[::]/x",
        "https://[fe80::1]/x",
        "https://[fc00::1]/x",
    ])
    .await;
}

#[tokio::test]
async fn input_41_private_networks_and_metadata_are_no_git_hosts() {
    refused(&[
        "https://10.0.0.1/x",
        "https://172.16.0.1/x",
        "https://172.31.255.254/x",
        "https://192.168.1.1/x",
        "https://100.64.0.1/x",
        "https://169.254.169.254/x",
        "https://[fd00:ec2::254]/x",
        "https://metadata.google.internal/x",
        "https://[64:ff9b::7f00:1]/x",
    ])
    .await;
}

/// The answer is JSON that no browser takes for a page.
async fn inert(caller: &Caller, path: &str) -> Value {
    let answer = caller.get(path).await.expect(StatusCode::OK);
    assert!(
        answer.header("content-type").starts_with("application/json"),
        "{path}"
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert!(
        answer
            .header("content-security-policy")
            .contains("frame-ancestors"),
        "{path}"
    );
    answer.json
}

#[tokio::test]
async fn input_25_markup_in_stored_text_is_text() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let project = owner.project("site").await;
    for name in [
        "<img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "{{7*7}}",
        "=cmd|' /C calc'!A0",
    ] {
        let answer = owner.patch("/projects/site", json!({ "name": name })).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{name}: {}",
            answer.text
        );
        assert_eq!(inert(&owner, "/projects/site").await["name"], "site");
    }
    // From somebody at the Git host, who need not be one of us.
    let hook = Hook::of(&owner, &project);
    let title = "<script>alert(1)</script> {{7*7}}";
    let body = json!({
        "action": "opened", "number": 7,
        "pull_request": {
            "number": 7, "title": title, "html_url": "javascript:alert(1)",
            "head": {"ref": "a\"><img/src=x>", "sha": COMMIT, "repo": {"id": 2}}, "base": {"ref": "main", "sha": COMMIT, "repo": {"id": 1}}
        },
        "repository": {"id": 1, "clone_url": "https://git.example.com/octo/site.git", "default_branch": "main"}
    });
    hook.deliver(1, "pull_request", &body)
        .await
        .expect(StatusCode::OK);
    let preview = inert(&owner, "/projects/site/environments").await["items"][1].clone();
    assert_eq!(preview["pull_request"]["title"], title);
    assert_eq!(
        preview["pull_request"]["url"],
        Value::Null,
        "a link is a web address or none"
    );
    let push = json!({
        "ref": "refs/heads/<b>x</b>", "after": COMMIT,
        "repository": {"id": 1, "clone_url": "https://git.example.com/octo/site.git", "default_branch": "main"}
    });
    hook.deliver(2, "push", &push).await;
    let log = inert(&owner, "/projects/site/webhook-deliveries").await;
    let reasons = log["items"].as_array().unwrap();
    assert!(reasons.iter().any(|item| item["verdict"] == "waiting"), "{log}");
    // A name that is nowhere: the answer does not repeat it as a page either.
    let missing = owner.get("/projects/%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(
        missing
            .header("content-type")
            .starts_with("application/problem+json")
    );
}

#[tokio::test]
async fn input_93_a_zip_is_refused_whatever_it_says_it_is() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    // A local header, a name that climbs, and an end record: enough for a reader of zip archives.
    let mut zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0../x".to_vec();
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x32\0\0\0\x22\0\0\0\0\0");
    zip.resize(2048, 0);
    for (kind, status) in [
        ("application/zip", 415),
        ("application/x-zip-compressed", 415),
        ("application/octet-stream", 415),
        ("application/zstd", 415),
        ("application/x-tar", 422),
        ("application/gzip", 422),
        ("application/json", 400),
    ] {
        let request = owner
            .request(Method::POST, "/projects/site/uploads")
            .header("content-type", kind);
        let answer = send(request.body(zip.clone())).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}: {}", answer.text);
    }
    assert_eq!(api.count("select count(*) from uploads").await, 0);
    assert_eq!(api.count("select count(*) from upload_files").await, 0);
}
