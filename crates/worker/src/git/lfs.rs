//! Git LFS: large files of which a commit only holds pointers.
//!
//! `git-lfs` itself is not used: it would read the machine's and the repository's configuration, follow redirects with
//! credentials, and go to any address. Here the server is the repository's own (`<repository>/info/lfs`) or the one that
//! `.lfsconfig` names, under the same rules as a clone: allowed names, addresses checked when the connection is made,
//! counted bytes. The project's credentials go to the server they are for and to no other; a file that lies elsewhere is
//! asked for with the headers that its server gave for it. What arrives must have the size and SHA-256 that the commit
//! names.
//!
//! Any whole file that is a pointer counts as one, whether `.gitattributes` says so or not.
//!
//! Sources: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>, `docs/api/batch.md` and
//! `docs/api/server-discovery.md` there.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aether_forge::TlsRoots;
use aether_models::{GitHostPolicy, RepoUrl, is_sha256};
use futures::{StreamExt, TryStreamExt};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use url::Url;

use super::body::Body;
use super::http::{authorization, from_reqwest, git_client};
use super::{GitError, GitLimits, Progress, RemoteRepository};

const VERSION: &str = "version https://git-lfs.github.com/spec/v1";
/// Longest pointer, by the specification.
const POINTER_MAX: usize = 1024;
const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";
const CONFIG_FILE: &str = ".lfsconfig";
const CONFIG_MAX: u64 = 64 * 1024;
/// Objects asked for at once; servers take at least as many.
const BATCH: usize = 100;
/// Most bytes of an answer about so many.
const ANSWER_MAX: usize = 4 << 20;
/// Files that travel at the same time.
const PARALLEL: usize = 4;
/// A server may point to the store that has the file, and that to one of its machines.
const REDIRECTS_MAX: usize = 3;

/// A file of which the tree only has a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LfsPointer {
    /// Where in the tree.
    pub path: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
}

/// The LFS server of one repository.
pub(super) struct Lfs<'a> {
    repository: &'a RemoteRepository,
    policy: &'a GitHostPolicy,
    limits: &'a GitLimits,
    tls: &'a TlsRoots,
    folder: &'a Path,
    endpoint: RepoUrl,
}

#[derive(Serialize)]
struct BatchRequest<'a> {
    operation: &'static str,
    transfers: [&'static str; 1],
    hash_algo: &'static str,
    objects: Vec<Object<'a>>,
}

#[derive(Serialize)]
struct Object<'a> {
    oid: &'a str,
    size: u64,
}

#[derive(Deserialize)]
struct BatchAnswer {
    transfer: Option<String>,
    objects: Vec<Answered>,
}

#[derive(Deserialize)]
struct Answered {
    oid: String,
    actions: Option<Actions>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Actions {
    download: Option<Download>,
}

#[derive(Deserialize)]
struct Download {
    href: String,
    #[serde(default)]
    header: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Refusal {
    code: u16,
    #[serde(default)]
    message: String,
}

impl LfsPointer {
    /// Reads the content of the file at `path`; none when it is no pointer.
    pub(super) fn read(path: String, content: &[u8]) -> Option<Self> {
        if content.len() > POINTER_MAX || !content.starts_with(VERSION.as_bytes()) {
            return None;
        }
        let mut lines = std::str::from_utf8(content).ok()?.lines();
        if lines.next() != Some(VERSION) {
            return None;
        }
        let (mut sha256, mut size) = (None, None);
        for line in lines {
            match line.split_once(' ')? {
                ("oid", value) => sha256 = value.strip_prefix("sha256:").filter(|text| is_sha256(text)),
                ("size", value) if value.bytes().all(|b| b.is_ascii_digit()) => size = value.parse().ok(),
                // An extension's file means nothing without the program of that extension.
                _ => return None,
            }
        }
        Some(Self {
            path,
            sha256: sha256?.to_owned(),
            size: size?,
        })
    }

