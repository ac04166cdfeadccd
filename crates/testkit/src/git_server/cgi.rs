//! One request through `git http-backend` (RFC 3875 for the variables, git-http-backend(1) for what it reads).

use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use futures::StreamExt;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::io::ReaderStream;

use super::Body;

pub(crate) async fn run(root: &Path, request: Request<Incoming>) -> anyhow::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let mut child = start(root, &head)?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let stdout = child.stdout.take().context("no standard output")?;
    tokio::spawn(async move {
        let mut body = body.into_data_stream();
        while let Some(Ok(chunk)) = body.next().await {
            if stdin.write_all(&chunk).await.is_err() {
                return;
            }
        }
    });
    let mut output = BufReader::new(stdout);
    let mut response = Response::builder().status(StatusCode::OK);
    loop {
        let mut line = String::new();
        output.read_line(&mut line).await?;
        let line = line.trim_end();
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("status") {
            response = response.status(value.trim().get(..3).context("no status")?.parse::<u16>()?);
        } else {
            response = response.header(HeaderName::try_from(name)?, HeaderValue::try_from(value.trim())?);
        }
    }
    // The child lives as long as its output is read.
    let frames = ReaderStream::new(output).map(move |chunk| {
        let _running = &child;
        chunk.map(Frame::data)
    });
    Ok(response.body(BodyExt::boxed_unsync(StreamBody::new(frames)))?)
}

fn start(root: &Path, head: &http::request::Parts) -> std::io::Result<Child> {
    let text = |name: HeaderName| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", head.method.as_str())
        .env("CONTENT_TYPE", text(header::CONTENT_TYPE))
        .env("HTTP_CONTENT_ENCODING", text(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", text(HeaderName::from_static("git-protocol")))
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if !text(header::CONTENT_LENGTH).is_empty() {
        command.env("CONTENT_LENGTH", text(header::CONTENT_LENGTH));
    }
    command.spawn()
}
