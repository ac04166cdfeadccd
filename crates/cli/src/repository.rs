//! The Git repository the user stands in.

use std::path::{Path, PathBuf};

use aether_models::RepoUrl;
use anyhow::Context;
use git2::Repository;

use crate::output::Usage;

/// A checkout on this machine.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// Its top folder.
    pub(crate) root: PathBuf,
    /// Address of `origin`, as HTTPS.
    pub(crate) origin: Option<String>,
}

impl Checkout {
    /// The repository `directory` belongs to.
    pub(crate) fn find(directory: &Path) -> Option<Self> {
        let repository = Repository::discover(directory).ok()?;
        let root = repository.workdir()?.to_owned();
        let remote = repository.find_remote("origin").ok();
        let origin = remote.as_ref().and_then(|remote| remote.url().ok()).map(to_https);
        Some(Self { root, origin })
    }

    /// The folder links are kept in: the top of the repository, or the folder itself outside of one.
    pub(crate) fn root_of(directory: &Path) -> PathBuf {
        Self::find(directory).map_or_else(|| directory.to_owned(), |checkout| checkout.root)
    }
}

/// The address to deploy from: the one given, else the remote `origin`.
pub(crate) fn repo_url(given: Option<&str>) -> anyhow::Result<String> {
    let address = match given {
        Some(address) => address.to_owned(),
        None => {
            let here = std::env::current_dir().context("the working directory is gone")?;
            let origin = Checkout::find(&here).and_then(|checkout| checkout.origin);
            origin.ok_or_else(|| {
                Usage("this folder has no Git remote `origin`; name the repository with --repo URL".into())
            })?
        }
    };
    // Checked here as well, so that the message comes before anything is sent.
    RepoUrl::from_pasted(&address).map_err(|error| Usage(format!("the repository's address: {error}")))?;
    Ok(address)
}

/// The same repository over HTTPS: `git@host:path`, `ssh://git@host/path` -> `https://host/path`.
fn to_https(address: &str) -> String {
    if let Some(rest) = address.strip_prefix("ssh://") {
        let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        return format!("https://{host}/{path}");
    }
    match address.split_once(':') {
        Some((host, path)) if !address.contains("://") && !host.contains('/') => {
            let host = host.split_once('@').map_or(host, |(_, host)| host);
            format!("https://{host}/{}", path.trim_start_matches('/'))
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_remotes_become_https() {
        assert_eq!(to_https("git@github.com:a/b.git"), "https://github.com/a/b.git");
        assert_eq!(
            to_https("ssh://git@host.example:22/a/b.git"),
            "https://host.example/a/b.git"
        );
        assert_eq!(to_https("https://host.example/a/b"), "https://host.example/a/b");
        assert_eq!(to_https("/srv/a.git"), "/srv/a.git");
    }

    #[test]
    fn input_35_to_39_addresses_that_are_not_https_are_wrong_usage() {
        for address in [
            "/etc",
            "../x",
            "file:///etc",
            "ext::sh -c x",
            "--upload-pack=x",
            "ssh://-oProxyCommand=id/x",
        ] {
            assert!(repo_url(Some(address)).unwrap_err().is::<Usage>(), "{address}");
        }
    }
}
