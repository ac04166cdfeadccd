//! `aether up` on a machine with a Docker engine, as its user meets it: the runtime it takes and says so, Dockerfile
//! projects, and releases of container apps that change without a failed request.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests"
)]

#[allow(dead_code, reason = "what the tests of the worker need besides")]
#[path = "../../worker/tests/docker_support/engine.rs"]
mod engine;
mod support;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use aether_models::DeploymentId;
use aether_testkit::{GitRepo, GitServer};
use reqwest::Method;
use serde_json::{Value, json};
use support::load::Load;
use support::services::Up;
use support::{binary, eventually, sites};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const NODE: &str = "node:22-bookworm-slim";
pub(crate) const DEBIAN: &str = "debian:bookworm-slim";
/// Switches of the live release under load.
const SWAPS: usize = 200;
/// Every so many switches is a whole redeploy with a new container; the others are rollbacks.
const REDEPLOY_EVERY: usize = 20;
/// The longest that a release which lost its visitors may go on.
const DRAIN: Duration = Duration::from_secs(30);

/// A platform that found the engine by itself.
struct Containers {
    up: Up,
    owner: String,
    _secrets: TempDir,
}

impl Containers {
    async fn start(more: &[(&'static str, String)]) -> Self {
        engine::ensure_engine();
        let secrets = tempfile::tempdir_in("/dev/shm").unwrap();
        let owner = format!("test{:08x}", rand::random::<u32>());
        let mut env = vec![
            ("AETHER_RUNTIME", "auto".to_owned()),
            ("AETHER_DOCKER_OWNER", owner.clone()),
            ("AETHER_DOCKER_SECRETS_DIR", secrets.path().display().to_string()),
        ];
        env.extend_from_slice(more);
        let up = Up::start_with(&env).await;
        Self {
            up,
            owner,
            _secrets: secrets,
        }
    }

    /// Deletes the projects, and waits until nothing of this platform is in the engine.
    async fn assert_nothing_left(&self, projects: &[&str]) {
        for project in projects {
            let path = format!("/projects/{project}");
            self.up.platform.call(Method::DELETE, &path, None).await;
        }
        eventually("nothing is left in the engine", async || {
            ["ps -aq", "network ls -q", "volume ls -q", "images -aq"]
                .iter()
                .all(|list| docker(&format!("{list} --filter label=aether.owner={}", self.owner)).is_empty())
        })
        .await;
    }
}

fn docker(args: &str) -> String {
    let output = Command::new("docker").args(args.split(' ')).output().unwrap();
    assert!(
        output.status.success(),
        "docker {args}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_takes_the_engine_and_says_so_and_a_dockerfile_project_is_served() {
    let git = GitServer::start().await.unwrap();
    let repo = git.create_repo("image").unwrap();
    let server = "require('http').createServer((q, s) => s.end('from an image')).listen(8080);";
    let dockerfile =
        "FROM node:22-bookworm-slim\nCOPY server.js /srv/\nEXPOSE 8080\nCMD [\"node\", \"/srv/server.js\"]\n";
    repo.commit_files(&[("Dockerfile", dockerfile), ("server.js", server)])
        .unwrap();
    sites::static_site(&git, "site", "a static page");
    let containers = Containers::start(&[]).await;
    let platform = &containers.up.platform;

    let mut status = Value::Null;
    eventually("the worker reports", async || {
        status = platform.call(Method::GET, "/system/status", None).await;
        !status["workers"].as_array().unwrap().is_empty()
    })
    .await;
    let worker = &status["workers"][0];
    assert_eq!(worker["runtime"], "docker", "{worker:#}");
    let why = worker["runtime_reason"].as_str().unwrap();
    assert!(why.starts_with("A Docker engine answers at "), "{why}");

    for (name, text) in [("image", "from an image"), ("site", "a static page")] {
        platform.create_project(name, &git.url(name)).await;
        platform.deploy_ready(name).await;
        platform.shows(name, text).await;
    }
    let mut usage = Value::Null;
    eventually("the app's use is known", async || {
        usage = platform.call(Method::GET, "/projects/image/usage", None).await;
        !usage["apps"].as_array().unwrap().is_empty()
    })
    .await;
    assert!(
        usage["apps"][0]["memory_bytes"].as_u64().unwrap() > 0,
        "{usage:#}"
    );

    let doctor = Command::new(binary("aether"))
        .args(["--json", "doctor"])
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let runtime = findings
        .iter()
        .find(|finding| finding["name"] == "runtime")
        .unwrap();
    assert!(
        runtime["found"]
            .as_str()
            .unwrap()
            .starts_with("A Docker engine answers"),
        "{runtime:#}"
    );
    containers.assert_nothing_left(&["image", "site"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f22_two_hundred_swaps_of_a_container_app_under_load_fail_no_request() {
    let git = GitServer::start().await.unwrap();
    let repo = sites::node_app(&git, "shop", "release 0");
    let containers = Containers::start(&[]).await;
    let platform = &containers.up.platform;
    platform.create_project("shop", &git.url("shop")).await;
    let mut releases = [platform.deploy_ready("shop").await, String::new()];
    sites::change_app(&repo, "release 1");
    releases[1] = platform.deploy_ready("shop").await;
    platform.shows("shop", "release 1").await;
    let load = Load::start(platform, "shop", "release");
    for swap in 0..SWAPS {
        if swap % REDEPLOY_EVERY == REDEPLOY_EVERY - 1 {
            sites::change_app(&repo, &format!("release {swap}"));
            // The swap before this one made the first of the two live: it is the one that stays running.
            releases[1] = platform.deploy_ready("shop").await;
        } else {
            let body = json!({"deployment_id": releases[swap % 2]});
            platform
                .call(Method::POST, "/projects/shop/rollback", Some(body))
                .await;
        }
    }
    let (answered, failures) = load.stop().await;
    println!(
        "{answered} requests over {SWAPS} swaps, {} failed",
        failures.len()
    );
    assert!(failures.is_empty(), "{:?}", &failures[..failures.len().min(5)]);
    assert!(answered > SWAPS as u64, "the load was real: {answered} requests");
    containers.assert_nothing_left(&["shop"]).await;
}

async fn is_crash_looping(platform: &support::Platform) -> bool {
    let copies = platform.call(Method::GET, "/projects/shop/instances", None).await;
    copies["items"][0]["state"] == "crash_looping"
}

/// Kills whatever is the first process of the project's container, as a crash does.
fn kill_app(owner: &str, deployment: &str) -> bool {
    let deployment: DeploymentId = deployment.parse().unwrap();
    let id = docker(&format!(
        "ps -q --filter label=aether.owner={owner} --filter label=aether.deployment={}",
        deployment.uuid()
    ));
    if id.is_empty() {
        return false;
    }
    let pid = docker(&format!("inspect --format {{{{.State.Pid}}}} {}", id.trim()));
    match pid.trim().parse().unwrap() {
        0 => false,
        pid => {
            let pid = nix::unistd::Pid::from_raw(pid);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).is_ok()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_visitors_of_an_app_that_is_killed_ten_times_get_a_page_of_the_platform_or_the_app() {
    let git = GitServer::start().await.unwrap();
    sites::node_app(&git, "shop", "the shop");
    sites::node_app(&git, "bank", "the bank");
    let containers = Containers::start(&[]).await;
    let platform = &containers.up.platform;
    let mut live = String::new();
    for (name, text) in [("bank", "the bank"), ("shop", "the shop")] {
        platform.create_project(name, &git.url(name)).await;
        live = platform.deploy_ready(name).await;
        platform.shows(name, text).await;
    }
    let mut seen = BTreeMap::new();
    let mut flagged = None;
    let mut back = Vec::new();
    for kill in 1..=10 {
        eventually("the app runs", async || kill_app(&containers.owner, &live)).await;
        let killed = Instant::now();
        // The engine's pauses double: the tenth is a minute.
        while back.len() < kill {
            assert!(
                killed.elapsed() < Duration::from_secs(90),
                "it does not come back"
            );
            let (status, body) = platform.visit("shop", "/").await.unwrap();
            assert!(!body.contains("the bank"), "another tenant's page");
            *seen.entry(status.as_u16()).or_insert(0) += 1;
            match status.as_u16() {
                // The engine may not have noticed yet.
                200 if killed.elapsed() > Duration::from_millis(50) => back.push(killed.elapsed()),
                200 => assert!(body.contains("the shop"), "{body}"),
                502 | 503 => assert!(!body.contains("10.201."), "an internal address: {body}"),
                other => panic!("{other}: {body}"),
            }
            if flagged.is_none() && is_crash_looping(platform).await {
                flagged = Some(kill);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if kill == 5 && flagged.is_none() {
            eventually("the crash loop is told", async || {
                is_crash_looping(platform).await
            })
            .await;
            flagged = Some(kill);
        }
        let (status, body) = platform.visit("bank", "/").await.unwrap();
        assert!(
            status == 200 && body.contains("the bank"),
            "its neighbour is untouched"
        );
    }
    assert!(back[0] <= Duration::from_secs(5), "{back:?}");
    assert!(flagged.is_some_and(|kill| kill <= 5), "{flagged:?}");
    println!("answers by status: {seen:?}; back after {back:?}; a crash loop from kill {flagged:?} on");
    containers.assert_nothing_left(&["shop", "bank"]).await;
}

/// An app with a request that takes 25 s and a connection that is upgraded and echoes.
fn slow_app(repo: &GitRepo, name: &str) {
    let program = format!(
        "const server = require('node:http').createServer((request, response) => {{\n\
           if (request.url === '/slow') setTimeout(() => response.end('slow {name}'), 25000);\n\
           else response.end('{name}');\n\
         }});\n\
         server.on('upgrade', (request, socket) => {{\n\
           socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n');\n\
           socket.pipe(socket);\n\
         }});\n\
         server.listen(process.env.PORT, process.env.HOST);\n"
    );
    let package = r#"{"name":"app","private":true,"scripts":{"start":"node server.js"}}"#;
    repo.commit_files(&[("server.js", &program), ("package.json", package)])
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f27_a_long_request_and_a_websocket_live_through_a_switch_of_containers() {
    let git = GitServer::start().await.unwrap();
    let repo = git.create_repo("chat").unwrap();
    slow_app(&repo, "one");
    let containers = Containers::start(&[("AETHER_WARM_SECONDS", "0".to_owned())]).await;
    let platform = &containers.up.platform;
    platform.create_project("chat", &git.url("chat")).await;
    platform.deploy_ready("chat").await;
    platform.shows("chat", "one").await;

    let mut socket = upgraded(platform).await;
    let slow = tokio::spawn({
        let platform = platform.clone();
        async move { platform.visit("chat", "/slow").await }
    });
    assert_eq!(echo(&mut socket).await, *b"ping");
    slow_app(&repo, "two");
    platform.deploy_ready("chat").await;
    platform.shows("chat", "two").await;
    let switched = Instant::now();
    assert_eq!(
        echo(&mut socket).await,
        *b"ping",
        "the old release is drained, not cut"
    );
    let (status, body) = slow.await.unwrap().unwrap();
    assert_eq!((status.as_u16(), body.as_str()), (200, "slow one"));
    // What does not end by itself is ended on purpose.
    let closed = async { while matches!(socket.read(&mut [0; 16]).await, Ok(1..)) {} };
    tokio::time::timeout(DRAIN + Duration::from_secs(20), closed)
        .await
        .expect("the old release ends");
    let took = switched.elapsed();
    println!("the WebSocket was closed {took:?} after the switch");
    assert!(took > DRAIN - Duration::from_secs(3), "{took:?}");
    containers.assert_nothing_left(&["chat"]).await;
}

/// A connection through the proxy that the app has upgraded.
async fn upgraded(platform: &support::Platform) -> TcpStream {
    let mut socket = TcpStream::connect(platform.proxy).await.unwrap();
    let request = format!(
        "GET /socket HTTP/1.1\r\nHost: chat.aether.localhost:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        platform.proxy.port()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    socket
}

async fn echo(socket: &mut TcpStream) -> [u8; 4] {
    socket.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).await.unwrap();
    answer
}
