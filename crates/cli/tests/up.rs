//! Starting and ending `aether up`: what it says when it cannot start, and that nothing outlives it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aether_testkit::{GitServer, TestDirectory};
use support::services::Up;
use support::{binary, eventually, free_address, sites};
use tokio::process::Command;

fn up(data: &Path) -> Command {
    let mut command = Command::new(binary("aether"));
    command
        .arg("up")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("AETHER_RUNTIME", "process");
    command.env("AETHER_DATA_DIR", data).kill_on_drop(true);
    for key in ["AETHER_API_ADDR", "AETHER_PROXY_ADDR", "AETHER_PROXY_ADMIN_ADDR"] {
        command.env(key, free_address().to_string());
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// It must refuse at once, in one line that holds all of `expected`.
async fn refuses(mut command: Command, expected: &[&str]) {
    let started = Instant::now();
    let done = tokio::time::timeout(Duration::from_secs(20), command.output())
        .await
        .unwrap()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{told}");
    let line = told
        .lines()
        .find(|line| line.starts_with("error:"))
        .unwrap_or_else(|| panic!("no error in: {told}"));
    for word in expected {
        assert!(line.contains(word), "{word:?} is missing in: {line}");
    }
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "it took {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_setting_before_anything_is_made() {
    let data = TestDirectory::create().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for key in ["AETHER_API_ADDR", "AETHER_PROXY_ADDR"] {
        let mut command = up(data.path());
        command.env(key, address.to_string());
        refuses(command, &[key, &address.port().to_string()]).await;
        assert!(!data.path().join("postgres").exists());
    }
}

#[tokio::test]
async fn a_second_platform_on_the_same_data_is_refused() {
    let first = Up::start().await;
    refuses(up(first.directory.path()), &["in use", "process"]).await;
}

#[tokio::test]
async fn a_directory_that_is_no_database_or_cannot_be_written_is_named() {
    let data = TestDirectory::create().unwrap();
    std::fs::create_dir_all(data.path().join("postgres/base")).unwrap();
    std::fs::write(
        data.path().join("secret-key"),
        "m9Q2vXw7Lk3ZpR8tYb5NcD1sFg6HjK4a\n",
    )
    .unwrap();
    refuses(up(data.path()), &["not a complete Postgres data directory"]).await;
    refuses(up(Path::new("/proc/aether")), &["AETHER_DATA_DIR"]).await;
}

#[tokio::test]
async fn input_104_wrong_settings_are_all_named_and_not_shown() {
    let data = TestDirectory::create().unwrap();
    let mut command = up(data.path());
    command
        .env("AETHER_SECRET_KEY", "changeme-canary")
        .env("AETHER_API_ADDR", "127.0.0.1:70000");
    command
        .env("AETHER_RUNTIME", "canary")
        .env("AETHER_PROXY_THREADS", "canary");
    let done = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{told}");
    for key in [
        "AETHER_SECRET_KEY",
        "AETHER_API_ADDR",
        "AETHER_RUNTIME",
        "AETHER_PROXY_THREADS",
    ] {
        assert!(told.contains(key), "{key} is missing in: {told}");
    }
    assert!(!told.contains("canary") && !told.contains("70000"), "{told}");
}

#[tokio::test]
async fn f36_everything_it_started_ends_with_it_within_30_seconds() {
    let git = GitServer::start().await.unwrap();
    sites::node_app(&git, "hello", "hi there");
    let mut up = Up::start().await;
    up.platform.create_project("hello", &git.url("hello")).await;
    up.platform.deploy_ready("hello").await;
    up.platform.shows("hello", "hi there").await;
    let directory = up.directory.path().canonicalize().unwrap();
    assert!(
        !processes_below(&directory).is_empty(),
        "Postgres works in the data directory"
    );

    let stopping = Instant::now();
    let status = up.service.terminate().await;
    assert!(status.success(), "{status}");
    assert!(
        stopping.elapsed() < Duration::from_secs(30),
        "{:?}",
        stopping.elapsed()
    );
    eventually("nothing runs in the data directory any more", async || {
        processes_below(&directory).is_empty()
    })
    .await;

    for (file, mode) in [
        ("secret-key", 0o600),
        ("sockets", 0o700),
        ("postgres", 0o700),
        ("logs", 0o700),
    ] {
        let found = directory.join(file).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{file} is {found:o}");
    }
}

/// Processes that work in the directory, or were told about it on their command line; not the test's own caretaker.
fn processes_below(directory: &Path) -> Vec<String> {
    let name = directory.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let works_there =
            std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(directory));
        if works_there || (command.contains(&name) && !command.contains(" caretaker ")) {
            found.push(command);
        }
    }
    found
}

#[tokio::test]
async fn the_set_up_link_is_told_until_there_is_an_owner_and_then_no_more() {
    support::install_tls();
    let data = TestDirectory::create().unwrap();
    let read_link = async || {
        use tokio::io::{AsyncBufReadExt, BufReader};
        let mut child = up(data.path())
            .arg("--json")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .await
            .unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        (child, told)
    };
    let end = async |mut child: tokio::process::Child| {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(child.wait().await.unwrap().success());
    };
    let (child, told) = read_link().await;
    let token = std::fs::read_to_string(data.path().join("setup-token")).unwrap();
    assert!(
        told["set_up_link"].as_str().unwrap().ends_with(token.trim()),
        "{told}"
    );
    end(child).await;

    let (child, again) = read_link().await;
    assert!(
        again["set_up_link"].as_str().unwrap().ends_with(token.trim()),
        "the same token: {again}"
    );
    let dashboard = again["dashboard"]
        .as_str()
        .unwrap()
        .replace("localhost", "127.0.0.1");
    let account = serde_json::json!({
        "email": "owner@example.com", "password": "correct horse battery staple", "name": "Owner", "setup_token": token.trim(),
    });
    let registered = reqwest::Client::new()
        .post(format!("{dashboard}/api/v1/auth/register"))
        .json(&account)
        .send()
        .await;
    assert!(registered.unwrap().status().is_success());
    end(child).await;

    let (child, told) = read_link().await;
    assert!(
        told["set_up_link"].is_null() && !data.path().join("setup-token").exists(),
        "{told}"
    );
    end(child).await;
}
