//! Writes the files of a commit into an empty folder. Nothing of the repository is run or obeyed: no hooks, filters,
//! attributes, submodules. What could lead outside the folder is refused or written as plain text.
//!
//! Why links cannot lead out: a link is only made when its target is relative, climbs with leading `..` no higher than
//! the root, and never climbs again after that. Folders are real ones that we made ourselves, so wherever such a link
//! leads is below the root, also through other links.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Odb, Oid, Repository};
use tokio_util::sync::CancellationToken;

use super::lfs::LfsPointer;
use super::{GitError, GitLimits};

/// Longest path within the repository; Linux itself takes 4,096 with the workspace's own in front.
const PATH_MAX: usize = 1024;
/// Deepest folder.
const DEPTH_MAX: usize = 64;
/// Longest target of a link.
const LINK_MAX: usize = 1024;

const MODE_DIRECTORY: i32 = 0o040_000;
const MODE_EXECUTABLE: i32 = 0o100_755;
const MODE_LINK: i32 = 0o120_000;
const MODE_SUBMODULE: i32 = 0o160_000;

/// What was written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CheckoutReport {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Links that would have led outside, written as text files.
    pub inert_links: Vec<String>,
    /// Submodules, left as empty folders.
    pub submodules: Vec<Submodule>,
    /// Files of which only a pointer was written.
    pub lfs: Vec<LfsPointer>,
}

/// A place for another repository's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Where in the tree.
    pub path: String,
    /// The commit.
    pub commit: String,
}

pub(super) fn run(
    cache: &Path,
    sha: &str,
    workspace: &Path,
    limits: &GitLimits,
    cancel: &CancellationToken,
) -> Result<CheckoutReport, GitError> {
    let repository = Repository::open_bare(cache)?;
    let commit = repository.find_commit(Oid::from_str(sha)?)?;
    let mut writer = Writer {
        odb: repository.odb()?,
        repository: &repository,
        limits,
        cancel,
        entries: 0,
        links: Vec::new(),
        report: CheckoutReport::default(),
    };
    writer.directory(commit.tree_id(), workspace, "", 0)?;
    writer.links()?;
    Ok(writer.report)
}

struct Writer<'a> {
    repository: &'a Repository,
    odb: Odb<'a>,
    limits: &'a GitLimits,
    cancel: &'a CancellationToken,
    entries: usize,
    /// Links are made last, so that no file is ever written through one.
    links: Vec<(PathBuf, Vec<u8>)>,
    report: CheckoutReport,
}

impl Writer<'_> {
    fn directory(&mut self, tree: Oid, folder: &Path, relative: &str, depth: usize) -> Result<(), GitError> {
        if self.cancel.is_cancelled() {
            return Err(GitError::Cancelled);
        }
        let tree = self.repository.find_tree(tree)?;
        for entry in &tree {
            let name = entry.name_bytes();
            let shown = format!("{relative}{}", String::from_utf8_lossy(name));
            if is_forbidden_name(name) || shown.len() > PATH_MAX || depth > DEPTH_MAX {
                return Err(GitError::ForbiddenPath(shown.chars().take(200).collect()));
            }
            self.entries += 1;
            if self.entries > self.limits.entries {
                let limit = self.limits.entries.to_string();
                return Err(GitError::TooLarge {
                    what: "The number of its files",
                    limit,
                });
            }
            let path = folder.join(std::ffi::OsStr::from_bytes(name));
            match entry.filemode() {
                MODE_DIRECTORY => {
                    make_directory(&path)?;
                    self.directory(entry.id(), &path, &format!("{shown}/"), depth + 1)?;
                }
                MODE_SUBMODULE => {
                    make_directory(&path)?;
                    self.report.submodules.push(Submodule {
                        path: shown,
                        commit: entry.id().to_string(),
                    });
                }
                MODE_LINK => self.link(entry.id(), path, &shown, depth)?,
                mode => self.file(entry.id(), &path, shown, mode == MODE_EXECUTABLE)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, blob: Oid, path: &Path, shown: String, executable: bool) -> Result<(), GitError> {
        // The size is looked at before the contents are unpacked into memory.
        let (size, kind) = self.odb.read_header(blob)?;
        if kind != ObjectType::Blob {
            return Err(GitError::ForbiddenPath(path.to_string_lossy().into_owned()));
        }
        let size = size as u64;
        if size > self.limits.file_bytes {
            return Err(GitError::too_large("A file", self.limits.file_bytes));
        }
        self.report.bytes += size;
        if self.report.bytes > self.limits.tree_bytes {
            return Err(GitError::too_large(
                "The size of its files",
                self.limits.tree_bytes,
            ));
        }
        self.report.files += 1;
        let object = self.odb.read(blob)?;
        self.report.lfs.extend(LfsPointer::read(shown, object.data()));
        write_file(path, object.data(), if executable { 0o755 } else { 0o644 })
    }

    fn link(&mut self, blob: Oid, path: PathBuf, shown: &str, depth: usize) -> Result<(), GitError> {
        let (size, _) = self.odb.read_header(blob)?;
        if size > LINK_MAX {
            return Err(GitError::ForbiddenPath(shown.to_owned()));
        }
        let target = self.odb.read(blob)?.data().to_vec();
        if stays_inside(&target, depth) {
            self.links.push((path, target));
            return Ok(());
        }
        self.report.inert_links.push(shown.to_owned());
        write_file(&path, &target, 0o644)
    }

    fn links(&mut self) -> Result<(), GitError> {
        for (path, target) in std::mem::take(&mut self.links) {
            symlink(std::ffi::OsStr::from_bytes(&target), &path).map_err(GitError::io("making a link"))?;
        }
        Ok(())
    }
}

/// See the module's words on links.
fn stays_inside(target: &[u8], depth: usize) -> bool {
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
        return false;
    }
    let parts: Vec<&[u8]> = target
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    let climbs = parts.iter().take_while(|part| **part == b"..").count();
    climbs <= depth && !parts.iter().skip(climbs).any(|part| *part == b"..")
}

