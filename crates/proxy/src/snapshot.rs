//! The route table on disk, so that a proxy that starts while everything else is down serves what it knew.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use aether_models::RouteChanges;

/// Where the snapshot lies within the data directory.
const FOLDER: &str = "proxy";
const FILE: &str = "routes.json";

/// The snapshot of one proxy.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    path: PathBuf,
}

impl Snapshot {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(FOLDER).join(FILE),
        }
    }

    /// The last table that was saved, if there is one.
    pub(crate) fn load(&self) -> std::io::Result<Option<RouteChanges>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(serde_json::from_reader(BufReader::new(file))?))
    }

    /// Replaces the snapshot; a reader sees the old one or the new one, also after a power failure.
    pub(crate) fn save(&self, table: &RouteChanges) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Two proxies may share the folder during an upgrade, each as the first process of its container.
        let partial = folder.join(format!(".{FILE}.{}", uuid::Uuid::now_v7().simple()));
        let mut file = BufWriter::new(File::create(&partial)?);
        serde_json::to_writer(&mut file, table)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        fs::rename(&partial, &self.path)?;
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_back_and_a_missing_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = Snapshot::new(folder.path());
        assert!(snapshot.load().unwrap().is_none());
        let table = RouteChanges {
            version: 7,
            ..RouteChanges::default()
        };
        snapshot.save(&table).unwrap();
        assert_eq!(snapshot.load().unwrap(), Some(table));
        fs::write(&snapshot.path, "{\"version\":").unwrap();
        assert!(snapshot.load().is_err());
    }
}
