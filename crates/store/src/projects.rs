//! Projects with their environments.

use std::str::FromStr;

use aether_models::{
    AppHosts, EnvironmentId, EnvironmentKindName, GitHubAppId, GitRef, PlatformPage, Project, ProjectId,
    ProjectSettings, ProjectSource, RouteKind, RouteTarget, Slug, TeamId,
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::{
    Conflict, NewGitHubRepository, Store, StoreError, github_repositories, project_source, redis_keys, routes,
};

/// Name of the environment that every project has.
const PRODUCTION: &str = "production";
/// How long nobody else gets the slug of a deleted project: links to the old site must not show a stranger's.
const SLUG_QUARANTINE_DAYS: i32 = 30;

/// How a project is named from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectKey {
    /// By its id.
    Id(ProjectId),
    /// By its slug.
    Slug(Slug),
}

impl FromStr for ProjectKey {
    type Err = aether_models::InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => text.parse().map(Self::Slug),
        }
    }
}

impl ProjectKey {
    fn parts(&self) -> (Option<Uuid>, Option<&str>) {
        match self {
            Self::Id(id) => (Some(id.uuid()), None),
            Self::Slug(slug) => (None, Some(slug.as_str())),
        }
    }
}

/// A project to make.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Its id, which its secrets are sealed for.
    pub id: ProjectId,
    /// Its owner.
    pub team_id: TeamId,
    /// Label of its host.
    pub slug: Slug,
    /// Name for people.
    pub name: String,
    /// Where the code is.
    pub source: ProjectSource,
    /// User name and password of the repository, sealed.
    pub repo_credentials: Option<Vec<u8>>,
    /// Branch that production follows.
    pub branch: Option<GitRef>,
    /// How it is built and run.
    pub settings: ProjectSettings,
    /// Secret of its webhook, sealed.
    pub webhook_secret: Vec<u8>,
    /// The repository at GitHub, when it was picked through a GitHub App.
    pub github: Option<NewGitHubRepository>,
}

/// A project with what only the services see.
#[derive(Debug, Clone)]
pub struct ProjectRecord {
    /// The project.
    pub project: Project,
    /// User name and password of the repository, sealed.
    pub repo_credentials: Option<Vec<u8>>,
    /// Secret of its webhook, sealed.
    pub webhook_secret: Vec<u8>,
    /// Provider and the provider's own id of the repository, once a delivery has told it.
    pub repository_id: Option<(String, String)>,
    /// Owner and name of the repository at GitHub, when it was picked through a GitHub App.
    pub github_name: Option<String>,
    environments: Vec<(EnvironmentId, String)>,
}

impl ProjectRecord {
    /// Name of one of its environments.
    #[must_use]
    pub fn environment_name(&self, id: EnvironmentId) -> &str {
        self.environments
            .iter()
            .find(|(known, _)| *known == id)
            .map_or(PRODUCTION, |(_, name)| name)
    }
}

pub(crate) struct ProjectRow {
    id: Uuid,
    team_id: Uuid,
    slug: String,
    name: String,
    source: String,
    repo_url: Option<String>,
    template: Option<String>,
    repo_credentials: Option<Vec<u8>>,
    branch: Option<String>,
    settings: Json<ProjectSettings>,
    webhook_secret: Vec<u8>,
    repo_forge: Option<String>,
    repo_external_id: Option<String>,
    github_name: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    environments: Json<Vec<(Uuid, String)>>,
}

/// The columns of every query that reads whole projects; `$rest` continues after `from projects p`.
macro_rules! query_projects {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ProjectRow,
            r#"select p.id, p.team_id, p.slug, p.name, p.source, p.repo_url, p.template, p.repo_credentials, p.branch,
                p.settings as "settings: sqlx::types::Json<aether_models::ProjectSettings>", p.webhook_secret,
                p.repo_forge, p.repo_external_id,
                (select g.full_name from github_repositories g where g.project_id = p.id) as "github_name?",
                p.created_at, p.updated_at,
                coalesce((
                    select jsonb_agg(jsonb_build_array(e.id, e.name)) from environments e where e.project_id = p.id
                ), '[]') as "environments!: sqlx::types::Json<Vec<(uuid::Uuid, String)>>"
            from projects p "# + $rest
            $(, $argument)*
        )
    };
}

impl TryFrom<ProjectRow> for ProjectRecord {
    type Error = StoreError;

    fn try_from(row: ProjectRow) -> Result<Self, StoreError> {
        let slug = row
            .slug
            .parse()
            .map_err(|error| StoreError::corrupt("slug", error))?;
        let source = project_source::read(&row.source, row.repo_url.as_deref(), row.template.as_deref())?;
        let branch = row.branch.map(|branch| branch.parse()).transpose();
        Ok(Self {
            project: Project {
                id: row.id.into(),
                team_id: row.team_id.into(),
                slug,
                name: row.name,
                source,
                branch: branch.map_err(|error| StoreError::corrupt("branch", error))?,
                settings: row.settings.0,
                created_at: row.created_at,
                updated_at: row.updated_at,
            },
            repo_credentials: row.repo_credentials,
            webhook_secret: row.webhook_secret,
            repository_id: row.repo_forge.zip(row.repo_external_id),
            github_name: row.github_name,
            environments: row
                .environments
                .0
                .into_iter()
                .map(|(id, name)| (id.into(), name))
                .collect(),
        })
    }
}

