//! HTTP to one repository, so that a name or a server cannot lead us inside our own network.
//!
//! Every address a name resolves to is checked when the connection is made (a name that was public a moment ago may
//! not be now), redirects are not followed, no proxy of the environment is used, and credentials are a header that is
//! sent to this one host only.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aether_models::{ForbiddenGitHost, GitHostPolicy, RepoUrl};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use url::Host;

use super::body::{Body, read_all};
use super::pkt_line::Packet;
use super::{GitError, GitLimits, RemoteRepository};

/// GitHub and others only answer clients whose name begins with `git/`.
const USER_AGENT: &str = concat!("git/2.40 aether/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A version 0 server sends every ref; a million of them is no repository that we can serve.
const ADVERTISEMENT_MAX: u64 = 64 << 20;

/// The machine's certificate authorities, read once per process.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsRoots(Arc<OnceLock<ClientConfig>>);

impl TlsRoots {
    fn config(&self) -> Result<ClientConfig, GitError> {
        if let Some(config) = self.0.get() {
            return Ok(config.clone());
        }
        let failed = |error: rustls::Error| GitError::Certificate(error.to_string());
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(failed)?
            .with_no_client_auth();
        Ok(self.0.get_or_init(|| config).clone())
    }
}

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
        policy.check_url(url)?;
        // A literal address is never resolved, so the resolver would not see it.
        if let Some(address) = literal_address(url) {
            policy.check_address(url, address)?;
        }
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(limits.low_speed_time)
            .dns_resolver(Arc::new(CheckedResolver {
                url: url.clone(),
                policy: policy.clone(),
            }));
        builder = builder.tls_backend_preconfigured(tls.config()?);
        let client = builder
            .build()
            .map_err(|error| GitError::Unreachable(root_cause(&error)))?;
        let authorization = repository.credentials.as_ref().map(|credentials| {
            let plain = format!("{}:{}", credentials.username, credentials.password);
            let header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(plain)));
            header.map(|mut value| {
                value.set_sensitive(true);
                value
            })
        });
        let authorization = authorization
            .transpose()
            .map_err(|_| GitError::Protocol("the credentials do not fit into a header".to_owned()))?;
        Ok(Self {
            client,
            base: url.as_str().to_owned(),
            authorization,
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

/// A client for a provider's interface under the same rules as for repositories: allowed names, checked addresses, no
/// redirects, no proxy of the environment.
pub(crate) fn checked_client(url: &RepoUrl, policy: &GitHostPolicy) -> Result<Client, GitError> {
    policy.check_url(url)?;
    if let Some(address) = literal_address(url) {
        policy.check_address(url, address)?;
    }
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .dns_resolver(Arc::new(CheckedResolver {
            url: url.clone(),
            policy: policy.clone(),
        }))
        .tls_backend_preconfigured(TlsRoots::default().config()?)
        .build()
        .map_err(|error| GitError::Unreachable(root_cause(&error)))
}

/// Resolves names and refuses those with any address that the policy does not allow.
struct CheckedResolver {
    url: RepoUrl,
    policy: GitHostPolicy,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (url, policy) = (self.url.clone(), self.policy.clone());
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &addresses {
                policy.check_address(&url, address.ip())?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn literal_address(url: &RepoUrl) -> Option<IpAddr> {
    match url.url().host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
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

/// The innermost cause: the outer ones repeat the address.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(name: &str, policy: GitHostPolicy) -> Result<Vec<SocketAddr>, String> {
        let url = "https://git.example.com/a".parse().unwrap();
        let resolver = CheckedResolver { url, policy };
        let found = resolver.resolve(name.parse().unwrap()).await;
        found.map(Iterator::collect).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn input_42_a_name_that_resolves_inside_is_refused_when_the_connection_is_made() {
        // The repository's name is a public one; what it resolves to is asked at this moment, and is loopback.
        let refused = resolve("localhost", GitHostPolicy::default()).await.unwrap_err();
        assert!(refused.contains("not on the public internet"), "{refused}");
        let allowed = resolve("localhost", GitHostPolicy::default().with_loopback())
            .await
            .unwrap();
        assert!(allowed.iter().all(|address| address.ip().is_loopback()) && !allowed.is_empty());
    }
}
