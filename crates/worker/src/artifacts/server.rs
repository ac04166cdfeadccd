//! The release of a server app: its built working tree, moved.

use std::io;
use std::path::Path;

use aether_models::{APP_DIRECTORY, DeploymentId};

use super::blobs::sync_directory;
use crate::folders::{Folders, move_tree, remove_tree};

/// Moves the built tree to its release, replacing what an earlier attempt left there.
///
/// # Errors
/// What the file system says.
pub(crate) fn place_app(folders: &Folders, deployment: DeploymentId, workspace: &Path) -> io::Result<()> {
    let release = folders.release(deployment);
    remove_tree(&release)?;
    let incoming = release.with_extension("incoming");
    remove_tree(&incoming)?;
    std::fs::create_dir_all(&incoming)?;
    move_tree(workspace, &incoming.join(APP_DIRECTORY))?;
    std::fs::rename(&incoming, &release)?;
    sync_directory(folders.deployments())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_moved_and_replaces_an_earlier_attempt() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let deployment = DeploymentId::generate();
        for text in ["first", "second"] {
            let workspace = root.path().join(text);
            std::fs::create_dir(&workspace).unwrap();
            std::fs::write(workspace.join("server.js"), text).unwrap();
            place_app(&folders, deployment, &workspace).unwrap();
            assert!(!workspace.exists());
            assert_eq!(
                std::fs::read_to_string(folders.app(deployment).join("server.js")).unwrap(),
                text
            );
        }
    }
}
