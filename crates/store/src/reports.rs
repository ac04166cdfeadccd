//! What Git providers are told: connections, and what is still to be told.
//!
//! What should be told is read from deployments and environments; rows here only say what was told. Taking something to
//! be told puts its next attempt off, so two workers do not tell it at the same time, and one that ends in between loses
//! nothing.

use aether_models::{DeploymentId, DeploymentStatus, EnvironmentId, ProjectId, RepoUrl, TeamId};
use uuid::Uuid;

use crate::deployments::read::parse_status;
use crate::{Store, StoreError};

/// Things told in one pass.
pub(crate) const BATCH: i64 = 50;
/// After so many attempts nobody waits for it any more.
pub(crate) const ATTEMPTS_MAX: i32 = 12;

/// How a project reports to its provider.
#[derive(Debug, Clone)]
pub struct ProviderConnection {
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// `github`, `gitlab`, `gitea` or `bitbucket`.
    pub forge: String,
    /// Address of its interface.
    pub api_url: String,
    /// Access token, sealed; empty when the project's GitHub App speaks for it.
    pub token: Vec<u8>,
    /// Why the last report failed.
    pub last_error: Option<String>,
}

/// A connection and the repository it is for.
#[derive(Debug, Clone)]
pub struct ReportTarget {
    /// The connection.
    pub connection: ProviderConnection,
    /// The project's repository.
    pub repo_url: RepoUrl,
}

/// A deployment whose status the provider does not know.
#[derive(Debug, Clone)]
pub struct StatusReport {
    /// Whom to tell.
    pub target: ReportTarget,
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Its number.
    pub number: i32,
    /// Its project's slug.
    pub slug: String,
    /// The commit.
    pub commit: String,
    /// How it stands.
    pub status: DeploymentStatus,
    /// What the provider was told of it last.
    pub reported: Option<DeploymentStatus>,
    /// Name of its environment, unique in the repository.
    pub environment: String,
    /// Title of its error.
    pub error: Option<String>,
    /// Attempts so far, this one included.
    pub attempts: i32,
}

/// A preview whose comment is missing, old, or to be removed.
#[derive(Debug, Clone)]
pub struct CommentReport {
    /// Whom to tell.
    pub target: ReportTarget,
    /// The preview.
    pub environment_id: EnvironmentId,
    /// Number of the pull request.
    pub pull_request: i32,
    /// Host of the preview.
    pub host: String,
    /// The comment there is.
    pub comment_id: Option<String>,
    /// The preview is gone; so shall the comment.
    pub removed: bool,
    /// Its newest deployment.
    pub deployment_id: Option<DeploymentId>,
    /// How that stands.
    pub status: Option<DeploymentStatus>,
    /// The commit of that.
    pub commit: Option<String>,
    /// Slug of the project.
    pub slug: String,
    /// What the comment will tell of, to compare with later.
    pub telling: String,
    /// Attempts so far, this one included.
    pub attempts: i32,
}

/// The connection in a row of something to be told.
macro_rules! connection {
    ($row:ident) => {
        ProviderConnection {
            team_id: $row.team_id.into(),
            project_id: $row.project_id.into(),
            forge: $row.forge,
            api_url: $row.api_url,
            token: $row.token,
            last_error: None,
        }
    };
}

