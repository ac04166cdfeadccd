//! What a server prints, kept in a file of bounded size, with its last lines at hand for an error message.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::EmbeddedError;

/// A server's log is moved to `<name>.1` beyond this, so that it never takes more than twice as much.
const FILE_MAX: u64 = 8 * 1024 * 1024;
/// Lines remembered for an error message.
const REMEMBERED: usize = 20;
/// Longest part of a line that is kept.
const LINE_MAX: u64 = 4096;

/// The log of one server; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct ServerLog {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    file: File,
    written: u64,
    last: VecDeque<String>,
}

impl ServerLog {
    pub(crate) fn open(directory: &Path, server: &str) -> Result<Self, EmbeddedError> {
        let path = directory.join(format!("{server}.log"));
        let file = open(&path).map_err(EmbeddedError::not_writable(&path))?;
        let written = file.metadata().map_or(0, |metadata| metadata.len());
        let shared = Shared {
            path,
            file,
            written,
            last: VecDeque::new(),
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(shared)),
        })
    }

    /// Copies `output` into the file until it ends.
    pub(crate) async fn copy(self, output: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut reader).take(LINE_MAX).read_until(b'\n', &mut line).await {
                Ok(read) if read > 0 => {
                    self.shared
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .append(&line);
                }
                _ => return,
            }
        }
    }

    /// Forgets the remembered lines, before a new start.
    pub(crate) fn forget(&self) {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last
            .clear();
    }

    /// The reason a server gave for not starting, on one line.
    pub(crate) fn last_words(&self) -> String {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |line: &&String| {
            ["FATAL", "PANIC", "ERROR", "Fatal", "error:"]
                .iter()
                .any(|m| line.contains(m))
        };
        let line = shared.last.iter().find(told).or_else(|| shared.last.back());
        let line = line.cloned().unwrap_or_else(|| "it printed nothing".to_owned());
        format!("{line} (see {})", shared.path.display())
    }
}

impl Shared {
    /// A full disk must not take the platform down with it: what cannot be written is dropped.
    fn append(&mut self, line: &[u8]) {
        if self.written > FILE_MAX {
            let old = self.path.with_extension("log.1");
            if std::fs::rename(&self.path, old).is_ok()
                && let Ok(file) = open(&self.path)
            {
                self.file = file;
                self.written = 0;
            }
        }
        if self.file.write_all(line).is_ok() {
            self.written += line.len() as u64;
        }
        let text = String::from_utf8_lossy(line);
        let text: String = text.trim_end().chars().filter(|c| !c.is_control()).collect();
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(text);
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_log_of_a_noisy_server_stays_bounded_and_keeps_its_last_words() {
        let directory = tempfile::tempdir().unwrap();
        let log = ServerLog::open(directory.path(), "noisy").unwrap();
        let mut noise = vec![b'x'; 3 * FILE_MAX as usize];
        noise.extend_from_slice(b"\nFATAL: out of patience\n");
        log.clone().copy(noise.as_slice()).await;
        let total: u64 = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(total <= 2 * FILE_MAX + 2 * LINE_MAX, "{total}");
        assert!(
            log.last_words().starts_with("FATAL: out of patience"),
            "{}",
            log.last_words()
        );
    }
}
