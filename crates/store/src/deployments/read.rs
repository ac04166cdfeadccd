//! Reading deployments.

use aether_models::{
    BuildPlan, Commit, Deployment, DeploymentId, DeploymentStatus, EnvironmentId, ProjectId, StepRecord,
    TeamId, Trigger, UserError, UserId,
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Store, StoreError};

/// The columns of every query that reads whole deployments; `$rest` continues after `from`.
macro_rules! query_deployments {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::deployments::read::DeploymentRow,
            r#"select d.id, d.team_id, d.project_id, d.environment_id, d.number, d.status, d.trigger, d.git_ref, d.upload_id,
                d.commit_sha, d.commit_message, d.commit_author, d.commit_authored_at,
                d.plan as "plan: sqlx::types::Json<aether_models::BuildPlan>",
                d.error as "error: sqlx::types::Json<aether_models::UserError>",
                d.attempt, d.cancel_requested, d.created_by, d.created_at, d.started_at, d.finished_at,
                (e.live_deployment_id is not distinct from d.id) as "live!",
                coalesce((
                    select jsonb_agg(jsonb_build_object(
                        'step', s.step, 'started_at', s.started_at, 'finished_at', s.finished_at,
                        'outcome', s.outcome, 'error', s.error) order by s.position)
                    from deployment_steps s where s.deployment_id = d.id
                ), '[]') as "steps!: sqlx::types::Json<Vec<aether_models::StepRecord>>"
            from deployments d join environments e on e.id = d.environment_id "# + $rest
            $(, $argument)*
        )
    };
}
pub(crate) use query_deployments;

/// Which deployments of a project; what is empty lets all through.
#[derive(Debug, Clone, Default)]
pub struct DeploymentFilter {
    /// With one of these.
    pub statuses: Vec<DeploymentStatus>,
    /// Of this branch, tag or commit.
    pub git_ref: Option<String>,
    /// Made for this reason.
    pub trigger: Option<Trigger>,
}

pub(crate) struct DeploymentRow {
    pub(crate) id: Uuid,
    pub(crate) team_id: Uuid,
    pub(crate) project_id: Uuid,
    pub(crate) environment_id: Uuid,
    pub(crate) number: i32,
    pub(crate) status: String,
    pub(crate) trigger: String,
    pub(crate) git_ref: String,
    pub(crate) upload_id: Option<Uuid>,
    pub(crate) commit_sha: Option<String>,
    pub(crate) commit_message: Option<String>,
    pub(crate) commit_author: Option<String>,
    pub(crate) commit_authored_at: Option<DateTime<Utc>>,
    pub(crate) plan: Option<Json<BuildPlan>>,
    pub(crate) error: Option<Json<UserError>>,
    pub(crate) attempt: i32,
    pub(crate) cancel_requested: bool,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
    pub(crate) live: bool,
    pub(crate) steps: Json<Vec<StepRecord>>,
}

impl TryFrom<DeploymentRow> for Deployment {
    type Error = StoreError;

    fn try_from(row: DeploymentRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            team_id: row.team_id.into(),
            project_id: row.project_id.into(),
            environment_id: EnvironmentId::from_uuid(row.environment_id),
            number: row.number,
            status: parse_status(&row.status)?,
            trigger: row
                .trigger
                .parse::<Trigger>()
                .map_err(|e| StoreError::corrupt("trigger", e))?,
            git_ref: row.git_ref,
            upload_id: row.upload_id.map(Into::into),
            commit: row.commit_sha.map(|sha| Commit {
                sha,
                message: row.commit_message.unwrap_or_default(),
                author: row.commit_author.unwrap_or_default(),
                authored_at: row.commit_authored_at,
            }),
            plan: row.plan.map(|Json(plan)| plan),
            error: row.error.map(|Json(error)| error),
            attempt: row.attempt,
            cancel_requested: row.cancel_requested,
            created_by: row.created_by.map(UserId::from_uuid),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            steps: row.steps.0,
            live: row.live,
        })
    }
}

impl Store {
    /// One deployment of a team.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployment(&self, team: TeamId, id: DeploymentId) -> Result<Option<Deployment>, StoreError> {
        query_deployments!("where d.team_id = $1 and d.id = $2", team.uuid(), id.uuid())
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// A project's deployments that pass `filter`, newest first, those made before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployments(
        &self,
        team: TeamId,
        project: ProjectId,
        filter: &DeploymentFilter,
        before: Option<DeploymentId>,
        limit: i64,
    ) -> Result<Vec<Deployment>, StoreError> {
        let statuses: Vec<String> = filter
            .statuses
            .iter()
            .map(|status| status.as_str().to_owned())
            .collect();
        query_deployments!(
            "where d.team_id = $1 and d.project_id = $2 and ($3::uuid is null or d.id < $3)
                and ($5::text[] = '{}' or d.status = any($5)) and ($6::text is null or d.git_ref = $6)
                and ($7::text is null or d.trigger = $7)
            order by d.id desc limit $4",
            team.uuid(),
            project.uuid(),
            before.map(DeploymentId::uuid),
            limit,
            &statuses,
            filter.git_ref,
            filter.trigger.map(Trigger::as_str)
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// The newest and the live deployment of production of each of these projects.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn latest_and_live_deployments(
        &self,
        team: TeamId,
        projects: &[ProjectId],
    ) -> Result<Vec<Deployment>, StoreError> {
        let projects: Vec<Uuid> = projects.iter().map(|id| id.uuid()).collect();
        query_deployments!(
            "where d.team_id = $1 and d.project_id = any($2) and e.kind = 'production' and (
                d.id = e.live_deployment_id
                or d.id = (select newest.id from deployments newest
                    where newest.environment_id = e.id order by newest.id desc limit 1))",
            team.uuid(),
            &projects
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// A deployment's status, whosever it is; for workers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployment_status(&self, id: DeploymentId) -> Result<Option<DeploymentStatus>, StoreError> {
        sqlx::query_scalar!("select status from deployments where id = $1", id.uuid())
            .fetch_optional(&self.pool)
            .await?
            .map(|status| parse_status(&status))
            .transpose()
    }
}

pub(crate) fn parse_status(text: &str) -> Result<DeploymentStatus, StoreError> {
    text.parse().map_err(|error| StoreError::corrupt("status", error))
}
