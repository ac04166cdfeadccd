//! Who this user is on which platform: `~/.config/aether/config.toml`, readable by them alone.
//!
//! A token is kept under the origin it was made at and is only ever read for that origin.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::args::Server;
use crate::output::{Output, Usage};

/// Where `aether up` listens unless told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:3000";

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    /// Origin logged in to last.
    url: Option<String>,
    /// By origin.
    hosts: BTreeMap<String, Host>,
}

#[derive(Serialize, Deserialize)]
struct Host {
    token: String,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host(…)")
    }
}

/// A platform to talk to, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) token: Option<SecretString>,
}

impl Config {
    /// Reads the file; one that is not there is empty.
    pub(crate) fn load(output: &Output) -> anyhow::Result<Self> {
        let Some(path) = path() else {
            return Ok(Self::default());
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        warn_if_readable_by_others(&path, output);
        // The parser's own message quotes the line, which may hold a token.
        toml::from_str(&text)
            .map_err(|_| anyhow::anyhow!("{} is not valid; remove it and log in again", path.display()))
    }

    /// Remembers a token and makes its platform the default.
    pub(crate) fn remember(&mut self, url: &Url, token: &SecretString) -> anyhow::Result<PathBuf> {
        let origin = origin(url);
        self.hosts.insert(
            origin.clone(),
            Host {
                token: token.expose_secret().to_owned(),
            },
        );
        self.url = Some(origin);
        self.save()
    }

    /// The platform to talk to: the one asked for, else the one logged in to last, else the one on this machine.
    pub(crate) fn target(&self, server: &Server) -> anyhow::Result<Target> {
        let address = server
            .url
            .as_deref()
            .or(self.url.as_deref())
            .unwrap_or(DEFAULT_URL);
        let url = parse_url(address)?;
        let stored = self.hosts.get(&origin(&url)).map(|host| host.token.clone());
        let token = server.token.clone().or(stored).map(SecretString::from);
        Ok(Target { url, token })
    }

    fn save(&self) -> anyhow::Result<PathBuf> {
        let path = path().context(
            "neither XDG_CONFIG_HOME nor HOME is set, so the token cannot be kept; use AETHER_TOKEN",
        )?;
        let directory = path.parent().context("no parent directory")?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let mut file = tempfile_beside(&path)?;
        file.0.write_all(toml::to_string(self)?.as_bytes())?;
        file.0.sync_all()?;
        std::fs::rename(&file.1, &path).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

/// Reads an address people type; credentials in it would end up in logs.
pub(crate) fn parse_url(text: &str) -> anyhow::Result<Url> {
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&with_scheme)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url =
        url.ok_or_else(|| Usage("the platform's address must be like https://aether.example.com".into()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Usage("the platform's address must not hold a user name or password".into()).into());
    }
    Ok(url)
}

/// Scheme, host and port.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn path() -> Option<PathBuf> {
    let set = |key: &str| {
        std::env::var_os(key)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(base.join("aether/config.toml"))
}

fn warn_if_readable_by_others(path: &Path, output: &Output) {
    if let Ok(metadata) = path.metadata()
        && metadata.mode() & 0o077 != 0
    {
        let path = path.display();
        output.warning(&format!(
            "{path} holds your token and others can read it; run: chmod 600 {path}"
        ));
    }
}

fn tempfile_beside(path: &Path) -> std::io::Result<(std::fs::File, PathBuf)> {
    let temporary = path.with_extension(format!("toml.{}", std::process::id()));
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    Ok((file, temporary))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged_in() -> Config {
        let mut config = Config {
            url: Some("https://one.example".into()),
            ..Config::default()
        };
        config.hosts.insert(
            "https://one.example".into(),
            Host {
                token: "secret".into(),
            },
        );
        config
    }

    fn at(url: &str) -> Server {
        Server {
            url: Some(url.into()),
            token: None,
        }
    }

    #[test]
    fn input_103_a_token_is_used_for_the_origin_it_was_made_at_and_no_other() {
        let config = logged_in();
        assert!(config.target(&Server::default()).unwrap().token.is_some());
        assert!(
            config
                .target(&at("https://one.example/some/path"))
                .unwrap()
                .token
                .is_some()
        );
        for other in [
            "http://one.example",
            "https://one.example:8443",
            "https://one.example.evil.com",
            "https://two.example",
        ] {
            assert!(config.target(&at(other)).unwrap().token.is_none(), "{other}");
        }
    }

    #[test]
    fn input_103_addresses_with_credentials_or_without_a_host_are_wrong_usage() {
        for address in [
            "https://user:password@one.example",
            "ftp://one.example",
            "https://",
            "not an address",
        ] {
            assert!(parse_url(address).unwrap_err().is::<Usage>(), "{address}");
        }
        assert_eq!(parse_url("one.example").unwrap().as_str(), "https://one.example/");
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        assert!(!format!("{:?}", logged_in()).contains("secret"));
    }
}
