//! Private repositories over SSH: a real OpenSSH server on loopback, deploy keys, known and changed host keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aether_models::GitHostPolicy;
use aether_testkit::{GitRepo, GitServer, GitServerOptions};
use aether_worker::{GitClient, GitError, GitLimits, RemoteRepository, SshIdentity};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// OpenSSH's server, as the account of the tests, with one key that is let in.
struct SshServer {
    process: Child,
    folder: TempDir,
    port: u16,
}

impl SshServer {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_key(&folder.path().join("host"));
        make_key(&folder.path().join("client"));
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = serve(folder.path(), port);
        let server = Self {
            process,
            folder,
            port,
        };
        server.answers().await;
        server
    }

    /// The same server with another key of its own, as if somebody stood in between.
    async fn change_host_key(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        for name in ["host", "host.pub"] {
            std::fs::remove_file(self.folder.path().join(name)).unwrap();
        }
        make_key(&self.folder.path().join("host"));
        self.process = serve(self.folder.path(), self.port);
        self.answers().await;
    }

    async fn answers(&self) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .is_err()
        {
            assert!(tokio::time::Instant::now() < deadline, "sshd does not answer");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn repo(&self, name: &str) -> GitRepo {
        GitRepo::create(self.folder.path().join(format!("{name}.git"))).unwrap()
    }

    fn remote(&self, name: &str, key: &str, host_key: Option<String>) -> RemoteRepository {
        let user = nix_user();
        let path = self.folder.path().join(format!("{name}.git"));
        let url = format!("ssh://{user}@127.0.0.1:{}{}", self.port, path.display());
        RemoteRepository {
            url: url.parse().unwrap(),
            credentials: None,
            ssh: Some(SshIdentity {
                private_key: std::fs::read_to_string(self.folder.path().join(key)).unwrap(),
                host_key,
                ..SshIdentity::default()
            }),
        }
    }

    fn client(&self) -> GitClient {
        GitClient::new(
            GitHostPolicy::default().with_loopback(),
            GitLimits::default(),
            self.folder.path().join("cache"),
        )
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn nix_user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

fn serve(folder: &Path, port: u16) -> Child {
    // Debian's server wants this folder, which its init script makes.
    let _ = std::fs::create_dir_all("/run/sshd");
    std::fs::copy(folder.join("client.pub"), folder.join("authorized")).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nPidFile none\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
         AcceptEnv GIT_PROTOCOL\nLogLevel ERROR\nSetEnv PATH={0}/bin:/usr/bin:/bin\n",
        folder.display()
    );
    std::fs::write(folder.join("config"), config).unwrap();
    Command::new(sshd())
        .arg("-D")
        .arg("-f")
        .arg(folder.join("config"))
        .stdin(Stdio::null())
        .spawn()
        .expect("scripts/sshd prints a server's path")
}

/// The machine's server, or one that was only unpacked.
fn sshd() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/sshd");
    let output = Command::new(script).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn fetch(client: &GitClient, remote: &RemoteRepository) -> Result<String, GitError> {
    let commit = client
        .fetch(Uuid::now_v7(), remote, None, &|_| {}, &CancellationToken::new())
        .await?;
    Ok(commit.sha)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_cloned_with_the_deploy_key_and_checked_out() {
    let server = SshServer::start().await;
    let sha = server
        .repo("site")
        .commit_files(&[("index.html", "private")])
        .unwrap();
    let (client, remote) = (server.client(), server.remote("site", "client", None));
    let (owner, stop) = (Uuid::now_v7(), CancellationToken::new());
    let commit = client.fetch(owner, &remote, None, &|_| {}, &stop).await.unwrap();
    assert_eq!(commit.sha, sha);
    let workspace = server.folder.path().join("work");
    std::fs::create_dir(&workspace).unwrap();
    client.checkout(owner, &sha, &workspace, &stop).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(workspace.join("index.html")).unwrap(),
        "private"
    );
    let refs = client.ls_remote(&remote, &stop).await.unwrap();
    assert!(refs.iter().any(|found| found.branch().is_some()), "{refs:?}");

    // The second fetch brings only what is new, over the same cache.
    let next = server
        .repo("site")
        .commit_files(&[("index.html", "changed")])
        .unwrap();
    assert_eq!(
        client
            .fetch(owner, &remote, None, &|_| {}, &stop)
            .await
            .unwrap()
            .sha,
        next
    );
    // Other tests have folders there at the same time; this key is in none of them.
    let key = std::fs::read_to_string(server.folder.path().join("client")).unwrap();
    let left = std::fs::read_dir(server.folder.path().parent().unwrap())
        .unwrap()
        .filter_map(Result::ok)
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("key")).ok())
        .any(|found| found == key);
    assert!(!left, "a deploy key was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_host_key_is_learned_and_another_one_is_refused() {
    let mut server = SshServer::start().await;
    let sha = server.repo("site").commit_files(&[("a", "1")]).unwrap();
    let client = server.client();
    let first = server.remote("site", "client", None);
    assert_eq!(fetch(&client, &first).await.unwrap(), sha);
    let learned = first.ssh.unwrap().learned.lock().unwrap().clone().unwrap();
    let shown = std::fs::read_to_string(server.folder.path().join("host.pub")).unwrap();
    assert!(shown.starts_with(&learned), "{learned} is not of {shown}");

    let known = server.remote("site", "client", Some(learned));
    assert_eq!(fetch(&client, &known).await.unwrap(), sha);
    server.change_host_key().await;
    let error = fetch(&client, &known).await.unwrap_err();
    assert!(matches!(error, GitError::HostKeyChanged), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_a_missing_repository_and_a_forbidden_address_are_told_apart() {
    let server = SshServer::start().await;
    server.repo("site").commit_files(&[("a", "1")]).unwrap();
    make_key(&server.folder.path().join("stranger"));
    let client = server.client();
    let error = fetch(&client, &server.remote("site", "stranger", None))
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::Denied { sent: true }), "{error:?}");
    let error = fetch(&client, &server.remote("nothing", "client", None))
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::NotFound), "{error:?}");
    let mut without = server.remote("site", "client", None);
    without.ssh = None;
    let error = fetch(&client, &without).await.unwrap_err();
    assert!(matches!(error, GitError::Denied { sent: false }), "{error:?}");
    let strict = GitClient::new(
        GitHostPolicy::default(),
        GitLimits::default(),
        server.folder.path().join("c"),
    );
    let error = fetch(&strict, &server.remote("site", "client", None))
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::HostNotAllowed(_)), "{error:?}");
}

