//! A tar archive as the list and the files of a folder. Anything but plain files, folders and links, anything that two
//! programs could read differently, and anything that is cut off refuses the whole archive (threats.md inputs 92, 94).

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::Arc;

use aether_models::{
    InvalidUpload, UPLOAD_ENTRIES_MAX, UPLOAD_FILE_MAX, UploadEntry, UploadEntryKind, check_upload_path,
};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use tar::EntryType;
use tokio::sync::mpsc::Sender;

use super::receive::ARCHIVE_MAX;
use crate::error::{ApiError, ApiResult};

/// Bits that would let a program run with other rights.
const SET_ID_BITS: u32 = 0o6000;
/// Bits of which one makes a file executable.
const EXECUTABLE_BITS: u32 = 0o111;
/// Unit of a tar archive.
const BLOCK: usize = 512;

/// How an archive is packed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compression {
    /// Not at all.
    None,
    /// As gzip.
    Gzip,
}

/// A received archive.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    file: Arc<File>,
    compression: Compression,
}

impl Archive {
    pub(super) fn new(file: File, compression: Compression) -> Self {
        Self {
            file: Arc::new(file),
            compression,
        }
    }

    /// What is in it.
    pub(super) fn entries(&self) -> ApiResult<Vec<UploadEntry>> {
        let mut entries = Vec::new();
        self.read(|entry, path| {
            if entries.len() >= UPLOAD_ENTRIES_MAX {
                return Err(super::invalid(InvalidUpload::Entries));
            }
            if let Some(kind) = describe(entry, &path)? {
                entries.push(UploadEntry { path, kind });
            }
            Ok(true)
        })?;
        Ok(entries)
    }

    /// Sends the contents of the wanted files, each once, until nobody listens.
    pub(super) fn send_files(
        &self,
        mut wanted: HashSet<String>,
        sender: &Sender<(String, Vec<u8>)>,
    ) -> ApiResult<()> {
        self.read(|entry, _| {
            if !entry.header().entry_type().is_file() {
                return Ok(true);
            }
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(|error| broken(&error))?;
            let sha256 = hex::encode(Sha256::digest(&content));
            let goes_on = !wanted.remove(&sha256) || sender.blocking_send((sha256, content)).is_ok();
            Ok(goes_on)
        })
    }

    fn read(
        &self,
        mut each: impl FnMut(&mut tar::Entry<'_, Tail<Box<dyn Read + '_>>>, String) -> ApiResult<bool>,
    ) -> ApiResult<()> {
        (&*self.file).rewind().map_err(ApiError::internal)?;
        let plain: Box<dyn Read + '_> = match self.compression {
            Compression::None => Box::new(io::BufReader::new(&*self.file)),
            Compression::Gzip => Box::new(GzDecoder::new(io::BufReader::new(&*self.file))),
        };
        let mut archive = tar::Archive::new(Tail::new(plain));
        for entry in archive.entries().map_err(|error| broken(&error))? {
            let mut entry = entry.map_err(|error| broken(&error))?;
            let path = path_of(&entry)?;
            if !each(&mut entry, path)? {
                return Ok(());
            }
        }
        archive.into_inner().finish()
    }
}

/// The entry's path, without the `./` that tar puts before it.
fn path_of<R: Read>(entry: &tar::Entry<'_, R>) -> ApiResult<String> {
    let bytes = entry.path_bytes();
    let path = std::str::from_utf8(&bytes)
        .map_err(|_| super::invalid(InvalidUpload::Path(String::from_utf8_lossy(&bytes).into_owned())))?;
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    Ok(path.to_owned())
}

