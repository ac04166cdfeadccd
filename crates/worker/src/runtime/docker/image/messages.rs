//! What a builder says while it works: lines of JSON, with text from the classic builder and with protocol buffers from
//! BuildKit.

use std::collections::HashMap;

use aether_models::LogStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;
use prost::Message;
use serde::Deserialize;

use crate::runtime::OutputSink;
use crate::runtime::process::lines::LineSplitter;

/// The longest message; BuildKit sends a step's output in pieces.
const MESSAGE_MAX: usize = 16 * 1024 * 1024;
/// BuildKit's name for its status.
const TRACE: &str = "moby.buildkit.trace";
const STDERR: i64 = 2;

/// What came of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Why it failed.
    pub(super) error: Option<String>,
}

/// Reads messages and passes their text on.
pub(super) struct Messages {
    output: OutputSink,
    pending: Vec<u8>,
    lines: HashMap<(String, LogStream), LineSplitter>,
    /// Steps that were named in the log.
    named: HashMap<String, bool>,
    outcome: Outcome,
    wanted: bool,
}

/// The engine's `JSONMessage`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    id: Option<String>,
    stream: Option<String>,
    status: Option<String>,
    progress: Option<String>,
    error: Option<String>,
    aux: serde_json::Value,
}

impl Messages {
    pub(super) fn new(output: OutputSink) -> Self {
        Self {
            output,
            pending: Vec::new(),
            lines: HashMap::new(),
            named: HashMap::new(),
            outcome: Outcome::default(),
            wanted: true,
        }
    }

    /// Takes the next bytes of the answer.
    pub(super) async fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte != b'\n' {
                self.pending.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.pending);
            self.message(&line).await;
        }
        if self.pending.len() > MESSAGE_MAX {
            self.pending.clear();
        }
    }

    /// What came of it.
    pub(super) async fn finish(mut self) -> Outcome {
        let line = std::mem::take(&mut self.pending);
        self.message(&line).await;
        let rest: Vec<_> = self.lines.drain().collect();
        for ((_, stream), mut splitter) in rest {
            let mut lines = Vec::new();
            splitter.finish(&mut lines);
            for line in lines {
                self.send(stream, line).await;
            }
        }
        self.outcome
    }

    async fn message(&mut self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            return;
        };
        if let Some(error) = line.error {
            self.outcome.error = Some(error);
        } else if line.id.as_deref() == Some(TRACE) {
            let bytes = line
                .aux
                .as_str()
                .and_then(|text| STANDARD.decode(text).ok())
                .unwrap_or_default();
            if let Ok(status) = StatusResponse::decode(&bytes[..]) {
                self.status(status).await;
            }
        } else if let Some(text) = line.stream {
            self.text("", LogStream::Stdout, text.as_bytes()).await;
        } else if let (Some(status), None) = (line.status, line.progress) {
            // Layers that are pulled; how far each is would fill the log.
            let what = line.id.map_or_else(String::new, |id| format!("{id}: "));
            self.send(LogStream::System, format!("{what}{status}")).await;
        }
    }

    async fn status(&mut self, status: StatusResponse) {
        for step in status.vertexes {
            let done = step.completed.is_some();
            if (step.started.is_some() || step.cached) && !self.named.contains_key(&step.digest) {
                let cached = if step.cached { " (cached)" } else { "" };
                self.send(LogStream::System, format!("{}{cached}", step.name))
                    .await;
                self.named.insert(step.digest.clone(), done);
            }
        }
        for log in status.logs {
            let stream = if log.stream == STDERR {
                LogStream::Stderr
            } else {
                LogStream::Stdout
            };
            self.text(&log.vertex, stream, &log.msg).await;
        }
    }

    async fn text(&mut self, step: &str, stream: LogStream, text: &[u8]) {
        let mut lines = Vec::new();
        self.lines
            .entry((step.to_owned(), stream))
            .or_default()
            .push(text, &mut lines);
        for line in lines {
            self.send(stream, line).await;
        }
    }

    async fn send(&mut self, stream: LogStream, line: String) {
        // A reader that left has had enough; the build goes on.
        self.wanted = self.wanted && self.output.send((stream, line)).await.is_ok();
    }
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::buildkit::v1::{Vertex, VertexLog};

    use super::*;

    async fn read(text: &str) -> (Outcome, Vec<String>) {
        let (sink, mut lines) = tokio::sync::mpsc::channel(100);
        let mut messages = Messages::new(sink);
        // Cut anywhere, as the network does.
        for piece in text.as_bytes().chunks(7) {
            messages.take(piece).await;
        }
        let outcome = messages.finish().await;
        let mut all = Vec::new();
        while let Ok((_, line)) = lines.try_recv() {
            all.push(line);
        }
        (outcome, all)
    }

    #[tokio::test]
    async fn the_classic_builders_text_is_cut_into_lines() {
        let (outcome, lines) = read(
            "{\"stream\":\"Step 1/2 : FROM a\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\" ---\\u003e 123\\nno end\"}\r\n{\"aux\":{\"ID\":\"sha256:1\"}}\n",
        )
        .await;
        assert_eq!(lines, ["Step 1/2 : FROM a", " ---> 123", "no end"]);
        assert_eq!(outcome.error, None);
    }

    #[tokio::test]
    async fn an_error_is_the_outcome() {
        let (outcome, _) =
            read("{\"errorDetail\":{\"code\":1,\"message\":\"m\"},\"error\":\"The command returned 1\"}\n")
                .await;
        assert_eq!(outcome.error.as_deref(), Some("The command returned 1"));
    }

    #[tokio::test]
    async fn buildkits_steps_are_named_once_and_their_output_follows() {
        let now = Some(Default::default());
        let step = Vertex {
            digest: "d".to_owned(),
            name: "[2/2] RUN x".to_owned(),
            started: now,
            ..Vertex::default()
        };
        let log = VertexLog {
            vertex: "d".to_owned(),
            stream: 1,
            msg: b"hello\n".to_vec(),
            ..VertexLog::default()
        };
        let status = StatusResponse {
            vertexes: vec![step.clone(), step],
            logs: vec![log],
            ..StatusResponse::default()
        };
        let aux = STANDARD.encode(status.encode_to_vec());
        let (_, lines) = read(&format!("{{\"id\":\"{TRACE}\",\"aux\":\"{aux}\"}}\n")).await;
        assert_eq!(lines, ["[2/2] RUN x", "hello"]);
    }
}
