//! SSH to one repository, by the machine's own `ssh` with a key and a host key of the project's.
//!
//! Why not a library: OpenSSH is what every Git server is tested against, it is on every machine that has Git, and the Rust
//! implementations bring some seventy crates. No shell is involved here: the program is started by its absolute path with
//! an argument list and an empty environment, reads no configuration and no agent, and connects to an address that was
//! resolved and checked by us. What the server's shell reads is `git-upload-pack '<path>'` or `git-lfs-authenticate '<path>'
//! download`, and [`RepoUrl`] lets no character into a path that could end the quotes. The key lies in a private folder (0700, the file 0600) while `ssh` runs.
//!
//! Every request is a connection of its own, as over HTTP: the server introduces itself, then answers one request.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use aether_models::{GitHostPolicy, RepoUrl};
use bytes::Bytes;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};

use super::GitError;
use super::pkt_line::{Packet, PacketReader};

/// The program; never looked for along a path that somebody else may write to.
const SSH: &str = "/usr/bin/ssh";
/// Name under which the server's key stands in the file of known ones, whatever its address.
const ALIAS: &str = "git-server";
const SSH_PORT: u16 = 22;
/// What the server says before its answer; a version 0 server lists every ref.
const INTRODUCTION_MAX: usize = 64 << 20;
/// Most bytes kept of what `ssh` and the server complain about.
const COMPLAINT_MAX: u64 = 4096;
const CHUNK: usize = 64 * 1024;
/// Most bytes of an answer about the LFS server.
const LFS_ANSWER_MAX: u64 = 64 * 1024;

/// Keys that the large providers publish on their own pages, for `StrictHostKeyChecking`.
const PUBLISHED_KEYS: &[(&str, &str)] = &[
    (
        "github.com",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    ),
    (
        "gitlab.com",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
    ),
    (
        "bitbucket.org",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO",
    ),
];

/// A project's key, and how its server is known.
#[derive(Clone, Default)]
pub struct SshIdentity {
    /// The private key in OpenSSH's form.
    pub private_key: String,
    /// The server's key (`ssh-ed25519 AAAA…`); none trusts the first one that is seen.
    pub host_key: Option<String>,
    /// The key that was seen when none was known.
    pub learned: Arc<Mutex<Option<String>>>,
}

impl std::fmt::Debug for SshIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SshIdentity(…)")
    }
}

/// One repository behind SSH.
#[derive(Debug)]
pub(super) struct SshRepository {
    url: RepoUrl,
    identity: SshIdentity,
    policy: GitHostPolicy,
}

/// An answer as it arrives.
#[derive(Debug)]
pub(super) struct SshStream {
    child: Child,
    output: ChildStdout,
    /// Bytes that were read behind the introduction.
    pending: Option<Bytes>,
    files: TempDir,
    identity: SshIdentity,
}

impl SshRepository {
    pub(super) fn new(
        url: &RepoUrl,
        identity: Option<&SshIdentity>,
        policy: &GitHostPolicy,
    ) -> Result<Self, GitError> {
        policy.check_url(url)?;
        Ok(Self {
            url: url.clone(),
            // Without a key the server would refuse us anyway.
            identity: identity.cloned().ok_or(GitError::Denied { sent: false })?,
            policy: policy.clone(),
        })
    }

    /// What the server says about itself, as packets.
    pub(super) async fn advertisement(&self) -> Result<Vec<Packet>, GitError> {
        let mut stream = self.upload_pack_command().await?;
        let packets = stream.introduction().await?;
        stream.learn();
        Ok(packets)
    }

    /// Sends one request; the answer is read by the caller.
    pub(super) async fn upload_pack(&self, body: Vec<u8>) -> Result<SshStream, GitError> {
        let mut stream = self.upload_pack_command().await?;
        stream.introduction().await?;
        if let Some(mut input) = stream.child.stdin.take() {
            // A server that refuses may close before it has read all; its answer says why.
            let _ = input.write_all(&body).await;
            let _ = input.shutdown().await;
        }
        Ok(stream)
    }

