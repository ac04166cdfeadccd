//! Giving disk space back: releases that retention has ended, and contents that no release links to any more. Only what
//! Aether made is touched: folders named like a deployment's key, and the store's own files.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use aether_models::DeploymentId;

use super::blobs::BlobStore;
use crate::folders::{Folders, remove_tree};

/// Deployments that have a folder on this disk.
///
/// # Errors
/// What the file system says.
pub(crate) fn releases_on_disk(folders: &Folders) -> io::Result<Vec<DeploymentId>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folders.deployments())? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        if let Ok(id) = name.parse::<uuid::Uuid>() {
            found.push(DeploymentId::from_uuid(id));
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Removes a release.
///
/// # Errors
/// What the file system says.
pub(crate) fn remove_release(folders: &Folders, id: DeploymentId) -> io::Result<()> {
    let release = folders.release(id);
    remove_tree(&release.with_extension("incoming"))?;
    // First out of its place, so that half of a release is never taken for one.
    let leaving = release.with_extension("leaving");
    match fs::rename(&release, &leaving) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => remove_tree(&leaving),
    }
}

/// Removes contents that only the store itself links to. Returns how many bytes that gave back.
///
/// # Errors
/// What the file system says.
pub(crate) fn collect_garbage(folders: &Folders) -> io::Result<u64> {
    let store = BlobStore::open_exclusive(folders.blobs())?;
    let mut freed = 0;
    for entry in walkdir::WalkDir::new(store.root()).min_depth(1).max_depth(2) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        let is_blob =
            entry.depth() == 2 && name.len() >= 64 && name.as_bytes()[..64].iter().all(u8::is_ascii_hexdigit);
        // Left by a crash: whoever wrote it held the lock that we hold now.
        let is_leftover = entry.depth() == 1 && name.starts_with(".new-");
        if !entry.file_type().is_file() || !(is_blob || is_leftover) {
            continue;
        }
        let metadata = entry.metadata()?;
        if metadata.nlink() == 1 {
            fs::remove_file(entry.path())?;
            freed += metadata.len();
        }
    }
    Ok(freed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unused_contents_and_files_of_ours_go() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let (used, unused) = ("a".repeat(64), format!("{}.br", "b".repeat(64)));
        let shard = folders.blobs().join("aa");
        fs::create_dir_all(&shard).unwrap();
        let kept = DeploymentId::generate();
        fs::create_dir_all(folders.files(kept)).unwrap();
        fs::write(shard.join(&used), "12345").unwrap();
        fs::write(shard.join(&unused), "1234567").unwrap();
        fs::write(shard.join("somebody-elses"), "x").unwrap();
        fs::write(folders.blobs().join(".new-1"), "123").unwrap();
        fs::hard_link(shard.join(&used), folders.files(kept).join(&used)).unwrap();
        fs::create_dir(folders.deployments().join("not-ours")).unwrap();
        assert_eq!(collect_garbage(&folders).unwrap(), 10);
        assert!(shard.join(&used).exists() && shard.join("somebody-elses").exists());
        assert_eq!(releases_on_disk(&folders).unwrap(), [kept]);
        remove_release(&folders, kept).unwrap();
        remove_release(&folders, kept).unwrap();
        assert_eq!(collect_garbage(&folders).unwrap(), 5);
    }
}
