//! Creating directories with the right owner and mode, and the directory of the unix sockets.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use tempfile::TempDir;

use crate::{Account, EmbeddedError};

/// Longest socket directory: `sun_path` holds 108 bytes with the closing NUL (unix(7)), less `/.s.PGSQL.5432.lock`.
const RUN_DIRECTORY_MAX: usize = 107 - "/.s.PGSQL.5432.lock".len();

/// Where the unix sockets are.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl RunDirectory {
    /// `sockets/` below the data directory, or a private temporary directory when that path is too long for a socket.
    pub(crate) fn create(data_dir: &Path, account: Option<&Account>) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("sockets");
        if path.as_os_str().len() <= RUN_DIRECTORY_MAX {
            create_owned_directory(&path, account)?;
            return Ok(Self {
                path,
                _temporary: None,
            });
        }
        let temporary = temporary_directory().map_err(EmbeddedError::not_writable(Path::new("/tmp")))?;
        if let Some(account) = account {
            account.own(temporary.path())?;
        }
        Ok(Self {
            path: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Creates a directory (and its parents) only this user may enter.
pub fn create_private_directory(path: &Path) -> Result<(), EmbeddedError> {
    create(path, 0o700)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .map_err(EmbeddedError::not_writable(path))
}

/// Creates a directory that holds directories of other users: they may pass through it but not list it. When this
/// process is not root there are no other users, and the directory is private. The mode of a directory that is there
/// already is left alone: it may be a place this platform shares with others.
pub fn create_shared_directory(path: &Path) -> Result<(), EmbeddedError> {
    create(path, if Uid::effective().is_root() { 0o711 } else { 0o700 })
}

/// Creates a directory only `account` may enter.
pub(crate) fn create_owned_directory(path: &Path, account: Option<&Account>) -> Result<(), EmbeddedError> {
    create_private_directory(path)?;
    account.map_or(Ok(()), |account| account.own(path))
}

fn create(path: &Path, mode: u32) -> Result<(), EmbeddedError> {
    let made = match path.parent() {
        Some(parent) if !parent.exists() => std::fs::create_dir_all(parent),
        _ => Ok(()),
    };
    made.and_then(|()| match std::fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    })
    .map_err(EmbeddedError::not_writable(path))
}

fn temporary_directory() -> std::io::Result<TempDir> {
    let user_runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let parents = user_runtime.into_iter().chain([PathBuf::from("/tmp")]);
    let short = parents.filter(|parent| parent.as_os_str().len() < RUN_DIRECTORY_MAX / 2);
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for parent in short {
        let private = std::fs::Permissions::from_mode(0o700);
        match tempfile::Builder::new()
            .prefix("aether-")
            .permissions(private)
            .tempdir_in(parent)
        {
            Ok(directory) => return Ok(directory),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_too_long_for_a_socket_gets_its_sockets_elsewhere() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("x".repeat(120));
        let run = RunDirectory::create(&data, None).unwrap();
        assert!(run.path().as_os_str().len() <= RUN_DIRECTORY_MAX);
        assert_eq!(run.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named_in_one_line() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = create_private_directory(&file.join("data"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("AETHER_DATA_DIR") && !error.contains('\n'),
            "{error}"
        );
    }
}
