//! Build and runtime logs, in pages and live.

use std::time::Duration;

use aether_models::{DeploymentStatus, InstanceId, UserError};
use aether_store::NewRuntimeLine;
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Caller, PASSWORD, TestApi, line, send};

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
struct SseEvent {
    name: String,
    id: Option<i64>,
    data: Value,
}

/// A reader of a stream, as strict as the specification.
struct Reader {
    body: futures::stream::BoxStream<'static, Vec<u8>>,
    buffer: String,
}

impl Reader {
    async fn open(caller: &Caller, path: &str, last_event_id: Option<&str>) -> Self {
        let mut request = caller
            .request(Method::GET, path)
            .header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
        let body = response
            .bytes_stream()
            .take_while(|part| std::future::ready(part.is_ok()))
            .map(|part| part.unwrap().to_vec());
        Self {
            body: body.boxed(),
            buffer: String::new(),
        }
    }

    /// The next event; none at the end of the stream.
    async fn next(&mut self) -> Option<SseEvent> {
        let next = async {
            loop {
                if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                    let event = parse(block);
                    self.buffer = rest.to_owned();
                    match event {
                        Some(event) => return Some(event),
                        None => continue,
                    }
                }
                self.buffer
                    .push_str(&String::from_utf8(self.body.next().await?).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(35), next)
            .await
            .expect("an event or the end within 35 s")
    }

    async fn next_log(&mut self) -> (i64, String) {
        loop {
            let event = self.next().await.expect("a line");
            if event.name == "log" {
                return (event.id.unwrap(), event.data["text"].as_str().unwrap().to_owned());
            }
        }
    }

    async fn rest(mut self) -> Vec<SseEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// None for a comment.
fn parse(block: &str) -> Option<SseEvent> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    let fields = block.lines().filter(|line| !line.starts_with(':')).count();
    if fields == 0 {
        return None;
    }
    let id = field("id").map(|id| id.parse().unwrap());
    assert_eq!(
        fields,
        2 + usize::from(id.is_some()),
        "fields beside event, id and data in {block:?}"
    );
    Some(SseEvent {
        name: field("event").unwrap().to_owned(),
        id,
        data: serde_json::from_str(field("data").unwrap()).unwrap(),
    })
}

async fn building(api: &TestApi) -> (Caller, String, aether_store::ClaimedDeployment) {
    let owner = api.owner().await;
    owner.project("site").await;
    let id = owner.deploy("site").await["id"].as_str().unwrap().to_owned();
    (owner, format!("/deployments/{id}/logs"), api.claim().await)
}

async fn fail(api: &TestApi, claimed: &aether_store::ClaimedDeployment) {
    let error = UserError::new("build_command_failed", "The build failed", "it ended with 1");
    api.store
        .finish_deployment(&claimed.lease, DeploymentStatus::Failed, &error)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_build_log_is_read_in_pages_until_the_deployment_has_ended() {
    let api = TestApi::start().await;
    let (owner, path, claimed) = building(&api).await;
    api.print(&claimed, 1, 5).await;
    let page = owner
        .get(&format!("{path}?limit=2"))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (page["items"][1]["text"].as_str(), page["next_cursor"].as_str()),
        (Some("line 2"), Some("2"))
    );
    let page = owner.get(&format!("{path}?cursor=2")).await.json;
    assert_eq!(
        (
            page["items"].as_array().unwrap().len(),
            page["next_cursor"].as_str()
        ),
        (3, Some("5"))
    );
    let page = owner.get(&format!("{path}?cursor=5")).await.json;
    assert_eq!(
        (&page["items"], page["next_cursor"].as_str()),
        (&json!([]), Some("5"))
    );
    fail(&api, &claimed).await;
    let page = owner.get(&format!("{path}?cursor=3")).await.json;
    assert_eq!(
        (page["items"].as_array().unwrap().len(), &page["next_cursor"]),
        (2, &Value::Null)
    );
    for query in ["limit=0", "limit=1001", "cursor=-1", "cursor=x", "after=1"] {
        owner
            .get(&format!("{path}?{query}"))
            .await
            .expect_problem(400, "malformed_query");
    }
}

#[tokio::test]
async fn a_live_log_has_every_line_once_in_order_and_then_ends() {
    let api = TestApi::start().await;
    let (owner, path, claimed) = building(&api).await;
    api.print(&claimed, 1, 3).await;
    let mut reader = Reader::open(&owner, &path, None).await;
    assert_eq!(reader.next_log().await, (1, "line 1".to_owned()));
    for from in (4..=2500).step_by(50) {
        api.print(&claimed, from, (from + 49).min(2500)).await;
    }
    fail(&api, &claimed).await;
    let events = reader.rest().await;
    let numbers: Vec<i64> = events.iter().filter_map(|event| event.id).collect();
    assert_eq!(numbers, (2..=2500).collect::<Vec<_>>());
    let last: Vec<_> = events
        .iter()
        .rev()
        .take(2)
        .map(|event| (event.name.as_str(), event.data["status"].as_str().unwrap()))
        .collect();
    assert_eq!(last, [("end", "FAILED"), ("status", "FAILED")]);
}

#[tokio::test]
async fn a_line_reaches_its_viewer_within_moments() {
    let api = TestApi::start().await;
    let (owner, path, claimed) = building(&api).await;
    let mut reader = Reader::open(&owner, &path, None).await;
    reader.next().await;
    // The subscription stands once a line came faster than the look at Postgres that happens every second.
    let mut fastest = Duration::MAX;
    for seq in 1..=5 {
        let printed = tokio::time::Instant::now();
        api.print(&claimed, seq, seq).await;
        assert_eq!(reader.next_log().await.0, seq);
        fastest = fastest.min(printed.elapsed());
    }
    assert!(fastest < Duration::from_millis(250), "{fastest:?}");
}

#[tokio::test]
async fn a_lost_connection_goes_on_behind_its_last_line() {
    let api = TestApi::start().await;
    let (owner, path, claimed) = building(&api).await;
    api.print(&claimed, 1, 10).await;
    fail(&api, &claimed).await;
    let ids = |events: Vec<SseEvent>| events.iter().filter_map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(
        ids(Reader::open(&owner, &path, Some("7")).await.rest().await),
        [8, 9, 10]
    );
    assert_eq!(
        ids(Reader::open(&owner, &path, Some("10")).await.rest().await),
        Vec::<i64>::new()
    );
    assert_eq!(
        ids(Reader::open(&owner, &format!("{path}?cursor=8"), None)
            .await
            .rest()
            .await),
        [9, 10]
    );
}

#[tokio::test]
async fn input_98_odd_last_event_ids_are_malformed_or_begin_at_the_start() {
    let api = TestApi::start().await;
    let (owner, path, claimed) = building(&api).await;
    api.print(&claimed, 1, 2).await;
    fail(&api, &claimed).await;
    for id in ["-1", "text", "1.5", "99999999999999999999"] {
        let request = owner
            .request(Method::GET, &path)
            .header("accept", "text/event-stream")
            .header("last-event-id", id);
        send(request).await.expect_problem(400, "malformed_last_event_id");
    }
    for beyond in ["1000000000000000000", "3"] {
        let ids: Vec<_> = Reader::open(&owner, &path, Some(beyond))
            .await
            .rest()
            .await
            .iter()
            .filter_map(|event| event.id)
            .collect();
        assert_eq!(ids, [1, 2], "{beyond}");
    }
}

#[tokio::test]
async fn input_98_nothing_in_a_line_can_begin_another_event() {
    let api = TestApi::start().await;
    let (owner, path, claimed) = building(&api).await;
    let evil = [
        "x\n\ndata: {\"status\":\"READY\"}",
        "event: end\ndata: 1",
        "\r\r",
        "\u{2028}id: 9",
        "nul \u{fffd} \x1b[31mred",
    ];
    let lines: Vec<_> = evil
        .iter()
        .zip(1..)
        .map(|(text, seq)| line(seq, (*text).to_owned()))
        .collect();
    api.store.append_log(&claimed.lease, &lines).await.unwrap();
    fail(&api, &claimed).await;
    let events = Reader::open(&owner, &path, None).await.rest().await;
    let texts: Vec<_> = events
        .iter()
        .filter(|event| event.name == "log")
        .map(|event| event.data["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, evil);
    assert_eq!(events.len(), evil.len() + 2);
}

#[tokio::test]
async fn input_96_a_stream_needs_a_login_and_takes_none_from_the_query() {
    let api = TestApi::start().await;
    let (owner, path, _) = building(&api).await;
    let token = owner.token.clone().unwrap();
    api.nobody()
        .get(&format!("{path}?token={token}"))
        .await
        .expect_problem(401, "missing_token");
    api.nobody()
        .get(&format!("{path}?access_token={token}"))
        .await
        .expect_problem(401, "missing_token");
    api.stranger()
        .await
        .get(&path)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn input_97_a_stream_ends_soon_after_the_sign_out() {
    let api = TestApi::start().await;
    let (_, path, _claimed) = building(&api).await;
    let body = json!({"email": "owner@example.com", "password": PASSWORD});
    let login = api.nobody().post("/auth/login", body).await;
    let viewer = api
        .nobody()
        .with_token(login.json["access_token"].as_str().unwrap());
    let reader = Reader::open(&viewer, &path, None).await;
    let cookie = login.header("set-cookie").split(';').next().unwrap();
    send(
        viewer
            .request(Method::POST, "/auth/logout")
            .header("cookie", cookie),
    )
    .await
    .expect(StatusCode::NO_CONTENT);
    let ended = tokio::time::timeout(Duration::from_secs(30), reader.rest())
        .await
        .expect("the stream ends within 30 s");
    assert!(ended.iter().all(|event| event.name == "status"), "{ended:?}");
}

#[tokio::test]
async fn input_99_one_person_holds_at_most_twenty_streams() {
    let api = TestApi::start().await;
    let (owner, path, _claimed) = building(&api).await;
    let mut readers = Vec::new();
    for _ in 0..20 {
        readers.push(Reader::open(&owner, &path, None).await);
    }
    let request = || {
        owner
            .request(Method::GET, &path)
            .header("accept", "text/event-stream")
    };
    send(request()).await.expect_problem(429, "too_many_streams");
    owner.get(&path).await.expect(StatusCode::OK);
    readers.truncate(10);
    crate::support::eventually("a slot is free again", || async {
        let response = request().send().await.unwrap();
        response.status() == StatusCode::OK
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_when_the_service_stops() {
    let api = TestApi::start().await;
    let (owner, path, _claimed) = building(&api).await;
    let reader = Reader::open(&owner, &path, None).await;
    drop(api);
    tokio::time::timeout(Duration::from_secs(5), reader.rest())
        .await
        .expect("the stream ends at once");
}

#[tokio::test]
async fn runtime_logs_are_read_in_pages_and_live() {
    let api = TestApi::start().await;
    let (owner, _, claimed) = building(&api).await;
    let instance = InstanceId::generate();
    let print = |from: i64, to: i64| {
        let lines: Vec<_> = (from..=to)
            .map(|seq| NewRuntimeLine {
                instance_id: instance,
                deployment_id: claimed.lease.deployment_id,
                line: line(seq, format!("out {seq}")),
            })
            .collect();
        let (store, project) = (api.store.clone(), claimed.project_id);
        async move { store.append_runtime_log(project, &lines).await.unwrap() }
    };
    let texts = |page: &Value| {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let empty = owner.get("/projects/site/logs").await.expect(StatusCode::OK).json;
    assert_eq!(
        (&empty["items"], &empty["next_cursor"]),
        (&json!([]), &Value::Null)
    );
    print(1, 5).await;
    let newest = owner.get("/projects/site/logs?limit=2").await.json;
    assert_eq!(texts(&newest), ["out 4", "out 5"]);
    let cursor = newest["next_cursor"].as_str().unwrap().to_owned();

    let mut live = Reader::open(&owner, "/projects/site/logs", None).await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(live.next_log().await);
    }
    print(6, 40).await;
    for _ in 6..=40 {
        seen.push(live.next_log().await);
    }
    assert_eq!(
        seen.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>(),
        (1..=40).map(|n| format!("out {n}")).collect::<Vec<_>>()
    );
    let more = owner
        .get(&format!("/projects/site/logs?limit=3&cursor={cursor}"))
        .await
        .json;
    assert_eq!(texts(&more), ["out 6", "out 7", "out 8"]);

    let mut resumed = Reader::open(&owner, "/projects/site/logs", Some(&seen[37].0.to_string())).await;
    assert_eq!(resumed.next_log().await.1, "out 39");
    assert_eq!(resumed.next_log().await.1, "out 40");
    print(41, 41).await;
    assert_eq!(resumed.next_log().await.1, "out 41");
    let mut beyond = Reader::open(&owner, "/projects/site/logs", Some("1000000000000000000")).await;
    assert_eq!(beyond.next_log().await.1, "out 1");
}
