//! Addresses we tell people: of sites, deployments and webhooks.

use aether_models::{Hostname, ProjectId};
use url::Url;

use crate::settings::Settings;

/// Builds addresses from the settings.
#[derive(Debug, Clone)]
pub(crate) struct Urls {
    public: Url,
    scheme: String,
    /// As it stands behind a host: empty, or `:3005`.
    port: String,
}

impl Urls {
    pub(crate) fn new(settings: &Settings) -> Self {
        let scheme = settings.apps_url.scheme.clone();
        let is_default = matches!(
            (scheme.as_str(), settings.apps_url.port),
            ("http", 80) | ("https", 443)
        );
        let port = if is_default {
            String::new()
        } else {
            format!(":{}", settings.apps_url.port)
        };
        Self {
            public: settings.public_url.clone(),
            scheme,
            port,
        }
    }

    /// Where visitors find a host.
    pub(crate) fn site(&self, host: &Hostname) -> String {
        format!("{}://{host}{}", self.scheme, self.port)
    }

    /// Every site under a domain, as a source of a content security policy.
    pub(crate) fn sites_below(&self, domain: &Hostname) -> String {
        format!("{}://*.{domain}{}", self.scheme, self.port)
    }

    /// Where a Git provider sends a project's pushes.
    pub(crate) fn webhook(&self, project: ProjectId) -> String {
        let base = self.public.as_str().trim_end_matches('/');
        format!("{base}/api/v1/webhooks/{project}")
    }
}
