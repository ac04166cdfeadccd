//! The repository a delivery is about, as far as the provider names it.

use aether_models::RepoUrl;
use url::Url;

/// A repository in a payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repository {
    /// The provider's id; it survives a rename.
    pub id: Option<String>,
    /// Every HTTP address the payload gives for it.
    pub urls: Vec<String>,
    /// The branch that is checked out when none is named.
    pub default_branch: Option<String>,
}

impl Repository {
    /// One of its addresses is `url`. Scheme, letter case, `.git` and a slash at the end make no difference.
    #[must_use]
    pub fn is(&self, url: &RepoUrl) -> bool {
        let wanted = comparable(url.url());
        self.urls
            .iter()
            .filter_map(|text| Url::parse(text).ok())
            .any(|candidate| comparable(&candidate) == wanted)
    }
}

fn comparable(url: &Url) -> Option<(String, Option<u16>, String)> {
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).to_lowercase();
    Some((url.host_str()?.to_lowercase(), url.port(), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_74_a_repository_is_known_by_its_address() {
        let repository = Repository {
            urls: vec!["https://GitHub.com/Octo/Site".to_owned()],
            ..Repository::default()
        };
        for (text, same) in [
            ("https://github.com/octo/site.git", true),
            ("https://github.com/octo/site", true),
            ("https://github.com/octo/other", false),
            ("https://gitlab.com/octo/site", false),
            ("https://github.com:8443/octo/site", false),
        ] {
            assert_eq!(repository.is(&text.parse().unwrap()), same, "{text}");
        }
    }
}
