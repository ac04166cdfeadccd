//! One owner per directory, held by an advisory lock that the kernel drops with the process, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

use crate::EmbeddedError;

/// A held lock. Dropping it gives the directory free.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: Flock<File>,
}

impl DirectoryLock {
    /// Takes the lock `name` in `directory`, or says who holds it.
    pub fn take(directory: &Path, name: &str) -> Result<Self, EmbeddedError> {
        let path = directory.join(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(EmbeddedError::not_writable(&path))?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((mut file, _)) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
                let holder = if read {
                    holder.trim().to_owned()
                } else {
                    "unknown".to_owned()
                };
                return Err(EmbeddedError::InUse {
                    path: directory.to_owned(),
                    holder,
                });
            }
        };
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(EmbeddedError::not_writable(&path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_learns_who_holds_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let held = DirectoryLock::take(directory.path(), "lock").unwrap();
        let error = DirectoryLock::take(directory.path(), "lock")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("process {}", std::process::id())),
            "{error}"
        );
        drop(held);
        DirectoryLock::take(directory.path(), "lock").unwrap();
    }
}
