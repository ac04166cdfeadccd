//! Addresses of Git repositories, and which of them this instance may talk to.
//!
//! Two questions, asked apart: is the text an address at all ([`RepoUrl::parse`]), and may we go there
//! ([`GitHostPolicy`]). The policy is asked twice, with the name when the address is saved and with every resolved
//! IP address when a connection is made, so a name that later points inside is refused too.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::RepoCredentials;

const SSH: &str = "ssh";
/// Longest user name of an SSH address.
const SSH_USER_MAX: usize = 32;
/// Longest address we take.
const URL_MAX: usize = 2000;
/// Names that only mean something inside a network.
const INTERNAL_SUFFIXES: &[&str] = &[
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "corp",
    "home",
];
/// IPv4 blocks that are not on the public internet (IANA special-purpose registry, RFC 6890 and later).
const NOT_GLOBAL_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// The one IPv6 block that is.
const GLOBAL_V6: &str = "2000::/3";
/// Blocks within it that are not: protocol assignments, documentation, 6to4.
const NOT_GLOBAL_V6: &[&str] = &["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// The address of a repository over HTTP(S) or SSH, without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoUrl(Url);

/// The text is no repository address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRepoUrl {
    /// Another scheme, a local path, or no scheme at all.
    #[error("a repository address starts with https:// or ssh://, or has the form git@host:path")]
    Scheme,
    /// Not a well-formed address.
    #[error("this is not a well-formed repository address")]
    Form,
    /// Too long.
    #[error("a repository address is at most {URL_MAX} characters long")]
    Length,
}

