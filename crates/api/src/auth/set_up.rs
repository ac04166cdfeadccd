//! The one-time token that makes the first account the owner of the instance.
//!
//! Its text lies in `<data dir>/setup-token` (0600) and in the link `aether up` prints; the database has only its digest,
//! which the registration of the owner deletes in its own transaction.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aether_store::{Store, StoreError};
use secrecy::{ExposeSecret, SecretString};

use super::{digest, generate};

const FILE_NAME: &str = "setup-token";

/// A token nobody has used yet.
#[derive(Debug, Clone)]
pub(crate) struct SetUpToken {
    text: SecretString,
}

/// The token could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetUpError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the set-up token cannot be kept in {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
}

impl SetUpError {
    /// Trying again may help.
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

impl SetUpToken {
    /// The token of an instance without an owner: the one in the data directory when the database knows it, else a new
    /// one. None once there is an owner; then the file is removed.
    pub(crate) async fn prepare(store: &Store, data_dir: &Path) -> Result<Option<Self>, SetUpError> {
        let path = data_dir.join(FILE_NAME);
        if store.has_owner().await? {
            Self::forget(data_dir);
            return Ok(None);
        }
        if let Ok(text) = std::fs::read_to_string(&path) {
            let text = SecretString::from(text.trim().to_owned());
            if store.set_up_token_is(&digest(&text)).await? {
                return Ok(Some(Self { text }));
            }
        }
        let text = generate("");
        write_private(&path, text.expose_secret()).map_err(|source| SetUpError::File { path, source })?;
        store.replace_set_up_token(&digest(&text)).await?;
        Ok(Some(Self { text }))
    }

    /// Removes the file after the token was used.
    pub(crate) fn forget(data_dir: &Path) {
        match std::fs::remove_file(data_dir.join(FILE_NAME)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "the used set-up token could not be removed"),
        }
    }

    /// The token's text.
    pub(crate) fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

/// A new file that only this user may read, put in place in one step.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(new, path)
}
