//! GitHub Apps: made by the manifest flow, installed, listened to.

mod apps;
mod deliveries;
mod repositories;

use aether_forge::WebhookSecret;
use aether_models::GitHostPolicy;
use aether_testkit::GitHubStandIn;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::support::{Answer, Caller, TestApi, send};
use crate::webhooks::{COMMIT, delivery_id};

const NOW: i64 = 1_790_000_000;

/// An API that GitHub could reach by its public name, and a GitHub on loopback.
struct World {
    api: TestApi,
    github: GitHubStandIn,
    owner: Caller,
}

impl World {
    async fn start() -> Self {
        let api = TestApi::start_with(|settings| {
            settings.public_url = "https://aether.example.com".parse().unwrap();
            settings.git_hosts = GitHostPolicy::default().with_loopback();
        })
        .await;
        let owner = api.owner().await;
        Self {
            github: GitHubStandIn::start().await.unwrap(),
            owner,
            api,
        }
    }

    /// Where the dashboard sends the browser.
    async fn form_url(&self, caller: &Caller) -> String {
        let body = json!({"base_url": self.github.base_url()});
        let begun = caller.post("/github/manifest", body).await;
        let begun = begun.expect(StatusCode::CREATED);
        assert_eq!(begun.json["has_webhook"], true);
        begun.json["form_url"].as_str().unwrap().to_owned()
    }

    /// What GitHub sends the browser back with after somebody confirmed: code and state.
    async fn confirm(&self, form_url: &str) -> (String, String) {
        let page = self.api.nobody().get(form_url).await.expect(StatusCode::OK);
        let policy = page.header("content-security-policy").to_owned();
        assert!(
            policy.contains(&format!("form-action {};", self.github.base_url())),
            "{policy}"
        );
        let attribute = |before: &str| {
            let rest = page.text.split_once(before).unwrap().1;
            rest.split_once('"')
                .unwrap()
                .0
                .replace("&quot;", "\"")
                .replace("&amp;", "&")
        };
        let (action, manifest) = (attribute("action=\""), attribute("name=\"manifest\" value=\""));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("manifest", &manifest)
            .finish();
        let http = &self.owner.http;
        let request = http
            .post(action)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = send(request).await;
        let back = Url::parse(answer.header("location")).unwrap();
        assert_eq!(
            (back.origin().ascii_serialization().as_str(), back.path()),
            ("https://aether.example.com", "/github/callback")
        );
        let query = |wanted: &str| {
            let mut pairs = back.query_pairs();
            pairs.find(|(name, _)| name == wanted).unwrap().1.into_owned()
        };
        (query("code"), query("state"))
    }

    async fn connect(&self) -> App {
        let (code, state) = self.confirm(&self.form_url(&self.owner).await).await;
        let app = finish(&self.owner, &code, &state)
            .await
            .expect(StatusCode::CREATED)
            .json;
        let github_id = code.trim_start_matches("code").parse().unwrap();
        App {
            id: app["id"].as_str().unwrap().to_owned(),
            github_id,
            secret: self.github.webhook_secret(github_id).unwrap(),
            shown: app,
        }
    }

    /// A connected App that is installed on a repository, and the reference by which that is picked.
    async fn installed(&self, full_name: &str) -> (App, i64, Value) {
        let app = self.connect().await;
        let (repository, _) = self.github.create_repo(full_name, true).unwrap();
        let account = full_name.split('/').next().unwrap();
        let installation = self.github.install(app.github_id, account, &[repository]);
        let path = format!("/github/apps/{}/refresh", app.id);
        self.owner.post(&path, json!({})).await.expect(StatusCode::OK);
        let picked = json!({"app_id": app.id, "installation_id": installation, "repository_id": repository});
        (app, installation, picked)
    }

    async fn deliver(&self, app: &App, id: u32, event: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let signature = WebhookSecret::new(app.secret.as_str())
            .unwrap()
            .sign(body.as_bytes());
        let request = self
            .api
            .nobody()
            .request(Method::POST, "/webhooks/github")
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", delivery_id(id))
            .header("x-github-hook-installation-target-type", "integration")
            .header("x-github-hook-installation-target-id", app.github_id)
            .header("x-hub-signature-256", signature)
            .body(body);
        send(request).await
    }

    fn push(&self, repository: &Value, full_name: &str) -> Value {
        json!({
            "ref": "refs/heads/main", "before": "1".repeat(40), "after": COMMIT,
            "head_commit": {"id": COMMIT, "message": "Add a page", "modified": ["web/index.html"]},
            "commits": [{"id": COMMIT, "message": "Add a page", "added": [], "removed": [], "modified": ["web/index.html"]}],
            "repository": {
                "id": repository, "full_name": full_name, "default_branch": "main",
                "clone_url": format!("{}/{full_name}.git", self.github.base_url()),
            },
        })
    }
}

struct App {
    id: String,
    github_id: i64,
    secret: String,
    shown: Value,
}

async fn finish(caller: &Caller, code: &str, state: &str) -> Answer {
    caller
        .post("/github/callback", json!({"code": code, "state": state}))
        .await
}
