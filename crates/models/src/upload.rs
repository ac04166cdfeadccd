//! A folder that is sent instead of a repository: the list of its files, by content.
//!
//! The list is checked where it is made, where it arrives and where it is written out (threats.md inputs 92 to 94): every
//! path stays inside, nothing lies below a file or a link, and no name means two things.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most entries of an upload.
pub const UPLOAD_ENTRIES_MAX: usize = 20_000;
/// Most bytes of one file.
pub const UPLOAD_FILE_MAX: u64 = 64 << 20;
/// Most bytes of all files together.
pub const UPLOAD_BYTES_MAX: u64 = 512 << 20;
/// Longest path, bytes.
const PATH_MAX: usize = 1024;
/// Deepest folder.
const DEPTH_MAX: usize = 64;

/// One file or link of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Incoming")]
pub struct UploadEntry {
    /// Path relative to the folder, with `/` between its parts.
    pub path: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: UploadEntryKind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UploadEntryKind {
    /// A file.
    File {
        /// SHA-256 of its contents, 64 lower-case hex digits.
        sha256: String,
        /// Its length, bytes.
        size: u64,
        /// It may be run.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it points; never out of the folder.
        target: String,
    },
}

/// An entry as it comes in: flat, and without a field that nobody knows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    sha256: Option<String>,
    size: Option<u64>,
    executable: Option<bool>,
    target: Option<String>,
}

impl TryFrom<Incoming> for UploadEntry {
    type Error = &'static str;

    fn try_from(incoming: Incoming) -> Result<Self, Self::Error> {
        let kind = match (
            incoming.kind.as_str(),
            incoming.sha256,
            incoming.size,
            incoming.target,
        ) {
            ("file", Some(sha256), Some(size), None) => UploadEntryKind::File {
                sha256,
                size,
                executable: incoming.executable.unwrap_or(false),
            },
            ("link", None, None, Some(target)) if incoming.executable.is_none() => {
                UploadEntryKind::Link { target }
            }
            _ => return Err("an entry is a file with sha256 and size, or a link with target"),
        };
        Ok(Self {
            path: incoming.path,
            kind,
        })
    }
}

/// The list is not one of a folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUpload {
    /// No entries at all.
    #[error("there are no files in it")]
    Empty,
    /// Too many entries.
    #[error("it has more than {UPLOAD_ENTRIES_MAX} files")]
    Entries,
    /// Too many bytes, or too many of one file.
    #[error(
        "it has more than {} MiB, or a file with more than {} MiB",
        UPLOAD_BYTES_MAX >> 20,
        UPLOAD_FILE_MAX >> 20
    )]
    Bytes,
    /// A path that leads out, means a repository's own files, or cannot be written.
    #[error("the path {0:?} is not one of a file inside the folder")]
    Path(String),
    /// The same path twice, or something below a file or a link.
    #[error("the path {0:?} stands for two things")]
    Twice(String),
    /// A link that leads out.
    #[error("the link {0:?} leads out of the folder")]
    Link(String),
    /// A digest that is none.
    #[error("the digest of {0:?} is not a SHA-256 in lower-case hex")]
    Digest(String),
}

impl InvalidUpload {
    /// The folder is too large rather than wrong.
    #[must_use]
    pub const fn is_too_large(&self) -> bool {
        matches!(self, Self::Entries | Self::Bytes)
    }
}

/// Sorts and checks the list of a folder.
///
/// # Errors
/// [`InvalidUpload`] with the first rule it breaks.
pub fn check_upload(entries: &mut [UploadEntry]) -> Result<u64, InvalidUpload> {
    if entries.is_empty() {
        return Err(InvalidUpload::Empty);
    }
    if entries.len() > UPLOAD_ENTRIES_MAX {
        return Err(InvalidUpload::Entries);
    }
    entries.sort_unstable();
    let mut bytes = 0_u64;
    let mut paths = BTreeSet::new();
    for entry in entries.iter() {
        check_upload_path(&entry.path)?;
        if !paths.insert(entry.path.as_str()) {
            return Err(InvalidUpload::Twice(shown(&entry.path)));
        }
        match &entry.kind {
            UploadEntryKind::File { sha256, size, .. } => {
                if !is_sha256(sha256) {
                    return Err(InvalidUpload::Digest(shown(&entry.path)));
                }
                bytes = bytes.saturating_add(*size);
                if *size > UPLOAD_FILE_MAX || bytes > UPLOAD_BYTES_MAX {
                    return Err(InvalidUpload::Bytes);
                }
            }
            UploadEntryKind::Link { target } => check_link(&entry.path, target)?,
        }
    }
    for path in &paths {
        let mut parents = path.char_indices().filter(|(_, c)| *c == '/');
        if parents.any(|(end, _)| paths.contains(&path[..end])) {
            return Err(InvalidUpload::Twice(shown(path)));
        }
    }
    Ok(bytes)
}

