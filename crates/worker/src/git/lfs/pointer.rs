//! What a commit has in the place of a file that is kept in Git LFS.

use aether_models::is_sha256;

use crate::git::GitError;

const VERSION: &str = "version https://git-lfs.github.com/spec/v1";
/// Longest pointer, by the specification.
const POINTER_MAX: usize = 1024;

/// A file of which the tree only has a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LfsPointer {
    /// Where in the tree.
    pub path: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
}

impl LfsPointer {
    /// Reads the content of the file at `path`; none when it is no pointer.
    pub(in crate::git) fn read(path: String, content: &[u8]) -> Option<Self> {
        if content.len() > POINTER_MAX || !content.starts_with(VERSION.as_bytes()) {
            return None;
        }
        let mut lines = std::str::from_utf8(content).ok()?.lines();
        if lines.next() != Some(VERSION) {
            return None;
        }
        let (mut sha256, mut size) = (None, None);
        for line in lines {
            match line.split_once(' ')? {
                ("oid", value) => sha256 = value.strip_prefix("sha256:").filter(|text| is_sha256(text)),
                ("size", value) if value.bytes().all(|b| b.is_ascii_digit()) => size = value.parse().ok(),
                // An extension's file means nothing without the program of that extension.
                _ => return None,
            }
        }
        Some(Self {
            path,
            sha256: sha256?.to_owned(),
            size: size?,
        })
    }

    pub(super) fn failed(&self, why: impl Into<String>) -> GitError {
        GitError::Lfs {
            path: self.path.clone(),
            why: why.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn read(text: &str) -> Option<LfsPointer> {
        LfsPointer::read("a.bin".to_owned(), text.as_bytes())
    }

    #[test]
    fn a_pointer_is_told_from_other_files() {
        let pointer = read(&format!("{VERSION}\noid sha256:{OID}\nsize 12345\n")).unwrap();
        assert_eq!((pointer.sha256.as_str(), pointer.size), (OID, 12345));
    }

    #[test]
    fn input_51_what_is_no_proper_pointer_is_a_file_like_others() {
        for text in [
            String::new(),
            format!("{VERSION}\n"),
            format!("{VERSION}x\noid sha256:{OID}\nsize 1\n"),
            format!("{VERSION}\noid sha256:../../etc/passwd\nsize 1\n"),
            format!("{VERSION}\noid sha256:{}\nsize 1\n", OID.to_uppercase()),
            format!("{VERSION}\noid md5:{OID}\nsize 1\n"),
            format!("{VERSION}\noid sha256:{OID}\nsize -1\n"),
            format!("{VERSION}\noid sha256:{OID}\nsize 99999999999999999999\n"),
            format!("{VERSION}\next-0-run sha256:{OID}\noid sha256:{OID}\nsize 1\n"),
            format!("{VERSION}\noid sha256:{OID}\nsize 1\n{}", " ".repeat(POINTER_MAX)),
        ] {
            assert_eq!(read(&text), None, "{text:?}");
        }
    }
}
