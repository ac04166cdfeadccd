//! GitHub on loopback: what the product calls of it, behaving as GitHub's documentation says, and able to behave badly.
//!
//! It checks every proof of an App with the App's public key, every body against [`schema`], and every token against what
//! it was made for; its repositories are served by the real `git http-backend` to those who show such a token.

mod answers;
mod schema;
mod state;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use state::{GitHubBehaviour, GitHubCall, GitHubDeployment, GitHubRefusal};

use crate::GitRepo;
use crate::git_server::{Body, cgi};
use state::{Installation, Repository, State};

/// Where its interface begins, as at a GitHub Enterprise.
const API: &str = "/api/v3/";
/// The key of every App made here. It was made for these tests and opens nothing.
const PRIVATE_KEY: &str = include_str!("test-key.pem");
const PUBLIC_KEY: &str = include_str!("test-key.pub.pem");

/// A running stand-in. Dropping it ends it.
#[derive(Debug)]
pub struct GitHubStandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    root: TempDir,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Shared {
    root: std::path::PathBuf,
    state: Mutex<State>,
}

impl GitHubStandIn {
    /// Starts one on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let root = tempfile::Builder::new().prefix("aether-github-").tempdir()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = State {
            base: format!("http://{address}"),
            ..State::default()
        };
        let shared = Arc::new(Shared {
            root: root.path().to_owned(),
            state: Mutex::new(state),
        });
        let stop = CancellationToken::new();
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(serve(listener, Arc::clone(&shared))),
        );
        Ok(Self {
            address,
            shared,
            root,
            _stop: stop.drop_guard(),
        })
    }

    /// Its address, as browsers have it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Address of its interface.
    pub fn api_url(&self) -> String {
        format!("{}/api/v3", self.base_url())
    }

    /// The private key of every App made here, as PEM.
    pub const fn private_key() -> &'static str {
        PRIVATE_KEY
    }

    /// Makes an App without anybody's click; answers with its id.
    pub fn create_app(&self, webhook_secret: Option<&str>) -> i64 {
        let mut state = self.shared.state();
        let id = state.new_id();
        let app = state::App {
            id,
            name: format!("app-{id}"),
            webhook_secret: webhook_secret.map(str::to_owned),
        };
        state.apps.insert(id, app);
        id
    }

    /// Makes a repository, served as `/<full name>.git` to who has a token for it.
    pub fn create_repo(&self, full_name: &str, private: bool) -> anyhow::Result<(i64, GitRepo)> {
        let folder = self.root.path().join(format!("{full_name}.git"));
        if let Some(parent) = folder.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let repo = GitRepo::create(folder)?;
        let mut state = self.shared.state();
        let id = state.new_id();
        let repository = Repository {
            full_name: full_name.to_owned(),
            private,
            pushed_at: 1_790_000_000 + id,
        };
        state.repositories.insert(id, repository);
        Ok((id, repo))
    }

    /// Installs an App on an account's repositories; answers with the installation's id.
    pub fn install(&self, app: i64, account: &str, repositories: &[i64]) -> i64 {
        let mut state = self.shared.state();
        let id = state.new_id();
        let installation = Installation {
            app,
            account: account.to_owned(),
            repositories: repositories.to_vec(),
            suspended: false,
        };
        state.installations.insert(id, installation);
        id
    }

    /// Takes an installation away, with its tokens.
    pub fn uninstall(&self, installation: i64) {
        let mut state = self.shared.state();
        state.installations.remove(&installation);
        state.tokens.clear();
    }

    /// Suspends an installation, with its tokens, or wakes it.
    pub fn suspend(&self, installation: i64, suspended: bool) {
        let mut state = self.shared.state();
        if let Some(known) = state.installations.get_mut(&installation) {
            known.suspended = suspended;
        }
        state.tokens.clear();
    }

    /// Takes a repository out of an installation.
    pub fn exclude(&self, installation: i64, repository: i64) {
        if let Some(known) = self.shared.state().installations.get_mut(&installation) {
            known.repositories.retain(|id| *id != repository);
        }
    }

    /// Makes every token invalid, as GitHub does when it finds one published.
    pub fn revoke_tokens(&self) {
        self.shared.state().tokens.clear();
    }

    /// Changes how it behaves from the next request on.
    pub fn behave(&self, behaviour: GitHubBehaviour) {
        self.shared.state().behaviour = behaviour;
    }

    /// An installation as a delivery would describe it, at this time.
    pub fn installation(&self, id: i64, now: i64) -> Value {
        self.shared.state().installation_json(id, now)
    }

    /// Secret of an App's webhook.
    pub fn webhook_secret(&self, app: i64) -> Option<String> {
        self.shared.state().apps.get(&app)?.webhook_secret.clone()
    }

    /// Every call of the interface so far.
    pub fn calls(&self) -> Vec<GitHubCall> {
        self.shared.state().calls.clone()
    }

    /// Bodies and proofs that GitHub would not have taken.
    pub fn faults(&self) -> Vec<String> {
        self.shared.state().faults.clone()
    }

    /// Every deployment object.
    pub fn deployments(&self) -> Vec<GitHubDeployment> {
        self.shared.state().deployments.clone()
    }

    /// Every comment there is.
    pub fn comments(&self) -> Vec<String> {
        self.shared.state().comments.values().cloned().collect()
    }

    /// Every token that was ever made and still opens something.
    pub fn tokens(&self) -> Vec<String> {
        self.shared.state().tokens.keys().cloned().collect()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        if path.contains(".git/") {
            return self.git(&path, request).await;
        }
        let (head, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        let (status, headers, body) = match path.strip_prefix(API) {
            Some(path) => answers::api(&mut self.state(), path, &head, &body),
            None => answers::page(&mut self.state(), &path, &head, &body),
        };
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
        response
            .body(body.boxed_unsync())
            .unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
    }

    async fn git(&self, path: &str, request: Request<Incoming>) -> Response<Body> {
        let full_name = path
            .trim_start_matches('/')
            .split(".git/")
            .next()
            .unwrap_or_default();
        let shown = request.headers().get(header::AUTHORIZATION);
        let shown = shown.and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
        let plain = shown.and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
        let token = plain
            .as_deref()
            .and_then(|plain| plain.strip_prefix("x-access-token:"));
        let admitted = token.is_some_and(|token| {
            let state = self.state();
            state.opened(token, full_name, answers::now(&state)).is_some()
        });
        if !admitted {
            return empty(StatusCode::UNAUTHORIZED);
        }
        match cgi::run(&self.root, request).await {
            Ok(response) => response,
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let body = Full::new(Bytes::new()).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve_connection(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.answer(request).await) }
    });
    // A client that goes away in the middle is what some tests are about.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
