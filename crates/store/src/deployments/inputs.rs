//! What a deployment was made with, and the release that it followed.

use aether_models::{DeploymentId, ProjectSettings, TeamId};
use sqlx::types::Json;

use super::SealedEnvVar;
use crate::{Store, StoreError};

/// Settings and variables as they were when the deployment was accepted.
#[derive(Debug, Clone)]
pub struct DeploymentInputs {
    /// The settings.
    pub settings: ProjectSettings,
    /// The variables, sealed.
    pub env: Vec<SealedEnvVar>,
}

impl Store {
    /// What a team's deployment was made with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployment_inputs(
        &self,
        team: TeamId,
        id: DeploymentId,
    ) -> Result<Option<DeploymentInputs>, StoreError> {
        let row = sqlx::query!(
            r#"select settings as "settings: Json<ProjectSettings>", env_snapshot as "env: Json<Vec<SealedEnvVar>>"
            from deployments where team_id = $1 and id = $2"#,
            team.uuid(),
            id.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| DeploymentInputs {
            settings: row.settings.0,
            env: row.env.0,
        }))
    }

    /// The newest deployment of the same environment that was made earlier and became a release.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_before(
        &self,
        team: TeamId,
        id: DeploymentId,
    ) -> Result<Option<DeploymentId>, StoreError> {
        let before = sqlx::query_scalar!(
            "select b.id from deployments d
            join deployments b on b.environment_id = d.environment_id and b.number < d.number and b.status = 'READY'
            where d.team_id = $1 and d.id = $2 order by b.number desc limit 1",
            team.uuid(),
            id.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(before.map(DeploymentId::from_uuid))
    }
}
