//! Fetches one commit of an untrusted repository from an untrusted server, and writes its files into a workspace.
//!
//! We speak Git's smart HTTP protocol (version 2, and 0 for older servers) ourselves and use libgit2 for what lies on
//! disk: packs, objects, trees. The request is then ours to limit: every resolved address is checked when the
//! connection is made, redirects are not followed, bytes and time are counted, a cancel takes effect at the next chunk.
//! libgit2's own transports cannot do that, and replacing them (`git2::transport::register`) is `unsafe`.
//!
//! The flow: [`http`] asks what the server can ([`protocol`]), the ref becomes a commit, the [`cache`] says what is here
//! already, the missing objects arrive as one shallow [`pack`], and [`checkout`] writes the tree, running nothing. Where a
//! project wants it, [`lfs`] then fetches the files of which the tree only holds pointers.

mod body;
mod cache;
mod checkout;
mod error;
mod http;
mod lfs;
mod pack;
mod pkt_line;
mod protocol;
mod remote;
mod ssh;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::{Commit, GitHostPolicy, GitRef, RepoCredentials, RepoUrl};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use checkout::{CheckoutReport, Submodule};
pub use error::GitError;
pub use lfs::LfsPointer;
pub use remote::RemoteRef;
pub use ssh::SshIdentity;

pub(crate) use checkout::fresh_directory;
pub(crate) use http::checked_client;

use cache::RepositoryCache;
use remote::{Remote, Transport};

/// What fetching and checking out may cost.
#[derive(Debug, Clone)]
pub struct GitLimits {
    /// Bytes of one pack.
    pub pack_bytes: u64,
    /// Time of the whole exchange.
    pub total_time: Duration,
    /// A connection that brings less than `low_speed_bytes` in this time is cut.
    pub low_speed_time: Duration,
    /// See `low_speed_time`.
    pub low_speed_bytes: u64,
    /// Files and folders of one tree.
    pub entries: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of one tree's files.
    pub tree_bytes: u64,
    /// Bytes of all files of one tree that are kept in Git LFS.
    pub lfs_bytes: u64,
    /// Time to fetch them.
    pub lfs_time: Duration,
}

impl Default for GitLimits {
    fn default() -> Self {
        Self {
            pack_bytes: 1 << 30,
            total_time: Duration::from_secs(120),
            low_speed_time: Duration::from_secs(30),
            low_speed_bytes: 30 * 1024,
            entries: 300_000,
            file_bytes: 256 << 20,
            tree_bytes: 4 << 30,
            lfs_bytes: 1 << 30,
            lfs_time: Duration::from_secs(600),
        }
    }
}

/// A repository on a server.
#[derive(Debug, Clone)]
pub struct RemoteRepository {
    /// Its address.
    pub url: RepoUrl,
    /// What to show the server over HTTP.
    pub credentials: Option<RepoCredentials>,
    /// What to show it over SSH.
    pub ssh: Option<SshIdentity>,
}

/// Fetches repositories within a policy and limits.
#[derive(Debug, Clone)]
pub struct GitClient {
    policy: GitHostPolicy,
    limits: GitLimits,
    cache_root: PathBuf,
    tls: aether_forge::TlsRoots,
}

/// Told what happens, for the deployment's log.
pub(crate) type Progress<'a> = &'a (dyn Fn(String) + Send + Sync);

impl GitClient {
    /// A client that keeps its bare repositories under `cache_root`.
    #[must_use]
    pub fn new(policy: GitHostPolicy, limits: GitLimits, cache_root: PathBuf) -> Self {
        Self {
            policy,
            limits,
            cache_root,
            tls: aether_forge::TlsRoots::default(),
        }
    }