impl Store {
    /// Sets how a project reports to its provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_provider(&self, connection: &ProviderConnection) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into provider_connections (project_id, team_id, forge, api_url, token) values ($1, $2, $3, $4, $5)
            on conflict on constraint provider_connections_pkey do update set forge = excluded.forge,
                api_url = excluded.api_url, token = excluded.token, paused_until = null, last_error = null, last_error_at = null",
            connection.project_id.uuid(),
            connection.team_id.uuid(),
            connection.forge,
            connection.api_url,
            connection.token
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How a team's project reports.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn provider(
        &self,
        team: TeamId,
        project: ProjectId,
    ) -> Result<Option<ProviderConnection>, StoreError> {
        let row = sqlx::query!(
            "select forge, api_url, token, last_error from provider_connections where team_id = $1 and project_id = $2",
            team.uuid(),
            project.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| ProviderConnection {
            team_id: team,
            project_id: project,
            forge: row.forge,
            api_url: row.api_url,
            token: row.token,
            last_error: row.last_error,
        }))
    }

    /// Ends reporting. Returns whether there was a connection.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_provider(&self, team: TeamId, project: ProjectId) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "delete from provider_connections where team_id = $1 and project_id = $2",
            team.uuid(),
            project.uuid()
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }

    /// Takes statuses that are to be told.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_status_reports(&self) -> Result<Vec<StatusReport>, StoreError> {
        let rows = sqlx::query!(
            r#"with due as (
                select d.id, d.number, d.status, d.commit_sha, d.error ->> 'title' as error, r.reported,
                    case when exists (
                        select 1 from projects o where o.team_id = p.team_id and o.id <> p.id and o.repo_url = p.repo_url
                            and o.deleted_at is null
                    ) then e.name || ' (' || p.slug || ')' else e.name end as environment,
                    p.slug, p.repo_url, c.team_id, c.project_id, c.forge, c.api_url, c.token
                from provider_connections c
                    join projects p on p.id = c.project_id and p.deleted_at is null
                    join deployments d on d.project_id = c.project_id
                    join environments e on e.id = d.environment_id
                    left join deployment_reports r on r.deployment_id = d.id
                where d.created_at > greatest(c.created_at, now() - interval '1 day') and d.commit_sha is not null
                    and d.upload_id is null and r.reported is distinct from d.status
                    and (r.next_at is null or r.next_at <= now()) and coalesce(r.attempts, 0) < $1
                    and (c.paused_until is null or c.paused_until <= now())
                order by d.id limit $2
            ), taken as (
                insert into deployment_reports (deployment_id, attempts, next_at)
                select id, 1, now() + interval '60 seconds' from due
                on conflict on constraint deployment_reports_pkey do update
                    set attempts = deployment_reports.attempts + 1, next_at = excluded.next_at
                    where deployment_reports.next_at <= now()
                returning deployment_id, attempts
            )
            select due.id as "deployment_id!", t.attempts as "attempts!", due.number as "number!", due.status as "status!",
                due.commit_sha as "commit!", due.error as "error?", due.reported as "reported?", due.environment as "environment!",
                due.slug as "slug!", due.repo_url as "repo_url?", due.team_id as "team_id!", due.project_id as "project_id!",
                due.forge as "forge!", due.api_url as "api_url!", due.token as "token!"
            from taken t join due on due.id = t.deployment_id"#,
            ATTEMPTS_MAX,
            BATCH
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let connection = connection!(row);
                Ok(StatusReport {
                    target: target(connection, row.repo_url.as_deref())?,
                    deployment_id: row.deployment_id.into(),
                    number: row.number,
                    slug: row.slug,
                    commit: row.commit,
                    status: parse_status(&row.status)?,
                    reported: row.reported.as_deref().map(parse_status).transpose()?,
                    environment: row.environment,
                    error: row.error,
                    attempts: row.attempts,
                })
            })
            .collect()
    }

    /// The provider knows this status now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn status_reported(&self, report: &StatusReport) -> Result<(), StoreError> {
        sqlx::query!(
            "update deployment_reports set reported = $2, attempts = 0, next_at = now() where deployment_id = $1",
            report.deployment_id.uuid(),
            report.status.as_str()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes comments that are to be written, changed or removed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_comment_reports(&self) -> Result<Vec<CommentReport>, StoreError> {
        let rows = sqlx::query!(
            r#"with due as (
                select e.id, e.pull_request, e.preview_host, e.removed_at, newest.id as deployment_id, newest.status,
                    newest.commit_sha, p.slug, p.repo_url, c.team_id, c.project_id, c.forge, c.api_url, c.token
                from provider_connections c
                    join projects p on p.id = c.project_id and p.deleted_at is null
                    join environments e on e.project_id = c.project_id and e.pull_request is not null
                    left join preview_comments m on m.environment_id = e.id
                    left join lateral (
                        select d.id, d.status, d.commit_sha from deployments d where d.environment_id = e.id order by d.id desc limit 1
                    ) newest on true
                where (m.next_at is null or m.next_at <= now()) and coalesce(m.attempts, 0) < $1
                    and (c.paused_until is null or c.paused_until <= now())
                    and case when e.removed_at is not null then m.comment_id is not null
                        else newest.id is not null and m.told is distinct from newest.id || ' ' || newest.status end
                order by e.id limit $2
            ), taken as (
                insert into preview_comments (environment_id, attempts, next_at)
                select id, 1, now() + interval '60 seconds' from due
                on conflict on constraint preview_comments_pkey do update
                    set attempts = preview_comments.attempts + 1, next_at = excluded.next_at
                    where preview_comments.next_at <= now()
                returning environment_id, attempts, comment_id
            )
            select due.id as "environment_id!", t.attempts as "attempts!", t.comment_id as "comment_id?",
                due.pull_request as "pull_request!", due.preview_host as "host!", (due.removed_at is not null) as "removed!",
                due.deployment_id as "deployment_id?", due.status as "status?", due.commit_sha as "commit?", due.slug as "slug!",
                due.repo_url as "repo_url?", due.team_id as "team_id!", due.project_id as "project_id!", due.forge as "forge!",
                due.api_url as "api_url!", due.token as "token!"
            from taken t join due on due.id = t.environment_id"#,
            ATTEMPTS_MAX,
            BATCH
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let connection = connection!(row);
                let telling = match (row.deployment_id, &row.status) {
                    (Some(id), Some(status)) => format!("{id} {status}"),
                    _ => String::new(),
                };
                Ok(CommentReport {
                    target: target(connection, row.repo_url.as_deref())?,
                    environment_id: row.environment_id.into(),
                    pull_request: row.pull_request,
                    host: row.host,
                    comment_id: row.comment_id,
                    removed: row.removed,
                    deployment_id: row.deployment_id.map(DeploymentId::from_uuid),
                    status: row.status.as_deref().map(parse_status).transpose()?,
                    commit: row.commit,
                    slug: row.slug,
                    telling,
                    attempts: row.attempts,
                })
            })
            .collect()
    }

    /// The comment tells this now, or is gone when it has no id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn comment_reported(
        &self,
        report: &CommentReport,
        comment_id: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update preview_comments set comment_id = $2, told = case when $2::text is null then null else $3 end,
                attempts = 0, next_at = now() where environment_id = $1",
            report.environment_id.uuid(),
            comment_id,
            report.telling
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A report failed: the next attempt comes after `seconds`; with `pause` nothing of the project goes until then, nor of
    /// any other that reports through the same installation of a GitHub App, because they share its limit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn report_failed(
        &self,
        connection: &ProviderConnection,
        row: Uuid,
        seconds: f64,
        pause: bool,
        error: &str,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "with status as (
                update deployment_reports set next_at = now() + make_interval(secs => $3) where deployment_id = $2
            ), comment as (
                update preview_comments set next_at = now() + make_interval(secs => $3) where environment_id = $2
            )
            update provider_connections set last_error = $5, last_error_at = now(),
                paused_until = case when $4 then now() + make_interval(secs => $3) else paused_until end
            where project_id = $1 or ($4 and exists (
                select 1 from github_repositories mine join github_repositories other
                    on other.app_id = mine.app_id and other.installation_id = mine.installation_id
                where mine.project_id = $1 and other.project_id = provider_connections.project_id
            ))",
            connection.project_id.uuid(),
            row,
            seconds,
            pause,
            error
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

pub(crate) fn target(
    connection: ProviderConnection,
    repo_url: Option<&str>,
) -> Result<ReportTarget, StoreError> {
    Ok(ReportTarget {
        connection,
        repo_url: repo_url
            .unwrap_or_default()
            .parse()
            .map_err(|error| StoreError::corrupt("repository address", error))?,
    })
}