/// Names that mean a folder above, or that some file system or tool takes for `.git`.
fn is_forbidden_name(name: &[u8]) -> bool {
    if name.is_empty() || name == b"." || name == b".." || name.iter().any(|&byte| byte == b'/' || byte == 0)
    {
        return true;
    }
    let lower = name.to_ascii_lowercase();
    // NTFS ignores trailing dots and spaces and has short names; HFS+ ignores some characters (CVE-2014-9390).
    let trimmed: &[u8] = {
        let end = lower
            .iter()
            .rposition(|&byte| byte != b'.' && byte != b' ')
            .map_or(0, |last| last + 1);
        &lower[..end]
    };
    let visible: String = String::from_utf8_lossy(&lower)
        .chars()
        .filter(|character| !is_ignorable(*character))
        .collect();
    trimmed == b".git" || trimmed == b"git~1" || visible == ".git" || lower.starts_with(b".git:")
}

const fn is_ignorable(character: char) -> bool {
    matches!(character, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

fn make_directory(path: &Path) -> Result<(), GitError> {
    DirBuilder::new()
        .mode(0o755)
        .create(path)
        .map_err(GitError::io("making a folder of the checkout"))
}

fn write_file(path: &Path, contents: &[u8], mode: u32) -> Result<(), GitError> {
    let mut options = OpenOptions::new();
    // A file that exists already is a name clash made on purpose; `create_new` also never follows a link.
    let written = options.write(true).create_new(true).mode(mode).open(path);
    written
        .and_then(|mut file| file.write_all(contents))
        .map_err(GitError::io("writing a file of the checkout"))
}

/// Empties or makes the folder a checkout goes to.
///
/// # Errors
/// What the file system says.
pub(crate) fn fresh_directory(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_48_links_that_lead_out_are_told_apart() {
        for (target, depth) in [
            ("b", 0),
            ("../x", 1),
            ("../../a/b", 2),
            ("./a", 0),
            ("a/b/c", 0),
            (".", 0),
            ("..", 1),
        ] {
            assert!(stays_inside(target.as_bytes(), depth), "{target} at {depth}");
        }
        for (target, depth) in [
            ("/etc/passwd", 3),
            ("..", 0),
            ("../../x", 1),
            ("a/../../x", 5),
            ("sub/a/..", 5),
            ("", 0),
            ("a\0b", 1),
        ] {
            assert!(!stays_inside(target.as_bytes(), depth), "{target} at {depth}");
        }
    }

    #[test]
    fn input_51_names_that_stand_for_the_git_folder_are_refused() {
        for name in [
            ".git",
            ".GIT",
            ".git ",
            ".git.",
            "git~1",
            "GIT~1",
            ".g\u{200c}it",
            "..",
            ".",
            "",
            "a/b",
            ".git::$INDEX_ALLOCATION",
        ] {
            assert!(is_forbidden_name(name.as_bytes()), "{name:?}");
        }
        for name in [".gitignore", ".github", "git", "a\nb", "-rf", "\u{80}"] {
            assert!(!is_forbidden_name(name.as_bytes()), "{name:?}");
        }
    }
}
