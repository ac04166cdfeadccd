//! The HTTP API as the commands use it. The token goes to the platform's own origin and nowhere else: no redirect is
//! followed.

mod follow;
mod sse;

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::{Method, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::config::Target;
use crate::output::Usage;

pub(crate) use follow::{Follow, Happening};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A dry run of detection clones a repository first.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(180);
/// An idle stream carries a comment every few seconds; one that is silent for this long is dead.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// The largest file over a slow line.
const SEND_TIMEOUT: Duration = Duration::from_secs(600);
const EVENT_STREAM: &str = "text/event-stream";
/// The largest page the API gives.
const PAGE: &str = "100";

/// A failure as the platform tells it (RFC 9457).
#[derive(Debug, Clone, Default, Serialize, Deserialize, thiserror::Error)]
#[serde(default)]
#[error("{title}{}{detail}", if detail.is_empty() { "" } else { ": " })]
pub(crate) struct ApiFailure {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    pub(crate) request_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldFault>,
}

impl ApiFailure {
    /// What is wrong with fields, without what the detail says already: a single fault stands there.
    pub(crate) fn faults_beside_detail(&self) -> impl Iterator<Item = &FieldFault> {
        self.errors.iter().filter(|fault| fault.message != self.detail)
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FieldFault {
    pub(crate) field: String,
    pub(crate) message: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Value>,
    next_cursor: Option<String>,
}

/// A platform.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

impl Client {
    /// Prepares to talk to `target`, signed in or not.
    pub(crate) fn new(target: Target) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("aether-cli/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // Signing in gives a session in a cookie, and signing out takes it back.
            .cookie_store(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_MAX)
            .build()?;
        Ok(Self {
            http,
            base: target.url,
            token: target.token,
        })
    }

    /// Prepares to talk to `target`, which must know us.
    pub(crate) fn signed_in(target: Target) -> anyhow::Result<Self> {
        if target.token.is_none() {
            let url = target.url.as_str().trim_end_matches('/');
            bail!("not logged in to {url}; run: aether login {url}");
        }
        Self::new(target)
    }

    /// The same platform as somebody else.
    pub(crate) fn with_token(&self, token: SecretString) -> Self {
        Self {
            token: Some(token),
            ..self.clone()
        }
    }

    /// The platform's address.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) async fn get(&self, path: &[&str]) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &[&str], body: Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &[&str], body: Value) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &[&str]) -> anyhow::Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    /// Posts something that must happen once: tried again when no answer came, under the same key.
    pub(crate) async fn post_once(&self, path: &[&str], body: Value) -> anyhow::Result<Value> {
        let key = hex_key();
        let mut tries = 0;
        loop {
            let request = self
                .request(Method::POST, path)?
                .header("Idempotency-Key", &key)
                .json(&body);
            match request.timeout(REQUEST_TIMEOUT).send().await {
                Err(error) if tries < 2 && !error.is_builder() => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(500 * tries)).await;
                }
                sent => return read(self.check(sent).await?).await,
            }
        }
    }

    /// Sends a file; tried again when no answer came, which does no harm.
    pub(crate) async fn put_bytes(&self, path: &[&str], content: Vec<u8>) -> anyhow::Result<()> {
        let mut tries = 0;
        loop {
            let request = self
                .request(Method::PUT, path)?
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(content.clone());
            match request.timeout(SEND_TIMEOUT).send().await {
                Err(error) if tries < 2 && !error.is_builder() => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(500 * tries)).await;
                }
                sent => return self.check(sent).await.map(drop),
            }
        }
    }

    /// The first page of a list: its newest items.
    pub(crate) async fn first_page(&self, path: &[&str]) -> anyhow::Result<Vec<Value>> {
        let page: Page = typed(self.get(path).await?)?;
        Ok(page.items)
    }

    /// Every item of a list.
    pub(crate) async fn all(&self, path: &[&str]) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut url = self.url(path)?;
            url.query_pairs_mut().append_pair("limit", PAGE);
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let request = self.request_to(Method::GET, url);
            let sent = request.timeout(REQUEST_TIMEOUT).send().await;
            let page: Page = typed(read(self.check(sent).await?).await?)?;
            // The log of something that goes on always has a next page; an empty one is its end for now.
            let over = page.items.is_empty() || page.next_cursor.is_none();
            items.extend(page.items);
            cursor = page.next_cursor;
            if over {
                return Ok(items);
            }
        }
    }

    /// Opens an event stream, going on after the event `last`.
    async fn open_stream(&self, path: &[&str], last: Option<&str>) -> anyhow::Result<Response> {
        let mut request = self
            .request(Method::GET, path)?
            .header(header::ACCEPT, EVENT_STREAM);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = self.check(request.send().await).await?;
        let kind = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        ensure!(
            kind.is_some_and(|kind| kind.starts_with(EVENT_STREAM)),
            "the platform does not stream this log; is this the address of an Aether platform?"
        );
        Ok(response)
    }

    async fn call(&self, method: Method, path: &[&str], body: Option<Value>) -> anyhow::Result<Value> {
        let mut request = self.request(method, path)?.timeout(REQUEST_TIMEOUT);
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(self.check(request.send().await).await?).await
    }

    fn request(&self, method: Method, path: &[&str]) -> anyhow::Result<reqwest::RequestBuilder> {
        Ok(self.request_to(method, self.url(path)?))
    }

    fn request_to(&self, method: Method, url: Url) -> reqwest::RequestBuilder {
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    fn url(&self, path: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.base.clone();
        url.set_query(None);
        url.path_segments_mut()
            .map_err(|()| Usage("the platform's address cannot have a path".into()))?
            .pop_if_empty()
            .extend(["api", "v1"])
            .extend(path);
        Ok(url)
    }

    async fn check(&self, sent: reqwest::Result<Response>) -> anyhow::Result<Response> {
        let response = match sent {
            Ok(response) => response,
            Err(error) if error.is_timeout() => bail!("{} does not answer", self.base),
            Err(error) => {
                let reason = root_cause(&error);
                let hint = "is it running? start one with: aether up";
                bail!("{} cannot be reached ({reason}); {hint}", self.base);
            }
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.is_redirection() {
            bail!(
                "{} sends us elsewhere, and the token stays here; check the address",
                self.base
            );
        }
        Err(failure(response).await.into())
    }
}

/// Reads what the platform sent into a type of ours.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    serde_json::from_value(value)
        .context("the platform's answer is not what this version expects; update aether")
}

