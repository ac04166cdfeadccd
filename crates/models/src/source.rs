//! Where a project's files come from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{RepoUrl, Slug, UnknownName};

/// Where a project's files come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProjectSource {
    /// A Git repository.
    Git {
        /// Its address.
        repo_url: RepoUrl,
    },
    /// A template that comes with Aether.
    Template {
        /// Its name.
        template: Slug,
    },
    /// Nothing that could be fetched: folders are sent.
    Upload,
}

/// The kinds of [`ProjectSource`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A Git repository.
    Git,
    /// A template that comes with Aether.
    Template,
    /// Folders that are sent (`aether deploy --local`).
    Upload,
}

impl ProjectSource {
    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Git { .. } => SourceKind::Git,
            Self::Template { .. } => SourceKind::Template,
            Self::Upload => SourceKind::Upload,
        }
    }

    /// The repository's address, when it is one.
    #[must_use]
    pub const fn repo_url(&self) -> Option<&RepoUrl> {
        match self {
            Self::Git { repo_url } => Some(repo_url),
            Self::Template { .. } | Self::Upload => None,
        }
    }

    /// The template's name, when it is one.
    #[must_use]
    pub const fn template(&self) -> Option<&Slug> {
        match self {
            Self::Template { template } => Some(template),
            Self::Git { .. } | Self::Upload => None,
        }
    }
}

impl SourceKind {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Template => "template",
            Self::Upload => "upload",
        }
    }
}

impl std::str::FromStr for SourceKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "git" => Ok(Self::Git),
            "template" => Ok(Self::Template),
            "upload" => Ok(Self::Upload),
            _ => Err(UnknownName(text.to_owned())),
        }
    }
}
