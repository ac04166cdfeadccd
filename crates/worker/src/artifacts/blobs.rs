//! The store of contents by digest: `<two digits>/<sha256>` with `.br`, `.zst` and `.gz` beside it.
//!
//! A blob appears under its name by a rename, after its bytes are on disk. Releases hold hard links, so a blob that only
//! the store links to is not used any more. The lock keeps garbage collection away while links are being made.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Readable for the proxy, which may run as another user.
const BLOB_MODE: u32 = 0o644;

/// The store of contents.
#[derive(Debug)]
pub(super) struct BlobStore {
    root: PathBuf,
    _lock: File,
    temporary: AtomicU64,
}

impl BlobStore {
    /// Opens the store for adding; others may add at the same time.
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        Self::locked(root, File::lock_shared)
    }

    /// Opens the store for removing; nobody else uses it meanwhile.
    pub(super) fn open_exclusive(root: PathBuf) -> io::Result<Self> {
        Self::locked(root, File::lock)
    }

    fn locked(root: PathBuf, lock: impl Fn(&File) -> io::Result<()>) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        let file = File::create(root.join("lock"))?;
        lock(&file)?;
        Ok(Self {
            root,
            _lock: file,
            temporary: AtomicU64::new(0),
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a blob is; `suffix` names a variant.
    pub(super) fn path(&self, sha256: &str, suffix: &str) -> PathBuf {
        self.root.join(&sha256[..2]).join(format!("{sha256}{suffix}"))
    }

    /// Size of a blob, if it is here.
    pub(super) fn size(&self, sha256: &str, suffix: &str) -> Option<u64> {
        self.path(sha256, suffix)
            .metadata()
            .ok()
            .map(|metadata| metadata.len())
    }

    /// A file for new contents; call [`NewBlob::store`] when they are written.
    pub(super) fn create(&self) -> io::Result<NewBlob<'_>> {
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(format!(
            ".new-{}-{number}-{}",
            std::process::id(),
            uuid::Uuid::now_v7()
        ));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(BLOB_MODE)
            .open(&path)?;
        Ok(NewBlob {
            store: self,
            path,
            file,
            stored: false,
        })
    }

    /// Links a blob into a release.
    pub(super) fn link(&self, sha256: &str, suffix: &str, target: &Path) -> io::Result<()> {
        match fs::hard_link(self.path(sha256, suffix), target) {
            // The same contents under two paths.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome,
        }
    }
}

/// Contents on their way into the store.
pub(super) struct NewBlob<'a> {
    store: &'a BlobStore,
    path: PathBuf,
    file: File,
    stored: bool,
}

impl NewBlob<'_> {
    /// Puts the contents in place, on disk.
    pub(super) fn store(mut self, sha256: &str, suffix: &str) -> io::Result<()> {
        let target = self.store.path(sha256, suffix);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        self.file.sync_data()?;
        fs::rename(&self.path, &target)?;
        self.stored = true;
        Ok(())
    }
}

impl Write for NewBlob<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewBlob<'_> {
    fn drop(&mut self) {
        if !self.stored {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes a folder's entries survive a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