async fn read(response: Response) -> anyhow::Result<Value> {
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    let bytes = response.bytes().await.context("the answer was cut off")?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes)
        .context("the answer is not JSON; is this the address of an Aether platform?")
}

async fn failure(response: Response) -> ApiFailure {
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    let mut failure: ApiFailure = serde_json::from_slice(&body).unwrap_or_default();
    failure.status = status.as_u16();
    if failure.title.is_empty() {
        failure.title = format!("the platform answered {status}");
    }
    if status == StatusCode::UNAUTHORIZED && failure.hint.is_none() {
        failure.hint = Some("log in again with: aether login".to_owned());
    }
    failure
}

/// The innermost cause says what happened; the outer ones repeat the address.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn hex_key() -> String {
    let bytes: [u8; 16] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_fault_is_said_once() {
        let fault = |field: &str, message: &str| FieldFault {
            field: field.to_owned(),
            message: message.to_owned(),
        };
        let mut failure = ApiFailure {
            detail: "Enter an email address".to_owned(),
            errors: vec![fault("email", "Enter an email address")],
            ..ApiFailure::default()
        };
        assert_eq!(failure.faults_beside_detail().count(), 0);
        failure.detail = "2 fields are not valid".to_owned();
        failure
            .errors
            .push(fault("name", "Use 1 to 100 visible characters on one line"));
        assert_eq!(failure.faults_beside_detail().count(), 2);
    }
}
