//! The tools of the tests do what they say.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aether_testkit::{GitServer, GitServerOptions, TestDirectory, TestServices};
use anyhow::Context;

fn git(arguments: &[&str]) -> anyhow::Result<std::process::Output> {
    Ok(Command::new("git")
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()?)
}

#[tokio::test]
async fn a_test_gets_a_migrated_empty_database_of_its_own() -> anyhow::Result<()> {
    let services = TestServices::start().await?;
    let store = services.store()?;
    store.ping_postgres().await?;
    store.ping_redis().await?;
    store.migrate().await?;
    let deployments: i64 = sqlx::query_scalar("select count(*) from deployments")
        .fetch_one(store.raw_pool())
        .await?;
    assert_eq!(deployments, 0);
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_of_the_servers_of_a_test_that_ended() -> anyhow::Result<()> {
    let services = TestServices::start().await?;
    let pids = [services.postgres.pid(), services.redis.pid()];
    let directory = services.directory().to_owned();
    let segment = shared_memory_of(&directory.join("postgres/postmaster.pid"))?;
    assert!(shared_memory_exists(&segment)?);
    drop(services);
    let gone = || {
        let ended = pids.iter().flatten().all(|pid| ended(*pid));
        ended && !directory.exists() && !shared_memory_exists(&segment).unwrap_or(true)
    };
    let waited = async {
        while !gone() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waited).await?;
    Ok(())
}

#[tokio::test]
async fn a_process_that_was_told_of_a_tests_directory_ends_with_it() -> anyhow::Result<()> {
    let directory = TestDirectory::create()?;
    let mut told = tokio::process::Command::new("sleep");
    let mut child = told
        .arg("600")
        .env("DATA", directory.path())
        .process_group(0)
        .spawn()?;
    drop(directory);
    let status = tokio::time::timeout(Duration::from_secs(10), child.wait()).await??;
    assert!(!status.success());
    Ok(())
}

/// Identifier of the System V segment a running Postgres names in its pid file, after the key.
fn shared_memory_of(pid_file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(pid_file)?;
    let words = text.lines().nth(6).map(|line| line.split_whitespace());
    let segment = words.and_then(|mut words| words.nth(1)).map(str::to_owned);
    segment.with_context(|| format!("no shared memory in {text:?}"))
}

fn shared_memory_exists(segment: &str) -> std::io::Result<bool> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm")?;
    Ok(table
        .lines()
        .any(|row| row.split_whitespace().nth(1) == Some(segment)))
}

/// Gone, or only waiting to be reaped.
fn ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_git_server_serves_shallow_clones_and_single_commits() -> anyhow::Result<()> {
    let server = GitServer::start().await?;
    let repo = server.create_repo("site")?;
    let first = repo
        .commit("One")
        .file("index.html", "one")
        .executable("run", "#!/bin/sh")
        .write()?;
    let second = repo
        .commit("Two")
        .file("index.html", "two")
        .symlink("link", "index.html")
        .write()?;
    assert_eq!(repo.head("main")?, second);

    let target = TestDirectory::create()?;
    let clone = target.path().join("clone").display().to_string();
    let cloned = git(&["clone", "--quiet", "--depth=1", &server.url("site"), &clone])?;
    assert!(
        cloned.status.success(),
        "{}",
        String::from_utf8_lossy(&cloned.stderr)
    );
    assert_eq!(
        std::fs::read_to_string(target.path().join("clone/index.html"))?,
        "two"
    );

    let fetched = git(&["-C", &clone, "fetch", "--quiet", "--depth=1", "origin", &first])?;
    assert!(
        fetched.status.success(),
        "{}",
        String::from_utf8_lossy(&fetched.stderr)
    );
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.line.starts_with("POST /site.git/git-upload-pack"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_git_server_takes_pushes() -> anyhow::Result<()> {
    let server = GitServer::start().await?;
    let repo = server.create_repo("site")?;
    repo.commit_files(&[("a.txt", "a")])?;
    let target = TestDirectory::create()?;
    let clone = target.path().join("clone").display().to_string();
    git(&["clone", "--quiet", &server.url("site"), &clone])?;
    let pushed = git(&["-C", &clone, "push", "--quiet", "origin", "HEAD:refs/heads/other"])?;
    assert!(
        pushed.status.success(),
        "{}",
        String::from_utf8_lossy(&pushed.stderr)
    );
    assert_eq!(repo.head("other")?, repo.head("main")?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_git_server_lets_nobody_in_without_the_password() -> anyhow::Result<()> {
    let credentials = Some(("user".to_owned(), "secret".to_owned()));
    let server = GitServer::start_with(GitServerOptions {
        credentials,
        ..Default::default()
    })
    .await?;
    server.create_repo("site")?.commit_files(&[("a.txt", "a")])?;
    assert!(!git(&["ls-remote", &server.url("site")])?.status.success());
    let with_password = server.url("site").replace("http://", "http://user:secret@");
    assert!(git(&["ls-remote", &with_password])?.status.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_git_server_can_misbehave() -> anyhow::Result<()> {
    let server = GitServer::start().await?;
    server.create_repo("site")?.commit_files(&[("a.txt", "a")])?;

    server.set_options(GitServerOptions {
        redirect_to: Some("http://127.0.0.1:1".into()),
        ..Default::default()
    });
    let redirected = git(&[
        "-c",
        "http.followRedirects=false",
        "ls-remote",
        &server.url("site"),
    ])?;
    assert!(!redirected.status.success());

    server.set_options(GitServerOptions {
        trickle: Some(64),
        ..Default::default()
    });
    assert!(git(&["ls-remote", &server.url("site")])?.status.success());

    server.set_options(GitServerOptions {
        status: Some(503),
        ..Default::default()
    });
    assert!(!git(&["ls-remote", &server.url("site")])?.status.success());
    Ok(())
}
