//! HTTP to one repository, so that a name or a server cannot lead us inside our own network.
//!
//! The client keeps the rules on addresses (`forge/src/outbound.rs`), and credentials are a header that is sent to this
//! one host only.

use std::error::Error;

use aether_forge::{OutboundError, TlsRoots, root_cause};
use aether_models::{ForbiddenGitHost, GitHostPolicy, RepoUrl};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use super::body::{Body, read_all};
use super::pkt_line::Packet;
use super::{GitError, GitLimits, RemoteRepository};

/// GitHub and others only answer clients whose name begins with `git/`.
const USER_AGENT: &str = concat!("git/2.40 aether/", env!("CARGO_PKG_VERSION"));
/// A version 0 server sends every ref; a million of them is no repository that we can serve.
const ADVERTISEMENT_MAX: u64 = 64 << 20;

/// One repository behind HTTP.
#[derive(Debug)]
pub(super) struct HttpRepository {
    client: Client,
    base: String,
    authorization: Option<HeaderValue>,
    limits: GitLimits,
}

impl HttpRepository {
    pub(super) fn new(
        repository: &RemoteRepository,
        policy: &GitHostPolicy,
        limits: &GitLimits,
        tls: &TlsRoots,
    ) -> Result<Self, GitError> {
        let url = &repository.url;
        let client = git_client(url, policy, limits, tls)?;
        Ok(Self {
            client,
            base: url.as_str().to_owned(),
            authorization: authorization(repository)?,
            limits: limits.clone(),
        })
    }

    /// `GET info/refs`, as packets.
    pub(super) async fn advertisement(&mut self) -> Result<Vec<Packet>, GitError> {
        match self.advertisement_at(&self.base).await {
            // Some servers redirect an address without `.git` to the one with it; that much we can follow by ourselves.
            Err(GitError::Redirect(_)) if !self.base.ends_with(".git") => {
                let with_ending = format!("{}.git", self.base);
                let packets = self.advertisement_at(&with_ending).await?;
                self.base = with_ending;
                Ok(packets)
            }
            outcome => outcome,
        }
    }

    async fn advertisement_at(&self, base: &str) -> Result<Vec<Packet>, GitError> {
        let request = self
            .client
            .get(format!("{base}/info/refs?service=git-upload-pack"));
        let response = self
            .send(request.header(ACCEPT, "application/x-git-upload-pack-advertisement"))
            .await?;
        require_type(&response, "application/x-git-upload-pack-advertisement")?;
        read_all(Body::http(response, self.limits.clone()), ADVERTISEMENT_MAX).await
    }

    /// `POST git-upload-pack`; the answer is read by the caller.
    pub(super) async fn upload_pack(&self, body: Vec<u8>) -> Result<Body, GitError> {
        let request = self
            .client
            .post(format!("{}/git-upload-pack", self.base))
            .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
            .header(ACCEPT, "application/x-git-upload-pack-result")
            .body(body);
        let response = self.send(request).await?;
        require_type(&response, "application/x-git-upload-pack-result")?;
        Ok(Body::http(response, self.limits.clone()))
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Response, GitError> {
        request = request.header("Git-Protocol", "version=2");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let response = request.send().await.map_err(|error| from_reqwest(&error))?;
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(GitError::Denied {
                sent: self.authorization.is_some(),
            }),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(GitError::NotFound),
            status if status.is_redirection() => {
                let target = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|value| value.to_str().ok());
                // Only the host is told: the rest of an address may carry a secret.
                let host = target.and_then(|text| url::Url::parse(text).ok());
                let host = host
                    .as_ref()
                    .and_then(url::Url::host_str)
                    .unwrap_or("another address");
                Err(GitError::Redirect(host.to_owned()))
            }
            status if status.is_server_error() => Err(GitError::Server(status.as_u16())),
            status => Err(GitError::Protocol(format!(
                "the server answered with status {}",
                status.as_u16()
            ))),
        }
    }
}

/// A client for one host of Git's, under all rules.
pub(super) fn git_client(
    url: &RepoUrl,
    policy: &GitHostPolicy,
    limits: &GitLimits,
    tls: &TlsRoots,
) -> Result<Client, GitError> {
    aether_forge::checked_client(url, policy, tls)?
        .user_agent(USER_AGENT)
        .no_gzip()
        .read_timeout(limits.low_speed_time)
        .build()
        .map_err(|error| GitError::Unreachable(root_cause(&error)))
}

/// The header that shows a repository's credentials.
pub(super) fn authorization(repository: &RemoteRepository) -> Result<Option<HeaderValue>, GitError> {
    let header = repository.credentials.as_ref().map(|credentials| {
        let plain = format!("{}:{}", credentials.username, credentials.password);
        HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(plain)))
    });
    let header = header
        .transpose()
        .map_err(|_| GitError::Protocol("the credentials do not fit into a header".to_owned()))?;
    Ok(header.map(|mut value| {
        value.set_sensitive(true);
        value
    }))
}

/// A client for a provider's interface under the same rules as for repositories.
pub(crate) fn checked_client(url: &RepoUrl, policy: &GitHostPolicy) -> Result<Client, GitError> {
    aether_forge::checked_client(url, policy, &TlsRoots::default())?
        .build()
        .map_err(|error| GitError::Unreachable(root_cause(&error)))
}

impl From<OutboundError> for GitError {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::HostNotAllowed(why) => Self::HostNotAllowed(why),
            OutboundError::Certificate(why) => Self::Certificate(why),
        }
    }
}

fn require_type(response: &Response, wanted: &str) -> Result<(), GitError> {
    let found = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("nothing");
    if found.split(';').next().map(str::trim) == Some(wanted) {
        return Ok(());
    }
    // A typo in the address often ends on some web page.
    let shown: String = found.chars().take(60).collect();
    Err(GitError::Protocol(format!(
        "the server answered with {shown}, not with Git's protocol"
    )))
}

pub(super) fn from_reqwest(error: &reqwest::Error) -> GitError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(forbidden) = current.downcast_ref::<ForbiddenGitHost>() {
            return GitError::HostNotAllowed(*forbidden);
        }
        let tls = current.downcast_ref::<rustls::Error>().or_else(|| {
            current
                .downcast_ref::<std::io::Error>()?
                .get_ref()?
                .downcast_ref::<rustls::Error>()
        });
        if let Some(tls @ rustls::Error::InvalidCertificate(_)) = tls {
            return GitError::Certificate(tls.to_string());
        }
        cause = current.source();
    }
    if error.is_timeout() && !error.is_connect() {
        return GitError::TooSlow;
    }
    GitError::Unreachable(root_cause(error))
}
