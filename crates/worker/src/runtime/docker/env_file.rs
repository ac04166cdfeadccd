//! Variables of a container, handed over outside of its configuration.
//!
//! The engine writes a container's configuration to disk in the clear and shows it to everybody who may ask
//! (`docker inspect`). So variables are written to a file in memory, mounted into the container, and read there by the
//! shell that then becomes the command.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aether_models::UserError;
use bollard::models::Mount;

use super::container::bind;
use crate::runtime::RuntimeError;

/// Where it is mounted; not below a folder that an image may have as a link or that gets a mount of its own.
pub(super) const INSIDE: &str = "/.aether.env";
/// File system types whose files are in memory only (`linux/magic.h`): tmpfs and ramfs.
const IN_MEMORY: &[u64] = &[0x0102_1994, 0x8584_58f6];

/// Keeps the files of one Aether.
#[derive(Debug, Clone)]
pub(super) struct EnvFiles {
    folder: PathBuf,
}

impl EnvFiles {
    /// Opens the folder and makes sure that it is in memory.
    pub(super) fn open(secrets_dir: &Path, owner: &str) -> Result<Self, RuntimeError> {
        let folder = secrets_dir.join(owner);
        let failed = |source| RuntimeError::Io {
            context: "making the folder for variables of containers",
            source,
        };
        // The folder keeps others out; the files in it are readable by whoever is inside the container.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(failed)?;
        let stat = rustix::fs::statfs(&folder).map_err(|error| failed(error.into()))?;
        let kind = u64::try_from(stat.f_type).unwrap_or_default();
        if !IN_MEMORY.contains(&kind) {
            return Err(on_disk(secrets_dir).into());
        }
        Ok(Self { folder })
    }

    /// Writes the variables for the container `name`, and says how to mount them.
    pub(super) fn write(&self, name: &str, env: &BTreeMap<String, String>) -> Result<Mount, RuntimeError> {
        let text = exports(env)?;
        let path = self.path(name);
        let failed = |source| RuntimeError::Io {
            context: "writing variables of a container",
            source,
        };
        remove(&path).map_err(failed)?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o444)
            .open(&path)
            .map_err(failed)?;
        io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
        Ok(bind(&path, INSIDE, true))
    }

    /// Whether the container's variables are there; they are gone after a restart of the machine.
    pub(super) fn exists(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// Forgets the variables of a container.
    pub(super) fn forget(&self, name: &str) {
        if let Err(error) = remove(&self.path(name)) {
            tracing::warn!(%error, name, "variables of a container stay in memory");
        }
    }

    /// The containers that have variables here.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The variables in the words of a POSIX shell: within single quotes nothing has a meaning but the quote itself.
fn exports(env: &BTreeMap<String, String>) -> Result<String, UserError> {
    let mut text = String::new();
    for (name, value) in env {
        let starts = name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !starts || !plain || value.contains('\0') {
            return Err(unusable(name));
        }
        let quoted = value.replace('\'', r"'\''");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "export {name}='{quoted}'");
    }
    Ok(text)
}

fn unusable(name: &str) -> UserError {
    UserError::new(
        "variable_unusable",
        "A variable cannot be used",
        format!("{name:?} has a name or a value that no process can be given."),
    )
    .hint("Use letters, digits and underscores in names, and no NUL characters in values.")
}

fn on_disk(folder: &Path) -> UserError {
    UserError::new(
        "secrets_folder_on_disk",
        "Secrets would be written to disk",
        format!("{} is not a file system in memory.", folder.display()),
    )
    .hint("Point AETHER_DOCKER_SECRETS_DIR to a folder on a tmpfs, such as /run/aether.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_64_any_value_reaches_the_shell_as_it_is() {
        let value = "it's \"$HOME\" `id` \\ \n end !";
        let env = BTreeMap::from([("KEY".to_owned(), value.to_owned())]);
        let script = format!("{}printf %s \"$KEY\"", exports(&env).unwrap());
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &script])
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
    }

    #[test]
    fn input_64_names_that_are_none_are_refused() {
        for name in ["", "A=B", "a b", "1A", "A\nB", "A;id", "$(id)", "é"] {
            let env = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
            assert_eq!(exports(&env).unwrap_err().code, "variable_unusable", "{name:?}");
        }
        let nul = BTreeMap::from([("A".to_owned(), "x\0y".to_owned())]);
        assert!(exports(&nul).is_err());
    }

    #[test]
    fn a_folder_on_disk_is_refused() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let error = EnvFiles::open(folder.path(), "aether").unwrap_err();
        assert!(matches!(error, RuntimeError::User(error) if error.code == "secrets_folder_on_disk"));
    }
}