impl SshServer {
    /// Makes the server know `git-lfs-authenticate`, which prints `answer` for one repository.
    fn knows_lfs(&self, name: &str, answer: &str) {
        let (folder, bin) = (self.folder.path(), self.folder.path().join("bin"));
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(folder.join("lfs-answer"), answer).unwrap();
        let program = bin.join("git-lfs-authenticate");
        let text = format!(
            "#!/bin/sh\n[ $# = 2 ] && [ \"$1\" = '{0}/{name}.git' ] && [ \"$2\" = download ] || exit 1\ncat {0}/lfs-answer\n",
            folder.display()
        );
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Checks the repository `site` out and fetches its large files.
async fn large_files(server: &SshServer) -> Result<Vec<u8>, GitError> {
    let (client, remote) = (server.client(), server.remote("site", "client", None));
    let (owner, stop) = (Uuid::now_v7(), CancellationToken::new());
    let commit = client.fetch(owner, &remote, None, &|_| {}, &stop).await?;
    let work = tempfile::tempdir().unwrap();
    let report = client.checkout(owner, &commit.sha, work.path(), &stop).await?;
    assert_eq!(report.lfs.len(), 1);
    client
        .fetch_lfs(owner, &remote, work.path(), &report.lfs, &|_| {}, &stop)
        .await?;
    Ok(std::fs::read(work.path().join("picture.bin")).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_come_from_the_server_that_ssh_names_with_the_credentials_it_gives() {
    let options = GitServerOptions {
        credentials: Some(("me".to_owned(), "a-token".to_owned())),
        ..GitServerOptions::default()
    };
    let lfs = GitServer::start_with(options).await.unwrap();
    let picture: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    let server = SshServer::start().await;
    let pointer = lfs.keep_in_lfs(&picture);
    server
        .repo("site")
        .commit_files(&[("picture.bin", &pointer)])
        .unwrap();
    // `me:a-token`, as HTTP's basic scheme wants it.
    let answer = format!(
        r#"{{"href":"{}/info/lfs","header":{{"Authorization":"Basic bWU6YS10b2tlbg=="}},"expires_in":600}}"#,
        lfs.url("site")
    );
    server.knows_lfs("site", &answer);
    assert!(large_files(&server).await.unwrap() == picture);

    server.knows_lfs("site", &answer.replace("bWU6YS10b2tlbg==", "bWU6d3Jvbmc="));
    let error = large_files(&server).await.unwrap_err().to_string();
    assert!(
        error.contains("refuses access") && !error.contains("bWU6"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn input_41_an_ssh_server_cannot_send_us_into_our_own_network_for_large_files() {
    let server = SshServer::start().await;
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n",
        "a".repeat(64)
    );
    server
        .repo("site")
        .commit_files(&[("picture.bin", &pointer)])
        .unwrap();
    for answer in [
        r#"{"href":"https://169.254.169.254/latest"}"#,
        r#"{"href":"http://10.0.0.1/x"}"#,
        r#"{"href":"ssh://git@h.example.com/x"}"#,
        r#"{"href":"https://me:secret@h.example.com/x"}"#,
        r#"{"href":"https://h.example.com/x","header":{"a b":"c"}}"#,
        "Welcome!",
    ] {
        server.knows_lfs("site", answer);
        let error = large_files(&server).await.unwrap_err();
        let is_refused = matches!(error, GitError::HostNotAllowed(_) | GitError::Protocol(_));
        assert!(is_refused, "{answer}: {error:?}");
    }
}
