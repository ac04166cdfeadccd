//! The bare repository kept per project, so that the next deployment fetches only what is new.
//!
//! It may vanish or break at any moment without harm: it is made again. One user at a time, by a lock on a file beside
//! it. Each fetched commit has a ref (`refs/aether/<sha>`), written last, so a ref means the commit is complete.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::Commit;
use chrono::DateTime;
use git2::{ErrorCode, Oid, Repository, RepositoryInitOptions};
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::remote::ShallowChanges;

const REF_PREFIX: &str = "refs/aether/";
/// Commits offered to the server as known; more would only lengthen the request.
const HAVES_MAX: usize = 32;
/// Each fetch adds a pack and none is ever merged; past this many a fresh start is cheaper.
const PACKS_MAX: usize = 64;
/// A commit message is shown as one line.
const SUBJECT_MAX: usize = 200;
/// Pause between two looks at a lock that another process holds.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// One project's bare repository, locked.
pub(super) struct RepositoryCache {
    path: PathBuf,
    _lock: File,
}

impl RepositoryCache {
    /// Waits until nobody else uses the repository at `path`, which is made if there is none.
    pub(super) async fn lock(path: PathBuf, cancel: &CancellationToken) -> Result<Self, GitError> {
        let parent = path.parent().unwrap_or(&path);
        fs::create_dir_all(parent).map_err(GitError::io("making the repository cache"))?;
        let lock =
            File::create(path.with_extension("lock")).map_err(GitError::io("opening the cache's lock"))?;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(error)) => return Err(GitError::io("locking the cache")(error)),
            }
            tokio::select! {
                () = cancel.cancelled() => return Err(GitError::Cancelled),
                () = tokio::time::sleep(LOCK_RETRY) => {}
            }
        }
        let cache = Self { path, _lock: lock };
        let too_many =
            fs::read_dir(cache.path.join("objects/pack")).is_ok_and(|files| files.count() > 2 * PACKS_MAX);
        if too_many || cache.open().is_err() {
            cache.clear().await?;
        }
        Ok(cache)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Throws the repository away and makes an empty one.
    pub(super) async fn clear(&self) -> Result<(), GitError> {
        let path = self.path.clone();
        let cleared = tokio::task::spawn_blocking(move || {
            match fs::remove_dir_all(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(GitError::io("removing a repository cache")(error)),
            }
            // No template: nothing of this machine, hooks least of all, gets into it.
            let mut options = RepositoryInitOptions::new();
            Repository::init_opts(&path, options.bare(true).external_template(false))?;
            Ok(())
        });
        cleared.await.map_err(GitError::task)?
    }

    /// The commit, when it is here with all its files.
    pub(super) async fn commit(&self, oid: Oid) -> Option<Commit> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || {
            let repository = Repository::open_bare(&path).ok()?;
            repository.find_reference(&ref_name(oid)).ok()?;
            describe(&repository, oid).ok()
        });
        read.await.ok().flatten()
    }

    /// Commits that are here, newest first, and those among them whose history is cut off.
    pub(super) async fn known_commits(&self) -> Result<(Vec<Oid>, Vec<Oid>), GitError> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || {
            let repository = Repository::open_bare(&path)?;
            let mut commits = Vec::new();
            for reference in repository.references_glob(&format!("{REF_PREFIX}*"))? {
                let commit = reference?.peel_to_commit()?;
                commits.push((std::cmp::Reverse(commit.time().seconds()), commit.id()));
            }
            commits.sort_unstable();
            let haves: Vec<Oid> = commits.into_iter().take(HAVES_MAX).map(|(_, oid)| oid).collect();
            let shallow = read_shallow(&path)
                .into_iter()
                .filter_map(|line| Oid::from_str(&line).ok())
                .collect();
            Ok((haves, shallow))
        });
        read.await.map_err(GitError::task)?
    }

    /// Remembers that `oid` is complete.
    pub(super) async fn keep(&self, oid: Oid, shallow: ShallowChanges) -> Result<Commit, GitError> {
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || {
            write_shallow(&path, &shallow)?;
            let repository = Repository::open_bare(&path)?;
            let commit = describe(&repository, oid)?;
            repository.reference(&ref_name(oid), oid, true, "fetched")?;
            Ok(commit)
        });
        written.await.map_err(GitError::task)?
    }

    fn open(&self) -> Result<Repository, git2::Error> {
        Repository::open_bare(&self.path)
    }
}

fn ref_name(oid: Oid) -> String {
    format!("{REF_PREFIX}{oid}")
}

fn describe(repository: &Repository, oid: Oid) -> Result<Commit, GitError> {
    let commit = match repository.find_object(oid, None)?.peel_to_commit() {
        Ok(commit) => commit,
        Err(error) if error.code() == ErrorCode::Peel || error.code() == ErrorCode::InvalidSpec => {
            return Err(GitError::RefNotFound(format!("{oid} (it is no commit)")));
        }
        Err(error) => return Err(error.into()),
    };
    // The files' names at least must be here, or "complete" would be wrong.
    commit.tree()?;
    let message = String::from_utf8_lossy(commit.message_bytes());
    let author = commit.author();
    Ok(Commit {
        sha: commit.id().to_string(),
        message: message
            .trim_start()
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(SUBJECT_MAX)
            .collect(),
        author: String::from_utf8_lossy(author.name_bytes())
            .chars()
            .take(SUBJECT_MAX)
            .collect(),
        authored_at: DateTime::from_timestamp(author.when().seconds(), 0),
    })
}

fn read_shallow(path: &Path) -> BTreeSet<String> {
    fs::read_to_string(path.join("shallow"))
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn write_shallow(path: &Path, changes: &ShallowChanges) -> Result<(), GitError> {
    let mut commits = read_shallow(path);
    commits.extend(changes.added.iter().cloned());
    for gone in &changes.removed {
        commits.remove(gone);
    }
    let text: String = commits.iter().map(|oid| format!("{oid}\n")).collect();
    let (temporary, target) = (path.join("shallow.new"), path.join("shallow"));
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, &target))
        .map_err(GitError::io("writing the list of shallow commits"))
}
