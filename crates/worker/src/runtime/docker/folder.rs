//! Folders of this machine that containers see: giving them to the account inside, and the names of that account.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use bollard::models::Mount;
use walkdir::WalkDir;

use super::container::bind;
use crate::runtime::process::disk::remove_tree;
use crate::runtime::{RuntimeError, SandboxUser};

/// Home of the account inside, as in the process runtime.
pub(super) const HOME: &str = crate::runtime::SANDBOX_HOME;

/// Gives a folder and all that is in it to `user`; without `again`, only when it was not given before. Links are given, never followed.
pub(super) async fn give(path: PathBuf, user: SandboxUser, again: bool) -> Result<(), RuntimeError> {
    let given = tokio::task::spawn_blocking(move || give_now(&path, user, again)).await;
    let failed = |source| RuntimeError::Io {
        context: "giving a folder to the build's account",
        source,
    };
    given
        .map_err(|error| failed(io::Error::other(error)))?
        .map_err(failed)
}

fn give_now(path: &Path, user: SandboxUser, again: bool) -> io::Result<()> {
    let top = std::fs::symlink_metadata(path)?;
    if (top.uid() == user.uid && !again) || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    // The top comes last: a walk that was cut short is done again.
    for entry in WalkDir::new(path).follow_links(false).contents_first(true) {
        let entry = entry.map_err(io::Error::from)?;
        lchown(entry.path(), Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}

/// A new folder that belongs to `user` alone.
pub(super) fn make_private(path: &Path, user: SandboxUser) -> Result<(), RuntimeError> {
    let made = || -> io::Result<()> {
        std::fs::create_dir_all(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        give_now(path, user, false)
    };
    made().map_err(|source| RuntimeError::Io {
        context: "making a folder for a container",
        source,
    })
}

/// Writes the names of the account inside, which many tools ask for (`os.userInfo()`, `ssh`, `git`), and says how to
/// mount them.
pub(super) fn account_files(folder: &Path, user: SandboxUser) -> Result<Vec<Mount>, RuntimeError> {
    let SandboxUser { uid, gid } = user;
    let passwd = format!(
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
         aether:x:{uid}:{gid}:aether:{HOME}:/bin/sh\n"
    );
    let group = format!("root:x:0:\nnogroup:x:65534:\naether:x:{gid}:\n");
    let mut mounts = Vec::new();
    for (name, text) in [("passwd", passwd), ("group", group)] {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&path, &text))
                .map_err(|source| RuntimeError::Io {
                    context: "writing the account files of containers",
                    source,
                })?;
        }
        mounts.push(bind(&path, &format!("/etc/{name}"), true));
    }
    Ok(mounts)
}

/// Removes a folder with all that is in it; what cannot be removed is left for the clean-up.
pub(super) async fn remove(path: PathBuf) {
    let shown = path.display().to_string();
    let removed = tokio::task::spawn_blocking(move || remove_tree(&path)).await;
    if let Ok(Err(error)) = removed {
        tracing::warn!(%error, folder = shown, "a folder of a container is left for the clean-up");
    }
}
