//! What every request meets: methods, headers, unknown paths, health.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestApi, assert_body, send};

#[tokio::test]
async fn input_108_methods_that_a_path_does_not_have_are_405_with_allow() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let description = serde_json::to_value(aether_api::openapi()).unwrap();
    let mut wrong = Vec::new();
    for (pattern, item) in description["paths"].as_object().unwrap() {
        let path = pattern
            .replace("{project}", "site")
            .replace("{id}", "x")
            .replace("{key}", "K")
            .replace("{hostname}", "h");
        let known: Vec<String> = item
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase())
            .collect();
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FANCY",
        ] {
            if known.iter().any(|name| name == method) {
                continue;
            }
            let request = owner.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
            let answer = send(request.header("x-http-method-override", "GET")).await;
            let allow: Vec<&str> = answer.header("allow").split(", ").collect();
            // `/webhooks/github` is a name and a place for one at the same time.
            if answer.status != StatusCode::METHOD_NOT_ALLOWED
                || !known.iter().all(|name| allow.contains(&name.as_str()))
            {
                wrong.push((
                    method,
                    path.clone(),
                    answer.status,
                    answer.header("allow").to_owned(),
                ));
            }
        }
    }
    assert_eq!(wrong, []);
}

#[tokio::test]
async fn input_111_every_answer_carries_the_security_headers() {
    let api =
        TestApi::start_with(|settings| settings.public_url = "https://aether.example.com".parse().unwrap())
            .await;
    let nobody = api.nobody();
    for path in [
        "/api/v1/projects",
        "/api/nowhere",
        "/health",
        "/api/v1/auth/setup",
    ] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(
            answer
                .header("strict-transport-security")
                .starts_with("max-age=63072000"),
            "{path}"
        );
        assert!(answer.header("x-request-id").starts_with("req_"), "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
    }
}

#[tokio::test]
async fn the_dashboard_answers_every_other_path_under_a_policy_without_inline_code() {
    let api = TestApi::start().await;
    let page = api
        .nobody()
        .http
        .get(format!("http://{}/projects/site", api.address))
        .send()
        .await
        .unwrap();
    // A build without the dashboard says how to make one.
    let is_built = page.status() == StatusCode::OK;
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(!policy.contains("unsafe"), "{policy}");
    if is_built {
        assert!(
            policy.contains("script-src 'self'") && policy.contains("frame-src http://*.apps.test:3005"),
            "{policy}"
        );
        assert_scripts_come_compressed(&api, &page.text().await.unwrap()).await;
    } else {
        assert_eq!(page.status(), StatusCode::NOT_FOUND);
        assert!(page.text().await.unwrap().contains("npm run build"));
    }
    let missing = api
        .nobody()
        .http
        .get(format!("http://{}/assets/old-fingerprint.js", api.address))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

/// A script of the page as it was compressed at the build, for readers who take that; its own form for the others.
async fn assert_scripts_come_compressed(api: &TestApi, page: &str) {
    let start = page.find("/assets/index-").expect("the page has a script");
    let script = page[start..].split('"').next().unwrap();
    let mut tags = Vec::new();
    for (offer, encoding) in [("gzip, br", Some("br")), ("identity", None)] {
        let answer = api
            .nobody()
            .http
            .get(format!("http://{}{script}", api.address))
            .header("accept-encoding", offer)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{script}");
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header("content-encoding").as_deref(), encoding, "{script}");
        let varies = header("vary").is_some_and(|by| by.contains("accept-encoding"));
        assert!(varies || encoding.is_none(), "{script}");
        assert!(header("cache-control").unwrap().contains("immutable"), "{script}");
        tags.push(header("etag").unwrap());
    }
    assert_ne!(tags[0], tags[1], "{script}");
    for (offer, tag) in [("br", &tags[0]), ("identity", &tags[1])] {
        assert_known_has_no_body(api, script, offer, tag).await;
    }
    let hidden = format!("http://{}{script}.br", api.address);
    let answer = api.nobody().http.get(hidden).send().await.unwrap();
    assert_eq!(
        answer.status(),
        StatusCode::NOT_FOUND,
        "the compressed form has no address"
    );
}

