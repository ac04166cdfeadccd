//! The log of one deployment on its way to Postgres: masked, capped, numbered, in batches.
//!
//! One task owns the numbers. Lines wait in a queue until they are stored; when Postgres is away they wait there, and
//! then the build does, because its output is only read as fast as it is stored. Lines of an attempt whose lease was lost
//! are refused by the store and dropped here.
//!
//! A log keeps its first [`HEAD_MAX`] bytes and its last [`TAIL_MAX`]; what is left out between is said in the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aether_models::{LogLine, LogStream, SharedClock, Step};
use aether_store::{Lease, Store, StoreError};
use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use crate::lease::{StopReason, StopSignal};
use crate::masking::Masker;
use crate::runtime::OutputSink;

/// Bytes of a deployment's log that are kept from its start (threats.md F33: 10 MB in all).
const HEAD_MAX: usize = 9 << 20;
/// Bytes kept from its end when it is longer.
const TAIL_MAX: usize = 1 << 20;
/// Longest line; more of it is of no use to a reader.
const LINE_MAX: usize = 16 << 10;
/// A batch is stored when it has this many lines…
const BATCH_LINES: usize = 200;
/// …or when its first line has waited this long.
const BATCH_TIME: Duration = Duration::from_millis(12);
/// Lines of commands that may wait; more hold up the command.
const WAITING_MAX: usize = 4096;
/// Pause before Postgres is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// Lines quoted in an error.
const QUOTED: usize = 20;

/// Takes lines for the log of one deployment. Cheap to clone.
#[derive(Clone)]
pub(crate) struct BuildLog {
    messages: mpsc::UnboundedSender<Message>,
    room: Arc<Semaphore>,
    clock: SharedClock,
    step: Option<Step>,
}

enum Message {
    Line(Line),
    /// Answered when everything before it is stored.
    Flush(oneshot::Sender<()>),
    /// Answered with the last lines that the step's commands printed.
    Quote(Step, oneshot::Sender<Vec<String>>),
    /// As a flush, and the kept tail is written too.
    Close(oneshot::Sender<()>),
}

struct Line {
    at: DateTime<Utc>,
    step: Option<Step>,
    stream: LogStream,
    text: String,
    _room: Option<OwnedSemaphorePermit>,
}

impl BuildLog {
    /// A log that goes on after line `last_seq`.
    #[must_use]
    pub(crate) fn start(
        store: Store,
        lease: Lease,
        last_seq: i64,
        masker: Masker,
        clock: SharedClock,
        stop: StopSignal,
    ) -> Self {
        let (messages, receiver) = mpsc::unbounded_channel();
        let writer = Writer {
            store,
            lease,
            stop,
            masker,
            seq: last_seq,
            batch: Vec::new(),
            head_bytes: 0,
            tail: Tail::default(),
            quoted: VecDeque::new(),
            lost: false,
        };
        tokio::spawn(writer.run(receiver));
        Self {
            messages,
            room: Arc::new(Semaphore::new(WAITING_MAX)),
            clock,
            step: None,
        }
    }

    /// The same log, its lines marked with a step.
    #[must_use]
    pub(crate) fn of_step(&self, step: Step) -> Self {
        Self {
            step: Some(step),
            ..self.clone()
        }
    }

    /// Adds a line of Aether's own.
    pub(crate) fn say(&self, text: impl Into<String>) {
        self.push(LogStream::System, text.into(), None);
    }

    /// A sink for the output of one command. Its lines are in the log once [`Self::flush`] returns after the command's
    /// sender was dropped and [`OutputTask::finished`] was waited for.
    #[must_use]
    pub(crate) fn output(&self) -> (OutputSink, OutputTask) {
        let (sender, mut receiver) = mpsc::channel::<(LogStream, String)>(64);
        let log = self.clone();
        let task = tokio::spawn(async move {
            while let Some((stream, text)) = receiver.recv().await {
                // Closed only when the process ends.
                let Ok(room) = Arc::clone(&log.room).acquire_owned().await else {
                    return;
                };
                log.push(stream, text, Some(room));
            }
        });
        (sender, OutputTask(task))
    }

