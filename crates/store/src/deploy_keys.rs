//! SSH keys of projects, and the keys of their Git servers as they were at the first visit.

use aether_models::{ProjectId, TeamId};
use chrono::{DateTime, Utc};

use crate::{Store, StoreError};

/// A project's key, as it is shown.
#[derive(Debug, Clone)]
pub struct DeployKeyRecord {
    /// The public part, as it is entered at the Git server.
    pub public_key: String,
    /// The server's own key.
    pub host_key: Option<String>,
    /// When the server was first visited.
    pub host_key_learned_at: Option<DateTime<Utc>>,
    /// When the key was made.
    pub created_at: DateTime<Utc>,
}

/// A project's key, as a worker needs it.
#[derive(Debug, Clone)]
pub struct SealedDeployKey {
    /// The private part, sealed.
    pub private_key: Vec<u8>,
    /// The server's own key, once it is known.
    pub host_key: Option<String>,
}

impl Store {
    /// Gives a project another key; the server's stays known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_deploy_key(
        &self,
        team: TeamId,
        project: ProjectId,
        public_key: &str,
        private_key: &[u8],
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into deploy_keys (project_id, team_id, public_key, private_key) values ($1, $2, $3, $4)
            on conflict on constraint deploy_keys_pkey do update
                set public_key = excluded.public_key, private_key = excluded.private_key, created_at = now()",
            project.uuid(),
            team.uuid(),
            public_key,
            private_key
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A team's project's key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deploy_key(
        &self,
        team: TeamId,
        project: ProjectId,
    ) -> Result<Option<DeployKeyRecord>, StoreError> {
        Ok(sqlx::query_as!(
            DeployKeyRecord,
            "select public_key, host_key, host_key_learned_at, created_at from deploy_keys
            where team_id = $1 and project_id = $2",
            team.uuid(),
            project.uuid()
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// A team's project's key, for a dry run of a worker.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sealed_deploy_key(
        &self,
        team: TeamId,
        project: ProjectId,
    ) -> Result<Option<SealedDeployKey>, StoreError> {
        Ok(sqlx::query_as!(
            SealedDeployKey,
            "select private_key, host_key from deploy_keys where team_id = $1 and project_id = $2",
            team.uuid(),
            project.uuid()
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Keeps the key of a project's Git server, unless one is known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn learn_host_key(&self, project: ProjectId, host_key: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update deploy_keys set host_key = $2, host_key_learned_at = now() where project_id = $1 and host_key is null",
            project.uuid(),
            host_key
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets the key of a project's Git server; the next visit learns it anew. Returns whether one was known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_host_key(&self, team: TeamId, project: ProjectId) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "update deploy_keys set host_key = null, host_key_learned_at = null
            where team_id = $1 and project_id = $2 and host_key is not null",
            team.uuid(),
            project.uuid()
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }
}
