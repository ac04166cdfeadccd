//! `GET /github/repositories`

use actix_web::{get, web};
use aether_forge::RemoteRepository;
use aether_models::GitHubAppId;
use aether_store::{GitHubAppRecord, GitHubInstallation};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::CanWrite;
use crate::error::{ApiResult, Problems};
use crate::extract::Query;
use crate::state::AppState;

/// Repositories of a page.
const PAGE: usize = 30;
/// Longest text to search for.
const SEARCH_MAX: usize = 200;

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoriesQuery {
    /// Part of the name, in any case; several words all have to be in it.
    #[serde(default)]
    q: Option<String>,
    /// Page, from 1 on.
    #[serde(default)]
    page: Option<usize>,
}

/// Repositories that the team's GitHub Apps reach, last pushed first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GitHubRepositories {
    /// Those of this page.
    pub items: Vec<GitHubRepositoryView>,
    /// How many fit in all.
    pub total: usize,
    /// The next page, when there is one.
    pub next_page: Option<usize>,
    /// An account has more repositories than are looked through here.
    pub incomplete: bool,
    /// Accounts whose repositories could not be read, and why.
    pub failures: Vec<GitHubFailure>,
}

/// A repository to make a project of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GitHubRepository)]
pub(crate) struct GitHubRepositoryView {
    /// Through which App.
    pub app_id: GitHubAppId,
    /// Through which installation of it.
    pub installation_id: i64,
    /// GitHub's id of the repository.
    pub repository_id: i64,
    /// Owner and name.
    pub full_name: String,
    /// Only some can see it.
    pub private: bool,
    /// The branch that is checked out when none is named.
    pub default_branch: String,
    /// Its page.
    pub html_url: String,
    /// Where it is cloned from.
    pub clone_url: String,
    /// Time of the last push; null for an empty one.
    pub pushed_at: Option<DateTime<Utc>>,
}

/// An account whose repositories could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GitHubFailure {
    /// The account.
    pub account: String,
    /// Why not.
    pub detail: String,
}

/// Lists and searches the repositories that the team's GitHub Apps reach.
#[utoipa::path(
    tag = "github",
    params(RepositoriesQuery),
    responses((status = 200, body = GitHubRepositories), Problems)
)]
#[get("/github/repositories")]
pub(crate) async fn list_github_repositories(
    state: web::Data<AppState>,
    actor: CanWrite,
    Query(query): Query<RepositoriesQuery>,
) -> ApiResult<web::Json<GitHubRepositories>> {
    let apps = state.store.github_apps(actor.team).await?;
    let installations = state.store.github_installations(actor.team).await?;
    let reached: Vec<_> = installations
        .iter()
        .filter_map(|(app, installation)| Some((apps.iter().find(|known| known.id == *app)?, installation)))
        .collect();
    let mut found = Found::default();
    // One after the other: an account's pages are already many requests, and GitHub minds those made at once.
    for (app, installation) in reached {
        found.read(&state, app, installation).await;
    }
    let words = query.q.unwrap_or_default();
    let words: String = words.chars().take(SEARCH_MAX).collect();
    Ok(web::Json(
        found.page(&words.to_lowercase(), query.page.unwrap_or(1).max(1)),
    ))
}

#[derive(Default)]
struct Found {
    repositories: Vec<GitHubRepositoryView>,
    incomplete: bool,
    failures: Vec<GitHubFailure>,
}

impl Found {
    /// Adds what an installation reaches; one that cannot be read does not hide the others.
    async fn read(&mut self, state: &AppState, app: &GitHubAppRecord, installation: &GitHubInstallation) {
        if installation.suspended_at.is_some() {
            return;
        }
        match state
            .github
            .repositories(state, app, installation.installation_id)
            .await
        {
            Ok(list) => {
                self.incomplete |= list.total > list.repositories.len();
                let views = list
                    .repositories
                    .iter()
                    .filter(|repository| !repository.archived)
                    .map(|repository| view(app.id, installation.installation_id, repository));
                self.repositories.extend(views);
            }
            Err(error) => self.failures.push(GitHubFailure {
                account: installation.account.clone(),
                detail: error.detail().to_owned(),
            }),
        }
    }

    fn page(self, words: &str, page: usize) -> GitHubRepositories {
        let mut fitting: Vec<_> = self
            .repositories
            .into_iter()
            .filter(|repository| {
                let name = repository.full_name.to_lowercase();
                words.split_whitespace().all(|word| name.contains(word))
            })
            .collect();
        fitting.sort_by(|a, b| {
            b.pushed_at
                .cmp(&a.pushed_at)
                .then_with(|| a.full_name.cmp(&b.full_name))
        });
        let total = fitting.len();
        let skipped = page.saturating_sub(1).saturating_mul(PAGE);
        let items: Vec<_> = fitting.into_iter().skip(skipped).take(PAGE).collect();
        GitHubRepositories {
            next_page: (skipped.saturating_add(items.len()) < total).then(|| page + 1),
            items,
            total,
            incomplete: self.incomplete,
            failures: self.failures,
        }
    }
}

fn view(app: GitHubAppId, installation: i64, repository: &RemoteRepository) -> GitHubRepositoryView {
    GitHubRepositoryView {
        app_id: app,
        installation_id: installation,
        repository_id: repository.id,
        full_name: repository.full_name.clone(),
        private: repository.private,
        default_branch: repository.default_branch.clone(),
        html_url: repository.html_url.clone(),
        clone_url: repository.clone_url.clone(),
        pushed_at: repository.pushed_at,
    }
}
