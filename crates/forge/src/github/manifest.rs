//! The description of a GitHub App, from which GitHub makes one at the click of a person.
//!
//! Source: <https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest>.

use std::collections::BTreeMap;

use aether_models::is_global;
use serde::Serialize;
use url::{Host, Url};

/// Longest name GitHub takes.
pub const APP_NAME_MAX: usize = 34;

/// What we ask for, and no more: read the code, say how deployments stand, comment on pull requests.
const PERMISSIONS: &[(&str, &str)] = &[
    ("contents", "read"),
    ("deployments", "write"),
    ("metadata", "read"),
    ("pull_requests", "write"),
    ("statuses", "write"),
];
/// What we want to be told. Events about installations come without being asked for.
const EVENTS: &[&str] = &["pull_request", "push", "repository"];

/// A GitHub App to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppManifest {
    name: String,
    url: String,
    /// Where a browser is sent with the code that stands for the new App.
    redirect_url: String,
    /// Where a browser is sent after the App was installed.
    setup_url: String,
    setup_on_update: bool,
    /// Only the account that owns it can install it.
    public: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_attributes: Option<HookAttributes>,
    default_permissions: BTreeMap<&'static str, &'static str>,
    default_events: &'static [&'static str],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct HookAttributes {
    url: String,
    active: bool,
}

impl AppManifest {
    /// An App called `name` for the instance at `public_url`. GitHub refuses to make an App whose webhook leads to an address
    /// that only some machines can reach, so it then gets none.
    #[must_use]
    pub fn new(name: &str, public_url: &Url) -> Self {
        let base = public_url.as_str().trim_end_matches('/');
        let reachable = is_reachable(public_url);
        Self {
            name: name.to_owned(),
            url: base.to_owned(),
            redirect_url: format!("{base}/github/callback"),
            setup_url: format!("{base}/github"),
            setup_on_update: true,
            public: false,
            hook_attributes: reachable.then(|| HookAttributes {
                url: format!("{base}/api/v1/webhooks/github"),
                active: true,
            }),
            default_permissions: PERMISSIONS.iter().copied().collect(),
            default_events: if reachable { EVENTS } else { &[] },
        }
    }

    /// GitHub will tell this instance of pushes.
    #[must_use]
    pub const fn has_webhook(&self) -> bool {
        self.hook_attributes.is_some()
    }
}

/// A machine on the internet could reach this address.
fn is_reachable(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => is_global(address.into()),
        Some(Host::Ipv6(address)) => is_global(address.into()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_manifest_asks_for_what_is_used_and_no_more() {
        let manifest = AppManifest::new("Aether", &"https://aether.example.com/".parse().unwrap());
        assert_eq!(
            serde_json::to_value(&manifest).unwrap(),
            json!({
                "name": "Aether",
                "url": "https://aether.example.com",
                "redirect_url": "https://aether.example.com/github/callback",
                "setup_url": "https://aether.example.com/github",
                "setup_on_update": true,
                "public": false,
                "hook_attributes": {"url": "https://aether.example.com/api/v1/webhooks/github", "active": true},
                "default_permissions": {
                    "contents": "read", "deployments": "write", "metadata": "read", "pull_requests": "write",
                    "statuses": "write",
                },
                "default_events": ["pull_request", "push", "repository"],
            })
        );
    }

    #[test]
    fn an_instance_that_github_cannot_reach_asks_for_no_webhook() {
        for text in [
            "http://localhost:3000",
            "http://10.0.0.1",
            "http://[::1]:3000",
            "http://a.localhost",
        ] {
            assert!(
                !AppManifest::new("Aether", &text.parse().unwrap()).has_webhook(),
                "{text}"
            );
        }
    }
}
