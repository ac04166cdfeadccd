//! What apps printed, numbered.
//!
//! The engine keeps lines with times and forgets the oldest; numbers without gaps are ours to give. One task per app
//! follows the engine's log and writes it to a file of our own. The time of the last line that was written says where to
//! go on after a restart of the worker or of the engine.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aether_models::{Clock, InstanceId, LogLine, LogStream};
use bollard::container::LogOutput;
use bollard::errors::Error as BollardError;
use bollard::query_parameters::LogsOptionsBuilder;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use tokio::task::JoinHandle;

use super::super::engine::{Engine, EngineError};
use super::super::folder;
use crate::runtime::RuntimeError;
use crate::runtime::process::lines::LineSplitter;
use crate::shim::{LogFile, read_lines};

/// Pause before the engine's log is opened again: it ends with each end of the app.
const REOPEN: Duration = Duration::from_millis(250);
/// Pause when the engine is away.
const ENGINE_AWAY: Duration = Duration::from_secs(1);

/// The logs of all apps.
#[derive(Debug)]
pub(in super::super) struct Logs {
    folder: PathBuf,
    followers: Mutex<HashMap<InstanceId, JoinHandle<()>>>,
}

impl Logs {
    pub(in super::super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            followers: Mutex::default(),
        }
    }

    /// Collects an app's log until the app is gone.
    pub(in super::super) fn follow(&self, engine: &Engine, instance: InstanceId, name: &str) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if followers
            .get(&instance)
            .is_some_and(|follower| !follower.is_finished())
        {
            return;
        }
        let (engine, name, folder) = (engine.clone(), name.to_owned(), self.folder_of(instance));
        followers.insert(
            instance,
            tokio::spawn(async move {
                if let Err(error) = collect(&engine, &name, &folder).await {
                    tracing::warn!(%error, name, "the log of an app is not collected any more");
                }
            }),
        );
    }

    pub(in super::super) async fn read(
        &self,
        instance: InstanceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        let folder = self.folder_of(instance);
        let lines = tokio::task::spawn_blocking(move || read_lines(&folder, after, limit)).await;
        let failed = |source| RuntimeError::Io {
            context: "reading the log of an app",
            source,
        };
        lines
            .map_err(|error| failed(std::io::Error::other(error)))?
            .map_err(failed)
    }

    /// Removes what there is of an app's log.
    pub(in super::super) async fn forget(&self, instance: InstanceId) {
        let follower = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&instance);
        if let Some(follower) = follower {
            follower.abort();
            // Aborted or done: it does not write any more.
            let _ = follower.await;
        }
        folder::remove(self.folder_of(instance)).await;
    }

    /// The apps that have a log here.
    pub(in super::super) fn known(&self) -> Vec<InstanceId> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| Some(InstanceId::from_uuid(entry.file_name().to_str()?.parse().ok()?)))
            .collect()
    }

    fn folder_of(&self, instance: InstanceId) -> PathBuf {
        self.folder.join(instance.uuid().to_string())
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.values().for_each(JoinHandle::abort);
    }
}

/// Lines are stamped with the engine's time, not with the time they are written at.
#[derive(Debug, Default)]
struct LineTime(Mutex<DateTime<Utc>>);

impl Clock for LineTime {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Collector {
    file: LogFile,
    time: Arc<LineTime>,
    last: DateTime<Utc>,
    splitters: HashMap<LogStream, LineSplitter>,
}

async fn collect(engine: &Engine, name: &str, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let time = Arc::new(LineTime::default());
    let last = last_time(folder)?;
    let file = LogFile::open(folder, time.clone())?;
    let mut collector = Collector {
        file,
        time,
        last,
        splitters: HashMap::new(),
    };
    loop {
        let since = i32::try_from(collector.last.timestamp()).unwrap_or(0);
        let options = LogsOptionsBuilder::new()
            .follow(true)
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .since(since)
            .build();
        let mut parts = engine.docker().logs(name, Some(options));
        let mut pause = REOPEN;
        while let Some(part) = parts.next().await {
            match part {
                Ok(part) => collector.take(part)?,
                Err(error) => match sort(error) {
                    EngineError::NotFound { .. } | EngineError::Conflict { .. } => return Ok(()),
                    _ => pause = ENGINE_AWAY,
                },
            }
        }
        tokio::time::sleep(pause).await;
    }
}

fn sort(error: BollardError) -> EngineError {
    EngineError::sort("following the log of an app", error)
}

impl Collector {
    /// The engine gives one line a time, or a piece of one that is longer than 16 KiB, each with its time in front.
    fn take(&mut self, part: LogOutput) -> std::io::Result<()> {
        let stream = match part {
            LogOutput::StdErr { .. } => LogStream::Stderr,
            _ => LogStream::Stdout,
        };
        let bytes = part.into_bytes();
        let Some((at, text)) = split_time(&bytes) else {
            return Ok(());
        };
        if at <= self.last {
            return Ok(());
        }
        let mut lines = Vec::new();
        self.splitters.entry(stream).or_default().push(text, &mut lines);
        if lines.is_empty() {
            return Ok(());
        }
        *self.time.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
        for line in lines {
            self.file.write(stream, line)?;
        }
        self.last = at;
        Ok(())
    }
}

fn split_time(bytes: &[u8]) -> Option<(DateTime<Utc>, &[u8])> {
    let space = memchr::memchr(b' ', bytes)?;
    let time = std::str::from_utf8(&bytes[..space]).ok()?;
    Some((
        DateTime::parse_from_rfc3339(time).ok()?.with_timezone(&Utc),
        &bytes[space + 1..],
    ))
}

/// The time of the last line that was written.
fn last_time(folder: &Path) -> std::io::Result<DateTime<Utc>> {
    let mut after = 0;
    let mut last = DateTime::<Utc>::default();
    loop {
        let lines = read_lines(folder, after, 10_000)?;
        let Some(line) = lines.last() else { return Ok(last) };
        (after, last) = (line.seq, line.at);
    }
}
