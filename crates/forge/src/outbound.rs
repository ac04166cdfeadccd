//! HTTP to a host that somebody named, so that a name or a server cannot lead us inside our own network.
//!
//! Every address a name resolves to is checked when the connection is made (a name that was public a moment ago may not
//! be now), redirects are not followed, and no proxy of the environment is used.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aether_models::{ForbiddenGitHost, GitHostPolicy, RepoUrl};
use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use url::Host;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection may not be made, or cannot be prepared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The policy on hosts refuses the address.
    #[error(transparent)]
    HostNotAllowed(#[from] ForbiddenGitHost),
    /// The machine's certificate authorities cannot be used.
    #[error("certificates cannot be checked: {0}")]
    Certificate(String),
}

/// The machine's certificate authorities, read once per process.
#[derive(Debug, Clone, Default)]
pub struct TlsRoots(Arc<OnceLock<ClientConfig>>);

impl TlsRoots {
    fn config(&self) -> Result<ClientConfig, OutboundError> {
        if let Some(config) = self.0.get() {
            return Ok(config.clone());
        }
        let failed = |error: rustls::Error| OutboundError::Certificate(error.to_string());
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(failed)?
            .with_no_client_auth();
        Ok(self.0.get_or_init(|| config).clone())
    }
}

/// A client for what lies at `url`: allowed names, checked addresses, no redirects, no proxy of the environment.
///
/// # Errors
/// [`OutboundError`].
pub fn checked_client(
    url: &RepoUrl,
    policy: &GitHostPolicy,
    tls: &TlsRoots,
) -> Result<ClientBuilder, OutboundError> {
    policy.check_url(url)?;
    // A literal address is never resolved, so the resolver would not see it.
    if let Some(address) = literal_address(url) {
        policy.check_address(url, address)?;
    }
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .dns_resolver(Arc::new(CheckedResolver {
            url: url.clone(),
            policy: policy.clone(),
        }))
        .tls_backend_preconfigured(tls.config()?))
}

/// The innermost cause of an error: the outer ones repeat the address.
#[must_use]
pub fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
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
