//! Which GitHub: github.com, or a GitHub Enterprise of somebody's own.

use std::fmt;
use std::str::FromStr;

use aether_models::{ForbiddenGitHost, GitHostPolicy, InvalidRepoUrl, RepoUrl};
use url::Url;

/// Where GitHub itself is.
const GITHUB: &str = "https://github.com";

/// A GitHub, by the address that browsers have of it. There is nothing behind its host: no path, no slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubHost(String);

/// The text is not the address of a GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("enter the address of a GitHub without a path, such as https://github.example.com")]
pub struct InvalidGitHubHost;

impl Default for GitHubHost {
    fn default() -> Self {
        Self(GITHUB.to_owned())
    }
}

impl FromStr for GitHubHost {
    type Err = InvalidGitHubHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidGitHubHost)?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_plain = url.username().is_empty() && url.password().is_none() && url.has_host();
        if !matches!(url.scheme(), "https" | "http") || !is_bare || !is_plain {
            return Err(InvalidGitHubHost);
        }
        let host = Self(url.as_str().trim_end_matches('/').to_owned());
        host.probe(&host.0).map_err(|_| InvalidGitHubHost)?;
        Ok(host)
    }
}

impl fmt::Display for GitHubHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl GitHubHost {
    /// Its address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Address of its interface.
    ///
    /// Sources: <https://docs.github.com/enterprise-server/rest/quickstart> (`/api/v3`),
    /// <https://docs.github.com/enterprise-cloud/admin/data-residency> (`api.<name>.ghe.com`).
    #[must_use]
    pub fn api(&self) -> String {
        match self.0.strip_prefix("https://") {
            Some(host) if host == "github.com" || host.ends_with(".ghe.com") => format!("https://api.{host}"),
            _ => format!("{}/api/v3", self.0),
        }
    }

    /// Where a browser sends the manifest of a new App, of an organisation or of the person who is signed in there.
    #[must_use]
    pub fn new_app(&self, organization: Option<&str>, state: &str) -> String {
        match organization {
            Some(name) => format!("{}/organizations/{name}/settings/apps/new?state={state}", self.0),
            None => format!("{}/settings/apps/new?state={state}", self.0),
        }
    }

    /// May this instance talk to it?
    ///
    /// # Errors
    /// [`ForbiddenGitHost`] with the first rule it breaks.
    pub fn check(&self, policy: &GitHostPolicy) -> Result<(), ForbiddenGitHost> {
        for text in [self.0.clone(), self.api()] {
            let url = self.probe(&text).map_err(|_| ForbiddenGitHost::Private)?;
            policy.check_url(&url)?;
        }
        Ok(())
    }

    /// The interface in the form that the policy on repositories judges.
    pub(crate) fn api_probe(&self) -> Result<RepoUrl, InvalidRepoUrl> {
        self.probe(&self.api())
    }

    /// The policy is one on repositories, whose addresses have a path.
    #[allow(clippy::unused_self, reason = "reads as a part of the host's rules")]
    fn probe(&self, text: &str) -> Result<RepoUrl, InvalidRepoUrl> {
        format!("{text}/-").parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_github_has_its_interface_elsewhere() {
        for (text, api) in [
            ("https://github.com", "https://api.github.com"),
            ("https://acme.ghe.com/", "https://api.acme.ghe.com"),
            ("https://git.example.com", "https://git.example.com/api/v3"),
            ("http://127.0.0.1:81", "http://127.0.0.1:81/api/v3"),
        ] {
            let host: GitHubHost = text.parse().unwrap();
            assert_eq!(host.api(), api);
        }
        let host = GitHubHost::default();
        assert_eq!(
            host.new_app(None, "s"),
            "https://github.com/settings/apps/new?state=s"
        );
        assert_eq!(
            host.new_app(Some("acme"), "s"),
            "https://github.com/organizations/acme/settings/apps/new?state=s"
        );
    }

    #[test]
    fn input_44_an_address_is_bare_and_leads_nowhere_inside() {
        for text in [
            "",
            "github.com",
            "ftp://github.com",
            "https://user:word@github.com",
            "https://github.com/acme",
            "https://github.com/?a=b",
            "https://github.com/#a",
        ] {
            assert_eq!(text.parse::<GitHubHost>(), Err(InvalidGitHubHost), "{text}");
        }
        for text in [
            "https://10.0.0.1",
            "https://localhost",
            "http://git.example.com",
            "https://[::1]",
        ] {
            let host: GitHubHost = text.parse().unwrap();
            assert!(host.check(&GitHostPolicy::default()).is_err(), "{text}");
        }
        let host: GitHubHost = "http://127.0.0.1:9".parse().unwrap();
        assert!(host.check(&GitHostPolicy::default().with_loopback()).is_ok());
    }
}
