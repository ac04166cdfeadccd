//! Files of earlier deployments, and the way of a file to its place.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aether_models::is_sha256;
use tempfile::NamedTempFile;

use super::LfsPointer;

pub(super) fn is_kept(kept: &Path, pointer: &LfsPointer) -> bool {
    fs::metadata(kept.join(&pointer.sha256)).is_ok_and(|file| file.len() == pointer.size)
}

/// Puts a copy where the pointer is, with the pointer's rights.
pub(super) fn put_in_place(pointer: &LfsPointer, kept: &Path, folder: &Path) -> std::io::Result<()> {
    let path: PathBuf = folder.join(&pointer.path);
    let rights = fs::symlink_metadata(&path)?;
    if !rights.is_file() {
        return Err(std::io::Error::other("the pointer is not a file any more"));
    }
    let temporary = NamedTempFile::new_in(path.parent().unwrap_or(folder))?;
    fs::copy(kept.join(&pointer.sha256), temporary.path())?;
    let mode = rights.permissions().mode() & 0o777;
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(mode))?;
    temporary.persist(&path)?;
    Ok(())
}

/// Only what the newest deployment uses is kept.
pub(super) fn forget_others(kept: &Path, wanted: &BTreeMap<&str, &LfsPointer>) {
    let Ok(entries) = fs::read_dir(kept) else { return };
    for entry in entries.flatten() {
        let is_wanted = entry
            .file_name()
            .to_str()
            .is_some_and(|name| wanted.contains_key(name));
        let is_file_of_ours = entry.file_name().to_str().is_some_and(is_sha256);
        if is_file_of_ours && !is_wanted {
            // One that cannot be removed now is removed next time.
            let _ = fs::remove_file(entry.path());
        }
    }
}
