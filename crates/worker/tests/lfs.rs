//! Files that a repository keeps in Git LFS, from a real Git server with an LFS server beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

mod support;

use aether_models::{Deployment, DeploymentId, DeploymentStatus, ProjectSettings};
use aether_store::SealContext;
use aether_testkit::{GitServer, GitServerOptions, LfsOptions};
use serde_json::json;
use support::{Project, World, keyring};

/// Larger than a pointer may be, and not text.
fn picture() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn with(lfs: bool) -> ProjectSettings {
    ProjectSettings {
        lfs,
        ..ProjectSettings::default()
    }
}

fn only_for_us(lfs: LfsOptions) -> GitServerOptions {
    GitServerOptions {
        credentials: Some(("me".to_owned(), "a-token".to_owned())),
        lfs,
        ..GitServerOptions::default()
    }
}

/// A project whose repository has `picture.bin` in LFS, and credentials for it.
async fn project(world: &World, settings: &ProjectSettings, files: &[(&str, &str)]) -> Project {
    let pointer = world.git.keep_in_lfs(&picture());
    let repo = world.git.create_repo("site").unwrap();
    let commit = repo.commit("Add a picture").file("picture.bin", &pointer);
    let commit = commit
        .file("copy/picture.bin", &pointer)
        .file("index.html", "<h1>Hello</h1>");
    files
        .iter()
        .fold(commit, |commit, (path, text)| commit.file(path, text))
        .write()
        .unwrap();
    let project = world.project_with("site", settings, None).await;
    let context = SealContext {
        team: project.team,
        project: project.id,
        name: "repo_credentials",
    };
    let plain = json!({"username": "me", "password": "a-token"}).to_string();
    world
        .sql("update projects set repo_credentials = $1")
        .bind(keyring().seal(&context, plain.as_bytes()).unwrap())
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    project
}

fn published(world: &World, id: DeploymentId, path: &str) -> Vec<u8> {
    let manifest = world.manifest(id);
    std::fs::read(world.folders().files(id).join(&manifest.files[path].sha256)).unwrap()
}

async fn failed(world: &World, project: &Project) -> (Deployment, String) {
    let id = world.deploy(project).await;
    let deployment = world.ended(project, id).await;
    assert_eq!(deployment.status, DeploymentStatus::Failed);
    let error = deployment.error.clone().unwrap();
    (deployment, format!("{} {}", error.code, error.detail))
}

