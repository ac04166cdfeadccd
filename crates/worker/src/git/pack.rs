//! Writes the pack that arrives into a repository and indexes it, on a thread of its own, as the bytes come in.

use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use git2::{Indexer, Repository};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::GitError;

/// Chunks that may wait for the thread; the network waits when there are more.
const CHUNKS_WAITING: usize = 16;
/// Read and written by Aether alone.
const PACK_MODE: u32 = 0o600;

/// Takes the bytes of one pack.
pub(super) struct PackSink {
    chunks: mpsc::Sender<Bytes>,
    thread: JoinHandle<Result<usize, GitError>>,
}

impl PackSink {
    /// For a pack of the bare repository at `repository`, whose objects complete a thin one.
    pub(super) fn open(repository: PathBuf, entries_max: usize, cancel: &CancellationToken) -> Self {
        let (chunks, receiver) = mpsc::channel(CHUNKS_WAITING);
        let cancel = cancel.clone();
        let thread = tokio::task::spawn_blocking(move || index(&repository, receiver, entries_max, &cancel));
        Self { chunks, thread }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), GitError> {
        if self.chunks.send(bytes).await.is_ok() {
            return Ok(());
        }
        // The thread has ended: its result says why.
        match (&mut self.thread).await.map_err(GitError::task)? {
            Err(error) => Err(error),
            Ok(_) => Err(damaged("bytes follow its end")),
        }
    }

    /// The pack is complete; answers with the number of its objects.
    pub(super) async fn finish(self) -> Result<usize, GitError> {
        let Self { chunks, thread } = self;
        drop(chunks);
        thread.await.map_err(GitError::task)?
    }
}

fn index(
    repository: &Path,
    mut chunks: mpsc::Receiver<Bytes>,
    entries_max: usize,
    cancel: &CancellationToken,
) -> Result<usize, GitError> {
    // Connectivity is not verified: a shallow pack has none beyond its commit. A missing object fails the checkout.
    let directory = repository.join("objects/pack");
    std::fs::create_dir_all(&directory).map_err(GitError::io("making the pack folder"))?;
    let repository = Repository::open_bare(repository)?;
    let objects = repository.odb()?;
    let mut indexer = Indexer::new(Some(&objects), &directory, PACK_MODE, false)?;
    // Trees and commits come on top of files, so this is generous; it stops packs made of a billion empty objects.
    let objects_max = entries_max.saturating_mul(2);
    let count = std::rc::Rc::new(std::cell::Cell::new(0_usize));
    let (seen, stop) = (std::rc::Rc::clone(&count), cancel.clone());
    indexer.progress(move |progress| {
        seen.set(progress.total_objects());
        progress.total_objects() <= objects_max && !stop.is_cancelled()
    });
    let explain = |error: &dyn std::fmt::Display| {
        if cancel.is_cancelled() {
            GitError::Cancelled
        } else if count.get() > objects_max {
            GitError::TooLarge {
                what: "The number of its files",
                limit: entries_max.to_string(),
            }
        } else {
            damaged(&error.to_string())
        }
    };
    let mut any = false;
    while let Some(chunk) = chunks.blocking_recv() {
        any = true;
        indexer.write_all(&chunk).map_err(|error| explain(&error))?;
    }
    if !any {
        return Err(damaged("it is empty"));
    }
    indexer.commit().map_err(|error| explain(&error))?;
    Ok(count.get())
}

fn damaged(why: &str) -> GitError {
    GitError::Protocol(format!("the data that arrived is damaged ({why})"))
}