    /// Branches and tags of a repository, and the branch its `HEAD` names.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn ls_remote(
        &self,
        repository: &RemoteRepository,
        cancel: &CancellationToken,
    ) -> Result<Vec<RemoteRef>, GitError> {
        self.within(self.limits.total_time, cancel, async {
            let mut remote = Remote::connect(self.transport(repository)?, self.limits.clone()).await?;
            remote.list(&["HEAD", "refs/heads/", "refs/tags/"]).await
        })
        .await
    }

    /// Brings the commit that `reference` names (none: the default branch) into the cache of `owner`, fetching only what
    /// is not there yet.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn fetch(
        &self,
        owner: Uuid,
        repository: &RemoteRepository,
        reference: Option<&GitRef>,
        progress: Progress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Commit, GitError> {
        self.within(self.limits.total_time, cancel, async {
            let cache = RepositoryCache::lock(self.cache_path(owner), cancel).await?;
            let mut remote = Remote::connect(self.transport(repository)?, self.limits.clone()).await?;
            let oid = remote.resolve(reference).await?;
            if let Some(commit) = cache.commit(oid).await {
                progress(format!("Commit {} is in the cache already", short(&commit.sha)));
                return Ok(commit);
            }
            match remote
                .fetch_into(&cache, oid, &self.limits, progress, cancel)
                .await
            {
                // A cache that a power cut or a bug has spoilt costs one full fetch, never a deployment.
                Err(GitError::Repository(error)) => {
                    tracing::warn!(%error, %owner, "a repository cache was unusable and is made afresh");
                    cache.clear().await?;
                    remote
                        .fetch_into(&cache, oid, &self.limits, progress, cancel)
                        .await
                }
                outcome => outcome,
            }
        })
        .await
    }

    /// Writes the files of `sha`, fetched before, into the empty folder `workspace`.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn checkout(
        &self,
        owner: Uuid,
        sha: &str,
        workspace: &Path,
        cancel: &CancellationToken,
    ) -> Result<CheckoutReport, GitError> {
        let (cache, limits) = (self.cache_path(owner), self.limits.clone());
        let (sha, workspace, cancel) = (sha.to_owned(), workspace.to_owned(), cancel.clone());
        let written =
            tokio::task::spawn_blocking(move || checkout::run(&cache, &sha, &workspace, &limits, &cancel));
        written.await.map_err(GitError::task)?
    }

    /// Brings the files that `pointers` stand for into `folder`, where a checkout has written the pointers. Those that an
    /// earlier deployment has fetched for `owner` are not fetched again.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn fetch_lfs(
        &self,
        owner: Uuid,
        repository: &RemoteRepository,
        folder: &Path,
        pointers: &[LfsPointer],
        progress: Progress<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), GitError> {
        self.within(self.limits.lfs_time, cancel, async {
            let cache = RepositoryCache::lock(self.cache_path(owner), cancel).await?;
            let kept = cache.path().join("lfs");
            let lfs = lfs::Lfs::find(repository, &self.policy, &self.limits, &self.tls, folder).await?;
            lfs.fetch(pointers, &kept, progress).await
        })
        .await
    }

    /// Forgets what was fetched for `owner`.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn forget(&self, owner: Uuid) -> Result<(), GitError> {
        let cache = RepositoryCache::lock(self.cache_path(owner), &CancellationToken::new()).await?;
        cache.clear().await
    }

    fn transport(&self, repository: &RemoteRepository) -> Result<Transport, GitError> {
        let (url, identity) = (&repository.url, repository.ssh.as_ref());
        if url.is_ssh() {
            let ssh = ssh::SshRepository::new(url, identity, &self.policy)?;
            return Ok(Transport::Ssh(Box::new(ssh)));
        }
        let http = http::HttpRepository::new(repository, &self.policy, &self.limits, &self.tls)?;
        Ok(Transport::Http(Box::new(http)))
    }

    fn cache_path(&self, owner: Uuid) -> PathBuf {
        self.cache_root.join(owner.to_string())
    }

    async fn within<T>(
        &self,
        limit: Duration,
        cancel: &CancellationToken,
        work: impl Future<Output = Result<T, GitError>> + Send,
    ) -> Result<T, GitError> {
        tokio::select! {
            () = cancel.cancelled() => Err(GitError::Cancelled),
            outcome = tokio::time::timeout(limit, work) => outcome.unwrap_or(Err(GitError::TimedOut(limit))),
        }
    }
}

/// Both are at one server: what opens one may be shown for the other.
pub(crate) fn same_server(a: &RepoUrl, b: &RepoUrl) -> bool {
    let server = |url: &RepoUrl| {
        let url = url.url();
        (
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port(),
        )
    };
    server(a) == server(b)
}

/// The part of an object id that people read.
fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}