impl RepoUrl {
    /// Reads an address; credentials in it are taken out and handed back apart.
    ///
    /// # Errors
    /// [`InvalidRepoUrl`]; the text itself is never part of the message.
    pub fn parse(text: &str) -> Result<(Self, Option<RepoCredentials>), InvalidRepoUrl> {
        if text.len() > URL_MAX {
            return Err(InvalidRepoUrl::Length);
        }
        if let Some(url) = ssh_url(text) {
            return Ok((Self(url?), None));
        }
        // `Url` would mend a missing slash, upper case and white space; an address that needs mending is refused.
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .ok_or(InvalidRepoUrl::Scheme)?;
        let printable =
            |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>' | '`' | '{' | '}' | '|');
        if rest.starts_with('/') || !rest.chars().all(printable) {
            return Err(InvalidRepoUrl::Form);
        }
        let mut url = Url::parse(text).map_err(|_| InvalidRepoUrl::Form)?;
        let has_path = url
            .path_segments()
            .is_some_and(|mut parts| parts.any(|part| !part.is_empty()));
        if !has_path || url.query().is_some() || url.fragment().is_some() || has_encoded_control(url.path()) {
            return Err(InvalidRepoUrl::Form);
        }
        let credentials = take_credentials(&mut url)?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok((Self(url), credentials))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The parsed form.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// It is reached over SSH, with the project's deploy key.
    #[must_use]
    pub fn is_ssh(&self) -> bool {
        self.0.scheme() == SSH
    }

    /// The last part of the path without `.git`: a name for the project.
    #[must_use]
    pub fn repository_name(&self) -> &str {
        let last = self.0.path().rsplit('/').next().unwrap_or_default();
        last.strip_suffix(".git").unwrap_or(last)
    }
}

impl FromStr for RepoUrl {
    type Err = InvalidRepoUrl;

    /// Reads an address that must not carry credentials. (The user name of an SSH address is none.)
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Self::parse(text)? {
            (url, None) => Ok(url),
            (_, Some(_)) => Err(InvalidRepoUrl::Form),
        }
    }
}

impl TryFrom<String> for RepoUrl {
    type Error = InvalidRepoUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RepoUrl> for String {
    fn from(url: RepoUrl) -> Self {
        url.0.into()
    }
}

impl fmt::Display for RepoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl utoipa::PartialSchema for RepoUrl {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::Uri,
            )))
            .build()
            .into()
    }
}
impl utoipa::ToSchema for RepoUrl {}

/// The hosts this instance may fetch from besides the public internet over HTTPS.
#[derive(Debug, Clone, Default)]
pub struct GitHostPolicy {
    hosts: Vec<(String, Option<u16>)>,
    networks: Vec<IpNet>,
}

/// This instance may not fetch from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenGitHost {
    /// A private, loopback or otherwise special address.
    #[error("the address is not on the public internet")]
    Private,
    /// Plain HTTP to a host that is not allowed by name.
    #[error("plain http is only allowed for hosts the operator has named")]
    PlainHttp,
    /// Another port than 443 on a host that is not allowed by name.
    #[error("only port 443 is allowed unless the operator has named the host")]
    Port,
    /// A name in another script, easily mistaken for a known one.
    #[error("international host names are only allowed when the operator has named them")]
    International,
}

/// An entry of `AETHER_GIT_ALLOWED_HOSTS` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host, host:port, address or network")]
pub struct InvalidAllowedHost(pub String);

impl GitHostPolicy {
    /// Reads a comma-separated list of hosts (`git.example.org`, `git.example.org:8443`), addresses and networks
    /// (`10.1.0.0/16`).
    ///
    /// # Errors
    /// [`InvalidAllowedHost`] with the first entry that is none of these.
    pub fn parse(list: &str) -> Result<Self, InvalidAllowedHost> {
        let mut policy = Self::default();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            policy.allow(entry)?;
        }
        Ok(policy)
    }

    /// This policy with the machine's own loopback allowed, as `aether up` has it.
    #[must_use]
    pub fn with_loopback(mut self) -> Self {
        self.hosts.push(("localhost".to_owned(), None));
        self.networks.extend(
            ["127.0.0.0/8", "::1/128"]
                .iter()
                .filter_map(|net| net.parse::<IpNet>().ok()),
        );
        self
    }

    /// May an address with this name be saved and fetched?
    ///
    /// # Errors
    /// [`ForbiddenGitHost`] with the first rule it breaks.
    pub fn check_url(&self, repo: &RepoUrl) -> Result<(), ForbiddenGitHost> {
        let url = repo.url();
        if self.names(url) {
            return Ok(());
        }
        match host(url) {
            Some(Host::Domain(name)) if is_internal_name(&name) => return Err(ForbiddenGitHost::Private),
            Some(Host::Domain(name)) if name.split('.').any(|label| label.starts_with("xn--")) => {
                return Err(ForbiddenGitHost::International);
            }
            Some(Host::Ipv4(ip)) if !is_global(ip.into()) => return Err(ForbiddenGitHost::Private),
            Some(Host::Ipv6(ip)) if !is_global(ip.into()) => return Err(ForbiddenGitHost::Private),
            Some(_) => {}
            None => return Err(ForbiddenGitHost::Private),
        }
        if !matches!(url.scheme(), "https" | SSH) {
            return Err(ForbiddenGitHost::PlainHttp);
        }
        if url.port().is_some() {
            return Err(ForbiddenGitHost::Port);
        }
        Ok(())
    }

    /// May a connection for `repo` go to this resolved address? Asked for every address at connect time.
    ///
    /// # Errors
    /// [`ForbiddenGitHost::Private`].
    pub fn check_address(&self, repo: &RepoUrl, address: IpAddr) -> Result<(), ForbiddenGitHost> {
        if is_global(address) || self.allows_network(address) || self.names(repo.url()) {
            Ok(())
        } else {
            Err(ForbiddenGitHost::Private)
        }
    }

    fn allow(&mut self, entry: &str) -> Result<(), InvalidAllowedHost> {
        let invalid = || InvalidAllowedHost(entry.to_owned());
        if let Ok(network) = entry.parse::<IpNet>() {
            self.networks.push(network);
            return Ok(());
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            self.networks.push(address.into());
            return Ok(());
        }
        let url = Url::parse(&format!("http://{entry}/")).map_err(|_| invalid())?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(invalid)?;
        if url.path() != "/" || !url.username().is_empty() {
            return Err(invalid());
        }
        let port = entry.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        self.hosts.push((host.to_owned(), port));
        Ok(())
    }

    fn names(&self, url: &Url) -> bool {
        let Some(host) = host(url) else { return false };
        let address = match host {
            Host::Ipv4(ip) => Some(IpAddr::from(ip)),
            Host::Ipv6(ip) => Some(IpAddr::from(ip)),
            Host::Domain(_) => None,
        };
        if address.is_some_and(|ip| self.allows_network(ip)) {
            return true;
        }
        let text = host.to_string();
        let port = url
            .port_or_known_default()
            .or((url.scheme() == SSH).then_some(22));
        self.hosts.iter().any(|(allowed, allowed_port)| {
            *allowed == text && (allowed_port.is_none() || *allowed_port == port)
        })
    }

    fn allows_network(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// The address is on the public internet.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    let within = |list: &[&str], ip: IpAddr| {
        list.iter()
            .filter_map(|net| net.parse::<IpNet>().ok())
            .any(|net| net.contains(&ip))
    };
    match address.to_canonical() {
        ip @ IpAddr::V4(_) => !within(NOT_GLOBAL_V4, ip),
        ip @ IpAddr::V6(_) => within(&[GLOBAL_V6], ip) && !within(NOT_GLOBAL_V6, ip),
    }
}

fn is_internal_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    !name.contains('.')
        || INTERNAL_SUFFIXES
            .iter()
            .any(|suffix| name == *suffix || name.ends_with(&format!(".{suffix}")))
}

/// The host with addresses in every spelling understood; `Url` does not look into hosts of schemes that are not the web's.
fn host(url: &Url) -> Option<Host> {
    Host::parse(url.host_str()?).ok()
}

/// `ssh://user@host[:port]/path` or `user@host:path`; none when it is neither.
fn ssh_url(text: &str) -> Option<Result<Url, InvalidRepoUrl>> {
    let (user, host, path) = match text.strip_prefix("ssh://") {
        Some(rest) => {
            let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (user, host) = place.split_once('@').unwrap_or(("", place));
            (user, host.to_owned(), path)
        }
        None => {
            let (place, path) = text.split_once(':')?;
            let (user, host) = place.split_once('@')?;
            // A port cannot be told apart from a path here.
            (user, host.to_owned(), path.trim_start_matches('/'))
        }
    };
    Some(checked_ssh_url(user, &host, path))
}

/// Every part is of a kind that means the same to a server's shell as it does here (threats.md inputs 37, 38).
fn checked_ssh_url(user: &str, place: &str, path: &str) -> Result<Url, InvalidRepoUrl> {
    let form = InvalidRepoUrl::Form;
    let word = |text: &str, others: &[u8]| {
        !text.is_empty()
            && !text.starts_with('-')
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || others.contains(&b))
    };
    let path_is_plain = word(path, b"._-/~+@")
        && !path
            .split('/')
            .any(|part| part.is_empty() || part == ".." || part.starts_with('-'));
    if !word(user, b"._-") || user.len() > SSH_USER_MAX || !path_is_plain {
        return Err(form);
    }
    let url = Url::parse(&format!("ssh://{user}@{place}/{path}")).map_err(|_| form)?;
    let name = url.host_str().ok_or(form)?;
    let canonical = Host::parse(name).map_err(|_| form)?.to_string();
    if name.starts_with('-') || url.username() != user || url.password().is_some() {
        return Err(form);
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Url::parse(&format!("ssh://{user}@{canonical}{port}/{path}")).map_err(|_| form)
}

fn has_encoded_control(path: &str) -> bool {
    path.as_bytes().windows(3).any(|window| {
        let [b'%', high, low] = window else { return false };
        // %00 to %1f and %7f
        matches!(high, b'0' | b'1') || (*high == b'7' && low.eq_ignore_ascii_case(&b'f'))
    })
}

fn take_credentials(url: &mut Url) -> Result<Option<RepoCredentials>, InvalidRepoUrl> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let credentials = RepoCredentials {
        username: url.username().to_owned(),
        password: url.password().unwrap_or_default().to_owned(),
    };
    url.set_username("").map_err(|()| InvalidRepoUrl::Form)?;
    url.set_password(None).map_err(|()| InvalidRepoUrl::Form)?;
    Ok(Some(credentials))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> bool {
        RepoUrl::parse(text).is_ok_and(|(url, _)| GitHostPolicy::default().check_url(&url).is_ok())
    }

    #[test]
    fn inputs_35_to_39_only_https_addresses_are_taken() {
        for text in [
            "file:///etc",
            "/etc",
            "../x",
            "C:\\x",
            ".",
            "ext::sh -c touch% /tmp/p",
            "fd::17",
            "transport::addr",
            "--upload-pack=touch /tmp/p;",
            "-c core.sshCommand=x",
            "-u x",
            "ssh://-oProxyCommand=id/x",
            "git@-oProxyCommand=id:x",
            "ssh://h:-1/x",
            "http://example.com/x",
            "git://example.com/x",
            "ftp://example.com/x",
            "gopher://example.com/x",
            "HTTPS://example.com/x",
            " https://example.com/x",
            "https:/x",
            "https:///h/x",
            "https://example.com",
            "https://example.com/",
            "",
        ] {
            assert!(!allowed(text), "{text:?} was taken");
        }
        assert!(allowed("https://example.com/owner/repo.git"));
    }

    #[test]
    fn inputs_38_and_39_ssh_addresses_are_plain_in_every_part() {
        for (text, canonical) in [
            (
                "git@github.com:owner/repo.git",
                "ssh://git@github.com/owner/repo.git",
            ),
            (
                "ssh://git@github.com/owner/repo.git",
                "ssh://git@github.com/owner/repo.git",
            ),
            (
                "ssh://git@git.example.com/~user/repo",
                "ssh://git@git.example.com/~user/repo",
            ),
        ] {
            let (url, credentials) = RepoUrl::parse(text).unwrap();
            assert_eq!((url.as_str(), url.is_ssh(), credentials), (canonical, true, None));
            assert!(allowed(text), "{text}");
            assert_eq!(canonical.parse::<RepoUrl>().unwrap(), url, "as it is stored");
        }
        for text in [
            "git@github.com:",
            "git@:owner/repo",
            "-x@github.com:owner/repo",
            "git@-oProxyCommand=id:x",
            "ssh://-oProxyCommand=id/x",
            "ssh://git@-oProxyCommand=id/x",
            "ssh://git@h.com/-x",
            "ssh://git@h.com/a'b",
            "ssh://git@h.com/a;id",
            "ssh://git@h.com/$(id)",
            "ssh://git@h.com/a b",
            "ssh://git@h.com/../x",
            "ssh://git:pw@h.com/x",
            "ssh://h.com/x",
            "ssh://git@h.com:2222/x",
            "ssh://git@127.1/x",
            "ssh://git@2130706433/x",
            "ssh://git@[::1]/x",
            "git@localhost:x",
        ] {
            assert!(!allowed(text), "{text:?} was taken");
        }
        assert!(
            GitHostPolicy::default()
                .with_loopback()
                .check_url(&"ssh://git@127.0.0.1:2222/x".parse().unwrap())
                .is_ok()
        );
    }

    #[test]
    fn inputs_40_and_41_private_addresses_are_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "localhost",
            "0.0.0.0",
            "0",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "[fd00:ec2::254]",
            "metadata.google.internal",
            "[64:ff9b::7f00:1]",
            "x.localhost",
            "intranet",
            "printer.local",
        ] {
            assert!(!allowed(&format!("https://{host}/x")), "{host} was taken");
        }
    }

    #[test]
    fn input_44_odd_addresses_are_refused_and_credentials_are_taken_out() {
        for text in [
            "https://h.com/x%0ahost=evil",
            "https://h.com/x\r\n",
            "https://h.com/\0",
            "https://h.com:22/x",
            "https://h.com:6379/x",
            "https://h.com:99999/x",
            "https://аpple.com/x",
            "https://xn--pple-43d.com/x",
        ] {
            assert!(!allowed(text), "{text:?} was taken");
        }
        assert!(!allowed(&format!("https://h.com/{}", "x".repeat(5000))));
        let (url, credentials) = RepoUrl::parse("https://user:tok@h.com/x").unwrap();
        assert_eq!(url.as_str(), "https://h.com/x");
        assert_eq!(credentials.unwrap().password, "tok");
    }

    #[test]
    fn the_operator_can_allow_hosts_ports_and_networks() {
        let policy = GitHostPolicy::parse("git.corp:8443, 10.1.0.0/16").unwrap();
        let check = |text: &str| policy.check_url(&RepoUrl::parse(text).unwrap().0);
        assert_eq!(check("http://git.corp:8443/a"), Ok(()));
        assert_eq!(check("https://git.corp/a"), Err(ForbiddenGitHost::Private));
        assert_eq!(check("http://10.1.9.9:3000/a"), Ok(()));
        assert_eq!(check("http://10.2.0.1/a"), Err(ForbiddenGitHost::Private));
        assert!(GitHostPolicy::parse("a b").is_err());
    }

    #[test]
    fn input_42_a_name_that_resolves_inside_is_refused_at_connect() {
        let policy = GitHostPolicy::default();
        let (repo, _) = RepoUrl::parse("https://rebind.example.com/x").unwrap();
        assert!(policy.check_address(&repo, "127.0.0.1".parse().unwrap()).is_err());
        assert!(
            policy
                .check_address(&repo, "::ffff:10.0.0.1".parse().unwrap())
                .is_err()
        );
        assert!(policy.check_address(&repo, "1.1.1.1".parse().unwrap()).is_ok());
    }
}