/// A path of a file inside a folder.
///
/// # Errors
/// [`InvalidUpload::Path`].
pub fn check_upload_path(path: &str) -> Result<(), InvalidUpload> {
    let part_is_plain = |part: &str| {
        // A name that some system takes for Git's own folder would be a repository's settings.
        let git = part.trim_end_matches(['.', ' ']).to_ascii_lowercase();
        !part.is_empty()
            && part != "."
            && part != ".."
            && git != ".git"
            && git != "git~1"
            && part.len() <= 255
    };
    let plain = path.len() <= PATH_MAX
        && !path.contains(|c: char| c.is_control() || c == '\\')
        && path.split('/').count() <= DEPTH_MAX
        && path.split('/').all(part_is_plain);
    if plain {
        Ok(())
    } else {
        Err(InvalidUpload::Path(shown(path)))
    }
}

/// A link may climb only with leading `..`, and no higher than the folder.
fn check_link(path: &str, target: &str) -> Result<(), InvalidUpload> {
    let depth = path.split('/').count() - 1;
    let parts: Vec<&str> = target
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let climbs = parts.iter().take_while(|part| **part == "..").count();
    let inside = !target.is_empty()
        && target.len() <= PATH_MAX
        && !target.starts_with('/')
        && !target.contains(char::is_control)
        && climbs <= depth
        && !parts.iter().skip(climbs).any(|part| *part == "..");
    if inside {
        Ok(())
    } else {
        Err(InvalidUpload::Link(shown(path)))
    }
}

/// 64 lower-case hex digits.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The beginning of a path, for a message.
fn shown(path: &str) -> String {
    path.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> UploadEntry {
        UploadEntry {
            path: path.to_owned(),
            kind: UploadEntryKind::File {
                sha256: "0".repeat(64),
                size: 1,
                executable: false,
            },
        }
    }

    fn link(path: &str, target: &str) -> UploadEntry {
        UploadEntry {
            path: path.to_owned(),
            kind: UploadEntryKind::Link {
                target: target.to_owned(),
            },
        }
    }

    #[test]
    fn a_plain_folder_is_taken() {
        let mut entries = [
            file("b/c.txt"),
            file("a"),
            link("b/up", "../a"),
            file("-rf"),
            file("ä ö"),
        ];
        assert_eq!(check_upload(&mut entries), Ok(4));
        assert_eq!(entries[0].path, "-rf", "sorted");
    }

    #[test]
    fn input_92_paths_that_lead_out_or_mean_two_things_are_refused() {
        let deep = "a/".repeat(64) + "b";
        for path in [
            "",
            "/abs",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            ".git/config",
            "a/.GIT/hooks/x",
            ".git ./x",
            "git~1",
            "a\\b",
            "a\nb",
            "a\0",
            &"a".repeat(256),
            &"a/".repeat(600),
            &deep,
        ] {
            let result = check_upload(&mut [file(path)]);
            assert!(
                matches!(result, Err(InvalidUpload::Path(_))),
                "{path:?}: {result:?}"
            );
        }
        for mut entries in [
            [file("a"), file("a")],
            [file("a"), file("a/b")],
            [link("a", "b"), file("a/b/c")],
        ] {
            assert!(
                matches!(check_upload(&mut entries), Err(InvalidUpload::Twice(_))),
                "{entries:?}"
            );
        }
    }

    #[test]
    fn input_92_links_that_lead_out_are_refused() {
        for (path, target) in [
            ("a", "/etc/passwd"),
            ("a", ".."),
            ("a/b", "../../x"),
            ("a/b", "c/../../.."),
            ("a", ""),
        ] {
            let result = check_upload(&mut [link(path, target)]);
            assert!(
                matches!(result, Err(InvalidUpload::Link(_))),
                "{path} -> {target}: {result:?}"
            );
        }
    }

    #[test]
    fn input_94_empty_and_oversized_folders_are_refused_and_the_exact_caps_are_not() {
        assert_eq!(check_upload(&mut []), Err(InvalidUpload::Empty));
        let sized = |path: &str, bytes: u64| {
            let mut entry = file(path);
            if let UploadEntryKind::File { size, .. } = &mut entry.kind {
                *size = bytes;
            }
            entry
        };
        assert!(check_upload(&mut [sized("a", UPLOAD_FILE_MAX)]).is_ok());
        assert_eq!(
            check_upload(&mut [sized("a", UPLOAD_FILE_MAX + 1)]),
            Err(InvalidUpload::Bytes)
        );
        let mut full: Vec<UploadEntry> = (0..8).map(|n| sized(&format!("f{n}"), UPLOAD_FILE_MAX)).collect();
        assert_eq!(check_upload(&mut full), Ok(UPLOAD_BYTES_MAX));
        full.push(sized("more", 1));
        assert_eq!(check_upload(&mut full), Err(InvalidUpload::Bytes));
        let mut many: Vec<UploadEntry> = (0..UPLOAD_ENTRIES_MAX)
            .map(|n| sized(&format!("f{n}"), 0))
            .collect();
        assert!(check_upload(&mut many).is_ok());
        many.push(sized("more", 0));
        assert_eq!(check_upload(&mut many), Err(InvalidUpload::Entries));
    }
}
