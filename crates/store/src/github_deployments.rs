//! What GitHub's deployment objects are to be told. As with other reports, what should be told is read from deployments;
//! the rows only say what was.

use aether_models::{DeploymentId, EnvironmentKindName};

use crate::deployments::read::parse_status;
use crate::reports::{ATTEMPTS_MAX, BATCH, target};
use crate::{ProviderConnection, ReportTarget, Store, StoreError};

/// A deployment object that is missing or says something old.
#[derive(Debug, Clone)]
pub struct GitHubDeploymentReport {
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
    /// GitHub's word for how it stands.
    pub state: String,
    /// How it stands here.
    pub status: aether_models::DeploymentStatus,
    /// Name of its environment, unique in the repository.
    pub environment: String,
    /// What its environment is for.
    pub kind: EnvironmentKindName,
    /// Host of its preview.
    pub preview_host: Option<String>,
    /// GitHub's id of the object there is.
    pub github_id: Option<i64>,
    /// Attempts so far, this one included.
    pub attempts: i32,
}

impl Store {
    /// Takes deployment objects that are to be told something. One that never was told of is not made only to be inactive.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_github_deployment_reports(&self) -> Result<Vec<GitHubDeploymentReport>, StoreError> {
        let rows = sqlx::query!(
            r#"with candidate as (
                select id from deployments where created_at > now() - interval '1 day'
                union select deployment_id from github_deployments where told = 'success'
                union select e.live_deployment_id from environments e
                    join github_deployments g on g.deployment_id = e.live_deployment_id
            ), wanted as (
                select d.id, g.github_id, g.told, case
                    when p.deleted_at is not null or e.removed_at is not null then 'inactive'
                    when d.status = 'READY' then case when e.live_deployment_id = d.id then 'success' else 'inactive' end
                    when d.status = 'FAILED' then 'failure'
                    when d.status in ('CANCELLED', 'SUPERSEDED') then 'inactive'
                    when d.status = 'QUEUED' then 'queued'
                    else 'in_progress' end as state
                from candidate k join deployments d on d.id = k.id
                    join provider_connections c on c.project_id = d.project_id and c.forge = 'github'
                    join projects p on p.id = d.project_id join environments e on e.id = d.environment_id
                    left join github_deployments g on g.deployment_id = d.id
                where d.commit_sha is not null and d.upload_id is null
                    and (g.deployment_id is not null or d.created_at > c.created_at)
                    and (g.next_at is null or g.next_at <= now()) and coalesce(g.attempts, 0) < $1
                    and (c.paused_until is null or c.paused_until <= now())
            ), due as (
                select id, state from wanted
                where told is distinct from state and (github_id is not null or state <> 'inactive')
                order by id limit $2
            ), taken as (
                insert into github_deployments (deployment_id, attempts, next_at)
                select id, 1, now() + interval '60 seconds' from due
                on conflict on constraint github_deployments_pkey do update
                    set attempts = github_deployments.attempts + 1, next_at = excluded.next_at
                    where github_deployments.next_at <= now()
                returning deployment_id, attempts, github_id
            )
            select t.deployment_id as "deployment_id!", t.attempts as "attempts!", t.github_id as "github_id?",
                due.state as "state!", d.number, d.status, d.commit_sha as "commit!", e.kind, e.preview_host,
                case when exists (
                    select 1 from projects o where o.team_id = p.team_id and o.id <> p.id and o.repo_url = p.repo_url
                        and o.deleted_at is null
                ) then e.name || ' (' || p.slug || ')' else e.name end as "environment!",
                p.slug, p.repo_url as "repo_url?", c.team_id, c.project_id, c.forge, c.api_url, c.token
            from taken t join due on due.id = t.deployment_id join deployments d on d.id = t.deployment_id
                join environments e on e.id = d.environment_id join projects p on p.id = d.project_id
                join provider_connections c on c.project_id = d.project_id"#,
            ATTEMPTS_MAX,
            BATCH
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let connection = ProviderConnection {
                    team_id: row.team_id.into(),
                    project_id: row.project_id.into(),
                    forge: row.forge,
                    api_url: row.api_url,
                    token: row.token,
                    last_error: None,
                };
                Ok(GitHubDeploymentReport {
                    target: target(connection, row.repo_url.as_deref())?,
                    deployment_id: row.deployment_id.into(),
                    number: row.number,
                    slug: row.slug,
                    commit: row.commit,
                    state: row.state,
                    status: parse_status(&row.status)?,
                    environment: row.environment,
                    kind: row
                        .kind
                        .parse()
                        .map_err(|error| StoreError::corrupt("environment kind", error))?,
                    preview_host: row.preview_host,
                    github_id: row.github_id,
                    attempts: row.attempts,
                })
            })
            .collect()
    }

    /// The object there is for a deployment now; what it says follows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_deployment_made(
        &self,
        deployment: DeploymentId,
        github_id: i64,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update github_deployments set github_id = $2 where deployment_id = $1",
            deployment.uuid(),
            github_id
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The object says this now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_deployment_reported(
        &self,
        report: &GitHubDeploymentReport,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update github_deployments set told = $2, attempts = 0, next_at = now() where deployment_id = $1",
            report.deployment_id.uuid(),
            report.state
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The next attempt comes after `seconds`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delay_github_deployment(
        &self,
        deployment: DeploymentId,
        seconds: f64,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update github_deployments set next_at = now() + make_interval(secs => $2) where deployment_id = $1",
            deployment.uuid(),
            seconds
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
