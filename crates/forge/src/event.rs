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
    },
    /// A branch is gone.
    BranchDeleted {
        /// Its name without `refs/heads/`.
        branch: GitRef,
        /// The repository it was in.
        repository: Option<Repository>,
    },
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
    /// The repository, when the provider names it.
    pub repository: Option<Repository>,
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

impl Push {
    /// The marker by which the author asked for no deployment.
    #[must_use]
    pub fn skip_marker(&self) -> Option<SkipMarker> {
        SkipMarker::find(self.message.as_deref()?)
    }
}
