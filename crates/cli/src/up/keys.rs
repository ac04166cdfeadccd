//! The master key of everything that is sealed: made on the first start, kept beside the data, readable by its owner only.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;

/// The setting it stands in for.
pub(super) const SETTING: &str = "AETHER_SECRET_KEY";
const FILE: &str = "secret-key";
/// What the ciphers take.
const BYTES: usize = 32;

/// The key of this data directory.
pub(super) fn load_or_make(data_dir: &Path) -> anyhow::Result<String> {
    let path = data_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            ensure!(
                !text.trim().is_empty(),
                "{} is empty; restore it from a backup",
                path.display()
            );
            return Ok(text.trim().to_owned());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    }
    // A new key beside an old database would only fail later, one secret at a time.
    if data_dir.join("postgres").exists() {
        bail!(
            "{} is missing, and without it the secrets in the database cannot be read; restore it from a backup, or set {SETTING}",
            path.display()
        );
    }
    let key = base64::engine::general_purpose::STANDARD.encode(rand::random::<[u8; BYTES]>());
    write_private(&path, &key).with_context(|| format!("writing {}", path.display()))?;
    Ok(key)
}

/// Whole or not at all, so that a full disk cannot leave half a key.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        let data = tempfile::tempdir().unwrap();
        let key = load_or_make(data.path()).unwrap();
        assert_eq!(load_or_make(data.path()).unwrap(), key);
        let mode = data.path().join(FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(key.len() >= BYTES);
    }

    #[test]
    fn f37_a_lost_key_beside_a_database_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("postgres")).unwrap();
        let error = load_or_make(data.path()).unwrap_err().to_string();
        assert!(error.contains(FILE) && !error.contains('\n'), "{error}");
        assert!(!data.path().join(FILE).exists());
    }
}
