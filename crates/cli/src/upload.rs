//! Sends a folder instead of a repository: first the list of its files by content, then only those the platform lacks.
//! One that was interrupted goes on where it ended, because what arrived is not missing any more.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use aether_models::{UploadEntry, UploadEntryKind, UploadId, check_upload};
use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt};
use ignore::WalkBuilder;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::client::{Client, typed};
use crate::output::Output;
use crate::project::Project;

/// Files that travel at the same time.
const PARALLEL: usize = 4;
/// Rules of what is not sent, in the form of `.gitignore`.
const IGNORE_FILE: &str = ".aetherignore";
/// Never sent: Git's own data, our link, and what every build makes anew.
const NEVER: &[&str] = &[".git", ".aether", "node_modules", ".hg", ".svn", ".DS_Store"];

/// An upload as the platform tells it.
#[derive(Debug, Deserialize)]
struct Upload {
    id: UploadId,
    missing: Vec<String>,
}

/// A folder and what is in it.
#[derive(Debug)]
struct Folder {
    entries: Vec<UploadEntry>,
    /// A place of each file, by digest.
    places: HashMap<String, PathBuf>,
}

/// Sends the folder and answers with what to deploy.
pub(crate) async fn send(
    client: &Client,
    project: &Project,
    root: &Path,
    output: &Output,
) -> anyhow::Result<UploadId> {
    let folder = read(root)?;
    let id = project.id.to_string();
    let path = ["projects", id.as_str(), "uploads"];
    let body = json!({ "entries": folder.entries });
    let upload: Upload = typed(client.post(&path, body).await?)?;
    let (upload_id, count) = (upload.id.to_string(), upload.missing.len());
    if count == 0 {
        output.progress("Nothing to send: the platform has every file already");
        return Ok(upload.id);
    }
    output.progress(&format!("Sending {count} of {} files", folder.entries.len()));
    let sends = upload.missing.iter().map(|digest| {
        let path = [
            "projects",
            id.as_str(),
            "uploads",
            upload_id.as_str(),
            "files",
            digest.as_str(),
        ];
        send_file(client, path, folder.places.get(digest))
    });
    futures::stream::iter(sends)
        .buffer_unordered(PARALLEL)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(upload.id)
}

async fn send_file(client: &Client, path: [&str; 6], place: Option<&PathBuf>) -> anyhow::Result<()> {
    let Some(place) = place else {
        bail!("the platform asks for a file that is not in this folder");
    };
    let content = tokio::fs::read(place)
        .await
        .with_context(|| format!("reading {}", place.display()))?;
    client
        .put_bytes(&path, content)
        .await
        .with_context(|| format!("sending {} (did it change meanwhile?)", place.display()))
}

/// Lists a folder by the rules of `.gitignore` and `.aetherignore`.
fn read(root: &Path) -> anyhow::Result<Folder> {
    let mut folder = Folder {
        entries: Vec::new(),
        places: HashMap::new(),
    };
    let mut walk = WalkBuilder::new(root);
    // Files with a dot in front belong to a project; rules of this machine or of folders above do not.
    walk.hidden(false)
        .parents(false)
        .git_global(false)
        .require_git(false)
        .ignore(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .filter_entry(|entry| !NEVER.iter().any(|name| entry.file_name() == *name));
    for entry in walk.build() {
        let entry = entry.context("reading the folder")?;
        let relative = entry.path().strip_prefix(root)?;
        let Some(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            continue;
        }
        let Some(path) = relative.to_str() else {
            bail!("{} has a name that is not UTF-8", entry.path().display());
        };
        let kind = if kind.is_symlink() {
            link(entry.path())?
        } else if kind.is_file() {
            file(entry.path(), &mut folder.places)?
        } else {
            // Sockets and pipes of tools that run.
            continue;
        };
        folder.entries.push(UploadEntry {
            path: path.to_owned(),
            kind,
        });
    }
    check_upload(&mut folder.entries).context("this folder cannot be sent")?;
    Ok(folder)
}

fn link(path: &Path) -> anyhow::Result<UploadEntryKind> {
    let target = std::fs::read_link(path)?;
    let Some(target) = target.to_str() else {
        bail!("{} points to a name that is not UTF-8", path.display());
    };
    Ok(UploadEntryKind::Link {
        target: target.to_owned(),
    })
}

fn file(path: &Path, places: &mut HashMap<String, PathBuf>) -> anyhow::Result<UploadEntryKind> {
    use std::os::unix::fs::PermissionsExt;
    let shown = || format!("reading {}", path.display());
    let mut file = File::open(path).with_context(shown)?;
    let executable = file.metadata().with_context(shown)?.permissions().mode() & 0o111 != 0;
    let (mut digest, mut size, mut buffer) = (Sha256::new(), 0, [0; 64 * 1024]);
    loop {
        let count = file.read(&mut buffer).with_context(shown)?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
        size += count as u64;
    }
    let sha256: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    places.entry(sha256.clone()).or_insert_with(|| path.to_owned());
    Ok(UploadEntryKind::File {
        sha256,
        size,
        executable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn ignored_files_and_gits_own_stay_here() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "index.html",
            ".env.example",
            "a/b.txt",
            ".git/config",
            "node_modules/x/index.js",
            "dist/out.js",
            "secret.txt",
            "a/debug.log",
            ".aether/project",
        ] {
            write(root.path(), path, path);
        }
        write(root.path(), ".gitignore", "dist/\n*.log\n");
        write(root.path(), ".aetherignore", "secret.txt\n");
        std::os::unix::fs::symlink("index.html", root.path().join("home")).unwrap();
        let folder = read(root.path()).unwrap();
        let paths: Vec<&str> = folder.entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                ".aetherignore",
                ".env.example",
                ".gitignore",
                "a/b.txt",
                "home",
                "index.html"
            ]
        );
        assert!(
            matches!(&folder.entries[4].kind, UploadEntryKind::Link { target } if target == "index.html")
        );
    }

    #[test]
    fn input_92_a_link_that_leads_out_of_the_folder_is_not_sent() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "index.html", "x");
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("out")).unwrap();
        assert!(read(root.path()).is_err());
    }
}
