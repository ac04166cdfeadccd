//! Fetching from real Git servers, well-behaved and hostile ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use aether_models::{GitHostPolicy, GitRef, RepoCredentials};
use aether_testkit::{GitServer, GitServerOptions};
use aether_worker::{GitClient, GitError, GitLimits, RemoteRepository};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct Setup {
    server: GitServer,
    folder: TempDir,
    client: GitClient,
    owner: Uuid,
    said: Mutex<Vec<String>>,
}

impl Setup {
    async fn new() -> Self {
        Self::with(GitHostPolicy::default().with_loopback(), GitLimits::default()).await
    }

    async fn with(policy: GitHostPolicy, limits: GitLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let client = GitClient::new(policy, limits, folder.path().join("cache"));
        let server = GitServer::start().await.unwrap();
        Self {
            server,
            folder,
            client,
            owner: Uuid::now_v7(),
            said: Mutex::default(),
        }
    }

    fn remote(&self, name: &str) -> RemoteRepository {
        RemoteRepository {
            url: self.server.url(name).parse().unwrap(),
            credentials: None,
            ssh: None,
        }
    }

    async fn fetch(&self, name: &str, reference: Option<&str>) -> Result<String, GitError> {
        self.fetch_from(&self.remote(name), reference).await
    }

    async fn fetch_from(
        &self,
        remote: &RemoteRepository,
        reference: Option<&str>,
    ) -> Result<String, GitError> {
        let reference: Option<GitRef> = reference.map(|name| name.parse().unwrap());
        let say = |line: String| self.said.lock().unwrap().push(line);
        let commit = self
            .client
            .fetch(
                self.owner,
                remote,
                reference.as_ref(),
                &say,
                &CancellationToken::new(),
            )
            .await?;
        Ok(commit.sha)
    }

    async fn checkout(&self, sha: &str) -> (PathBuf, Result<aether_worker::CheckoutReport, GitError>) {
        let path = self.folder.path().join(Uuid::now_v7().to_string());
        std::fs::create_dir(&path).unwrap();
        let report = self
            .client
            .checkout(self.owner, sha, &path, &CancellationToken::new())
            .await;
        (path, report)
    }

    fn requests(&self) -> Vec<String> {
        self.server
            .requests()
            .into_iter()
            .map(|request| request.line)
            .collect()
    }
}

