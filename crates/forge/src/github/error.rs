//! What can go wrong between a GitHub App and GitHub, and what people are told of it.

use aether_models::{ForbiddenGitHost, UserError};

/// GitHub could not be asked, or said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitHubError {
    /// The policy on hosts refuses its address.
    #[error(transparent)]
    HostNotAllowed(#[from] ForbiddenGitHost),
    /// No answer.
    #[error("GitHub cannot be reached: {0}")]
    Unreachable(String),
    /// GitHub does not believe us because its clock is another.
    #[error("this machine's clock is {seconds} seconds away from GitHub's")]
    ClockSkew {
        /// How far, ahead of GitHub's when positive.
        seconds: i64,
    },
    /// The App is gone, or its key was revoked.
    #[error("GitHub does not accept the App's key")]
    AppRefused,
    /// The App is not installed there any more.
    #[error("the App's installation is gone")]
    InstallationGone,
    /// The account has suspended the App.
    #[error("the App's installation is suspended")]
    InstallationSuspended,
    /// The installation does not reach the repository.
    #[error("the App's installation does not include the repository")]
    RepositoryNotIncluded,
    /// The code of a new App is unknown, used or too old.
    #[error("the code of the new App is not valid")]
    CodeRefused,
    /// GitHub wants to be left alone for a while.
    #[error("GitHub asks for a pause of {seconds} seconds")]
    RateLimited {
        /// How long.
        seconds: u64,
    },
    /// It answered with an error.
    #[error("GitHub answered with status {0}")]
    Status(u16),
    /// Its answer could not be read.
    #[error("GitHub's answer could not be read")]
    Malformed,
    /// The App's key cannot be used to sign.
    #[error("the App's private key cannot be used: {0}")]
    Key(String),
}

impl GitHubError {
    /// The same may go well a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::RateLimited { .. } => true,
            Self::Status(status) => *status >= 500,
            _ => false,
        }
    }

    /// What somebody is told who waits for it.
    #[must_use]
    pub fn to_user_error(&self) -> UserError {
        let error = |code, title: &str, detail: String, hint: &str| {
            UserError::new(code, title, detail).hint(hint.to_owned())
        };
        match self {
            Self::HostNotAllowed(why) => error(
                "github_address_refused",
                "This GitHub may not be asked",
                format!("Its address {why}."),
                "The operator can allow it with AETHER_GIT_ALLOWED_HOSTS.",
            ),
            Self::Unreachable(why) => error(
                "github_unreachable",
                "GitHub cannot be reached",
                format!("The connection failed: {why}."),
                "Try again; if it stays so, look at GitHub's status and at this machine's network.",
            ),
            Self::ClockSkew { seconds } => error(
                "github_clock_skew",
                "GitHub refuses this machine because of its clock",
                format!(
                    "This machine's clock is {} seconds {} GitHub's.",
                    seconds.abs(),
                    if *seconds > 0 { "ahead of" } else { "behind" }
                ),
                "Set the clock, best by a time service such as chrony, and try again.",
            ),
            Self::AppRefused => error(
                "github_app_refused",
                "GitHub does not know the App any more",
                "The App was deleted at GitHub, or its private key was revoked.".to_owned(),
                "Remove the App in the GitHub settings and connect a new one.",
            ),
            Self::InstallationGone => error(
                "github_installation_gone",
                "The GitHub App is not installed there any more",
                "Somebody has uninstalled it from the account that owns the repository.".to_owned(),
                "Install the App again in the GitHub settings.",
            ),
            Self::InstallationSuspended => error(
                "github_installation_suspended",
                "The GitHub App is suspended",
                "The account that owns the repository has suspended it.".to_owned(),
                "An owner of the account can lift that in its settings at GitHub, under Installed GitHub Apps.",
            ),
            Self::RepositoryNotIncluded => error(
                "github_repository_not_included",
                "The GitHub App may not read this repository",
                "The repository was taken from the App's installation, or is gone.".to_owned(),
                "Add the repository to the App's installation at GitHub.",
            ),
            Self::CodeRefused => error(
                "github_code_refused",
                "GitHub does not know the code of the new App",
                "It was used before, or is more than an hour old.".to_owned(),
                "Connect GitHub once more.",
            ),
            Self::RateLimited { seconds } => error(
                "github_rate_limited",
                "GitHub asks for a pause",
                format!("It takes no more requests for {seconds} seconds."),
                "Try again after that.",
            ),
            Self::Status(_) | Self::Malformed => error(
                "github_failed",
                "GitHub gave no useful answer",
                format!("{self}."),
                "Try again; if it stays so, look at GitHub's status.",
            ),
            Self::Key(_) => error(
                "github_key_unusable",
                "The GitHub App's private key cannot be used",
                "It cannot be read as an RSA key.".to_owned(),
                "Remove the App in the GitHub settings and connect a new one.",
            ),
        }
    }
}
