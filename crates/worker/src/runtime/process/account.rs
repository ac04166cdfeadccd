//! The account that builds and apps run as, and giving it the folders it works in.
//!
//! Started as root, Aether runs everything as an unprivileged account; a working tree must belong to that account,
//! because the sandbox maps only this one user id. Started as somebody else, it is that user, and nothing changes hands.

use std::io;
use std::path::Path;

use nix::unistd::{Uid, User};
use walkdir::WalkDir;

use super::settings::SandboxUser;

/// `nobody` on every Linux distribution, for machines whose account list does not have it.
const NOBODY: SandboxUser = SandboxUser {
    uid: 65_534,
    gid: 65_534,
};

/// The account to change to, or none when Aether does not run as root.
pub(crate) fn sandbox_user(configured: Option<SandboxUser>) -> Option<SandboxUser> {
    if !Uid::effective().is_root() {
        return None;
    }
    Some(configured.unwrap_or_else(nobody))
}

fn nobody() -> SandboxUser {
    match User::from_name("nobody") {
        Ok(Some(user)) => SandboxUser {
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        },
        _ => NOBODY,
    }
}

/// Gives `path` and everything in it to `user`. Links are given, never followed. Nothing of the user's may be running
/// in there meanwhile.
pub(crate) fn give(path: &Path, user: SandboxUser) -> io::Result<()> {
    for entry in WalkDir::new(path).follow_links(false) {
        let entry = entry.map_err(io::Error::from)?;
        std::os::unix::fs::lchown(entry.path(), Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}
