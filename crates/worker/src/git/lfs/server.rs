//! Which LFS server belongs to a repository, and where what it names lies.

use std::fs;
use std::path::Path;

use aether_models::RepoUrl;
use url::Url;

use crate::git::GitError;

const CONFIG_FILE: &str = ".lfsconfig";
const CONFIG_MAX: u64 = 64 * 1024;

/// The host of an address in the form that the policy on hosts is asked about; the rest may hold a signature.
pub(super) fn place(url: &Url) -> Option<RepoUrl> {
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}/-", url.scheme(), url.host_str()?)
        .parse()
        .ok()
}

/// The server that belongs to a repository when nothing else is said.
pub(super) fn usual(repository: &RepoUrl) -> Result<RepoUrl, GitError> {
    let url = repository.url();
    let path = url.path().trim_end_matches('/');
    let ending = if path.ends_with(".git") { "" } else { ".git" };
    let server = if repository.is_ssh() {
        format!("https://{}", url.host_str().unwrap_or_default())
    } else {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
    };
    format!("{server}{path}{ending}/info/lfs")
        .parse()
        .map_err(|_| GitError::Protocol("its LFS server has no valid address".to_owned()))
}

/// `lfs.url` in the repository's own configuration.
pub(super) fn configured(folder: &Path) -> Result<Option<RepoUrl>, GitError> {
    let path = folder.join(CONFIG_FILE);
    let Ok(metadata) = fs::symlink_metadata(&path) else {
        return Ok(None);
    };
    let unusable = |why: &str| GitError::Lfs {
        path: CONFIG_FILE.to_owned(),
        why: why.to_owned(),
    };
    if !metadata.is_file() || metadata.len() > CONFIG_MAX {
        return Err(unusable("it is a link or too large"));
    }
    let text = fs::read_to_string(&path).map_err(|_| unusable("it is no text"))?;
    let Some(address) = lfs_url(&text) else {
        return Ok(None);
    };
    match address.parse::<RepoUrl>() {
        Ok(url) if !url.is_ssh() => Ok(Some(url)),
        _ => Err(unusable("lfs.url is no https address without a user name")),
    }
}

pub(super) fn lfs_url(text: &str) -> Option<String> {
    let (mut inside, mut found) = (false, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.eq_ignore_ascii_case("[lfs]");
        } else if let Some((key, value)) = line.split_once('=')
            && inside
            && key.trim().eq_ignore_ascii_case("url")
        {
            found = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use aether_models::GitHostPolicy;

    use super::*;

    #[test]
    fn input_51_the_repositorys_own_word_on_the_server_is_an_address_like_others() {
        let folder = tempfile::tempdir().unwrap();
        for address in [
            "file:///etc",
            "ssh://git@h/x",
            "git@h:x",
            "https://user:secret@h/x",
            "ext::sh -c x",
            "-u",
            "",
        ] {
            fs::write(
                folder.path().join(CONFIG_FILE),
                format!("[lfs]\n\turl = {address}\n"),
            )
            .unwrap();
            assert!(configured(folder.path()).is_err(), "{address:?} was taken");
        }
        let text =
            "[core]\nurl = https://a.example.com/x\n[lfs]\n\turl = \"https://lfs.example.com/group/site\"\n";
        fs::write(folder.path().join(CONFIG_FILE), text).unwrap();
        let found = configured(folder.path()).unwrap().unwrap();
        assert_eq!(found.as_str(), "https://lfs.example.com/group/site");
        fs::remove_file(folder.path().join(CONFIG_FILE)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join(CONFIG_FILE)).unwrap();
        assert!(configured(folder.path()).is_err());
    }

    #[test]
    fn the_usual_server_belongs_to_the_repository() {
        let of = |text: &str| usual(&text.parse().unwrap()).unwrap().as_str().to_owned();
        assert_eq!(
            of("https://h.example.com/a/b"),
            "https://h.example.com/a/b.git/info/lfs"
        );
        assert_eq!(
            of("http://127.0.0.1:81/b.git"),
            "http://127.0.0.1:81/b.git/info/lfs"
        );
        assert_eq!(
            of("git@h.example.com:a/b.git"),
            "https://h.example.com/a/b.git/info/lfs"
        );
    }

    #[test]
    fn input_41_a_file_that_lies_inside_our_network_is_not_fetched() {
        for (href, allowed) in [
            ("https://objects.example.com/x?signature=1", true),
            ("http://objects.example.com/x", false),
            ("https://169.254.169.254/latest", false),
            ("https://10.0.0.1/x", false),
            ("https://localhost/x", false),
        ] {
            let host = place(&Url::parse(href).unwrap()).unwrap();
            assert_eq!(
                GitHostPolicy::default().check_url(&host).is_ok(),
                allowed,
                "{href}"
            );
        }
        for href in [
            "file:///etc/passwd",
            "https://user:secret@h.example.com/x",
            "data:text/plain,x",
        ] {
            assert!(place(&Url::parse(href).unwrap()).is_none(), "{href}");
        }
    }
}
