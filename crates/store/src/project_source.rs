//! A project's source as its three columns.

use aether_models::{ProjectSource, RepoUrl, Slug, SourceKind};

use crate::StoreError;

/// Reads the columns `source`, `repo_url` and `template`.
pub(crate) fn read(
    source: &str,
    repo_url: Option<&str>,
    template: Option<&str>,
) -> Result<ProjectSource, StoreError> {
    let kind: SourceKind = source
        .parse()
        .map_err(|error| StoreError::corrupt("source", error))?;
    match kind {
        SourceKind::Git => Ok(ProjectSource::Git {
            repo_url: repo_url
                .unwrap_or_default()
                .parse()
                .map_err(|error| StoreError::corrupt("repository address", error))?,
        }),
        SourceKind::Template => Ok(ProjectSource::Template {
            template: template
                .unwrap_or_default()
                .parse()
                .map_err(|error| StoreError::corrupt("template", error))?,
        }),
        SourceKind::Upload => Ok(ProjectSource::Upload),
    }
}

/// The columns `source`, `repo_url` and `template`.
pub(crate) fn columns(source: &ProjectSource) -> (&'static str, Option<&str>, Option<&str>) {
    (
        source.kind().as_str(),
        source.repo_url().map(RepoUrl::as_str),
        source.template().map(Slug::as_str),
    )
}