fn files_asked_for(server: &GitServer) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|request| request.line.contains("/lfs-files/"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn lfs_is_off_until_a_project_wants_it_and_then_fetches_each_file_once() {
    let world = World::start().await;
    let project = project(&world, &with(false), &[]).await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    assert!(
        world
            .file(id, "picture.bin")
            .starts_with("version https://git-lfs")
    );
    let log = world.log_text(id).await;
    assert!(
        log.contains("2 files are kept in Git LFS (copy/picture.bin is one)"),
        "{log}"
    );
    assert_eq!(files_asked_for(&world.git), 0);

    world
        .sql("update projects set settings = $1")
        .bind(serde_json::to_value(with(true)).unwrap())
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    for _ in 0..2 {
        let id = world.deploy(&project).await;
        world.ready(&project, id).await;
        for path in ["picture.bin", "copy/picture.bin"] {
            assert!(published(&world, id, path) == picture(), "{path}");
        }
    }
    assert_eq!(
        files_asked_for(&world.git),
        1,
        "two places, two deployments, one file"
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_to_their_own_server_and_a_store_elsewhere_gets_what_it_gave() {
    let world = World::start().await;
    let project = project(&world, &with(true), &[]).await;
    let store = GitServer::start().await.unwrap();
    store.keep_in_lfs(&picture());
    let signed = LfsOptions {
        store: Some(store.origin()),
        header: Some(("x-signed".to_owned(), "for-this-file".to_owned())),
        instead: None,
    };
    world.git.set_options(only_for_us(signed.clone()));
    store.set_options(GitServerOptions {
        lfs: signed,
        ..GitServerOptions::default()
    });
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    assert!(published(&world, id, "picture.bin") == picture());
    let asked = world.git.requests();
    let batch = asked
        .iter()
        .find(|request| request.line.ends_with("/info/lfs/objects/batch"))
        .unwrap();
    assert!(batch.authorization.as_ref().unwrap().starts_with("Basic "));
    assert_eq!(files_asked_for(&store), 1);
    assert!(
        store
            .requests()
            .iter()
            .all(|request| request.authorization.is_none()),
        "{:?}",
        store.requests()
    );
    let log = world.log_text(id).await;
    assert!(
        !log.contains("a-token") && !log.contains("for-this-file"),
        "{log}"
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_the_repository_names_and_one_it_redirects_to_see_no_credentials() {
    let world = World::start().await;
    let (named, last) = (
        GitServer::start().await.unwrap(),
        GitServer::start().await.unwrap(),
    );
    for server in [&named, &last] {
        server.keep_in_lfs(&picture());
    }
    let config = format!("[lfs]\n\turl = {}/group/site.git/info/lfs\n", named.origin());
    let project = project(&world, &with(true), &[(".lfsconfig", &config)]).await;
    world.git.set_options(only_for_us(LfsOptions::default()));
    // The files are in a store which points on; what was given for the store is not for the next.
    let store = GitServer::start().await.unwrap();
    let header = Some(("authorization".to_owned(), "Bearer for-the-store".to_owned()));
    named.set_options(GitServerOptions {
        lfs: LfsOptions {
            store: Some(store.origin()),
            header,
            instead: None,
        },
        ..GitServerOptions::default()
    });
    store.set_options(GitServerOptions {
        redirect_to: Some(last.origin()),
        ..GitServerOptions::default()
    });
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    assert!(published(&world, id, "picture.bin") == picture());
    let authorization = |server: &GitServer| -> Vec<Option<String>> {
        server
            .requests()
            .into_iter()
            .map(|request| request.authorization)
            .collect()
    };
    assert_eq!(authorization(&named), [None]);
    assert_eq!(authorization(&store), [Some("Bearer for-the-store".to_owned())]);
    assert_eq!(authorization(&last), [None]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_the_commit_names_is_refused() {
    let world = World::start().await;
    let project = project(&world, &with(true), &[]).await;
    let worker = world.worker().await;
    let mut other = picture();
    other[7] ^= 1;
    let mut longer = picture();
    longer.push(0);
    for (instead, words) in [
        (other, "is not the file that the commit names"),
        (picture()[1..].to_vec(), "is not the file that the commit names"),
        (longer, "sends more than the commit says"),
    ] {
        world.git.set_options(GitServerOptions {
            lfs: LfsOptions {
                instead: Some(instead),
                ..LfsOptions::default()
            },
            ..GitServerOptions::default()
        });
        let (_, error) = failed(&world, &project).await;
        assert!(error.starts_with("git_lfs ") && error.contains(words), "{error}");
    }
    // A file that nobody has pushed.
    world.git.set_options(GitServerOptions::default());
    let repo = aether_testkit::GitRepo::create(world.git.root().join("site.git")).unwrap();
    let missing = GitServer::start().await.unwrap().keep_in_lfs(b"never pushed");
    repo.commit_files(&[("picture.bin", &missing)]).unwrap();
    let (_, error) = failed(&world, &project).await;
    assert!(error.contains("404 Object does not exist"), "{error}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_45_what_is_kept_in_lfs_is_capped() {
    let world = World::start().await;
    let project = project(&world, &with(true), &[]).await;
    let mut settings = world.settings();
    settings.git_limits.lfs_bytes = 700_000;
    let worker = world.worker_with(settings).await;
    let (_, error) = failed(&world, &project).await;
    assert!(error.starts_with("git_too_large "), "{error}");
    assert_eq!(files_asked_for(&world.git), 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_51_a_pointer_or_a_configuration_that_leads_inside_is_refused() {
    let world = World::start().await;
    let project = project(&world, &with(true), &[]).await;
    let repo = aether_testkit::GitRepo::create(world.git.root().join("site.git")).unwrap();
    let worker = world.worker().await;
    for store in [
        "http://169.254.169.254",
        "https://10.0.0.1",
        "http://lfs.example.com",
        "file://",
    ] {
        world.git.set_options(GitServerOptions {
            lfs: LfsOptions {
                store: Some(store.to_owned()),
                ..LfsOptions::default()
            },
            ..GitServerOptions::default()
        });
        let (_, error) = failed(&world, &project).await;
        let expected = if store == "file://" {
            "git_lfs"
        } else {
            "git_host_not_allowed"
        };
        assert!(error.starts_with(expected), "{store}: {error}");
    }
    for url in ["https://169.254.169.254/latest", "http://10.1.2.3/x"] {
        repo.commit_files(&[(".lfsconfig", &format!("[lfs]\n\turl = {url}\n"))])
            .unwrap();
        let (_, error) = failed(&world, &project).await;
        assert!(error.starts_with("git_host_not_allowed"), "{url}: {error}");
    }
    worker.stop().await;
}
