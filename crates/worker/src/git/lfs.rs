//! Git LFS: large files of which a commit only holds pointers.
//!
//! `git-lfs` itself is not used: it would read the machine's and the repository's configuration, follow redirects with
//! credentials, and go to any address. Here the server is the repository's own (`<repository>/info/lfs`), the one that an SSH
//! server names for it, or the one that `.lfsconfig` names, under the same rules as a clone: allowed names, addresses checked when the connection is made,
//! counted bytes. The project's credentials go to the server they are for and to no other; a file that lies elsewhere is
//! asked for with the headers that its server gave for it. What arrives must have the size and SHA-256 that the commit
//! names.
//!
//! Any whole file that is a pointer counts as one, whether `.gitattributes` says so or not.
//!
//! Sources: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>, `docs/api/batch.md` and
//! `docs/api/server-discovery.md` there.

mod kept;
mod pointer;
mod server;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use aether_forge::TlsRoots;
use aether_models::{GitHostPolicy, RepoUrl};
use futures::{StreamExt, TryStreamExt};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use url::Url;

pub use pointer::LfsPointer;

use kept::{forget_others, is_kept, put_in_place};
use server::{configured, place, usual};
use wire::{Answered, Authenticated, BatchAnswer, BatchRequest, Download, Object};

use super::body::Body;
use super::http::{authorization, from_reqwest, git_client};
use super::ssh::SshRepository;
use super::{GitError, GitLimits, Progress, RemoteRepository};

const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";
/// Objects asked for at once; servers take at least as many.
const BATCH: usize = 100;
/// Most bytes of an answer about so many.
const ANSWER_MAX: usize = 4 << 20;
/// Files that travel at the same time.
const PARALLEL: usize = 4;
/// A server may point to the store that has the file, and that to one of its machines.
const REDIRECTS_MAX: usize = 3;

/// The LFS server of one repository.
pub(super) struct Lfs<'a> {
    repository: &'a RemoteRepository,
    policy: &'a GitHostPolicy,
    limits: &'a GitLimits,
    tls: &'a TlsRoots,
    folder: &'a Path,
    endpoint: RepoUrl,
    /// What the repository's SSH server gave us for it.
    given: HeaderMap,
}

impl<'a> Lfs<'a> {
    /// The server of the repository whose files lie in `folder`.
    ///
    /// # Errors
    /// The repository or its SSH server names something that is no server, or that server cannot be asked.
    pub(super) async fn find(
        repository: &'a RemoteRepository,
        policy: &'a GitHostPolicy,
        limits: &'a GitLimits,
        tls: &'a TlsRoots,
        folder: &'a Path,
    ) -> Result<Self, GitError> {
        let (endpoint, given) = match configured(folder)? {
            Some(endpoint) => (endpoint, HeaderMap::new()),
            None if repository.url.is_ssh() => named_over_ssh(repository, policy).await?,
            None => (usual(&repository.url)?, HeaderMap::new()),
        };
        Ok(Self {
            repository,
            policy,
            limits,
            tls,
            folder,
            endpoint,
            given,
        })
    }

    /// Puts the files in the places of their pointers; `kept` holds those of earlier deployments.
    pub(super) async fn fetch(
        &self,
        pointers: &[LfsPointer],
        kept: &Path,
        progress: Progress<'_>,
    ) -> Result<(), GitError> {
        let mut wanted: BTreeMap<&str, &LfsPointer> = BTreeMap::new();
        for pointer in pointers {
            wanted.insert(&pointer.sha256, pointer);
        }
        self.check_sizes(&wanted)?;
        fs::create_dir_all(kept).map_err(GitError::io("making the folder of LFS files"))?;
        let missing: Vec<&LfsPointer> = wanted
            .values()
            .filter(|pointer| !is_kept(kept, pointer))
            .copied()
            .collect();
        let bytes: u64 = missing.iter().map(|pointer| pointer.size).sum();
        if !missing.is_empty() {
            progress(format!(
                "Fetching {} files from Git LFS at {}, {} KiB",
                missing.len(),
                self.endpoint.url().host_str().unwrap_or_default(),
                bytes.div_ceil(1024)
            ));
        }
        for batch in missing.chunks(BATCH) {
            let asked = self.ask(batch).await?.into_iter();
            let downloads: Vec<_> = asked
                .map(|(pointer, download)| self.download(pointer, download, kept))
                .collect();
            futures::stream::iter(downloads)
                .buffer_unordered(PARALLEL)
                .try_collect::<Vec<()>>()
                .await?;
        }
        for pointer in pointers {
            put_in_place(pointer, kept, self.folder).map_err(GitError::io("writing a file of Git LFS"))?;
        }
        forget_others(kept, &wanted);
        progress(format!("{} files come from Git LFS", pointers.len()));
        Ok(())
    }

