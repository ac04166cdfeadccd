//! Following a log: an event stream that is opened again after the last event whenever it breaks.

use std::collections::VecDeque;
use std::time::Duration;

use aether_models::LogLine;
use reqwest::Response;
use serde_json::Value;
use tokio::time::Instant;

use super::sse::{Event, Parser};
use super::{ApiFailure, Client};
use crate::output::Output;

const BACK_OFF_FIRST: Duration = Duration::from_millis(250);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// A platform that is away for longer is not coming back while somebody watches.
const GIVE_UP_AFTER: Duration = Duration::from_secs(120);

/// What a stream tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Happening {
    /// The next line.
    Line(Box<LogLine>, Value),
    /// Something about the deployment changed.
    Status,
    /// There will be no more.
    End,
}

/// An event stream, followed across breaks.
#[derive(Debug)]
pub(crate) struct Follow<'a> {
    client: &'a Client,
    output: &'a Output,
    path: Vec<String>,
    last: Option<String>,
    stream: Option<(Response, Parser)>,
    waiting: VecDeque<Happening>,
}

impl<'a> Follow<'a> {
    pub(crate) fn new(client: &'a Client, output: &'a Output, path: &[&str]) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self {
            client,
            output,
            path,
            last: None,
            stream: None,
            waiting: VecDeque::new(),
        }
    }

    /// The next happening. Fails when the platform refuses, or stays away.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Happening> {
        loop {
            if let Some(happening) = self.waiting.pop_front() {
                return Ok(happening);
            }
            let Some((response, parser)) = &mut self.stream else {
                let opened = self.open().await?;
                self.stream = Some((opened, Parser::default()));
                continue;
            };
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    let events = parser.feed(&bytes);
                    events.into_iter().for_each(|event| self.take(event));
                }
                // An end without the event `end` is a break like any other.
                Ok(None) | Err(_) => {
                    self.stream = None;
                    tokio::time::sleep(BACK_OFF_FIRST).await;
                }
            }
        }
    }

    fn take(&mut self, event: Event) {
        if let Some(id) = event.id.filter(|id| !id.is_empty()) {
            self.last = Some(id);
        }
        let happening = match event.name.as_str() {
            "log" => serde_json::from_str::<Value>(&event.data).ok().and_then(|value| {
                let line = serde_json::from_value(value.clone()).ok()?;
                Some(Happening::Line(Box::new(line), value))
            }),
            "status" => Some(Happening::Status),
            "end" => Some(Happening::End),
            _ => None,
        };
        self.waiting.extend(happening);
    }

    async fn open(&self) -> anyhow::Result<Response> {
        let path: Vec<_> = self.path.iter().map(String::as_str).collect();
        let give_up = Instant::now() + GIVE_UP_AFTER;
        let mut back_off = BACK_OFF_FIRST;
        let mut told = false;
        loop {
            match self.client.open_stream(&path, self.last.as_deref()).await {
                Ok(response) => return Ok(response),
                Err(error) => {
                    let refused = error.downcast_ref::<ApiFailure>();
                    let lasting =
                        refused.is_some_and(|failure| failure.status < 500 && failure.status != 429);
                    if lasting || Instant::now() + back_off > give_up {
                        return Err(error);
                    }
                    if !std::mem::replace(&mut told, true) {
                        self.output
                            .progress(&self.output.dim("connection lost; trying again"));
                    }
                }
            }
            tokio::time::sleep(back_off).await;
            back_off = (back_off * 2).min(BACK_OFF_MAX);
        }
    }
}