impl Store {
    /// Makes a project with its production environment and host. Returns none when the team has `most` projects already.
    ///
    /// # Errors
    /// [`Conflict::SlugTaken`], also while the slug of another team's deleted project is kept back.
    pub async fn create_project(
        &self,
        new: &NewProject,
        hosts: &AppHosts,
        most: i64,
    ) -> Result<Option<ProjectRecord>, StoreError> {
        let mut tx = self.pool.begin().await?;
        // The lock makes the count hold, also when many are made at once.
        let count = sqlx::query_scalar!(
            r#"with team as (select id from teams where id = $1 for update)
            select count(p.id) as "count!" from team left join projects p on p.team_id = team.id and p.deleted_at is null"#,
            new.team_id.uuid()
        )
        .fetch_one(&mut *tx)
        .await?;
        if count >= most {
            return Ok(None);
        }
        require_free_slug(&mut tx, new).await?;
        insert_project(&mut tx, new).await?;
        if let Some(github) = &new.github {
            github_repositories::insert(&mut tx, new.team_id, new.id, github).await?;
        }
        let environment = EnvironmentId::generate();
        sqlx::query!(
            "insert into environments (id, project_id, kind, name) values ($1, $2, $3, $4)",
            environment.uuid(),
            new.id.uuid(),
            EnvironmentKindName::Production.as_str(),
            PRODUCTION
        )
        .execute(&mut *tx)
        .await?;
        let version = routes::next_version(&mut tx).await?;
        let target = RouteTarget::Page {
            page: PlatformPage::NotDeployed,
        };
        let host = hosts.production(&new.slug);
        let kind = RouteKind::Production;
        if !routes::put_route(&mut tx, new.id, Some(environment), &host, kind, &target, version).await? {
            return Err(Conflict::SlugTaken.into());
        }
        let record = query_projects!("where p.id = $1", new.id.uuid())
            .fetch_one(&mut *tx)
            .await?
            .try_into()?;
        tx.commit().await?;
        self.announce_routes(version).await;
        Ok(Some(record))
    }

