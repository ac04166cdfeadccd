//! Running copies of a project's apps, as its people see them.

use aether_models::{DeploymentId, InstanceId, ProjectId, TeamId};
use chrono::{DateTime, Utc};

use crate::{InstanceState, Store, StoreError};

/// A copy of a project's app that is not stopped.
#[derive(Debug, Clone)]
pub struct RunningCopy {
    /// Its id.
    pub id: InstanceId,
    /// Its release.
    pub deployment_id: DeploymentId,
    /// Number of that release's deployment.
    pub deployment_number: i32,
    /// Visitors of the environment get it.
    pub live: bool,
    /// What it is doing.
    pub state: InstanceState,
    /// `process` or `docker`.
    pub runtime: String,
    /// How often it was started again.
    pub restarts: i32,
    /// How it last ended, in words.
    pub last_exit: Option<String>,
    /// When it was first started.
    pub created_at: DateTime<Utc>,
    /// When its state was last looked at or changed.
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// The copies of a team's project that are not stopped, those of the newest release first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn running_copies(
        &self,
        team: TeamId,
        project: ProjectId,
    ) -> Result<Vec<RunningCopy>, StoreError> {
        sqlx::query!(
            r#"select i.id, i.deployment_id, d.number, (e.live_deployment_id is not distinct from d.id) as "live!",
                i.state, i.runtime, i.restarts, i.last_exit, i.created_at, i.updated_at
            from instances i join deployments d on d.id = i.deployment_id join environments e on e.id = d.environment_id
            where i.team_id = $1 and i.project_id = $2 and i.stopped_at is null
            order by d.number desc, i.id"#,
            team.uuid(),
            project.uuid()
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(RunningCopy {
                id: row.id.into(),
                deployment_id: row.deployment_id.into(),
                deployment_number: row.number,
                live: row.live,
                state: InstanceState::parse(&row.state)?,
                runtime: row.runtime,
                restarts: row.restarts,
                last_exit: row.last_exit,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
    }
}
