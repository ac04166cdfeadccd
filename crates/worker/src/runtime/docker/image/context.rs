//! The build's context: the folder as a tar archive, without what `.dockerignore` names, and bounded.

use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aether_models::UserError;
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use walkdir::{DirEntry, WalkDir};

use super::super::wire::Body;
use super::ignore_file::IgnoreFile;
use crate::runtime::RuntimeError;

/// What the Dockerfile is called in the archive; it is not the repository's own file, whose text may differ.
pub(super) const DOCKERFILE: &str = ".aether.Dockerfile";
const IGNORE_FILE: &str = ".dockerignore";
const FILES_MAX: usize = 200_000;
const MIB: u64 = 1024 * 1024;
const CHUNK: usize = 256 * 1024;

/// A folder that was looked through and found small enough.
#[derive(Debug)]
pub(super) struct Context {
    root: PathBuf,
    dockerfile: String,
    /// Relative to the root, parents before what is in them.
    paths: Vec<PathBuf>,
}

impl Context {
    /// Looks the folder through. `dockerfile_text` is the text that the archive gets.
    pub(super) async fn scan(
        root: PathBuf,
        dockerfile: String,
        dockerfile_text: String,
        limit_mb: u64,
    ) -> Result<Self, RuntimeError> {
        let scanned = tokio::task::spawn_blocking(move || {
            let ignore = ignore_file(&root, &dockerfile);
            let paths = collect(&root, &ignore, limit_mb)?;
            Ok::<_, RuntimeError>(Self {
                root,
                dockerfile: dockerfile_text,
                paths,
            })
        });
        scanned.await.map_err(|error| failed(io::Error::other(error)))?
    }

    /// The archive, made while it is sent.
    pub(super) fn into_body(self) -> Body {
        let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(8);
        tokio::task::spawn_blocking(move || {
            let mut writer = Chunks {
                sender: sender.clone(),
                chunk: Vec::with_capacity(CHUNK),
            };
            if let Err(error) = self.write(&mut writer).and_then(|()| writer.flush()) {
                // Whoever sends learns it; one that has left does not care.
                let _ = sender.blocking_send(Err(error));
            }
        });
        BodyExt::boxed(StreamBody::new(
            ReceiverStream::new(receiver).map(|chunk| chunk.map(Frame::data)),
        ))
    }