/// 250 KB that do not compress.
fn noise() -> String {
    use sha2::{Digest, Sha256};
    (0..4000_u32)
        .map(|number| hex::encode(Sha256::digest(number.to_be_bytes())))
        .collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_commit_and_its_files_arrive() {
    let setup = Setup::new().await;
    let repo = setup.server.create_repo("a").unwrap();
    let sha = repo
        .commit("First")
        .file("index.html", "hello")
        .file("deep/er/x.txt", "x")
        .executable("run.sh", "#!/bin/sh\n")
        .write()
        .unwrap();
    assert_eq!(setup.fetch("a", None).await.unwrap(), sha);
    let (path, report) = setup.checkout(&sha).await;
    assert_eq!(report.unwrap().files, 3);
    assert_eq!(text(&path.join("deep/er/x.txt")), "x");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(path.join("run.sh"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o755
    );
    assert!(!path.join(".git").exists());
}

#[tokio::test]
async fn the_next_fetch_brings_only_what_is_new() {
    let setup = Setup::new().await;
    let repo = setup.server.create_repo("a").unwrap();
    let noise = noise();
    repo.commit_files(&[("big.txt", &noise), ("index.html", "one")])
        .unwrap();
    setup.fetch("a", None).await.unwrap();
    let second = repo.commit_files(&[("index.html", "two")]).unwrap();
    assert_eq!(setup.fetch("a", None).await.unwrap(), second);
    let received: Vec<String> = setup
        .said
        .lock()
        .unwrap()
        .iter()
        .filter(|line| line.starts_with("Received"))
        .cloned()
        .collect();
    assert_eq!(received.len(), 2);
    assert!(received[1].contains("Received 3 objects"), "{received:?}");
    let (path, report) = setup.checkout(&second).await;
    assert_eq!(report.unwrap().files, 2);
    assert_eq!(text(&path.join("big.txt")), noise);
    // The same commit again needs no objects at all.
    let before = setup.requests().len();
    setup.fetch("a", Some("main")).await.unwrap();
    assert_eq!(
        setup.requests().len() - before,
        2,
        "{:?}",
        &setup.requests()[before..]
    );
}

#[tokio::test]
async fn refs_are_found_by_every_name_they_have() {
    let setup = Setup::new().await;
    let repo = setup.server.create_repo("a").unwrap();
    let main = repo.commit_files(&[("a", "1")]).unwrap();
    let branch = repo
        .commit_on("feature/x", "Branch")
        .file("b", "2")
        .write()
        .unwrap();
    repo.set_ref("refs/tags/v1", &main).unwrap();
    for (name, sha) in [
        (None, &main),
        (Some("main"), &main),
        (Some("refs/heads/main"), &main),
        (Some("v1"), &main),
        (Some("feature/x"), &branch),
        (Some(branch.as_str()), &branch),
    ] {
        assert_eq!(setup.fetch("a", name).await.unwrap(), *sha, "{name:?}");
    }
    let refs = setup
        .client
        .ls_remote(&setup.remote("a"), &CancellationToken::new())
        .await
        .unwrap();
    let branches: Vec<&str> = refs.iter().filter_map(|found| found.branch()).collect();
    assert_eq!(branches, ["feature/x", "main"]);
    assert_eq!(refs[0].symref_target.as_deref(), Some("refs/heads/main"));
}

#[tokio::test]
async fn input_46_refs_that_are_not_there_are_named() {
    let setup = Setup::new().await;
    setup
        .server
        .create_repo("a")
        .unwrap()
        .commit_files(&[("a", "1")])
        .unwrap();
    for name in ["nope", "refs/heads/nope"] {
        let error = setup.fetch("a", Some(name)).await.unwrap_err();
        assert!(matches!(error, GitError::RefNotFound(_)), "{name}: {error}");
    }
    let unknown = "0123456789012345678901234567890123456789";
    let error = setup.fetch("a", Some(unknown)).await.unwrap_err();
    assert!(matches!(error, GitError::Refused(_)), "{error}");
    insta::assert_json_snapshot!(
        GitError::RefNotFound("nope".to_owned()).to_user_error("https://git.example.com/a")
    );
}

#[tokio::test]
async fn input_47_a_pinned_commit_is_built_also_after_a_force_push() {
    let setup = Setup::new().await;
    let repo = setup.server.create_repo("a").unwrap();
    let first = repo.commit_files(&[("a", "1")]).unwrap();
    setup.fetch("a", None).await.unwrap();
    let other = repo.commit_on("other", "Other").file("a", "2").write().unwrap();
    repo.set_ref("refs/heads/main", &other).unwrap();
    repo.delete_ref("refs/heads/other").unwrap();
    assert_eq!(setup.fetch("a", Some(&first)).await.unwrap(), first);
    assert_eq!(setup.fetch("a", None).await.unwrap(), other);
}

#[tokio::test]
async fn an_empty_repository_and_a_missing_one_are_told_apart() {
    let setup = Setup::new().await;
    setup.server.create_repo("empty").unwrap();
    assert!(matches!(setup.fetch("empty", None).await, Err(GitError::Empty)));
    assert!(matches!(
        setup.fetch("missing", None).await,
        Err(GitError::NotFound)
    ));
}

#[tokio::test]
async fn a_broken_cache_is_made_afresh() {
    let setup = Setup::new().await;
    let repo = setup.server.create_repo("a").unwrap();
    repo.commit_files(&[("a", "1")]).unwrap();
    setup.fetch("a", None).await.unwrap();
    let cache = setup.folder.path().join("cache").join(setup.owner.to_string());
    for damage in ["HEAD", "objects", "refs"] {
        let path = cache.join(damage);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        } else {
            std::fs::write(&path, "\0").unwrap();
        }
        let sha = repo.commit_files(&[("a", damage)]).unwrap();
        assert_eq!(setup.fetch("a", None).await.unwrap(), sha, "{damage}");
        let (path, report) = setup.checkout(&sha).await;
        report.unwrap();
        assert_eq!(text(&path.join("a")), damage);
    }
}

#[tokio::test]
async fn credentials_are_sent_as_a_header_only() {
    let setup = Setup::new().await;
    setup
        .server
        .create_repo("a")
        .unwrap()
        .commit_files(&[("a", "1")])
        .unwrap();
    let pair = ("x-access-token".to_owned(), "s3cret-token".to_owned());
    setup.server.set_options(GitServerOptions {
        credentials: Some(pair.clone()),
        ..GitServerOptions::default()
    });
    assert!(matches!(
        setup.fetch("a", None).await,
        Err(GitError::Denied { sent: false })
    ));
    let mut remote = setup.remote("a");
    remote.credentials = Some(RepoCredentials {
        username: pair.0,
        password: pair.1,
    });
    setup.fetch_from(&remote, None).await.unwrap();
    assert!(
        setup
            .server
            .requests()
            .iter()
            .any(|request| request.authorization.is_some())
    );
    assert!(setup.requests().iter().all(|line| !line.contains("s3cret")));
    remote.credentials = Some(RepoCredentials {
        username: "x".to_owned(),
        password: "wrong".to_owned(),
    });
    let error = setup.fetch_from(&remote, None).await.unwrap_err();
    assert!(matches!(error, GitError::Denied { sent: true }));
    let cache = setup.folder.path().join("cache").join(setup.owner.to_string());
    assert!(!text(&cache.join("config")).contains("s3cret"));
}

#[tokio::test]
async fn input_40_private_addresses_are_refused_without_a_connection() {
    let setup = Setup::with(GitHostPolicy::default(), GitLimits::default()).await;
    setup
        .server
        .create_repo("a")
        .unwrap()
        .commit_files(&[("a", "1")])
        .unwrap();
    assert!(matches!(
        setup.fetch("a", None).await,
        Err(GitError::HostNotAllowed(_))
    ));
    assert_eq!(setup.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn input_43_redirects_are_not_followed() {
    let setup = Setup::new().await;
    setup
        .server
        .create_repo("a")
        .unwrap()
        .commit_files(&[("a", "1")])
        .unwrap();
    let inside = GitServer::start().await.unwrap();
    let target = format!("http://{}", inside.address());
    setup.server.set_options(GitServerOptions {
        redirect_to: Some(target),
        ..GitServerOptions::default()
    });
    let mut remote = setup.remote("a");
    remote.credentials = Some(RepoCredentials {
        username: "u".to_owned(),
        password: "p4ssword".to_owned(),
    });
    assert!(matches!(
        setup.fetch_from(&remote, None).await,
        Err(GitError::Redirect(_))
    ));
    assert!(inside.requests().is_empty());
}

#[tokio::test]
async fn input_45_servers_that_hang_or_trickle_are_cut() {
    let limits = GitLimits {
        total_time: Duration::from_secs(20),
        low_speed_time: Duration::from_millis(600),
        low_speed_bytes: 10_000,
        ..GitLimits::default()
    };
    let setup = Setup::with(GitHostPolicy::default().with_loopback(), limits).await;
    setup
        .server
        .create_repo("a")
        .unwrap()
        .commit_files(&[("a", "1")])
        .unwrap();
    setup.server.set_options(GitServerOptions {
        hang: true,
        ..GitServerOptions::default()
    });
    let hung = setup.fetch("a", None).await.unwrap_err();
    assert!(matches!(hung, GitError::TooSlow), "{hung}");
    setup.server.set_options(GitServerOptions {
        trickle: Some(1),
        ..GitServerOptions::default()
    });
    let trickled = setup.fetch("a", None).await.unwrap_err();
    assert!(matches!(trickled, GitError::TooSlow), "{trickled}");
}

#[tokio::test]
async fn input_45_packs_and_trees_beyond_the_caps_are_refused() {
    let limits = GitLimits {
        pack_bytes: 50_000,
        ..GitLimits::default()
    };
    let setup = Setup::with(GitHostPolicy::default().with_loopback(), limits).await;
    setup
        .server
        .create_repo("a")
        .unwrap()
        .commit("Big")
        .file("big", noise())
        .write()
        .unwrap();
    assert!(matches!(
        setup.fetch("a", None).await,
        Err(GitError::TooLarge { .. })
    ));

    for limits in [
        GitLimits {
            file_bytes: 1000,
            ..GitLimits::default()
        },
        GitLimits {
            tree_bytes: 1000,
            ..GitLimits::default()
        },
        GitLimits {
            entries: 2,
            ..GitLimits::default()
        },
    ] {
        let setup = Setup::with(GitHostPolicy::default().with_loopback(), limits).await;
        let repo = setup.server.create_repo("a").unwrap();
        let sha = repo
            .commit("x")
            .file("a/1", vec![b'x'; 600])
            .file("a/2", vec![b'y'; 2000])
            .write()
            .unwrap();
        let outcome = match setup.fetch("a", None).await {
            Ok(_) => setup.checkout(&sha).await.1.map(|_| String::new()),
            refused => refused,
        };
        assert!(matches!(outcome, Err(GitError::TooLarge { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn input_48_links_that_lead_out_are_inert() {
    let setup = Setup::new().await;
    let repo = setup.server.create_repo("a").unwrap();
    let sha = repo
        .commit("Links")
        .file("dir/file", "x")
        .symlink("pw", "/etc/passwd")
        .symlink("out", "../..")
        .symlink("dir/up", "../../x")
        .symlink("dir/fine", "../dir/file")
        .symlink("loop", "loop")
        .write()
        .unwrap();
    setup.fetch("a", None).await.unwrap();
    let (path, report) = setup.checkout(&sha).await;
    assert_eq!(report.unwrap().inert_links, ["dir/up", "out", "pw"]);
    assert_eq!(text(&path.join("pw")), "/etc/passwd");
    assert!(path.join("pw").symlink_metadata().unwrap().is_file());
    assert_eq!(text(&path.join("dir/fine")), "x");
}

#[tokio::test]
async fn a_cancel_ends_a_fetch_at_once() {
    let setup = Setup::new().await;
    setup
        .server
        .create_repo("a")
        .unwrap()
        .commit_files(&[("a", "1")])
        .unwrap();
    setup.server.set_options(GitServerOptions {
        hang: true,
        ..GitServerOptions::default()
    });
    let cancel = CancellationToken::new();
    let remote = setup.remote("a");
    let fetch = setup.client.fetch(setup.owner, &remote, None, &|_| {}, &cancel);
    let later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::time::timeout(Duration::from_secs(2), async { tokio::join!(fetch, later) })
        .await
        .unwrap();
    assert!(matches!(outcome, Err(GitError::Cancelled)));
}