    /// Waits until everything so far is stored, or will never be.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        let _ = self.messages.send(Message::Flush(done));
        let _ = wait.await;
    }

    /// Writes what was held back and waits until it is stored.
    pub(crate) async fn close(&self) {
        let (done, wait) = oneshot::channel();
        let _ = self.messages.send(Message::Close(done));
        let _ = wait.await;
    }

    /// The last lines that the commands of a step printed.
    pub(crate) async fn last_lines(&self, step: Step) -> Vec<String> {
        let (done, wait) = oneshot::channel();
        let _ = self.messages.send(Message::Quote(step, done));
        wait.await.unwrap_or_default()
    }

    fn push(&self, stream: LogStream, text: String, room: Option<OwnedSemaphorePermit>) {
        let line = Line {
            at: self.clock.now(),
            step: self.step,
            stream,
            text,
            _room: room,
        };
        // The writer ends with the runtime only.
        let _ = self.messages.send(Message::Line(line));
    }
}

/// The task that carries one command's output into the log.
pub(crate) struct OutputTask(tokio::task::JoinHandle<()>);

impl OutputTask {
    /// Waits until the command's output has been taken over.
    pub(crate) async fn finished(self) {
        let _ = self.0.await;
    }
}

struct Writer {
    store: Store,
    lease: Lease,
    stop: StopSignal,
    masker: Masker,
    seq: i64,
    batch: Vec<(LogLine, Option<OwnedSemaphorePermit>)>,
    head_bytes: usize,
    tail: Tail,
    quoted: VecDeque<(Step, String)>,
    lost: bool,
}

impl Writer {
    async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        let mut deadline: Option<Instant> = None;
        loop {
            let message = match deadline {
                Some(at) => tokio::time::timeout_at(at, messages.recv()).await,
                None => Ok(messages.recv().await),
            };
            match message {
                Ok(Some(Message::Line(line))) => self.take(line),
                Ok(Some(Message::Flush(done))) => {
                    self.store_batch().await;
                    let _ = done.send(());
                }
                Ok(Some(Message::Quote(step, done))) => {
                    let lines = self
                        .quoted
                        .iter()
                        .filter(|(of, _)| *of == step)
                        .map(|(_, text)| text.clone());
                    let _ = done.send(lines.collect());
                }
                Ok(Some(Message::Close(done))) => {
                    self.write_tail();
                    self.store_batch().await;
                    let _ = done.send(());
                }
                Ok(None) => return self.store_batch().await,
                Err(_) => self.store_batch().await,
            }
            if self.batch.len() >= BATCH_LINES {
                self.store_batch().await;
            }
            deadline = match (self.batch.is_empty(), deadline) {
                (true, _) => None,
                (false, Some(at)) => Some(at),
                (false, None) => Some(Instant::now() + BATCH_TIME),
            };
        }
    }

    fn take(&mut self, line: Line) {
        let text = self.masker.mask(cut(line.text));
        if let (Some(step), true) = (line.step, line.stream != LogStream::System) {
            if self.quoted.len() == QUOTED {
                self.quoted.pop_front();
            }
            self.quoted.push_back((step, text.clone()));
        }
        // What Aether itself says is short, and the reader needs it most.
        let is_ours = line.stream == LogStream::System;
        if self.head_bytes + text.len() > HEAD_MAX && !is_ours {
            if self.tail.is_new() {
                let notice = format!(
                    "This log has reached {} MiB. From here on only the last lines are kept; they follow at the end.",
                    HEAD_MAX >> 20
                );
                self.number(line.at, line.step, LogStream::System, notice, None);
            }
            self.tail.push(line.at, line.step, line.stream, text);
            return;
        }
        self.head_bytes += text.len();
        self.number(line.at, line.step, line.stream, text, line._room);
    }

    fn number(
        &mut self,
        at: DateTime<Utc>,
        step: Option<Step>,
        stream: LogStream,
        text: String,
        room: Option<OwnedSemaphorePermit>,
    ) {
        self.seq += 1;
        self.batch.push((
            LogLine {
                seq: self.seq,
                at,
                step,
                stream,
                text,
            },
            room,
        ));
    }

    fn write_tail(&mut self) {
        let Some((notice, lines)) = self.tail.take() else {
            return;
        };
        for (at, step, stream, text) in lines {
            self.number(at, step, stream, text, None);
        }
        let at = self.batch.last().map(|(line, _)| line.at);
        if let Some(at) = at {
            self.number(at, None, LogStream::System, notice, None);
        }
    }

    async fn store_batch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let lines: Vec<LogLine> = self.batch.iter().map(|(line, _)| line.clone()).collect();
        for part in lines.chunks(BATCH_LINES) {
            while !self.lost {
                match self.store.append_log(&self.lease, part).await {
                    Ok(()) => break,
                    Err(StoreError::Fenced) => self.lost = true,
                    Err(error) if error.is_transient() => self.pause().await,
                    Err(error) => {
                        tracing::error!(%error, "log lines could not be stored");
                        break;
                    }
                }
            }
        }
        self.batch.clear();
    }

    /// Postgres is away: wait, as long as the lease may still be ours.
    async fn pause(&mut self) {
        tokio::time::sleep(RETRY_PAUSE).await;
        self.lost = self.stop.reason() == Some(StopReason::LeaseLost);
    }
}