    fn check_sizes(&self, wanted: &BTreeMap<&str, &LfsPointer>) -> Result<(), GitError> {
        let mut total = 0_u64;
        for pointer in wanted.values() {
            if pointer.size > self.limits.file_bytes {
                return Err(GitError::too_large("A file in Git LFS", self.limits.file_bytes));
            }
            total = total.saturating_add(pointer.size);
        }
        if total > self.limits.lfs_bytes {
            return Err(GitError::too_large(
                "What it keeps in Git LFS",
                self.limits.lfs_bytes,
            ));
        }
        Ok(())
    }

    /// Asks where the files are.
    async fn ask<'p>(&self, batch: &[&'p LfsPointer]) -> Result<Vec<(&'p LfsPointer, Download)>, GitError> {
        let client = git_client(&self.endpoint, self.policy, self.limits, self.tls)?;
        let objects = batch.iter().map(|pointer| Object {
            oid: &pointer.sha256,
            size: pointer.size,
        });
        let question = BatchRequest {
            operation: "download",
            transfers: ["basic"],
            hash_algo: "sha256",
            objects: objects.collect(),
        };
        let mut request = client
            .post(format!("{}/objects/batch", self.endpoint))
            .header(ACCEPT, MEDIA_TYPE)
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .headers(self.given.clone())
            .json(&question);
        if !self.given.contains_key(AUTHORIZATION)
            && let Some(own) = self.own_authorization(self.endpoint.url())?
        {
            request = request.header(AUTHORIZATION, own);
        }
        let response = request.send().await.map_err(|error| from_reqwest(&error))?;
        let first = batch
            .first()
            .ok_or_else(|| GitError::Protocol("nothing was asked for".to_owned()))?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(refused(first, status, "the LFS server"));
        }
        let answer: BatchAnswer = serde_json::from_slice(&self.read_answer(response).await?)
            .map_err(|_| first.failed("the LFS server's answer cannot be read"))?;
        if answer.transfer.is_some_and(|transfer| transfer != "basic") {
            return Err(first.failed("the LFS server wants a way of transfer that is not supported"));
        }
        let mut answered: HashMap<String, Answered> = answer
            .objects
            .into_iter()
            .map(|object| (object.oid.clone(), object))
            .collect();
        batch
            .iter()
            .map(|pointer| Ok((*pointer, pick(pointer, answered.remove(&pointer.sha256))?)))
            .collect()
    }

    async fn read_answer(&self, response: Response) -> Result<Vec<u8>, GitError> {
        let (mut body, mut bytes) = (Body::http(response, self.limits.clone()), Vec::new());
        while let Some(chunk) = body.chunk().await? {
            if bytes.len() + chunk.len() > ANSWER_MAX {
                return Err(GitError::too_large("The LFS server's answer", ANSWER_MAX as u64));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    async fn download(&self, pointer: &LfsPointer, download: Download, kept: &Path) -> Result<(), GitError> {
        let response = self.open(pointer, download).await?;
        let temporary = NamedTempFile::new_in(kept).map_err(GitError::io("making a file for Git LFS"))?;
        let file = temporary
            .reopen()
            .map_err(GitError::io("making a file for Git LFS"))?;
        let mut file = tokio::fs::File::from_std(file);
        let (mut body, mut digest) = (Body::http(response, self.limits.clone()), Sha256::new());
        while let Some(chunk) = body.chunk().await? {
            if body.received > pointer.size {
                return Err(pointer.failed("the server sends more than the commit says"));
            }
            digest.update(&chunk);
            file.write_all(&chunk)
                .await
                .map_err(GitError::io("writing a file of Git LFS"))?;
        }
        file.flush()
            .await
            .map_err(GitError::io("writing a file of Git LFS"))?;
        if body.received != pointer.size || hex::encode(digest.finalize()) != pointer.sha256 {
            return Err(pointer.failed("what the server sends is not the file that the commit names"));
        }
        temporary
            .persist(kept.join(&pointer.sha256))
            .map_err(|error| GitError::io("keeping a file of Git LFS")(error.error))?;
        Ok(())
    }

    /// Begins to fetch a file; where it lies is the server's word, so every address on the way is checked.
    async fn open(&self, pointer: &LfsPointer, download: Download) -> Result<Response, GitError> {
        let unreadable = || pointer.failed("the LFS server gives no usable address for it");
        let mut url = Url::parse(&download.href).map_err(|_| unreadable())?;
        let mut headers = given_headers(&download.header).ok_or_else(unreadable)?;
        for _ in 0..=REDIRECTS_MAX {
            let host: RepoUrl = place(&url).ok_or_else(unreadable)?;
            let client = git_client(&host, self.policy, self.limits, self.tls)?;
            let mut request = client.get(url.clone()).headers(headers.clone());
            if !headers.contains_key(AUTHORIZATION)
                && let Some(own) = self.own_authorization(&url)?
            {
                request = request.header(AUTHORIZATION, own);
            }
            let response = request.send().await.map_err(|error| from_reqwest(&error))?;
            let status = response.status();
            if status == StatusCode::OK {
                return Ok(response);
            }
            let target = response
                .headers()
                .get(LOCATION)
                .filter(|_| status.is_redirection())
                .and_then(|target| url.join(target.to_str().ok()?).ok());
            let Some(target) = target else {
                return Err(refused(pointer, status, url.host_str().unwrap_or("the server")));
            };
            // What one server gave us is not for another.
            if target.origin() != url.origin() {
                headers = HeaderMap::new();
            }
            url = target;
        }
        Err(pointer.failed("the server redirects again and again"))
    }

    /// The repository's credentials, or those its SSH server gave us, for the server that they are for.
    fn own_authorization(&self, url: &Url) -> Result<Option<HeaderValue>, GitError> {
        if let Some(given) = self.given.get(AUTHORIZATION) {
            let is_for_it = url.origin() == self.endpoint.url().origin();
            return Ok(is_for_it.then(|| given.clone()));
        }
        if url.origin() == self.repository.url.url().origin() {
            authorization(self.repository)
        } else {
            Ok(None)
        }
    }
}

/// The server that the repository's SSH server names, and the headers it wants; the usual one when it names none.
async fn named_over_ssh(
    repository: &RemoteRepository,
    policy: &GitHostPolicy,
) -> Result<(RepoUrl, HeaderMap), GitError> {
    let ssh = SshRepository::new(&repository.url, repository.ssh.as_ref(), policy)?;
    let Some(answer) = ssh.lfs_authenticate().await? else {
        return Ok((usual(&repository.url)?, HeaderMap::new()));
    };
    let unusable =
        || GitError::Protocol("its answer to git-lfs-authenticate names no usable LFS server".to_owned());
    let answer: Authenticated = serde_json::from_slice(&answer).map_err(|_| unusable())?;
    let endpoint = match answer.href {
        Some(href) => href.trim_end_matches('/').parse().map_err(|_| unusable())?,
        None => usual(&repository.url)?,
    };
    if endpoint.is_ssh() {
        return Err(unusable());
    }
    let mut given = given_headers(&answer.header).ok_or_else(unusable)?;
    // What is said about each question is ours.
    given.remove(ACCEPT);
    given.remove(CONTENT_TYPE);
    Ok((endpoint, given))
}

fn pick(pointer: &LfsPointer, answered: Option<Answered>) -> Result<Download, GitError> {
    let answered = answered.ok_or_else(|| pointer.failed("the LFS server says nothing about it"))?;
    if let Some(refusal) = answered.error {
        let words: String = refusal
            .message
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        return Err(pointer.failed(format!("the LFS server says {} {words}", refusal.code)));
    }
    answered
        .actions
        .and_then(|actions| actions.download)
        .ok_or_else(|| pointer.failed("the LFS server does not have it"))
}

fn refused(pointer: &LfsPointer, status: StatusCode, who: &str) -> GitError {
    if status.is_server_error() {
        return GitError::Server(status.as_u16());
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            pointer.failed(format!("{who} refuses access to it"))
        }
        status => pointer.failed(format!("{who} answered with status {}", status.as_u16())),
    }
}

/// Headers that the server wants with the download; those of the connection itself are ours.
fn given_headers(given: &HashMap<String, String>) -> Option<HeaderMap> {
    const OURS: &[&str] = &[
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "upgrade",
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        let mut value = HeaderValue::try_from(value.as_str()).ok()?;
        value.set_sensitive(true);
        if !OURS.contains(&name.as_str()) {
            headers.insert(name, value);
        }
    }
    Some(headers)
}
