//! What can go wrong while fetching a repository, and how its owner reads it.

use std::time::Duration;

use aether_models::{ForbiddenGitHost, UserError};

/// A repository could not be fetched or written out.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// This instance may not talk to that host.
    #[error("the host is not allowed: {0}")]
    HostNotAllowed(#[from] ForbiddenGitHost),
    /// The name does not resolve or nobody answers there.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted: {0}")]
    Certificate(String),
    /// The server is not the one it was at the first visit.
    #[error("the server's host key is not the known one")]
    HostKeyChanged,
    /// There is no such repository, or it is private.
    #[error("the repository was not found")]
    NotFound,
    /// The server wants credentials, or refuses the ones it got.
    #[error("the server refuses access (credentials were sent: {sent})")]
    Denied {
        /// Whether there were any.
        sent: bool,
    },
    /// The server points somewhere else.
    #[error("the server redirects to {0}")]
    Redirect(String),
    /// The server is in trouble itself.
    #[error("the server answered with status {0}")]
    Server(u16),
    /// What answers does not speak Git, or not correctly.
    #[error("the answer is not Git's protocol: {0}")]
    Protocol(String),
    /// The server refuses the request in its own words.
    #[error("the server says: {0}")]
    Refused(String),
    /// There is no such branch, tag or commit.
    #[error("{0} was not found")]
    RefNotFound(String),
    /// The repository has no commit.
    #[error("the repository is empty")]
    Empty,
    /// A cap was reached.
    #[error("{what} is larger than {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The cap, in words.
        limit: String,
    },
    /// The tree holds a name that must not be written.
    #[error("the repository contains the path {0:?}, which is not allowed")]
    ForbiddenPath(String),
    /// A file that is kept in Git LFS cannot be had.
    #[error("the LFS file {path:?}: {why}")]
    Lfs {
        /// Where in the repository.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// It took too long.
    #[error("not done within {0:?}")]
    TimedOut(Duration),
    /// Too few bytes arrived.
    #[error("the server is too slow")]
    TooSlow,
    /// Somebody asked for it to stop.
    #[error("cancelled")]
    Cancelled,
    /// The bare repository on disk is unusable.
    #[error("the cached repository is unusable: {0}")]
    Repository(#[from] git2::Error),
    /// This machine's disk.
    #[error("{context}: {source}")]
    Io {
        /// What was being done.
        context: &'static str,
        /// What went wrong.
        source: std::io::Error,
    },
}

/// What opens a private repository over HTTPS, the simplest first.
const PRIVATE_OVER_HTTPS: &str = "Check the address. For a private repository, put an access token into its address \
    (https://user:token@host/path), or connect GitHub and pick it there. Without a token, take its SSH address: it is read \
    with a deploy key, which you make in Settings > Git once the project is there.";
/// And over SSH, where there is one way.
const DEPLOY_KEY: &str = "Check the address. Over SSH a repository is read with a deploy key: make the project first \
    (\"Configure it yourself\"), make the key in its Settings > Git, enter it at the Git host, and deploy again.";

fn is_ssh(url: &str) -> bool {
    url.starts_with("ssh://")
}

impl GitError {
    pub(super) fn io(context: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { context, source }
    }

    pub(super) fn task(error: tokio::task::JoinError) -> Self {
        Self::Io {
            context: "a thread of the checkout ended early",
            source: std::io::Error::other(error),
        }
    }

    pub(super) fn too_large(what: &'static str, bytes: u64) -> Self {
        Self::TooLarge {
            what,
            limit: format!("{} MiB", bytes >> 20),
        }
    }

    /// Another try may go better: the network or this machine is at fault, not the repository.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TooSlow | Self::Repository(_) | Self::Io { .. } => true,
            Self::Server(status) => *status >= 500,
            _ => false,
        }
    }

    /// The failure as the owner of the repository reads it.
    #[must_use]
    pub fn to_user_error(&self, url: &str) -> UserError {
        let new = |code: &str, title: &str, detail: String| UserError::new(code, title, detail);
        match self {
            Self::HostNotAllowed(reason) => {
                new("git_host_not_allowed", "This repository's host is not allowed", format!("{url}: {reason}."))
                    .hint("An operator can allow the host with AETHER_GIT_ALLOWED_HOSTS.")
            }
            Self::HostKeyChanged => new(
                "git_host_key_changed",
                "The Git server shows another key than before",
                format!("{url}: nobody can say whether this is the same server, so nothing was sent to it."),
            )
            .hint("Ask who runs the server whether its key was changed. If so, forget the old one in Settings > Git."),
            Self::Unreachable(reason) => {
                new("git_unreachable", "The Git server cannot be reached", format!("{url}: {reason}."))
                    .hint("Check the address, and that this machine can reach the server. Then deploy again.")
            }
            Self::Certificate(reason) => {
                new("git_certificate", "The Git server's certificate is not trusted", format!("{url}: {reason}."))
                    .hint("Install the server's certificate authority on this machine, or name a file with it in SSL_CERT_FILE.")
            }
            Self::NotFound | Self::Denied { sent: false } => {
                new("git_not_found", "The repository was not found", format!("{url} does not exist, or it is private."))
                    .hint(if is_ssh(url) { DEPLOY_KEY } else { PRIVATE_OVER_HTTPS })
            }
            Self::Denied { sent: true } if is_ssh(url) => {
                new("git_denied", "The Git server refused the deploy key", format!("{url} answered \"access denied\"."))
                    .hint("Enter the key from the project's Settings > Git at the Git host, with the right to read this repository. Then deploy again.")
            }
            Self::Denied { sent: true } => {
                new("git_denied", "The Git server refused the credentials", format!("{url} answered \"access denied\"."))
                    .hint("Make a new access token that may read the repository, and give the repository's address with it: https://user:token@host/path.")
            }
            Self::Redirect(target) => {
                new("git_redirect", "The repository has moved", format!("{url} redirects to {target}; redirects are not followed."))
                    .hint("Change the project's repository address to the new one.")
            }
            Self::Server(status) => {
                new("git_server_error", "The Git server has a problem", format!("{url} answered with status {status}."))
                    .hint("Deploy again in a few minutes.")
            }
            Self::Protocol(reason) => {
                new("git_not_a_repository", "There is no Git repository at this address", format!("{url}: {reason}."))
                    .hint("Use the address that `git clone` takes, for example https://github.com/owner/name.")
            }
            Self::Refused(words) => {
                new("git_refused", "The Git server refused the request", format!("{url} says: {words}"))
                    .hint("If the message names a commit, it may have been removed by a force push; deploy the branch instead.")
            }
            Self::RefNotFound(name) => {
                new("git_ref_not_found", "The branch, tag or commit was not found", format!("{url} has no {name:?}."))
                    .hint("Check the spelling, or set the project's branch. Short commit ids are not accepted; use all 40 digits.")
            }
            Self::Empty => new("git_empty", "The repository is empty", format!("{url} has no commit yet."))
                .hint("Push a first commit, then deploy again."),
            Self::TooLarge { what, limit } => {
                new("git_too_large", "The repository is too large", format!("{what} is larger than {limit}."))
                    .hint("Remove large files from the repository, or ask the operator to raise the limit.")
            }
            Self::ForbiddenPath(path) => {
                new("git_forbidden_path", "The repository contains a forbidden file name", format!("{path:?} cannot be written safely."))
                    .hint("Rename or remove the file and push again.")
            }
            Self::Lfs { path, why } => {
                new("git_lfs", "A file that is kept in Git LFS cannot be fetched", format!("{path}: {why}."))
                    .hint("Push it again with `git lfs push --all`, check the address in .lfsconfig, or switch LFS off in the project's settings.")
            }
            Self::TimedOut(limit) => {
                new("git_timed_out", "Fetching the repository took too long", format!("{url} was not fetched within {}.", humantime::format_duration(*limit)))
                    .hint("Deploy again; if it happens each time, make the repository smaller or ask the operator to raise the limit.")
            }
            Self::TooSlow => {
                new("git_too_slow", "The Git server is too slow", format!("{url} sent almost nothing for half a minute."))
                    .hint("Deploy again in a few minutes.")
            }
            Self::Cancelled => new("cancelled", "Cancelled", "The deployment was cancelled.".to_owned()),
            Self::Repository(_) | Self::Io { .. } => {
                new("git_local_failure", "This machine could not store the repository", "The disk may be full or faulty; the operator finds the cause in the worker's log.".to_owned())
                    .hint("Deploy again; if it happens each time, ask the operator.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_repository_is_told_the_way_in_that_its_address_has() {
        let hint = |error: GitError, url: &str| error.to_user_error(url).hint.unwrap();
        let https = "https://git.example.com/octo/site";
        for error in [GitError::NotFound, GitError::Denied { sent: false }] {
            assert!(hint(error, https).contains("https://user:token@host/path"));
        }
        let ssh = "ssh://git@git.example.com/octo/site";
        for error in [
            GitError::NotFound,
            GitError::Denied { sent: false },
            GitError::Denied { sent: true },
        ] {
            let hint = hint(error, ssh);
            assert!(
                hint.contains("Settings > Git") && !hint.contains("token"),
                "{hint}"
            );
        }
    }
}
