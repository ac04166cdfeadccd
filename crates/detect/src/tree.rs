//! What detection can see of a repository: folders, and files up to a size.
//!
//! Detection asks for names and contents through [`Tree`] and nothing else, so it runs the same on a checkout
//! ([`DiskTree`]) and on a map of strings ([`MemoryTree`]). Paths are relative, separated by `/`; the root is `""`.

mod disk;
mod memory;

pub use disk::DiskTree;
pub use memory::MemoryTree;

/// What a name in a folder stands for. Links are reported as what they lead to, when that is inside the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without its folder.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// The first bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHead {
    /// At most as many bytes as were asked for.
    pub bytes: Vec<u8>,
    /// Whether the file goes on after them.
    pub truncated: bool,
}

/// A repository's files. Answers never lead outside the root, and reading never blocks on a pipe or device.
pub trait Tree {
    /// The entries of `dir`, sorted by name; empty when there is no such folder.
    fn list(&self, dir: &str) -> Vec<Entry>;

    /// What `path` is, if it exists.
    fn kind(&self, path: &str) -> Option<EntryKind>;

    /// The first `limit` bytes of the file `path`; `None` when it is not a readable file.
    fn read(&self, path: &str, limit: usize) -> Option<FileHead>;
}

/// Joins a folder (`""` and `.` are the root) and a name.
pub(crate) fn join(dir: &str, name: &str) -> String {
    match (dir, name) {
        ("" | ".", _) => name.to_owned(),
        (_, "" | ".") => dir.to_owned(),
        _ => format!("{dir}/{name}"),
    }
}

/// Brings `path` to the form used here (no `.`, no doubled or trailing `/`); `None` when it leaves the root.
#[must_use]
pub fn normalize_path(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    if path.starts_with('/') || path.contains(['\\', '\0']) {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_brought_to_one_form() {
        assert_eq!(normalize_path("./apps//web/").as_deref(), Some("apps/web"));
        assert_eq!(normalize_path(".").as_deref(), Some(""));
        assert_eq!(normalize_path("a/../b").as_deref(), Some("b"));
    }

    #[test]
    fn input_49_paths_that_leave_the_root_are_refused() {
        for path in ["../etc", "/etc", "a/../../b", "C:\\x", "a\0b"] {
            assert_eq!(normalize_path(path), None, "{path:?}");
        }
    }
}