type TailLine = (DateTime<Utc>, Option<Step>, LogStream, String);

/// The last lines of a log that is too long.
#[derive(Default)]
struct Tail {
    lines: VecDeque<TailLine>,
    bytes: usize,
    left_out: (u64, u64),
    begun: bool,
}

impl Tail {
    fn is_new(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    fn push(&mut self, at: DateTime<Utc>, step: Option<Step>, stream: LogStream, text: String) {
        self.bytes += text.len();
        self.lines.push_back((at, step, stream, text));
        while self.bytes > TAIL_MAX || self.lines.len() > TAIL_MAX / 64 {
            let Some((.., text)) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= text.len();
            self.left_out.0 += 1;
            self.left_out.1 += text.len() as u64;
        }
    }

    fn take(&mut self) -> Option<(String, VecDeque<TailLine>)> {
        if self.lines.is_empty() {
            return None;
        }
        let (lines, bytes) = self.left_out;
        let notice = format!(
            "{lines} lines ({} KiB) before the last ones were left out of this log.",
            bytes >> 10
        );
        self.bytes = 0;
        Some((notice, std::mem::take(&mut self.lines)))
    }
}

/// Shortens a line that is too long, and makes what is not text visible. Colours stay.
fn cut(mut text: String) -> String {
    if text.len() > LINE_MAX {
        let end = text.floor_char_boundary(LINE_MAX);
        let rest = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("… ({rest} more bytes of this line were left out)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f33_a_long_line_is_cut_at_a_character() {
        let line = cut("ä".repeat(LINE_MAX));
        assert!(line.len() < LINE_MAX + 80);
        assert!(line.contains("more bytes"));
        assert_eq!(cut("short".to_owned()), "short");
    }

    #[test]
    fn f33_the_tail_keeps_the_last_lines_and_counts_the_others() {
        let mut tail = Tail::default();
        assert!(tail.is_new() && !tail.is_new());
        for number in 0..100_000 {
            let text = format!("line {number} {}", "x".repeat(100));
            tail.push(DateTime::UNIX_EPOCH, None, LogStream::Stdout, text);
        }
        let (notice, lines) = tail.take().unwrap();
        assert!(lines.back().unwrap().3.starts_with("line 99999 "));
        assert!(lines.iter().map(|line| line.3.len()).sum::<usize>() <= TAIL_MAX);
        let left_out = 100_000 - lines.len();
        assert!(notice.starts_with(&format!("{left_out} lines")), "{notice}");
    }
}
