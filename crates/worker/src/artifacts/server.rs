//! The release of a server app: its built working tree, moved.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aether_models::{APP_DIRECTORY, DeploymentId};

use super::blobs::sync_directory;
use crate::folders::{Folders, move_tree, remove_tree};

/// Moves the built tree to its release, replacing what an earlier attempt left there; without one (its files are in an
/// image) the release is an empty folder.
///
/// # Errors
/// What the file system says.
pub(crate) fn place_app(
    folders: &Folders,
    deployment: DeploymentId,
    workspace: Option<&Path>,
) -> io::Result<()> {
    let release = folders.release(deployment);
    remove_tree(&release)?;
    let incoming = release.with_extension("incoming");
    remove_tree(&incoming)?;
    std::fs::create_dir_all(&incoming)?;
    let app = incoming.join(APP_DIRECTORY);
    match workspace {
        Some(workspace) => {
            move_tree(workspace, &app)?;
            strip_privileges(&app)?;
        }
        None => std::fs::create_dir(&app)?,
    }
    std::fs::rename(&incoming, &release)?;
    sync_directory(folders.deployments())
}

/// Takes away what a build may have left for a user of the machine to run or to change: set-user-id, set-group-id, and
/// writing by everybody (threats.md input 53). The sandbox ignores these bits; this is for everything outside of it.
fn strip_privileges(tree: &Path) -> io::Result<()> {
    const RISKY: u32 = 0o6002;
    for entry in walkdir::WalkDir::new(tree) {
        let entry = entry?;
        if entry.file_type().is_symlink() {
            continue;
        }
        let mode = entry.metadata()?.permissions().mode() & 0o7777;
        if mode & RISKY != 0 {
            std::fs::set_permissions(entry.path(), Permissions::from_mode(mode & !RISKY))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_53_no_file_of_an_app_gives_its_rights_away() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let workspace = root.path().join("workspace");
        std::fs::create_dir_all(workspace.join("open")).unwrap();
        std::fs::write(workspace.join("open/tool"), "#!").unwrap();
        std::os::unix::fs::symlink("/bin/su", workspace.join("link")).unwrap();
        let set = |path: &str, mode| {
            std::fs::set_permissions(workspace.join(path), Permissions::from_mode(mode)).unwrap();
        };
        set("open/tool", 0o6777);
        set("open", 0o2777);
        let su = std::fs::metadata("/bin/su").unwrap().permissions();
        let deployment = DeploymentId::generate();
        place_app(&folders, deployment, Some(&workspace)).unwrap();
        let mode = |path: &str| {
            let path = folders.app(deployment).join(path);
            std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
        };
        assert_eq!((mode("open/tool"), mode("open")), (0o775, 0o775));
        assert_eq!(std::fs::metadata("/bin/su").unwrap().permissions(), su);
    }

    #[test]
    fn an_app_is_moved_and_replaces_an_earlier_attempt() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let deployment = DeploymentId::generate();
        for text in ["first", "second"] {
            let workspace = root.path().join(text);
            std::fs::create_dir(&workspace).unwrap();
            std::fs::write(workspace.join("server.js"), text).unwrap();
            place_app(&folders, deployment, Some(&workspace)).unwrap();
            assert!(!workspace.exists());
            assert_eq!(
                std::fs::read_to_string(folders.app(deployment).join("server.js")).unwrap(),
                text
            );
        }
    }
}
