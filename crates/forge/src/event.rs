//! What a provider can tell us, in our own words.

use aether_models::GitRef;

use crate::Repository;

/// What happened in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The provider tries out the connection.
    Ping,
    /// A branch has a new head.
    Push(Push),
    /// A tag was made, moved or removed.
    Tag {
        /// Its name without `refs/tags/`.
        name: String,
        /// The repository it is in.
        repository: Option<Repository>,
    },
    /// A branch is gone.
    BranchDeleted {
        /// Its name without `refs/heads/`.
        branch: GitRef,
        /// The repository it was in.
        repository: Option<Repository>,
    },
    /// Something happened to a pull request (merge request).
    PullRequest(PullRequest),
    /// Something we make nothing of.
    Unknown,
}

/// A branch has a new head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Its name without `refs/heads/`.
    pub branch: GitRef,
    /// The new head's object id.
    pub commit: String,
    /// Message of the new head, when the provider sends it.
    pub message: Option<String>,
    /// The files that are different now.
    pub changes: Changes,
    /// The repository, when the provider names it.
    pub repository: Option<Repository>,
}

/// The files a push changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// All of them: added, modified and removed ones, relative to the repository.
    Known(Vec<String>),
    /// The delivery does not say, for this reason: anything may have changed.
    Unknown(&'static str),
}

/// Something happened to a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number within the repository it wants to be merged into.
    pub number: i32,
    /// What happened.
    pub action: PullRequestAction,
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: Option<String>,
    /// The branch it brings, in whichever repository that is.
    pub branch: Option<GitRef>,
    /// The head's object id; none when the provider shortens it.
    pub commit: Option<String>,
    /// It comes from another repository, whose authors need not be ours.
    pub from_fork: bool,
    /// The ref under which the receiving repository has its head; none when there is no such ref.
    pub fetch_ref: Option<GitRef>,
    /// Where its branch is, when the receiving repository has no ref for its head.
    pub fork: Option<Fork>,
    /// The repository it wants to be merged into.
    pub repository: Option<Repository>,
}

/// The repository that a pull request comes from, and what is known of its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// Its page, which is its address too.
    pub url: String,
    /// The first digits of the head's object id.
    pub head_start: String,
}

/// What happened to a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestAction {
    /// Opened, or opened again.
    Opened,
    /// It has another head.
    Synchronised,
    /// Merged or given up.
    Closed,
    /// Its text, labels or reviewers changed.
    Other,
}

/// Words in a commit message that ask for no deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkipMarker(&'static str);

impl SkipMarker {
    /// Every marker, lower case. The `ci` ones are those of GitHub Actions and GitLab CI.
    const ALL: [Self; 5] = [
        Self("[skip ci]"),
        Self("[ci skip]"),
        Self("[no ci]"),
        Self("[skip deploy]"),
        Self("[deploy skip]"),
    ];

    /// The first marker in a commit message.
    #[must_use]
    pub fn find(message: &str) -> Option<Self> {
        let message = message.to_ascii_lowercase();
        Self::ALL.into_iter().find(|marker| message.contains(marker.0))
    }

    /// The marker as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Event {
    /// The repository it is about, when the provider names it.
    #[must_use]
    pub const fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Push(push) => push.repository.as_ref(),
            Self::Tag { repository, .. } | Self::BranchDeleted { repository, .. } => repository.as_ref(),
            Self::PullRequest(request) => request.repository.as_ref(),
            Self::Ping | Self::Unknown => None,
        }
    }
}

impl Push {
    /// The marker by which the author asked for no deployment.
    #[must_use]
    pub fn skip_marker(&self) -> Option<SkipMarker> {
        SkipMarker::find(self.message.as_deref()?)
    }
}
