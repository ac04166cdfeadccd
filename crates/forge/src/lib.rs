//! Git providers: webhook verification and typed events.
//!
//! One way in: [`receive`] finds the provider by the request's headers, checks the signature over the raw body, and only
//! then reads the body into an [`Event`]. Every provider is one [`Forge`]; they are listed once, in [`FORGES`].
//! What is told back is put together in `report.rs` and sent by whoever has the network; only [`GitHubApp`] talks to GitHub
//! by itself, through [`checked_client`], which keeps the rules on addresses.

mod bitbucket;
mod delivery;
mod event;
mod forge;
mod generic;
mod gitea;
mod github;
mod gitlab;
mod outbound;
mod payload;
mod pull_request;
mod report;
mod repository;
mod signature;

pub use bitbucket::Bitbucket;
pub use delivery::{Delivery, DeliveryId};
pub use event::{Changes, Event, Fork, PullRequest, PullRequestAction, Push, SkipMarker};
pub use forge::{FORGES, Forge, WebhookError, WebhookRequest, receive, repeat};
pub use generic::{DELIVERY_HEADER, EVENT_HEADER, Generic, SIGNATURE_HEADER};
pub use gitea::Gitea;
pub use github::{
    APP_NAME_MAX, Account, AppCredentials, AppManifest, GitHub, GitHubApp, GitHubDeploymentState,
    GitHubDeploymentStatus, GitHubError, GitHubHost, Installation, InstallationEvent, InstallationToken,
    InvalidGitHubHost, NewGitHubDeployment, RemoteRepository, RepositoryList, RepositoryName, TokenCache,
    TokenScope, app_of_delivery, convert_manifest_code, rate_limit,
};
pub use gitlab::GitLab;
pub use outbound::{OutboundError, TlsRoots, checked_client, root_cause};
pub use report::{ApiRequest, CommitStatus, Provider, ProviderKind, UnknownProvider};
pub use repository::Repository;
pub use signature::{SECRET_MIN, WeakSecret, WebhookSecret};
