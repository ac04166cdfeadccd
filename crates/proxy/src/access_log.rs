//! The access log: one JSON line per request, written by a thread of its own.
//!
//! Off unless the operator wants every request, or a project a share of its own; the thread starts with the first line.
//! A request only hands its line over; when the writer cannot keep up, lines are dropped and counted, and no visitor
//! waits for a disk. Query strings are left out: they carry tokens (threats.md input 96).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aether_models::ProjectId;
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

/// Lines that may wait for the writer.
const QUEUE: usize = 8192;

/// Where the lines go, and whose.
pub(crate) struct AccessLog {
    /// The operator wants all of them.
    is_full: bool,
    /// A file to append to; none is standard output.
    file: Option<PathBuf>,
    lines: OnceLock<Option<SyncSender<Box<Entry>>>>,
    dropped: AtomicU64,
}

/// One request.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    time_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectId>,
    client: IpAddr,
    method: String,
    host: String,
    path: String,
    status: u16,
    sent_bytes: u64,
    duration_us: u64,
}

/// What a line says of the request's beginning.
pub(crate) struct Begun<'r> {
    pub(crate) project: Option<ProjectId>,
    pub(crate) client: IpAddr,
    pub(crate) method: &'r Method,
    pub(crate) host: Option<&'r HeaderValue>,
    pub(crate) path: &'r str,
}

impl AccessLog {
    pub(crate) fn new(is_full: bool, file: Option<PathBuf>) -> Self {
        Self {
            is_full,
            file,
            lines: OnceLock::new(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Whether this request of a site that wants `percent` of its requests logged gets a line.
    pub(crate) fn wants(&self, percent: u8) -> bool {
        // Chance rather than every nth: sites share threads, and a pattern of theirs must not decide.
        self.is_full || percent >= 100 || percent > 0 && rand::random_ratio(u32::from(percent), 100)
    }

    pub(crate) fn write(&self, entry: Box<Entry>) {
        let sent = match self.lines.get_or_init(|| self.start()) {
            Some(lines) => lines.try_send(entry).is_ok(),
            None => false,
        };
        if !sent {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn start(&self) -> Option<SyncSender<Box<Entry>>> {
        let (lines, queue) = sync_channel(QUEUE);
        let file = self.file.clone();
        let writer = move || match file {
            None => write_lines(&queue, std::io::stdout()),
            Some(path) => match File::options().create(true).append(true).open(&path) {
                Ok(file) => write_lines(&queue, file),
                Err(error) => tracing::error!(path = %path.display(), %error, "cannot write the access log"),
            },
        };
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(writer);
        match thread {
            Ok(_) => Some(lines),
            Err(error) => {
                tracing::error!(%error, "cannot write the access log");
                None
            }
        }
    }
}

impl Entry {
    pub(crate) fn begin(request: &Begun<'_>) -> Box<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let host = request.host.and_then(|host| host.to_str().ok());
        Box::new(Self {
            time_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            project: request.project,
            client: request.client.to_canonical(),
            method: request.method.as_str().to_owned(),
            host: host.unwrap_or_default().to_owned(),
            path: request.path.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_requests_is_a_share() {
        let log = AccessLog::new(false, None);
        assert!(!log.wants(0) && log.wants(100));
        let count = (0..10_000).filter(|_| log.wants(30)).count();
        // Twelve standard deviations: 10,000 draws at 0.3 have one of 46.
        assert!((2_450..3_550).contains(&count), "{count} of 10,000");
        assert!(AccessLog::new(true, None).wants(0));
    }
}
