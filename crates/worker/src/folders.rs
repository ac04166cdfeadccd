//! Where things lie on disk. Every path that this crate writes to is made here, from internal ids only.

use std::io;
use std::path::{Path, PathBuf};

use aether_models::{APP_DIRECTORY, DeploymentId, FILES_DIRECTORY, MANIFEST_FILE, ProjectId};

/// The folders of a worker.
#[derive(Debug, Clone)]
pub struct Folders {
    data: PathBuf,
    deployments: PathBuf,
}

impl Folders {
    /// Folders below these two.
    #[must_use]
    pub const fn new(data: PathBuf, deployments: PathBuf) -> Self {
        Self { data, deployments }
    }

    /// Makes what must exist, so that a read-only disk is found at the start.
    ///
    /// # Errors
    /// What the file system says, with the path.
    pub fn prepare(&self) -> io::Result<()> {
        for path in [
            self.workspaces(),
            self.git_cache(),
            self.project_caches(),
            self.blobs(),
        ] {
            std::fs::create_dir_all(&path)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        }
        Ok(())
    }

    /// Bare repositories.
    #[must_use]
    pub fn git_cache(&self) -> PathBuf {
        self.data.join("cache/git")
    }

    /// All working trees.
    #[must_use]
    pub fn workspaces(&self) -> PathBuf {
        self.data.join("workspaces")
    }

    /// The working tree of one attempt: the deployment (or dry run) and its fencing token.
    #[must_use]
    pub fn workspace(&self, id: uuid::Uuid, attempt: i64) -> PathBuf {
        self.workspaces().join(format!("{id}.{attempt}"))
    }

    /// The caches of all projects.
    #[must_use]
    pub fn project_caches(&self) -> PathBuf {
        self.data.join("cache/projects")
    }

    /// Everything that is kept between the builds of a project. One project never sees another's (threats.md input 58).
    #[must_use]
    pub fn project_cache(&self, project: ProjectId) -> PathBuf {
        self.project_caches().join(project.uuid().to_string())
    }

    /// All releases.
    #[must_use]
    pub fn deployments(&self) -> &Path {
        &self.deployments
    }

    /// Contents of static releases by digest.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.deployments.join(".store")
    }

    /// One release.
    #[must_use]
    pub fn release(&self, id: DeploymentId) -> PathBuf {
        self.deployments.join(id.uuid().to_string())
    }

    /// The directory of a server app.
    #[must_use]
    pub fn app(&self, id: DeploymentId) -> PathBuf {
        self.release(id).join(APP_DIRECTORY)
    }

    /// The contents of a static release.
    #[must_use]
    pub fn files(&self, id: DeploymentId) -> PathBuf {
        self.release(id).join(FILES_DIRECTORY)
    }

    /// The manifest of a static release.
    #[must_use]
    pub fn manifest(&self, id: DeploymentId) -> PathBuf {
        self.release(id).join(MANIFEST_FILE)
    }
}

/// Removes a folder and all in it; one that is gone is fine. What a build made read-only is made writable first.
///
/// # Errors
/// What the file system says.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path);
            std::fs::remove_dir_all(path)
        }
        Err(error) => Err(error),
    }
}

/// Best effort: a folder without its write bit keeps its entries from being removed (Go's module cache is like that).
fn make_writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let folders = walkdir::WalkDir::new(path).into_iter().filter_map(Result::ok);
    for folder in folders.filter(|entry| entry.file_type().is_dir()) {
        let _ = std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700));
    }
}

/// Moves a folder; across file systems it is copied first, and appears under its new name only when it is complete.
///
/// # Errors
/// What the file system says.
pub(crate) fn move_tree(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let incoming = to.with_extension("incoming");
            remove_tree(&incoming)?;
            copy_tree(from, &incoming)?;
            std::fs::rename(&incoming, to)?;
            remove_tree(from)
        }
        outcome => outcome,
    }
}

/// Copies a folder with its links (as links), modes and owners. Devices and pipes are left out.
///
/// # Errors
/// What the file system says.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let relative = entry.path().strip_prefix(from).map_err(io::Error::other)?;
        let target = if relative.as_os_str().is_empty() {
            to.to_owned()
        } else {
            to.join(relative)
        };
        let kind = entry.file_type();
        if kind.is_dir() {
            std::fs::create_dir_all(&target)?;
            std::fs::set_permissions(&target, entry.metadata()?.permissions())?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
        } else {
            continue;
        }
        keep_owner(&entry.metadata()?, &target)?;
    }
    Ok(())
}

/// As root, a copy would belong to root, and the build's own user could not change it.
fn keep_owner(metadata: &std::fs::Metadata, target: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if nix::unistd::geteuid().is_root() && metadata.uid() != 0 {
        std::os::unix::fs::lchown(target, Some(metadata.uid()), Some(metadata.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn read_only_folders_are_removed_too() {
        let root = tempfile::tempdir().unwrap();
        let locked = root.path().join("tree/locked");
        std::fs::create_dir_all(&locked).unwrap();
        std::fs::write(locked.join("file"), "x").unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
        remove_tree(&root.path().join("tree")).unwrap();
        assert!(!root.path().join("tree").exists());
        remove_tree(&root.path().join("tree")).unwrap();
    }

    #[test]
    fn a_copy_keeps_links_as_links_and_modes() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        std::fs::create_dir_all(from.join("bin")).unwrap();
        std::fs::write(from.join("bin/run"), "#!").unwrap();
        std::fs::set_permissions(from.join("bin/run"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", from.join("link")).unwrap();
        copy_tree(&from, &to).unwrap();
        assert_eq!(
            std::fs::read_link(to.join("link")).unwrap(),
            Path::new("/etc/passwd")
        );
        assert_eq!(
            std::fs::metadata(to.join("bin/run"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o755
        );
    }
}
