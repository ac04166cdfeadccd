//! The user the servers run as. Postgres refuses to run as root, so a platform started as root picks another.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User};
use tokio::process::Command;

use crate::EmbeddedError;

/// Users tried, in this order, when none is named: the one Debian's package makes, then the one every system has.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// An unprivileged user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
}

impl Account {
    /// The user to run servers as: `None` when this process is not root and they simply run as itself.
    pub fn for_servers(wanted: Option<&str>) -> Result<Option<Self>, EmbeddedError> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        let candidates = wanted.map_or_else(|| CANDIDATES.to_vec(), |name| vec![name]);
        let found = candidates
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        match found {
            Some(user) if !user.uid.is_root() => Ok(Some(Self {
                name: user.name,
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            })),
            _ => Err(EmbeddedError::NoSuchUser(candidates[0].to_owned())),
        }
    }

    /// Login name of the user this process runs as.
    pub(crate) fn own_name() -> Result<String, EmbeddedError> {
        let uid = Uid::effective();
        let user = User::from_uid(uid).ok().flatten();
        user.map(|user| user.name)
            .ok_or_else(|| EmbeddedError::NoSuchUser(uid.to_string()))
    }

    /// Makes `command` run as this user, without the groups of root.
    pub(crate) fn run(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives a file or directory to this user.
    pub(crate) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(EmbeddedError::not_writable(path))
    }

    /// Fails with the first parent directory of `path` this user may not enter.
    pub(crate) fn check_reaches(&self, path: &Path) -> Result<(), EmbeddedError> {
        let closed = path
            .ancestors()
            .skip(1)
            .filter(|parent| !self.may_enter(parent))
            .last();
        match closed {
            Some(parent) => Err(EmbeddedError::Unreachable {
                path: parent.to_owned(),
                user: self.name.clone(),
            }),
            None => Ok(()),
        }
    }

    fn may_enter(&self, directory: &Path) -> bool {
        let Ok(metadata) = directory.metadata() else {
            return false;
        };
        let execute = if metadata.uid() == self.uid {
            0o100
        } else if Gid::from_raw(metadata.gid()) == Gid::from_raw(self.gid) {
            0o010
        } else {
            0o001
        };
        metadata.mode() & execute != 0
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_parent_closed_to_the_account_is_named() {
        let closed = tempfile::tempdir().unwrap();
        std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Account {
            name: "stranger".into(),
            uid: 4_000_000,
            gid: 4_000_000,
        };
        let error = stranger
            .check_reaches(&closed.path().join("postgres"))
            .unwrap_err();
        assert!(
            error.to_string().contains(&closed.path().display().to_string()),
            "{error}"
        );

        std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        stranger.check_reaches(&closed.path().join("postgres")).unwrap();
    }
}
