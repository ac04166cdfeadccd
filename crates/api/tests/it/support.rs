//! A running API, people who call it, and a worker that does just what a test says.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aether_api::{Api, AppsUrl, Registration, Settings};
use aether_models::{
    Commit, DeploymentId, GitHostPolicy, Hostname, LogLine, LogStream, RouteTarget, Step, SystemClock,
};
use aether_store::{ClaimedDeployment, Release, Store};
use aether_testkit::TestServices;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) const PASSWORD: &str = "a quiet river under old bridges";
pub(crate) const APPS_DOMAIN: &str = "apps.test";
const LEASE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(20);

/// A running API.
pub(crate) struct TestApi {
    pub(crate) services: TestServices,
    pub(crate) store: Store,
    pub(crate) address: SocketAddr,
    pub(crate) set_up_link: Option<String>,
    stop: CancellationToken,
}

impl TestApi {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let services = TestServices::start().await.unwrap();
        let store = services.store().unwrap();
        let mut settings = settings(&services);
        change(&mut settings);
        let api = Api::bind(settings, store.clone(), Arc::new(SystemClock), None)
            .await
            .unwrap();
        let (address, set_up_link) = (api.address(), api.set_up_link());
        let stop = CancellationToken::new();
        tokio::spawn(api.serve(stop.clone()));
        Self {
            services,
            store,
            address,
            set_up_link,
            stop,
        }
    }

    pub(crate) fn nobody(&self) -> Caller {
        Caller {
            address: self.address,
            token: None,
            http: client(None),
        }
    }

    /// Somebody without an account who comes from another address of this machine.
    pub(crate) fn nobody_at(&self, last: u8) -> Caller {
        Caller {
            address: self.address,
            token: None,
            http: client(Some([127, 0, 0, last].into())),
        }
    }

    /// The owner of the instance and of the first team.
    pub(crate) async fn owner(&self) -> Caller {
        let link = self.set_up_link.as_ref().unwrap();
        let token = link.split_once("#token=").unwrap().1;
        let body =
            json!({"email": "owner@example.com", "password": PASSWORD, "name": "Olga", "setup_token": token});
        self.nobody().sign_up(body).await
    }

    /// Somebody with a team of their own.
    pub(crate) async fn stranger(&self) -> Caller {
        let body = json!({"email": "stranger@example.com", "password": PASSWORD, "name": "Stan"});
        self.nobody().sign_up(body).await
    }

    /// Runs SQL behind the service's back.
    pub(crate) async fn sql(&self, text: &'static str) {
        sqlx::query(text).execute(self.store.raw_pool()).await.unwrap();
    }

    pub(crate) async fn count(&self, text: &'static str) -> i64 {
        sqlx::query_scalar(text)
            .fetch_one(self.store.raw_pool())
            .await
            .unwrap()
    }

    pub(crate) async fn claim(&self) -> ClaimedDeployment {
        self.store
            .claim_next("worker", LEASE)
            .await
            .unwrap()
            .expect("a deployment waits")
    }

    /// Takes the next deployment and makes it live as a static site.
    pub(crate) async fn release_next(&self) -> DeploymentId {
        let claimed = self.claim().await;
        let id = claimed.lease.deployment_id;
        let commit = Commit {
            sha: "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5".to_owned(),
            message: "Add a page".to_owned(),
            author: "Mona".to_owned(),
            authored_at: None,
        };
        self.store.record_commit(&claimed.lease, &commit).await.unwrap();
        self.store
            .record_plan(&claimed.lease, &aether_models::BuildPlan::static_files("."))
            .await
            .unwrap();
        self.store.begin_step(&claimed.lease, Step::Route).await.unwrap();
        let host: Hostname = format!("{}-{}.{APPS_DOMAIN}", claimed.slug, claimed.number)
            .parse()
            .unwrap();
        let release = Release {
            target: RouteTarget::Static { deployment_id: id },
            host,
        };
        self.store
            .complete_release(&claimed.lease, &release)
            .await
            .unwrap();
        id
    }

    /// Prints lines `from..=to` into the log of a claimed deployment.
    pub(crate) async fn print(&self, claimed: &ClaimedDeployment, from: i64, to: i64) {
        let lines: Vec<LogLine> = (from..=to).map(|seq| line(seq, format!("line {seq}"))).collect();
        self.store.append_log(&claimed.lease, &lines).await.unwrap();
    }
}