/// What the entry is; none for what has no place in the list.
fn describe<R: Read>(entry: &mut tar::Entry<'_, R>, path: &str) -> ApiResult<Option<UploadEntryKind>> {
    require_one_meaning(entry)?;
    match entry.header().entry_type() {
        EntryType::XGlobalHeader => Ok(None),
        EntryType::Directory => {
            let path = path.trim_end_matches('/');
            if !path.is_empty() && path != "." {
                check_upload_path(path).map_err(super::invalid)?;
            }
            Ok(None)
        }
        EntryType::Regular => file(entry).map(Some),
        EntryType::Symlink => {
            let target = entry.link_name_bytes().unwrap_or_default().into_owned();
            let target = String::from_utf8(target)
                .map_err(|_| super::invalid(InvalidUpload::Link(path.to_owned())))?;
            Ok(Some(UploadEntryKind::Link { target }))
        }
        _ => Err(refused(
            "it has something besides files, folders and symbolic links",
        )),
    }
}

fn file<R: Read>(entry: &mut tar::Entry<'_, R>) -> ApiResult<UploadEntryKind> {
    let mode = entry.header().mode().map_err(|error| broken(&error))?;
    if mode & SET_ID_BITS != 0 {
        return Err(refused(
            "it has a file that would run with other rights (setuid, setgid)",
        ));
    }
    let declared = entry.size();
    if declared > UPLOAD_FILE_MAX {
        return Err(super::invalid(InvalidUpload::Bytes));
    }
    let (mut digest, mut size, mut buffer) = (Sha256::new(), 0_u64, [0; 64 * 1024]);
    loop {
        let count = entry.read(&mut buffer).map_err(|error| broken(&error))?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
        size += count as u64;
    }
    if size != declared {
        return Err(refused("it is cut off"));
    }
    Ok(UploadEntryKind::File {
        sha256: hex::encode(digest.finalize()),
        size,
        executable: mode & EXECUTABLE_BITS != 0,
    })
}

/// An extended header may give a size of its own. Readers that follow one and readers that follow the other would see
/// different files (CVE-2025-62518); sparse files are told the same way.
fn require_one_meaning<R: Read>(entry: &mut tar::Entry<'_, R>) -> ApiResult<()> {
    let plain = entry.header().entry_size().map_err(|error| broken(&error))?;
    let Some(extensions) = entry.pax_extensions().map_err(|error| broken(&error))? else {
        return Ok(());
    };
    for extension in extensions {
        let extension = extension.map_err(|error| broken(&error))?;
        let (key, value) = (extension.key_bytes(), extension.value_bytes());
        if key == b"size" && std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()) != Some(plain)
        {
            return Err(refused("it gives two sizes for one file"));
        }
        if key.starts_with(b"GNU.sparse") {
            return Err(refused("it has a sparse file"));
        }
    }
    Ok(())
}

fn broken(error: &io::Error) -> ApiError {
    // Only what we say ourselves is worth telling; the rest is about bytes.
    if error.kind() == io::ErrorKind::FileTooLarge {
        return super::invalid(InvalidUpload::Bytes);
    }
    refused("it is no tar archive, or is damaged or cut off")
}

fn refused(why: &str) -> ApiError {
    ApiError::invalid_field("archive", why)
}

/// Counts what is read, stops at the cap, and knows whether the end was the mark of an end.
struct Tail<R> {
    inner: R,
    read: u64,
    zeros: usize,
}

impl<R: Read> Tail<R> {
    const fn new(inner: R) -> Self {
        Self {
            inner,
            read: 0,
            zeros: 0,
        }
    }

    /// Only zeros may follow, and at least one block of them must have ended the archive.
    fn finish(mut self) -> ApiResult<()> {
        let before = self.read;
        let mut rest = [0; 8192];
        loop {
            let count = self.read(&mut rest).map_err(|error| broken(&error))?;
            if count == 0 {
                break;
            }
            if rest[..count].iter().any(|byte| *byte != 0) {
                return Err(refused("something follows its end"));
            }
        }
        if before == 0 || self.zeros < BLOCK {
            return Err(refused("it is empty or cut off"));
        }
        Ok(())
    }
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > ARCHIVE_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        match buffer[..count].iter().rposition(|byte| *byte != 0) {
            Some(last) => self.zeros = count - last - 1,
            None => self.zeros += count,
        }
        Ok(count)
    }
}
