//! Malformed bodies.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{TestApi, send};

const CREATE: &str = "/projects";

#[tokio::test]
async fn inputs_19_and_21_malformed_json_is_400() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let nested = format!(r#"{{"repo_url":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "{",
        "",
        "[]",
        "null",
        "1",
        &nested,
        r#"{"repo_url":"https://git.example.com/a/b","repo_url":"https://git.example.com/c/d"}"#,
        r#"{"repo_url":"https://git.example.com/a/b"} x"#,
        "\u{feff}{\"repo_url\":\"https://git.example.com/a/b\"}",
        r#"{"repo_url":"\ud800"}"#,
        r#"{"repo_url":1}"#,
        r#"{"repo_url":"https://git.example.com/a/b","port":"3000"}"#,
        r#"{"repo_url":"https://git.example.com/a/b","port":1e400}"#,
        r#"{"repo_url":"https://git.example.com/a/b","port":-1}"#,
        r#"{"repo_url":"https://git.example.com/a/b","port":70000}"#,
        r#"{"repo_url":"https://git.example.com/a/b","build_timeout_seconds":9007199254740993}"#,
        r#"{"repo_url":"https://git.example.com/a/b","port":NaN}"#,
        r#"{"repo_url":"https://git.example.com/a/b","spa":"true"}"#,
        r#"{"repo_url":["https://git.example.com/a/b"]}"#,
    ] {
        let request = owner
            .request(Method::POST, CREATE)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let answer = send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json["code"].as_str()),
            (400, Some("malformed_json")),
            "{body:.80}: {}",
            answer.text
        );
    }
    let latin = owner
        .request(Method::POST, CREATE)
        .header("content-type", "application/json")
        .body(b"{\"repo_url\":\"\xff\"}".to_vec());
    send(latin).await.expect_problem(400, "malformed_json");
}

#[tokio::test]
async fn input_20_fields_that_are_not_the_callers_to_set_are_refused() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let before = owner.get("/projects/site").await.json;
    for field in [
        "role",
        "owner_id",
        "id",
        "team_id",
        "created_at",
        "slug",
        "webhook_secret",
        "live_deployment",
    ] {
        owner
            .patch("/projects/site", json!({field: "x"}))
            .await
            .expect_problem(400, "malformed_json");
    }
    assert_eq!(owner.get("/projects/site").await.json, before);
}

#[tokio::test]
async fn input_19_a_body_beyond_the_limit_is_413() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({"repo_url": "x".repeat(3 << 20)});
    owner
        .post(CREATE, body.clone())
        .await
        .expect_problem(413, "body_too_large");
    // Without a declared length, as chunks.
    let chunks = body
        .to_string()
        .into_bytes()
        .chunks(1 << 16)
        .map(|part| Ok::<_, std::io::Error>(part.to_vec()))
        .collect::<Vec<_>>();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let request = owner
        .request(Method::POST, CREATE)
        .header("content-type", "application/json")
        .body(body);
    send(request).await.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn inputs_16_and_22_other_types_and_encodings_are_415() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = r#"{"repo_url":"https://git.example.com/a/b"}"#;
    for kind in [
        "text/xml",
        "text/plain",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let request = owner
            .request(Method::POST, CREATE)
            .header("content-type", kind)
            .body(body);
        send(request).await.expect_problem(415, "unsupported_media_type");
    }
    send(owner.request(Method::POST, CREATE).body(body))
        .await
        .expect_problem(415, "unsupported_media_type");
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, gzip"] {
        let request = owner
            .request(Method::POST, CREATE)
            .header("content-type", "application/json");
        let request = request.header("content-encoding", encoding).body(body);
        send(request).await.expect_problem(415, "unsupported_media_type");
    }
    let request = owner
        .request(Method::POST, CREATE)
        .header("content-type", "Application/JSON; Charset=\"UTF-8\"");
    send(request.body(body)).await.expect(StatusCode::CREATED);
}