    /// What the server answers to `git-lfs-authenticate`: who serves the repository's large files, and with which headers.
    /// None when it knows no such command.
    ///
    /// Source: <https://github.com/git-lfs/git-lfs/blob/main/docs/api/server-discovery.md>, "SSH".
    pub(super) async fn lfs_authenticate(&self) -> Result<Option<Vec<u8>>, GitError> {
        let command = format!("git-lfs-authenticate '{}' download", self.path());
        let mut stream = self.connect(&command).await?;
        drop(stream.child.stdin.take());
        let mut answer = Vec::new();
        (&mut stream.output)
            .take(LFS_ANSWER_MAX)
            .read_to_end(&mut answer)
            .await
            .map_err(GitError::io("reading from ssh"))?;
        if !answer.is_empty() {
            return Ok(Some(answer));
        }
        match stream.complaint().await {
            error @ (GitError::HostKeyChanged | GitError::Denied { .. }) => Err(error),
            error => {
                tracing::debug!(%error, "the server names no LFS server");
                Ok(None)
            }
        }
    }

    async fn upload_pack_command(&self) -> Result<SshStream, GitError> {
        self.connect(&format!("git-upload-pack '{}'", self.path())).await
    }

    /// The repository's path as a server understands it: `/~user/x` and scp's relative form mean the same to it as a path
    /// below the login folder.
    fn path(&self) -> String {
        let path = self.url.url().path().trim_start_matches('/');
        if path.starts_with('~') {
            path.to_owned()
        } else {
            format!("/{path}")
        }
    }

    async fn connect(&self, command: &str) -> Result<SshStream, GitError> {
        let address = self.resolve().await?;
        let (files, strict) = self.write_files()?;
        let url = self.url.url();
        let mut child = Command::new(SSH)
            .env_clear()
            .env("GIT_PROTOCOL", "version=2")
            .args(["-F", "none", "-T", "-a", "-x"])
            .args(options(&files, strict))
            .arg("-i")
            .arg(files.path().join("key"))
            .args(["-p", &address.port().to_string()])
            .args(["-l", url.username(), "--"])
            .arg(address.ip().to_string())
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(GitError::io("starting ssh"))?;
        let output = child
            .stdout
            .take()
            .ok_or_else(|| GitError::Protocol("ssh has no output".to_owned()))?;
        Ok(SshStream {
            child,
            output,
            pending: None,
            files,
            identity: self.identity.clone(),
        })
    }

    /// The first address of the host; all of them must be allowed.
    async fn resolve(&self) -> Result<SocketAddr, GitError> {
        let url = self.url.url();
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port().unwrap_or(SSH_PORT);
        let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| GitError::Unreachable(error.to_string()))?
                .collect(),
        };
        for address in &addresses {
            self.policy.check_address(&self.url, address.ip())?;
        }
        addresses
            .first()
            .copied()
            .ok_or_else(|| GitError::Unreachable("the name has no address".to_owned()))
    }

    /// The key and the known hosts, in a folder that goes with the connection.
    fn write_files(&self) -> Result<(TempDir, bool), GitError> {
        let files = tempfile::Builder::new()
            .prefix("aether-ssh-")
            .tempdir()
            .map_err(GitError::io("making a folder for a deploy key"))?;
        let host = self.url.url().host_str().unwrap_or_default();
        let published = PUBLISHED_KEYS.iter().find(|(name, _)| *name == host);
        let known = published
            .map(|(_, key)| *key)
            .or(self.identity.host_key.as_deref());
        let known_hosts = known.map(|key| format!("{ALIAS} {key}\n")).unwrap_or_default();
        for (name, content) in [
            ("key", self.identity.private_key.as_str()),
            ("known_hosts", known_hosts.as_str()),
        ] {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(files.path().join(name))
                .and_then(|mut file| file.write_all(content.as_bytes()))
                .map_err(GitError::io("writing a deploy key"))?;
        }
        Ok((files, known.is_some()))
    }
}