    fn failed(&self, why: impl Into<String>) -> GitError {
        GitError::Lfs {
            path: self.path.clone(),
            why: why.into(),
        }
    }
}

impl<'a> Lfs<'a> {
    /// The server of the repository whose files lie in `folder`.
    pub(super) fn new(
        repository: &'a RemoteRepository,
        policy: &'a GitHostPolicy,
        limits: &'a GitLimits,
        tls: &'a TlsRoots,
        folder: &'a Path,
    ) -> Result<Self, GitError> {
        let endpoint = match configured(folder)? {
            Some(endpoint) => endpoint,
            None => usual(&repository.url)?,
        };
        Ok(Self {
            repository,
            policy,
            limits,
            tls,
            folder,
            endpoint,
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
            .json(&question);
        if let Some(own) = self.own_authorization(self.endpoint.url())? {
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

    /// The repository's credentials, for the server that they are for.
    fn own_authorization(&self, url: &Url) -> Result<Option<HeaderValue>, GitError> {
        if url.origin() == self.repository.url.url().origin() {
            authorization(self.repository)
        } else {
            Ok(None)
        }
    }
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

/// The host of an address in the form that the policy on hosts is asked about; the rest may hold a signature.
fn place(url: &Url) -> Option<RepoUrl> {
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}/-", url.scheme(), url.host_str()?)
        .parse()
        .ok()
}

/// The server that belongs to a repository when nothing else is said.
fn usual(repository: &RepoUrl) -> Result<RepoUrl, GitError> {
    let url = repository.url();
    let path = url.path().trim_end_matches('/');
    let ending = if path.ends_with(".git") { "" } else { ".git" };
    let server = if repository.is_ssh() {
        format!("https://{}", url.host_str().unwrap_or_default())
    } else {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
    };
    format!("{server}{path}{ending}/info/lfs")
        .parse()
        .map_err(|_| GitError::Protocol("its LFS server has no valid address".to_owned()))
}

/// `lfs.url` in the repository's own configuration.
fn configured(folder: &Path) -> Result<Option<RepoUrl>, GitError> {
    let path = folder.join(CONFIG_FILE);
    let Ok(metadata) = fs::symlink_metadata(&path) else {
        return Ok(None);
    };
    let unusable = |why: &str| GitError::Lfs {
        path: CONFIG_FILE.to_owned(),
        why: why.to_owned(),
    };
    if !metadata.is_file() || metadata.len() > CONFIG_MAX {
        return Err(unusable("it is a link or too large"));
    }
    let text = fs::read_to_string(&path).map_err(|_| unusable("it is no text"))?;
    let Some(address) = lfs_url(&text) else {
        return Ok(None);
    };
    match address.parse::<RepoUrl>() {
        Ok(url) if !url.is_ssh() => Ok(Some(url)),
        _ => Err(unusable("lfs.url is no https address without a user name")),
    }
}

fn lfs_url(text: &str) -> Option<String> {
    let (mut inside, mut found) = (false, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.eq_ignore_ascii_case("[lfs]");
        } else if let Some((key, value)) = line.split_once('=')
            && inside
            && key.trim().eq_ignore_ascii_case("url")
        {
            found = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    found
}

fn is_kept(kept: &Path, pointer: &LfsPointer) -> bool {
    fs::metadata(kept.join(&pointer.sha256)).is_ok_and(|file| file.len() == pointer.size)
}

/// Puts a copy where the pointer is, with the pointer's rights.
fn put_in_place(pointer: &LfsPointer, kept: &Path, folder: &Path) -> std::io::Result<()> {
    let path: PathBuf = folder.join(&pointer.path);
    let rights = fs::symlink_metadata(&path)?;
    if !rights.is_file() {
        return Err(std::io::Error::other("the pointer is not a file any more"));
    }
    let temporary = NamedTempFile::new_in(path.parent().unwrap_or(folder))?;
    fs::copy(kept.join(&pointer.sha256), temporary.path())?;
    let mode = rights.permissions().mode() & 0o777;
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(mode))?;
    temporary.persist(&path)?;
    Ok(())
}

/// Only what the newest deployment uses is kept.
fn forget_others(kept: &Path, wanted: &BTreeMap<&str, &LfsPointer>) {
    let Ok(entries) = fs::read_dir(kept) else { return };
    for entry in entries.flatten() {
        let is_wanted = entry
            .file_name()
            .to_str()
            .is_some_and(|name| wanted.contains_key(name));
        let is_file_of_ours = entry.file_name().to_str().is_some_and(is_sha256);
        if is_file_of_ours && !is_wanted {
            // One that cannot be removed now is removed next time.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn read(text: &str) -> Option<LfsPointer> {
        LfsPointer::read("a.bin".to_owned(), text.as_bytes())
    }

    #[test]
    fn a_pointer_is_told_from_other_files() {
        let pointer = read(&format!("{VERSION}\noid sha256:{OID}\nsize 12345\n")).unwrap();
        assert_eq!((pointer.sha256.as_str(), pointer.size), (OID, 12345));
    }

    #[test]
    fn input_51_what_is_no_proper_pointer_is_a_file_like_others() {
        for text in [
            String::new(),
            format!("{VERSION}\n"),
            format!("{VERSION}x\noid sha256:{OID}\nsize 1\n"),
            format!("{VERSION}\noid sha256:../../etc/passwd\nsize 1\n"),
            format!("{VERSION}\noid sha256:{}\nsize 1\n", OID.to_uppercase()),
            format!("{VERSION}\noid md5:{OID}\nsize 1\n"),
            format!("{VERSION}\noid sha256:{OID}\nsize -1\n"),
            format!("{VERSION}\noid sha256:{OID}\nsize 99999999999999999999\n"),
            format!("{VERSION}\next-0-run sha256:{OID}\noid sha256:{OID}\nsize 1\n"),
            format!("{VERSION}\noid sha256:{OID}\nsize 1\n{}", " ".repeat(POINTER_MAX)),
        ] {
            assert_eq!(read(&text), None, "{text:?}");
        }
    }

    #[test]
    fn input_51_the_repositorys_own_word_on_the_server_is_an_address_like_others() {
        let folder = tempfile::tempdir().unwrap();
        for address in [
            "file:///etc",
            "ssh://git@h/x",
            "git@h:x",
            "https://user:secret@h/x",
            "ext::sh -c x",
            "-u",
            "",
        ] {
            fs::write(
                folder.path().join(CONFIG_FILE),
                format!("[lfs]\n\turl = {address}\n"),
            )
            .unwrap();
            assert!(configured(folder.path()).is_err(), "{address:?} was taken");
        }
        let text =
            "[core]\nurl = https://a.example.com/x\n[lfs]\n\turl = \"https://lfs.example.com/group/site\"\n";
        fs::write(folder.path().join(CONFIG_FILE), text).unwrap();
        let found = configured(folder.path()).unwrap().unwrap();
        assert_eq!(found.as_str(), "https://lfs.example.com/group/site");
        fs::remove_file(folder.path().join(CONFIG_FILE)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join(CONFIG_FILE)).unwrap();
        assert!(configured(folder.path()).is_err());
    }

    #[test]
    fn the_usual_server_belongs_to_the_repository() {
        let of = |text: &str| usual(&text.parse().unwrap()).unwrap().as_str().to_owned();
        assert_eq!(
            of("https://h.example.com/a/b"),
            "https://h.example.com/a/b.git/info/lfs"
        );
        assert_eq!(
            of("http://127.0.0.1:81/b.git"),
            "http://127.0.0.1:81/b.git/info/lfs"
        );
        assert_eq!(
            of("git@h.example.com:a/b.git"),
            "https://h.example.com/a/b.git/info/lfs"
        );
    }

    #[test]
    fn input_41_a_file_that_lies_inside_our_network_is_not_fetched() {
        for (href, allowed) in [
            ("https://objects.example.com/x?signature=1", true),
            ("http://objects.example.com/x", false),
            ("https://169.254.169.254/latest", false),
            ("https://10.0.0.1/x", false),
            ("https://localhost/x", false),
        ] {
            let host = place(&Url::parse(href).unwrap()).unwrap();
            assert_eq!(
                GitHostPolicy::default().check_url(&host).is_ok(),
                allowed,
                "{href}"
            );
        }
        for href in [
            "file:///etc/passwd",
            "https://user:secret@h.example.com/x",
            "data:text/plain,x",
        ] {
            assert!(place(&Url::parse(href).unwrap()).is_none(), "{href}");
        }
    }
}
