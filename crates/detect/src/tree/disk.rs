//! A folder on disk as a [`Tree`].
//!
//! The repository is untrusted: a link may lead to `/etc/passwd`, to itself, or to a pipe. Every path is resolved
//! by the operating system first and used only when the result is a file or folder below the root.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Entry, EntryKind, FileHead, Tree, normalize_path};

/// A checkout on disk. Links are followed inside the root only.
#[derive(Debug, Clone)]
pub struct DiskTree {
    root: PathBuf,
}

impl DiskTree {
    /// Opens the folder `root`.
    ///
    /// # Errors
    /// When `root` does not exist or is not a folder.
    pub fn open(root: impl AsRef<Path>) -> io::Result<Self> {
        let root = root.as_ref().canonicalize()?;
        if !root.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "not a folder"));
        }
        Ok(Self { root })
    }

    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let path = normalize_path(path)?;
        let resolved = self.root.join(path).canonicalize().ok()?;
        resolved.starts_with(&self.root).then_some(resolved)
    }
}

impl Tree for DiskTree {
    fn list(&self, dir: &str) -> Vec<Entry> {
        let Some(folder) = self.resolve(dir) else {
            return Vec::new();
        };
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut found: Vec<Entry> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                // A name that is not UTF-8 is no manifest, and could not be shown as evidence.
                let name = entry.file_name().into_string().ok()?;
                let kind = entry.file_type().ok()?;
                let kind = if kind.is_symlink() {
                    kind_of(&self.resolve(&super::join(dir, &name))?)?
                } else if kind.is_dir() {
                    EntryKind::Directory
                } else if kind.is_file() {
                    EntryKind::File
                } else {
                    return None;
                };
                Some(Entry { name, kind })
            })
            .collect();
        found.sort_unstable();
        found
    }

    fn kind(&self, path: &str) -> Option<EntryKind> {
        kind_of(&self.resolve(path)?)
    }

    fn read(&self, path: &str, limit: usize) -> Option<FileHead> {
        let file = self.resolve(path)?;
        if kind_of(&file)? != EntryKind::File {
            return None;
        }
        let mut bytes = Vec::new();
        let wanted = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        File::open(file).ok()?.take(wanted).read_to_end(&mut bytes).ok()?;
        let truncated = bytes.len() > limit;
        bytes.truncate(limit);
        Some(FileHead { bytes, truncated })
    }
}

fn kind_of(path: &Path) -> Option<EntryKind> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    if kind.is_dir() {
        Some(EntryKind::Directory)
    } else if kind.is_file() {
        Some(EntryKind::File)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> (tempfile::TempDir, DiskTree) {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("repo");
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(outside.path().join("secret"), "s3cret").unwrap();
        fs::write(root.join("package.json"), "{}").unwrap();
        let tree = DiskTree::open(&root).unwrap();
        (outside, tree)
    }

    #[test]
    fn input_48_links_out_of_the_root_are_not_there() {
        let (outside, tree) = tree();
        symlink(outside.path().join("secret"), outside.path().join("repo/pw")).unwrap();
        symlink("..", outside.path().join("repo/node_modules")).unwrap();
        symlink("loop", outside.path().join("repo/loop")).unwrap();
        let names: Vec<_> = tree.list("").into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["package.json", "src"]);
        assert_eq!(tree.read("pw", 10), None);
        assert_eq!(tree.read("node_modules/secret", 10), None);
        assert_eq!(tree.read("../secret", 10), None);
    }

    #[test]
    fn links_inside_the_root_are_followed() {
        let (outside, tree) = tree();
        symlink("../package.json", outside.path().join("repo/src/package.json")).unwrap();
        assert_eq!(tree.kind("src/package.json"), Some(EntryKind::File));
        assert_eq!(tree.read("src/package.json", 10).unwrap().bytes, b"{}");
    }

    #[test]
    fn reading_stops_at_the_limit_and_says_so() {
        let (outside, tree) = tree();
        fs::write(outside.path().join("repo/big"), vec![b'x'; 100]).unwrap();
        let head = tree.read("big", 10).unwrap();
        assert_eq!((head.bytes.len(), head.truncated), (10, true));
        assert!(!tree.read("big", 100).unwrap().truncated);
    }
}