    /// One project of a team.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn project(&self, team: TeamId, key: &ProjectKey) -> Result<Option<ProjectRecord>, StoreError> {
        let (id, slug) = key.parts();
        query_projects!(
            "where p.team_id = $1 and (p.id = $2 or p.slug = $3) and p.deleted_at is null",
            team.uuid(),
            id,
            slug
        )
        .fetch_optional(&self.pool)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// The project a webhook names, whosever it is: its signature is what proves the sender's right.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn project_of_webhook(&self, key: &ProjectKey) -> Result<Option<ProjectRecord>, StoreError> {
        let (id, slug) = key.parts();
        query_projects!(
            "where (p.id = $1 or p.slug = $2) and p.deleted_at is null",
            id,
            slug
        )
        .fetch_optional(&self.pool)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// Projects of a repository that a provider has signed for, by the provider's id of it or by any of its addresses,
    /// whosever they are. The caller compares again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn projects_of_repository(
        &self,
        forge: &str,
        id: Option<&str>,
        urls: &[String],
    ) -> Result<Vec<ProjectRecord>, StoreError> {
        query_projects!(
            "where p.deleted_at is null and ((p.repo_forge = $1 and p.repo_external_id = $2) or exists (
                select 1 from unnest($3::text[]) u (url)
                where regexp_replace(lower(p.repo_url), '(\\.git)?/*$', '') = regexp_replace(lower(u.url), '(\\.git)?/*$', '')
            )) order by p.id",
            forge,
            id,
            urls
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Projects of a repository that were picked through a GitHub App.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn projects_of_github_app(
        &self,
        app: GitHubAppId,
        repository: i64,
    ) -> Result<Vec<ProjectRecord>, StoreError> {
        query_projects!(
            "join github_repositories r on r.project_id = p.id
            where r.app_id = $1 and r.repository_id = $2 and p.deleted_at is null order by p.id",
            app.uuid(),
            repository
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Keeps the provider's own id of a project's repository, unless one is known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn learn_repository_id(
        &self,
        team: TeamId,
        project: ProjectId,
        forge: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update projects set repo_forge = $3, repo_external_id = $4
            where team_id = $1 and id = $2 and deleted_at is null and repo_external_id is null",
            team.uuid(),
            project.uuid(),
            forge,
            id
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A team's projects, newest first, those made before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn projects(
        &self,
        team: TeamId,
        before: Option<ProjectId>,
        limit: i64,
    ) -> Result<Vec<ProjectRecord>, StoreError> {
        query_projects!(
            "where p.team_id = $1 and p.deleted_at is null and ($2::uuid is null or p.id < $2)
            order by p.id desc limit $3",
            team.uuid(),
            before.map(ProjectId::uuid),
            limit
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Stores the changed name, source, branch and settings. Returns none when the project is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn update_project(&self, record: &ProjectRecord) -> Result<Option<ProjectRecord>, StoreError> {
        let project = &record.project;
        let (source, repo_url, template) = project_source::columns(&project.source);
        let mut tx = self.pool.begin().await?;
        let logged = sqlx::query_scalar!(
            r#"select coalesce((settings ->> 'access_log_percent')::int4, 0) as "percent!" from projects
            where team_id = $1 and id = $2 and deleted_at is null for update"#,
            project.team_id.uuid(),
            project.id.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?;
        github_repositories::untie_if_moved(&mut tx, project.id, repo_url).await?;
        sqlx::query!(
            "update projects set name = $3, source = $4, repo_url = $5, template = $6, repo_credentials = $7, branch = $8,
                settings = $9, updated_at = now(),
                repo_forge = case when repo_url = $5 then repo_forge end,
                repo_external_id = case when repo_url = $5 then repo_external_id end
            where team_id = $1 and id = $2 and deleted_at is null",
            project.team_id.uuid(),
            project.id.uuid(),
            project.name,
            source,
            repo_url,
            template,
            record.repo_credentials,
            project.branch.as_ref().map(GitRef::as_str),
            Json(&project.settings) as _
        )
        .execute(&mut *tx)
        .await?;
        // The version is taken last (see `routes`), and only when the proxies have something to learn.
        let wanted = i32::from(project.settings.access_log_percent);
        let version = match logged {
            Some(logged) if logged != wanted => {
                Some(routes::renew_project_routes(&mut tx, project.id).await?)
            }
            _ => None,
        };
        tx.commit().await?;
        if let Some(version) = version {
            self.announce_routes(version).await;
        }
        self.project(project.team_id, &ProjectKey::Id(project.id)).await
    }

    /// Stores another webhook secret. Returns whether the project was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_webhook_secret(
        &self,
        team: TeamId,
        project: ProjectId,
        sealed: &[u8],
    ) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "update projects set webhook_secret = $3, updated_at = now()
            where team_id = $1 and id = $2 and deleted_at is null",
            team.uuid(),
            project.uuid(),
            sealed
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }

    /// Deletes a project: hosts and domains stop at once, what waits is cancelled, what runs is told to stop. Returns
    /// whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_project(&self, team: TeamId, project: ProjectId) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let deleted = sqlx::query!(
            "update projects set deleted_at = now() where team_id = $1 and id = $2 and deleted_at is null",
            team.uuid(),
            project.uuid()
        )
        .execute(&mut *tx)
        .await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!("delete from domains where project_id = $1", project.uuid())
            .execute(&mut *tx)
            .await?;
        // Secrets are not kept for a project that nobody can reach any more.
        sqlx::query!("delete from env_vars where project_id = $1", project.uuid())
            .execute(&mut *tx)
            .await?;
        let running = sqlx::query_scalar!(
            "update deployments set cancel_requested = true,
                status = case when status = 'QUEUED' then 'CANCELLED' else status end,
                finished_at = case when status = 'QUEUED' then now() else finished_at end
            where project_id = $1 and status in ('QUEUED', 'BUILDING', 'DEPLOYING') returning id",
            project.uuid()
        )
        .fetch_all(&mut *tx)
        .await?;
        let version = routes::remove_project_routes(&mut tx, project).await?;
        tx.commit().await?;
        self.announce_routes(version).await;
        for id in running {
            self.publish(
                redis_keys::CANCELLATIONS,
                &aether_models::DeploymentId::from_uuid(id),
            )
            .await;
        }
        self.announce_reconcile().await;
        Ok(true)
    }
}

async fn require_free_slug(tx: &mut Transaction<'_, Postgres>, new: &NewProject) -> Result<(), StoreError> {
    let kept_back = sqlx::query_scalar!(
        r#"select exists (
            select 1 from projects where slug = $1 and team_id <> $2
                and deleted_at > now() - make_interval(days => $3)
        ) as "kept_back!""#,
        new.slug.as_str(),
        new.team_id.uuid(),
        SLUG_QUARANTINE_DAYS
    )
    .fetch_one(&mut **tx)
    .await?;
    if kept_back {
        Err(Conflict::SlugTaken.into())
    } else {
        Ok(())
    }
}

async fn insert_project(tx: &mut Transaction<'_, Postgres>, new: &NewProject) -> Result<(), StoreError> {
    let (source, repo_url, template) = project_source::columns(&new.source);
    sqlx::query!(
        "insert into projects (id, team_id, slug, name, source, repo_url, template, repo_credentials, branch, settings,
            webhook_secret)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id.uuid(),
        new.team_id.uuid(),
        new.slug.as_str(),
        new.name,
        source,
        repo_url,
        template,
        new.repo_credentials,
        new.branch.as_ref().map(GitRef::as_str),
        Json(&new.settings) as _,
        new.webhook_secret
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