/// A body behind a 304 would be read as the beginning of the next answer of the connection (RFC 9112, 6.3).
async fn assert_known_has_no_body(api: &TestApi, path: &str, offer: &str, tag: &str) {
    let mut connection = TcpStream::connect(api.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: {offer}\r\nif-none-match: {tag}\r\n\r\n\
         GET /no-such-page HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    connection.read_to_end(&mut answers).await.unwrap();
    let answers = String::from_utf8_lossy(&answers);
    assert!(answers.starts_with("HTTP/1.1 304"), "{answers}");
    let (_, next) = answers
        .split_once("\r\n\r\n")
        .expect("the head of the first answer ends");
    assert!(next.starts_with("HTTP/1.1 200"), "{path} {offer}: {answers}");
}

#[tokio::test]
async fn input_18_no_origin_is_ever_allowed_to_read_answers() {
    let api = TestApi::start().await;
    for origin in [
        "null",
        "https://dash.example.evil.com",
        "http://site.apps.test:3005",
        "http://localhost:3000",
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let request = api
                .nobody()
                .request(method, "/auth/setup")
                .header("origin", origin);
            let answer = send(request.header("access-control-request-method", "GET")).await;
            assert!(
                answer
                    .headers
                    .keys()
                    .all(|name| !name.as_str().starts_with("access-control")),
                "{origin}"
            );
        }
    }
}

#[tokio::test]
async fn input_112_health_is_short_and_metrics_are_for_this_machine_or_the_token() {
    let api = TestApi::start().await;
    assert_body!(
        "health",
        api.nobody().get("/health").await.expect(StatusCode::OK).json
    );
    assert_body!(
        "ready",
        api.nobody().get("/ready").await.expect(StatusCode::OK).json
    );
    api.nobody().get("/metrics").await.expect(StatusCode::OK);
    let forwarded = api
        .nobody()
        .request(Method::GET, "/metrics")
        .header("x-forwarded-for", "203.0.113.1");
    send(forwarded).await.expect_problem(404, "not_found");
    for path in ["/api/debug/pprof", "/api/v1/openapi.json", "/api"] {
        let status = api.nobody().get(path).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }

    let api =
        TestApi::start_with(|settings| settings.metrics_token = Some("a metrics token".to_owned().into()))
            .await;
    api.nobody()
        .get("/metrics")
        .await
        .expect_problem(404, "not_found");
    api.nobody()
        .with_token("a metrics tokem")
        .get("/metrics")
        .await
        .expect_problem(404, "not_found");
    let scrape = api
        .nobody()
        .request(Method::GET, "/metrics")
        .header("authorization", "Bearer a metrics token");
    send(scrape).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn unknown_paths_of_the_api_are_problems_with_the_id_of_the_request() {
    let api = TestApi::start().await;
    let answer = api
        .nobody()
        .get("/nowhere")
        .await
        .expect_problem(404, "not_found");
    assert_eq!(
        answer.header("x-request-id"),
        answer.json["request_id"].as_str().unwrap()
    );
    assert_body!("unknown_path", answer.json);
}

#[tokio::test]
async fn input_31_pages_are_bounded_and_cursors_carry_no_rights() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for n in 1..=3 {
        owner.project(&format!("site{n}")).await;
    }
    let stranger = api.stranger().await;
    let foreign = stranger.project("theirs").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for query in [
        "limit=0",
        "limit=-1",
        "limit=1000000000",
        "limit=abc",
        "limit=101",
        "cursor=x",
        "cursor=dep_01h455vb4pex5vsknk084sn02q",
        "sort=id",
        "limit=1&limit=2",
    ] {
        owner
            .get(&format!("/projects?{query}"))
            .await
            .expect_problem(400, "malformed_query");
    }
    let names = |answer: &Value| -> Vec<String> {
        answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["slug"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = owner.get("/projects?limit=2").await.json;
    assert_eq!(names(&first), ["site3", "site2"]);
    let next = owner
        .get(&format!(
            "/projects?limit=2&cursor={}",
            first["next_cursor"].as_str().unwrap()
        ))
        .await
        .json;
    assert_eq!(
        (names(&next), &next["next_cursor"]),
        (vec!["site1".to_owned()], &Value::Null)
    );
    // Another team's id only chooses a place in the own list.
    let foreign = owner
        .get(&format!("/projects?cursor={foreign}"))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(names(&foreign), ["site3", "site2", "site1"]);
}

#[tokio::test]
async fn forwarded_addresses_are_believed_from_named_proxies_only() {
    let api =
        TestApi::start_with(|settings| settings.trusted_proxies = vec!["127.0.0.9/32".parse().unwrap()])
            .await;
    for (caller, expected) in [(api.nobody(), "127.0.0.1"), (api.nobody_at(9), "203.0.113.7")] {
        let request = caller
            .request(Method::POST, "/projects")
            .header("x-forwarded-for", "198.51.100.1, 203.0.113.7");
        send(request).await.expect_problem(401, "missing_token");
        let seen: String =
            sqlx::query_scalar("select remote_address from audit_log order by id desc limit 1")
                .fetch_one(api.store.raw_pool())
                .await
                .unwrap();
        assert_eq!(seen, expected);
    }
}