impl SshStream {
    /// The packets up to the first flush. Only then is it sure that we are let in.
    async fn introduction(&mut self) -> Result<Vec<Packet>, GitError> {
        let (mut reader, mut packets, mut received) = (PacketReader::default(), Vec::new(), 0);
        loop {
            let Some(chunk) = self.read().await? else {
                return Err(self.complaint().await);
            };
            received += chunk.len();
            if received > INTRODUCTION_MAX {
                return Err(GitError::too_large(
                    "The list of branches and tags",
                    INTRODUCTION_MAX as u64,
                ));
            }
            reader.push(&chunk);
            while let Some(packet) = reader.next()? {
                if packet == Packet::Flush {
                    self.pending = reader.rest();
                    return Ok(packets);
                }
                packets.push(packet);
            }
        }
    }

    /// The next bytes, or none at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, GitError> {
        match self.pending.take() {
            Some(bytes) => Ok(Some(bytes)),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, GitError> {
        let mut buffer = vec![0; CHUNK];
        let count = self
            .output
            .read(&mut buffer)
            .await
            .map_err(GitError::io("reading from ssh"))?;
        buffer.truncate(count);
        Ok((count > 0).then(|| buffer.into()))
    }

    /// Notes the server's key when it was the first one.
    fn learn(&self) {
        if self.identity.host_key.is_some() {
            return;
        }
        let known = fs::read_to_string(self.files.path().join("known_hosts")).unwrap_or_default();
        let key = known.lines().find_map(|line| line.strip_prefix(ALIAS));
        *self
            .identity
            .learned
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = key.map(|key| key.trim().to_owned());
    }

    /// What went wrong, by what `ssh` and the server said.
    async fn complaint(&mut self) -> GitError {
        let mut text = Vec::new();
        if let Some(errors) = self.child.stderr.take() {
            let _ = errors.take(COMPLAINT_MAX).read_to_end(&mut text).await;
        }
        understand(&String::from_utf8_lossy(&text))
    }
}

/// Everything is said here; nothing is read from the machine's own settings.
fn options(files: &TempDir, strict: bool) -> Vec<String> {
    let known_hosts = files.path().join("known_hosts");
    let mut options = vec![
        format!("UserKnownHostsFile={}", known_hosts.display()),
        format!(
            "StrictHostKeyChecking={}",
            if strict { "yes" } else { "accept-new" }
        ),
        format!("HostKeyAlias={ALIAS}"),
    ];
    let fixed = [
        "GlobalKnownHostsFile=/dev/null",
        "HashKnownHosts=no",
        "UpdateHostKeys=no",
        "CheckHostIP=no",
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "PreferredAuthentications=publickey",
        "ClearAllForwardings=yes",
        "PermitLocalCommand=no",
        "ControlMaster=no",
        "ConnectTimeout=10",
        "ServerAliveInterval=15",
        "LogLevel=ERROR",
        "SendEnv=GIT_PROTOCOL",
    ];
    options.extend(fixed.map(str::to_owned));
    options
        .into_iter()
        .flat_map(|option| ["-o".to_owned(), option])
        .collect()
}

fn understand(complaint: &str) -> GitError {
    let has = |words: &[&str]| words.iter().any(|word| complaint.contains(word));
    if has(&["HOST IDENTIFICATION HAS CHANGED", "Host key verification failed"]) {
        return GitError::HostKeyChanged;
    }
    if has(&["Permission denied", "Too many authentication failures"]) {
        return GitError::Denied { sent: true };
    }
    if has(&[
        "not found",
        "does not exist",
        "does not appear to be a git repository",
        "No such",
        "could not be found",
    ]) {
        return GitError::NotFound;
    }
    let last = complaint.lines().rfind(|line| !line.trim().is_empty());
    GitError::Unreachable(
        last.unwrap_or("the server closed the connection")
            .trim()
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_become_errors_with_a_way_out() {
        for (text, expected) in [
            ("git@h: Permission denied (publickey).", "Denied { sent: true }"),
            ("Host key verification failed.", "HostKeyChanged"),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @",
                "HostKeyChanged",
            ),
            ("ERROR: Repository not found.\nfatal: x", "NotFound"),
            ("fatal: '/x' does not appear to be a git repository", "NotFound"),
            (
                "ssh: connect to host h port 22: Connection refused\n",
                "Unreachable(\"ssh: connect to host h port 22: Connection refused\")",
            ),
        ] {
            assert_eq!(format!("{:?}", understand(text)), expected, "{text}");
        }
    }
}
