//! The access log: one JSON line per request, written by a thread of its own.
//!
//! A request only hands its line over; when the writer cannot keep up, lines are dropped and counted, and no visitor
//! waits for a disk. Query strings are left out: they carry tokens (threats.md input 96).

use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

/// Lines that may wait for the writer.
const QUEUE: usize = 8192;

/// Where the lines go.
#[derive(Clone)]
pub(crate) struct AccessLog {
    lines: SyncSender<Box<Entry>>,
    dropped: Arc<AtomicU64>,
}

/// One request.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    time_ms: u64,
    client: IpAddr,
    method: String,
    host: String,
    path: String,
    status: u16,
    sent_bytes: u64,
    duration_us: u64,
}

impl AccessLog {
    /// A log that writes to `output` until the last handle is dropped.
    pub(crate) fn start(output: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (lines, queue) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_lines(&queue, output))?;
        Ok(Self {
            lines,
            dropped: Arc::default(),
        })
    }

    pub(crate) fn write(&self, entry: Box<Entry>) {
        if self.lines.try_send(entry).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Entry {
    pub(crate) fn begin(
        client: IpAddr,
        method: &Method,
        host: Option<&HeaderValue>,
        path: &str,
    ) -> Box<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Box::new(Self {
            time_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            client,
            method: method.as_str().to_owned(),
            host: host
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            path: path.to_owned(),
            status: 0,
            sent_bytes: 0,
            duration_us: 0,
        })
    }

    pub(crate) fn finish(&mut self, status: StatusCode, sent: u64, took: Duration) {
        self.status = status.as_u16();
        self.sent_bytes = sent;
        self.duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    }
}

fn write_lines(queue: &Receiver<Box<Entry>>, output: impl Write) {
    let mut output = BufWriter::new(output);
    while let Ok(first) = queue.recv() {
        let mut next = Some(first);
        while let Some(entry) = next {
            let written = serde_json::to_writer(&mut output, &entry)
                .map_err(std::io::Error::from)
                .and_then(|()| output.write_all(b"\n"));
            if written.is_err() {
                return;
            }
            next = queue.try_recv().ok();
        }
        if output.flush().is_err() {
            return;
        }
    }
}