impl Drop for TestApi {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) fn line(seq: i64, text: String) -> LogLine {
    LogLine {
        seq,
        at: chrono::DateTime::from_timestamp(1_800_000_000 + seq, 0).unwrap(),
        step: Some(Step::Build),
        stream: LogStream::Stdout,
        text,
    }
}

pub(crate) fn settings(services: &TestServices) -> Settings {
    Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: "http://localhost:3000".parse().unwrap(),
        apps_domain: APPS_DOMAIN.parse().unwrap(),
        apps_url: AppsUrl {
            scheme: "http".to_owned(),
            port: 3005,
        },
        data_dir: services.directory().to_owned(),
        secret_key: "m9Q2vXw7Lk3ZpR8tYb5NcD1sFg6HjK4a".to_owned().into(),
        previous_secret_keys: Vec::new(),
        registration: Registration::Open,
        git_hosts: GitHostPolicy::default(),
        trusted_proxies: Vec::new(),
        metrics_token: None,
        github_webhook_secret: None,
        threads: 1,
    }
}

fn client(from: Option<IpAddr>) -> reqwest::Client {
    // Fails when another test of this process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .local_address(from)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
    pub(crate) http: reqwest::Client,
}

impl Caller {
    /// The same person with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// A request to a path below `/api/v1`, or to a whole path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let is_root = ["/health", "/ready", "/metrics", "/api"]
            .iter()
            .any(|root| path.starts_with(root));
        let base = if is_root { "" } else { "/api/v1" };
        let request = self
            .http
            .request(method, format!("http://{}{base}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Registers and stays signed in.
    pub(crate) async fn sign_up(&self, body: Value) -> Self {
        let answer = self
            .post("/auth/register", body)
            .await
            .expect(StatusCode::CREATED);
        self.with_token(answer.json["access_token"].as_str().unwrap())
    }

    /// Makes a project of this name and returns it.
    pub(crate) async fn project(&self, name: &str) -> Value {
        let body = json!({"repo_url": "https://git.example.com/octo/site.git", "name": name});
        self.post("/projects", body)
            .await
            .expect(StatusCode::CREATED)
            .json
    }

    /// Deploys a project and returns the deployment.
    pub(crate) async fn deploy(&self, project: &str) -> Value {
        let path = format!("/projects/{project}/deployments");
        self.post(&path, json!({}))
            .await
            .expect(StatusCode::ACCEPTED)
            .json
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Fails with this status and code, as a problem document.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status.as_u16(), self.json["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Names of the fields that were found wrong.
    pub(crate) fn wrong_fields(&self) -> Vec<&str> {
        self.json["errors"].as_array().map_or_else(Vec::new, |errors| {
            errors
                .iter()
                .map(|error| error["field"].as_str().unwrap())
                .collect()
        })
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let json = serde_json::from_str(&text).unwrap_or_default();
    Answer {
        status,
        headers,
        text,
        json,
    }
}

/// Asks again until the answer is yes.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let end = Instant::now() + PATIENCE;
    while !ask().await {
        assert!(Instant::now() < end, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ids, times and secrets change from run to run; everything else of a body is the contract.
pub(crate) fn redacted() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(
        r"\b(usr|team|prj|dep|env|ins|dom|var|tok|ses|inv|whd|det|upl)_[0-7][0-9a-z]{25}\b",
        "${1}_[id]",
    );
    settings.add_filter(r"\breq_[0-9a-f]{32}\b", "req_[id]");
    settings.add_filter(r#""\d{4}-\d\d-\d\dT[0-9:.]+Z""#, r#""[time]""#);
    settings.add_filter(r#""(access_token|secret)": "[^"]+""#, r#""${1}": "[secret]""#);
    settings.add_filter(
        r"aether-verification=[A-Za-z0-9_-]{43}",
        "aether-verification=[token]",
    );
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings
}

/// Snapshots a whole body.
macro_rules! assert_body {
    ($name:literal, $json:expr) => {{
        let body = serde_json::to_string_pretty(&$json).unwrap();
        crate::support::redacted().bind(|| insta::assert_snapshot!($name, body));
    }};
}
pub(crate) use assert_body;
