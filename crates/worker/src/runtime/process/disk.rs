//! How much disk a build uses, and removing what it left.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use walkdir::WalkDir;

use super::limits::Exceeded;

const MIB: u64 = 1024 * 1024;
/// Blocks in `stat` are of this size, whatever the file system's are (stat(2)).
const BLOCK: u64 = 512;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looking must not cost more than a tenth of a processor, however many files there are.
const REST_PER_LOOK: u32 = 10;
/// More files than this are a runaway build: a large monorepo with all its packages has some 300,000.
pub(crate) const FILES_MAX: u64 = 1_000_000;

/// What is on disk below some folders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct DiskUsage {
    bytes: u64,
    files: u64,
}

/// Looks at a build's folders again and again.
#[derive(Debug)]
pub(crate) struct DiskWatch {
    /// Counted whole.
    own: Vec<PathBuf>,
    /// Shared between builds; only their growth counts.
    shared: Vec<PathBuf>,
    limit_mb: u32,
    /// Tells a look that is under way to end.
    over: Arc<AtomicBool>,
}

impl DiskWatch {
    pub(crate) fn new(own: Vec<PathBuf>, shared: Vec<PathBuf>, limit_mb: u32) -> Self {
        Self {
            own,
            shared,
            limit_mb,
            over: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Returns when the build has too much on disk.
    pub(crate) async fn exceeded(&self) -> Exceeded {
        let mut baseline = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let started = Instant::now();
            let own = self.look(&self.own).await;
            let shared = self.look(&self.shared).await;
            let baseline = *baseline.get_or_insert(shared);
            let bytes = own.bytes + shared.bytes.saturating_sub(baseline.bytes);
            let files = own.files + shared.files.saturating_sub(baseline.files);
            if bytes > u64::from(self.limit_mb) * MIB {
                return Exceeded::Disk;
            }
            if files > FILES_MAX {
                return Exceeded::Files;
            }
            tokio::time::sleep(started.elapsed() * REST_PER_LOOK).await;
        }
    }

    async fn look(&self, folders: &[PathBuf]) -> DiskUsage {
        let (folders, over) = (folders.to_vec(), Arc::clone(&self.over));
        let look = tokio::task::spawn_blocking(move || usage(&folders, &over));
        look.await.unwrap_or_default()
    }
}

impl Drop for DiskWatch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Blocks really taken: a sparse file counts what it holds, a file with several names counts once.
fn usage(folders: &[PathBuf], over: &AtomicBool) -> DiskUsage {
    let mut usage = DiskUsage::default();
    let mut seen = HashSet::new();
    for entry in folders
        .iter()
        .flat_map(|folder| WalkDir::new(folder).follow_links(false))
    {
        if over.load(Ordering::Relaxed) {
            break;
        }
        // Files come and go while we look.
        let Some(metadata) = entry.ok().and_then(|entry| entry.metadata().ok()) else {
            continue;
        };
        usage.files += 1;
        if metadata.nlink() == 1 || metadata.is_dir() || seen.insert((metadata.dev(), metadata.ino())) {
            usage.bytes += metadata.blocks() * BLOCK;
        }
    }
    usage
}

/// Removes a folder with everything in it, also below folders that their owner may not read.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path);
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Makes every folder readable, each before it is read.
fn open_up(path: &Path) {
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        folders.extend(entries.filter(is_folder).map(|entry| entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_52_sparse_files_count_what_they_hold_and_linked_files_count_once() {
        let folder = tempfile::tempdir().unwrap();
        let sparse = fs::File::create(folder.path().join("sparse")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        let before = usage(&[folder.path().to_owned()], &AtomicBool::new(false));
        assert!(before.bytes < MIB, "{before:?}");
        fs::write(folder.path().join("one"), vec![1; MIB as usize]).unwrap();
        fs::hard_link(folder.path().join("one"), folder.path().join("two")).unwrap();
        let after = usage(&[folder.path().to_owned()], &AtomicBool::new(false));
        assert!(
            (MIB..2 * MIB).contains(&(after.bytes - before.bytes)),
            "{after:?}"
        );
        assert_eq!(after.files, before.files + 2);
    }

    #[test]
    fn input_52_folders_that_may_not_be_read_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("a/-rf/\u{80}")).unwrap();
        fs::write(tree.join("a/-rf/file\nname"), "x").unwrap();
        fs::set_permissions(tree.join("a/-rf"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(tree.join("a"), fs::Permissions::from_mode(0o000)).unwrap();
        open_up(&tree);
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        remove_tree(&tree).unwrap();
    }
}
