//! What is written about requests.

use std::io::Write;
use std::sync::{Arc, Mutex};

use reqwest::{Method, StatusCode};

use crate::support::{TestApi, send};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn input_110_a_request_is_one_line_without_its_query_or_headers() {
    let captured = Captured::default();
    let writer = captured.clone();
    // Serves the whole process; every test has one of its own.
    tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .init();
    let api = TestApi::start().await;
    let path = format!(
        "/x%0a%7B%22level%22:%22error%22%7D%1b[31m{}?token=canary-query",
        "y".repeat(10_000)
    );
    let request = api
        .nobody()
        .request(Method::GET, &path)
        .header("user-agent", "canary-agent\t{\"level\":\"error\"}");
    send(request.header("cookie", "aether_session=canary-cookie"))
        .await
        .expect(StatusCode::NOT_FOUND);
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("aether_api::access"))
        .collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(
        lines[0].len() < 1000 && lines[0].contains("request_id"),
        "{}",
        lines[0]
    );
    assert!(!text.contains("canary"), "{text}");
}