    fn write(&self, writer: &mut Chunks) -> io::Result<()> {
        let mut archive = tar::Builder::new(writer);
        archive.follow_symlinks(false);
        // Ids and times of this machine would only keep the engine from using its cache.
        archive.mode(tar::HeaderMode::Deterministic);
        for path in &self.paths {
            match archive.append_path_with_name(self.root.join(path), path) {
                // It was removed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(self.dockerfile.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, DOCKERFILE, self.dockerfile.as_bytes())?;
        archive.finish()
    }
}

/// Reads a file of the repository, which must be a plain file within it.
pub(super) async fn read_within(root: &Path, name: &str, limit: u64) -> Result<String, RuntimeError> {
    let path = root.join(name);
    let outside =
        name.is_empty() || Path::new(name).is_absolute() || name.split('/').any(|step| step == "..");
    let (root, shown) = (root.to_owned(), name.to_owned());
    let read = tokio::task::spawn_blocking(move || -> io::Result<Option<String>> {
        // A link may lead anywhere on this machine.
        if outside || !path.canonicalize()?.starts_with(root.canonicalize()?) {
            return Ok(None);
        }
        let metadata = std::fs::metadata(&path)?;
        if !metadata.is_file() || metadata.len() > limit {
            return Ok(None);
        }
        Ok(String::from_utf8(std::fs::read(&path)?).ok())
    });
    match read.await.map_err(|error| failed(io::Error::other(error)))? {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(no_dockerfile(
            &shown,
            "is not a text file within the repository, or is too large",
        )
        .into()),
        Err(_) => Err(no_dockerfile(&shown, "is not there").into()),
    }
}

/// The Dockerfile's own ignore file goes before the common one.
fn ignore_file(root: &Path, dockerfile: &str) -> IgnoreFile {
    let read = |name: &str| {
        let path = root.join(name);
        let plain =
            std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file() && metadata.len() < MIB);
        plain.then(|| std::fs::read_to_string(path).ok()).flatten()
    };
    let text = read(&format!("{dockerfile}{IGNORE_FILE}")).or_else(|| read(IGNORE_FILE));
    text.map(|text| IgnoreFile::parse(&text)).unwrap_or_default()
}

fn collect(root: &Path, ignore: &IgnoreFile, limit_mb: u64) -> Result<Vec<PathBuf>, RuntimeError> {
    let mut paths = Vec::new();
    let mut bytes = 0;
    let relative = |entry: &DirEntry| {
        entry
            .path()
            .strip_prefix(root)
            .unwrap_or(Path::new(""))
            .to_owned()
    };
    let out = |path: &Path| path.to_str().is_some_and(|path| ignore.leaves_out(path));
    let walk = WalkDir::new(root)
        .follow_links(false)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter();
    // A folder that is left out is not even read, unless something in it may be taken back.
    let walk = walk
        .filter_entry(|entry| !entry.file_type().is_dir() || ignore.takes_back() || !out(&relative(entry)));
    for entry in walk {
        let entry = entry.map_err(|error| failed(error.into()))?;
        let (kind, path) = (entry.file_type(), relative(&entry));
        // Devices, pipes and sockets are nothing that an image is made of.
        if !(kind.is_file() || kind.is_dir() || kind.is_symlink()) || out(&path) {
            continue;
        }
        if kind.is_file() {
            bytes += entry.metadata().map(|metadata| metadata.size()).unwrap_or(0);
        }
        paths.push(path);
        if bytes > limit_mb * MIB || paths.len() > FILES_MAX {
            return Err(too_large(limit_mb).into());
        }
    }
    Ok(paths)
}

/// Cuts what is written into chunks for the sender.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    chunk: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.sender
            .blocking_send(Ok(chunk.into()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn too_large(limit_mb: u64) -> UserError {
    UserError::new(
        "build_context_too_large",
        "The repository is too large to be sent to the builder",
        format!("Without what .dockerignore names, it has more than {limit_mb} MiB or {FILES_MAX} files."),
    )
    .hint("Name what the image does not need in a .dockerignore file.")
}

fn no_dockerfile(name: &str, why: &str) -> UserError {
    UserError::new(
        "dockerfile_not_found",
        "There is no Dockerfile",
        format!("{name:?} {why}."),
    )
    .hint("Check the root directory and the Dockerfile's name in Settings > Build.")
}

fn failed(source: io::Error) -> RuntimeError {
    RuntimeError::Io {
        context: "reading the build's context",
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    async fn archive(context: Context) -> Vec<(String, String)> {
        let bytes = context.into_body().collect().await.unwrap().to_bytes();
        let mut entries = Vec::new();
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            entries.push((name, text));
        }
        entries
    }

    #[tokio::test]
    async fn the_archive_has_the_checked_dockerfile_and_not_what_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        for (name, text) in [
            ("Dockerfile", "old"),
            (".dockerignore", "secret\nbig\n!big/keep"),
            ("secret", "x"),
            ("a.txt", "a"),
        ] {
            std::fs::write(root.join(name), text).unwrap();
        }
        std::fs::create_dir(root.join("big")).unwrap();
        std::fs::write(root.join("big/keep"), "k").unwrap();
        std::fs::write(root.join("big/drop"), "d").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
        let context = Context::scan(root, "Dockerfile".to_owned(), "FROM a\n".to_owned(), 1)
            .await
            .unwrap();
        let entries = archive(context).await;
        let names: Vec<&str> = entries.iter().map(|entry| entry.0.as_str()).collect();
        assert_eq!(
            names,
            [
                ".dockerignore",
                "Dockerfile",
                "a.txt",
                "big/keep",
                "link",
                DOCKERFILE
            ]
        );
        assert_eq!(entries[5].1, "FROM a\n");
        assert_eq!(
            entries[4].1, "",
            "a link is sent as a link, not as what it points at"
        );
    }

    #[tokio::test]
    async fn input_61_a_context_beyond_its_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create(folder.path().join("big"))
            .unwrap()
            .set_len(2 * MIB)
            .unwrap();
        let scanned = Context::scan(
            folder.path().to_owned(),
            "Dockerfile".to_owned(),
            String::new(),
            1,
        )
        .await;
        assert!(
            matches!(scanned.unwrap_err(), RuntimeError::User(error) if error.code == "build_context_too_large")
        );
    }

    #[tokio::test]
    async fn input_48_a_dockerfile_outside_of_the_repository_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("Dockerfile")).unwrap();
        for name in ["Dockerfile", "../x", "/etc/passwd", "", "missing"] {
            let error = read_within(folder.path(), name, 1000).await.unwrap_err();
            assert!(
                matches!(error, RuntimeError::User(error) if error.code == "dockerfile_not_found"),
                "{name}"
            );
        }
    }
}
