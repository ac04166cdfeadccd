//! What people paste for the address of a repository: `github.com/owner/name`, or the page they are looking at.
//!
//! Only the text is brought into form here. Whether it is an address, and one to go to, is asked afterwards as for any other.

use std::borrow::Cow;

use crate::{InvalidRepoUrl, RepoCredentials, RepoUrl};

/// Public hosts whose browser addresses are known.
const KNOWN_HOSTS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];
const GITLAB: &str = "gitlab.com";

/// What was pasted is no repository's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPaste {
    /// Not an address at all.
    #[error(transparent)]
    Address(#[from] InvalidRepoUrl),
    /// A page within the repository with this address.
    #[error(
        "this is the address of a page within a repository. Paste {0} instead, and choose its branch and folder afterwards"
    )]
    Page(String),
}

impl RepoUrl {
    /// Reads an address as people paste it: like [`RepoUrl::parse`], and also without `https://` when it begins with a host,
    /// and with what a browser adds to it at the well-known hosts.
    ///
    /// # Errors
    /// [`InvalidPaste`]; credentials in the text are never part of the message.
    pub fn from_pasted(text: &str) -> Result<(Self, Option<RepoCredentials>), InvalidPaste> {
        let text = with_scheme(text);
        match of_known_host(&text)? {
            Some(plain) => Ok(Self::parse(&plain)?),
            None => Ok(Self::parse(&text)?),
        }
    }
}

/// `host.tld/path` becomes `https://host.tld/path`; everything else stays as it is.
fn with_scheme(text: &str) -> Cow<'_, str> {
    let begins_with_host = text.split_once('/').is_some_and(|(place, path)| {
        let label_is_plain = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let ends_in_letters = place
            .rsplit_once('.')
            .is_some_and(|(_, end)| end.len() >= 2 && end.bytes().all(|b| b.is_ascii_alphabetic()));
        !path.is_empty() && !path.starts_with('/') && ends_in_letters && place.split('.').all(label_is_plain)
    });
    if begins_with_host {
        Cow::Owned(format!("https://{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The address of the repository behind a page of a well-known host; none when it is of another host.
fn of_known_host(text: &str) -> Result<Option<String>, InvalidPaste> {
    let Some((place, rest)) = text
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
    else {
        return Ok(None);
    };
    let (user, host) = place
        .rsplit_once('@')
        .map_or((None, place), |(user, host)| (Some(user), host));
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    // A backslash would be read as a slash by some; what is odd is left to the check that refuses it.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?#=&%+:,@".contains(c);
    if !KNOWN_HOSTS.contains(&host) || !rest.chars().all(is_plain) {
        return Ok(None);
    }
    // Neither is part of any repository's address there.
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if let Some(length) = length_before_page(host, &parts) {
        let own = parts.get(..length).unwrap_or_default().join("/");
        return Err(InvalidPaste::Page(format!("https://{host}/{own}")));
    }
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    Ok(Some(format!("https://{user}{host}/{path}")))
}

/// How many parts of the path are the repository's own, when more follow that are not.
fn length_before_page(host: &str, parts: &[&str]) -> Option<usize> {
    if host != GITLAB {
        return (parts.len() > 2).then_some(2);
    }
    // Groups of GitLab have groups in them: only a mark tells where the repository ends.
    let mark = parts.iter().position(|part| *part == "-");
    mark.or_else(|| {
        let page = parts
            .iter()
            .skip(2)
            .position(|part| matches!(*part, "tree" | "blob"));
        page.map(|position| position + 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GitHostPolicy;

    fn read(text: &str) -> Result<String, String> {
        match RepoUrl::from_pasted(text) {
            Ok((url, _)) => GitHostPolicy::default()
                .check_url(&url)
                .map(|()| url.to_string())
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn pasted_addresses_need_no_scheme_and_lose_what_a_browser_adds() {
        for (text, address) in [
            ("github.com/vercel/next.js", "https://github.com/vercel/next.js"),
            (
                "www.github.com/vercel/next.js",
                "https://github.com/vercel/next.js",
            ),
            ("https://www.github.com/o/r/", "https://github.com/o/r"),
            ("GitHub.com/o/r.git", "https://github.com/o/r.git"),
            ("gitlab.com/group/sub/r", "https://gitlab.com/group/sub/r"),
            ("git.example.com/o/r.git", "https://git.example.com/o/r.git"),
            (
                "https://github.com/o/r?tab=readme-ov-file#usage",
                "https://github.com/o/r",
            ),
            ("git@github.com:o/r.git", "ssh://git@github.com/o/r.git"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(address), "{text}");
        }
        let (url, credentials) = RepoUrl::from_pasted("https://user:tok@www.github.com/o/r").unwrap();
        assert_eq!(url.as_str(), "https://github.com/o/r");
        assert_eq!(credentials.unwrap().password, "tok");
    }

    #[test]
    fn a_page_within_a_repository_is_answered_with_what_to_paste() {
        for (text, address) in [
            (
                "https://github.com/o/r/tree/main/apps/web",
                "https://github.com/o/r",
            ),
            ("github.com/o/r/blob/main/README.md", "https://github.com/o/r"),
            ("https://user:tok@github.com/o/r/pull/3", "https://github.com/o/r"),
            ("https://gitlab.com/g/s/r/-/tree/main", "https://gitlab.com/g/s/r"),
            ("https://gitlab.com/g/r/tree/main", "https://gitlab.com/g/r"),
            ("bitbucket.org/o/r/src/main/", "https://bitbucket.org/o/r"),
        ] {
            let error = read(text).unwrap_err();
            assert!(
                error.contains(&format!("Paste {address} instead")),
                "{text}: {error}"
            );
            assert!(!error.contains("tok"), "{error}");
        }
    }

    #[test]
    fn inputs_35_to_53_pasting_opens_no_address_that_was_closed() {
        for text in [
            "file:///etc",
            "/etc/passwd",
            "../x",
            "./a.b/x",
            "C:\\x",
            ".",
            "ext::sh -c touch% /tmp/p",
            "fd::17/x",
            "--upload-pack=touch /tmp/p;",
            "-x.com/y",
            "git@-oProxyCommand=id:x",
            "ssh://-oProxyCommand=id/x",
            "http://example.com/x",
            "git://example.com/x",
            "HTTPS://example.com/x",
            " https://example.com/x",
            "https:/x",
            "https:///h/x",
            "https://example.com",
            "localhost/x",
            "intranet/x",
            "127.0.0.1/x",
            "127.1/x",
            "0x7f.1/x",
            "[::1]/x",
            "169.254.169.254/latest",
            "metadata.google.internal/x",
            "x.localhost/y",
            "printer.local/x",
            "example.com:6379/x",
            "https://github.com:22/o/r",
            "example.com//x",
            "example.com/x\r\n",
            "example.com/x%0ahost=evil",
            "example.com/x y",
            "xn--pple-43d.com/x",
            "аpple.com/x",
            "github.com\\@127.0.0.1/x",
            "https://github.com@127.0.0.1/x",
            "https://127.0.0.1\\@github.com/o/r",
            "user:tok@example.com/x",
            "",
        ] {
            assert!(read(text).is_err(), "{text:?} was taken: {:?}", read(text));
        }
        assert!(read(&format!("h.com/{}", "x".repeat(5000))).is_err());
    }
}
