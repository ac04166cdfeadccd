//! The files of an uploaded folder in the working folder. The list was checked when it came; it is checked again here,
//! where it is written out.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use aether_models::{UploadEntry, UploadEntryKind, UserError, check_upload};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::Job;
use super::step::{StepError, persist};

/// Digests that are asked for at once: the answer to one question holds so many files, one after the other.
const BATCH: usize = 500;

/// Writes every file and link.
pub(super) async fn write(job: &Job) -> Result<(), StepError> {
    let entries = persist(job, || job.env.store.upload_entries(job.id())).await?;
    let mut entries = entries.ok_or_else(gone)?;
    check_upload(&mut entries).map_err(|error| {
        UserError::new("upload_invalid", "The upload cannot be used", error.to_string())
            .hint("Send the folder again.")
    })?;
    let mut places: HashMap<Vec<u8>, Vec<(PathBuf, bool)>> = HashMap::new();
    let mut links = Vec::new();
    let (workspace, count) = (job.workspace(), entries.len());
    for UploadEntry { path, kind } in entries {
        let path = workspace.join(path);
        match kind {
            UploadEntryKind::Link { target } => links.push((path, target)),
            UploadEntryKind::File {
                sha256, executable, ..
            } => {
                let digest = hex::decode(&sha256).map_err(|error| StepError::Retry(error.into()))?;
                places.entry(digest).or_default().push((path, executable));
            }
        }
    }
    let mut digests: Vec<Vec<u8>> = places.keys().cloned().collect();
    digests.sort_unstable();
    for batch in digests.chunks(BATCH) {
        job.check_stop()?;
        write_batch(job, batch, &mut places).await?;
    }
    if !places.is_empty() {
        return Err(gone().into());
    }
    blocking(move || make_links(&workspace, &links)).await?;
    job.log
        .of_step(aether_models::Step::Clone)
        .say(format!("Wrote the uploaded folder: {count} files"));
    Ok(())
}

async fn write_batch(
    job: &Job,
    batch: &[Vec<u8>],
    places: &mut HashMap<Vec<u8>, Vec<(PathBuf, bool)>>,
) -> Result<(), StepError> {
    let mut contents = std::pin::pin!(job.env.store.upload_contents(job.claimed.project_id, batch));
    let workspace = job.workspace();
    while let Some((digest, content)) = contents
        .try_next()
        .await
        .map_err(|error| StepError::Retry(error.into()))?
    {
        let Some(here) = places.remove(&digest) else {
            continue;
        };
        let workspace = workspace.clone();
        blocking(move || {
            if Sha256::digest(&content).as_slice() != digest {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a stored file is damaged",
                ));
            }
            here.iter()
                .try_for_each(|(path, executable)| write_file(&workspace, path, &content, *executable))
        })
        .await?;
    }
    Ok(())
}

/// Files are written before any link is made, so none is ever written through one.
fn write_file(workspace: &Path, path: &Path, content: &[u8], executable: bool) -> io::Result<()> {
    make_parents(workspace, path)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(if executable { 0o755 } else { 0o644 })
        .open(path)?
        .write_all(content)
}

fn make_links(workspace: &Path, links: &[(PathBuf, String)]) -> io::Result<()> {
    // All folders first: one that a link needs must not be made through another link.
    for (path, _) in links {
        make_parents(workspace, path)?;
    }
    links.iter().try_for_each(|(path, target)| symlink(target, path))
}

fn make_parents(workspace: &Path, path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != workspace && fs::symlink_metadata(parent).is_err() => {
            DirBuilder::new().recursive(true).mode(0o755).create(parent)
        }
        _ => Ok(()),
    }
}

fn gone() -> UserError {
    UserError::new(
        "upload_gone",
        "The uploaded files are not there any more",
        "Uploads are kept while one of the last deployments uses them.",
    )
    .hint("Send the folder again with `aether deploy --local`.")
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), StepError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StepError::Retry(error.into()))?
        .map_err(StepError::machine("writing the uploaded files"))
}
