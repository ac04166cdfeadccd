//! A repository given as a map from path to contents: for tests, and for forges that answer single files.

use std::collections::BTreeMap;

use super::{Entry, EntryKind, FileHead, Tree, join, normalize_path};

/// Files held in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryTree {
    /// A tree without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file; a path that leaves the root is ignored.
    #[must_use]
    pub fn with(mut self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        if let Some(path) = normalize_path(path) {
            self.files.insert(path, contents.as_ref().to_vec());
        }
        self
    }
}

impl Tree for MemoryTree {
    fn list(&self, dir: &str) -> Vec<Entry> {
        let Some(dir) = normalize_path(dir) else {
            return Vec::new();
        };
        let prefix = if dir.is_empty() {
            String::new()
        } else {
            format!("{dir}/")
        };
        let mut found: Vec<Entry> = Vec::new();
        for path in self.files.range(prefix.clone()..).map(|(path, _)| path) {
            let Some(rest) = path.strip_prefix(&prefix) else {
                break;
            };
            let (name, kind) = match rest.split_once('/') {
                Some((name, _)) => (name, EntryKind::Directory),
                None => (rest, EntryKind::File),
            };
            if found.last().is_none_or(|last| last.name != name) {
                found.push(Entry {
                    name: name.to_owned(),
                    kind,
                });
            }
        }
        found.sort_unstable();
        found
    }

    fn kind(&self, path: &str) -> Option<EntryKind> {
        let path = normalize_path(path)?;
        if self.files.contains_key(&path) {
            return Some(EntryKind::File);
        }
        let prefix = join(&path, "");
        let below = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        let inside = self
            .files
            .range(below.clone()..)
            .next()
            .is_some_and(|(name, _)| name.starts_with(&below));
        inside.then_some(EntryKind::Directory)
    }

    fn read(&self, path: &str, limit: usize) -> Option<FileHead> {
        let bytes = self.files.get(&normalize_path(path)?)?;
        let kept = bytes.get(..limit).unwrap_or(bytes);
        Some(FileHead {
            bytes: kept.to_vec(),
            truncated: kept.len() < bytes.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_from_the_paths_of_files() {
        let tree = MemoryTree::new()
            .with("a/b/c.txt", "1")
            .with("a/d.txt", "2")
            .with("e", "3");
        let names: Vec<_> = tree
            .list("a")
            .into_iter()
            .map(|entry| (entry.name, entry.kind))
            .collect();
        assert_eq!(
            names,
            [
                ("b".into(), EntryKind::Directory),
                ("d.txt".into(), EntryKind::File)
            ]
        );
        assert_eq!(tree.kind("a"), Some(EntryKind::Directory));
        assert_eq!(tree.kind("a/b/c"), None);
        assert_eq!(tree.read("e", 10).unwrap().bytes, b"3");
    }
}
