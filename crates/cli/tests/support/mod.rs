//! The whole platform as its user meets it: the built binaries, a real Git server, the HTTP API, requests to sites.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support; each test file uses a part of it"
)]

pub mod load;
pub mod services;
pub mod sites;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// How long anything may take on a busy machine with two cores before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one platform, signed in as its owner.
#[derive(Clone)]
pub struct Platform {
    http: reqwest::Client,
    pub api: SocketAddr,
    pub proxy: SocketAddr,
    token: String,
}

/// A process of ours; killed when the test ends.
pub struct Service(pub Child);

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Service {
    /// Starts a binary of the workspace with exactly these settings.
    pub fn start(binary: &Path, args: &[&str], env: &[(&str, String)]) -> Self {
        install_tls();
        let mut command = Command::new(binary);
        command.args(args).env_clear().stdin(Stdio::null());
        for name in [
            "PATH",
            "HOME",
            "RUST_BACKTRACE",
            "SSL_CERT_FILE",
            "NODE_EXTRA_CA_CERTS",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(env.iter().map(|(name, value)| (name, value)));
        Self(
            command
                .spawn()
                .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display())),
        )
    }

    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Asks it to stop and waits.
    pub async fn terminate(&mut self) -> std::process::ExitStatus {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let mut status = None;
        eventually("the process ends", async || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }
}

impl Platform {
    /// Makes the owner's account with the one-time token and signs in.
    pub async fn claim(api: SocketAddr, proxy: SocketAddr, data_dir: &Path) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut platform = Self {
            http,
            api,
            proxy,
            token: String::new(),
        };
        let token_file = data_dir.join("setup-token");
        eventually("the API is ready and the set-up token exists", async || {
            let ready = platform.http.get(format!("http://{api}/ready")).send().await;
            token_file.exists() && ready.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        let setup_token = std::fs::read_to_string(token_file).unwrap();
        let email = "owner@example.com";
        let password = "correct horse battery staple";
        let account =
            json!({"email": email, "password": password, "name": "Owner", "setup_token": setup_token.trim()});
        platform.call(Method::POST, "/auth/register", Some(account)).await;
        let session = platform
            .call(
                Method::POST,
                "/auth/login",
                Some(json!({"email": email, "password": password})),
            )
            .await;
        platform.token = session["access_token"].as_str().unwrap().to_owned();
        platform
    }

    /// One call that must succeed.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.try_call(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    pub async fn try_call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method, format!("http://{}/api/v1{path}", self.api));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn create_project(&self, slug: &str, repo_url: &str) -> Value {
        self.call(
            Method::POST,
            "/projects",
            Some(json!({"repo_url": repo_url, "name": slug})),
        )
        .await
    }

    /// Deploys and waits for the end; returns the whole deployment.
    pub async fn deploy(&self, slug: &str) -> Value {
        let path = format!("/projects/{slug}/deployments");
        let deployment = self.call(Method::POST, &path, Some(json!({}))).await;
        self.finished(deployment["id"].as_str().unwrap()).await
    }

    /// Deploys; it must become ready. Returns its id.
    pub async fn deploy_ready(&self, slug: &str) -> String {
        let deployment = self.deploy(slug).await;
        assert_eq!(deployment["status"], "READY", "{deployment:#}");
        deployment["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a deployment has ended.
    pub async fn finished(&self, id: &str) -> Value {
        let mut deployment = Value::Null;
        eventually("the deployment ends", async || {
            let (status, answer) = self
                .try_call(Method::GET, &format!("/deployments/{id}"), None)
                .await;
            deployment = answer;
            status.is_success() && is_terminal(&deployment)
        })
        .await;
        deployment
    }

    /// One request of a visitor.
    pub async fn visit(&self, host: &str, path: &str) -> Result<(StatusCode, String), reqwest::Error> {
        let url = format!("http://{}{path}", self.proxy);
        let host = format!("{host}.aether.localhost:{}", self.proxy.port());
        let answer = self.http.get(url).header("host", host).send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// Waits until a site shows `text`.
    pub async fn shows(&self, host: &str, text: &str) {
        eventually(&format!("{host} shows {text:?}"), async || {
            self.visit(host, "/")
                .await
                .is_ok_and(|(status, body)| status == 200 && body.contains(text))
        })
        .await;
    }

    /// Everything a deployment logged.
    pub async fn log(&self, id: &str) -> Vec<Value> {
        let page = self
            .call(Method::GET, &format!("/deployments/{id}/logs?limit=1000"), None)
            .await;
        page["items"].as_array().unwrap().clone()
    }

    /// The live log as server-sent events, from after line `after`, to its end.
    pub async fn log_events(&self, id: &str, after: Option<i64>) -> String {
        let mut request = self
            .http
            .get(format!("http://{}/api/v1/deployments/{id}/logs", self.api))
            .bearer_auth(&self.token)
            .header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        tokio::time::timeout(PATIENCE, answer.text())
            .await
            .expect("the stream ends with the deployment")
            .unwrap()
    }
}

/// The HTTP client of the tests asks for it, although nothing here speaks TLS.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A binary of the workspace.
pub fn binary(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_aether")).with_file_name(name);
    assert!(
        path.exists(),
        "{} is missing: build the whole workspace",
        path.display()
    );
    path
}

/// An address that is free now.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub fn is_terminal(deployment: &Value) -> bool {
    matches!(
        deployment["status"].as_str(),
        Some("READY" | "FAILED" | "CANCELLED" | "SUPERSEDED")
    )
}

/// Polls until the condition holds.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < end, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
