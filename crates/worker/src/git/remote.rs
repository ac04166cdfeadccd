//! A conversation with one server: which refs it has, which commit a name means, and the commit's objects.

use aether_models::{Commit, GitRef};
use git2::Oid;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::body::{Body, read_all};
use super::cache::RepositoryCache;
use super::http::HttpRepository;
use super::pack::PackSink;
use super::pkt_line::{Packet, PacketReader};
use super::protocol::{self, Advertisement, FetchEvent, FetchWants};
use super::ssh::SshRepository;
use super::{GitError, GitLimits, Progress};

/// A version 2 server only sends what was asked for; still, a repository may have very many tags.
const LS_REFS_MAX: u64 = 64 << 20;

/// A branch, a tag, or `HEAD`, and the commit it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// Full name (`refs/heads/main`).
    pub name: String,
    /// The commit; of an annotated tag the one it names.
    pub commit: Oid,
    /// For `HEAD`, the branch it stands for.
    pub symref_target: Option<String>,
}

impl RemoteRef {
    /// The branch's name, when it is one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.name.strip_prefix("refs/heads/")
    }
}

/// What a fetch brought besides objects.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct ShallowChanges {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
}

/// The way to a repository.
pub(super) enum Transport {
    /// Smart HTTP.
    Http(Box<HttpRepository>),
    /// SSH.
    Ssh(Box<SshRepository>),
}

impl Transport {
    async fn advertisement(&mut self) -> Result<Vec<Packet>, GitError> {
        match self {
            Self::Http(http) => http.advertisement().await,
            Self::Ssh(ssh) => ssh.advertisement().await,
        }
    }

    async fn upload_pack(&self, request: Vec<u8>, limits: &GitLimits) -> Result<Body, GitError> {
        match self {
            Self::Http(http) => http.upload_pack(request).await,
            Self::Ssh(ssh) => Ok(Body::ssh(ssh.upload_pack(request).await?, limits.clone())),
        }
    }
}

/// A server that has introduced itself.
pub(super) struct Remote {
    transport: Transport,
    limits: GitLimits,
    advertisement: Advertisement,
}

impl Remote {
    pub(super) async fn connect(mut transport: Transport, limits: GitLimits) -> Result<Self, GitError> {
        let advertisement = protocol::parse_advertisement(&transport.advertisement().await?)?;
        if let Advertisement::V0 { refs, capabilities } = &advertisement
            && !refs.is_empty()
            && !capabilities
                .iter()
                .any(|capability| capability == "side-band-64k")
        {
            return Err(GitError::Protocol(
                "the server's version of Git is too old".to_owned(),
            ));
        }
        Ok(Self {
            transport,
            limits,
            advertisement,
        })
    }

    /// The refs whose names begin with one of `prefixes`.
    pub(super) async fn list(&mut self, prefixes: &[&str]) -> Result<Vec<RemoteRef>, GitError> {
        if let Advertisement::V0 { refs, .. } = &self.advertisement {
            let wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
            return Ok(refs.iter().filter(|found| wanted(&found.name)).cloned().collect());
        }
        let request = protocol::ls_refs_request(prefixes);
        let body = self.transport.upload_pack(request, &self.limits).await?;
        let packets = read_all(body, LS_REFS_MAX).await?;
        let mut refs = Vec::new();
        for line in packets.iter().filter_map(Packet::line) {
            refs.extend(protocol::parse_ls_refs_line(line)?);
        }
        Ok(refs)
    }

    /// The commit that a name means: a full id is taken as it is, then branches, then tags.
    pub(super) async fn resolve(&mut self, reference: Option<&GitRef>) -> Result<Oid, GitError> {
        let name = reference.map_or("HEAD", GitRef::as_str);
        if let Some(commit) = reference.filter(|reference| reference.is_commit()) {
            return Oid::from_str(commit.as_str())
                .ok()
                .filter(|_| commit.as_str().len() == 40)
                .ok_or_else(|| GitError::RefNotFound(name.to_owned()));
        }
        let candidates = match name {
            "HEAD" => vec!["HEAD".to_owned()],
            full if full.starts_with("refs/") => vec![full.to_owned()],
            short => vec![format!("refs/heads/{short}"), format!("refs/tags/{short}")],
        };
        let prefixes: Vec<&str> = candidates.iter().map(String::as_str).collect();
        let refs = self.list(&prefixes).await?;
        let found = candidates
            .iter()
            .find_map(|name| refs.iter().find(|found| found.name == *name));
        match found {
            Some(found) => Ok(found.commit),
            None if name == "HEAD" => self.missing_head().await,
            None => Err(GitError::RefNotFound(name.to_owned())),
        }
    }

    /// A `HEAD` that names a branch which does not exist is no reason to fail when there is one branch only.
    async fn missing_head(&mut self) -> Result<Oid, GitError> {
        let branches = self.list(&["refs/heads/"]).await?;
        match branches.as_slice() {
            [] => Err(GitError::Empty),
            [only] => Ok(only.commit),
            _ => Err(GitError::RefNotFound("HEAD (the default branch)".to_owned())),
        }
    }

    /// Brings one commit and its files into `cache`.
    pub(super) async fn fetch_into(
        &self,
        cache: &RepositoryCache,
        oid: Oid,
        limits: &GitLimits,
        progress: Progress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Commit, GitError> {
        let (haves, shallow) = cache.known_commits().await?;
        let wants = FetchWants {
            want: oid,
            haves,
            shallow,
        };
        let request = protocol::fetch_request(&self.advertisement, &wants);
        let mut body = self.transport.upload_pack(request, limits).await?;
        let mut sink = PackSink::open(cache.path().to_owned(), limits.entries, cancel);
        let (mut reader, mut shallow) = (PacketReader::default(), ShallowChanges::default());
        let mut words = ProgressLines::new(progress);
        while let Some(chunk) = body.chunk().await? {
            reader.push(&chunk);
            while let Some(packet) = reader.next()? {
                match protocol::parse_fetch_packet(&packet)? {
                    FetchEvent::Pack(bytes) => sink.write(bytes).await?,
                    FetchEvent::Progress(text) => words.push(&text),
                    FetchEvent::Shallow(oid) => shallow.added.push(oid.to_string()),
                    FetchEvent::Unshallow(oid) => shallow.removed.push(oid.to_string()),
                    FetchEvent::Nothing => {}
                }
            }
        }
        let objects = sink.finish().await?;
        progress(format!(
            "Received {objects} objects, {}",
            human_bytes(body.received)
        ));
        cache.keep(oid, shallow).await
    }
}

/// Shows the server's own progress: whole lines only, not each redrawn percentage.
struct ProgressLines<'a> {
    progress: Progress<'a>,
    partial: String,
}

impl<'a> ProgressLines<'a> {
    const fn new(progress: Progress<'a>) -> Self {
        Self {
            progress,
            partial: String::new(),
        }
    }

    fn push(&mut self, text: &str) {
        for character in text.chars().take(4096) {
            match character {
                '\n' => {
                    let line = std::mem::take(&mut self.partial);
                    // The last state of a counter ends with "done."; its start is of no interest.
                    if !line.trim().is_empty() {
                        (self.progress)(format!("remote: {}", line.trim_end()));
                    }
                }
                '\r' => self.partial.clear(),
                other if self.partial.len() < 500 => self.partial.push(other),
                _ => {}
            }
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "for people, one decimal")]
fn human_bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
