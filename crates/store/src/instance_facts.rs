//! Facts about this instance as a whole.

use crate::{Store, StoreError};

/// Name of the set-up token's digest.
pub(crate) const SET_UP_TOKEN: &str = "set_up_token_sha256";

/// What waits and what is being built, in all teams.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueDepth {
    /// Deployments that wait for a worker.
    pub queued: i64,
    /// Deployments that a worker holds.
    pub running: i64,
    /// Workers that hold one.
    pub busy_workers: i64,
    /// How long the oldest has been waiting.
    pub oldest_queued_seconds: Option<f64>,
}

impl Store {
    /// The set-up token in force has this digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_up_token_is(&self, sha256: &[u8; 32]) -> Result<bool, StoreError> {
        let is = sqlx::query_scalar!(
            r#"select exists (select 1 from instance_facts where name = $1 and value = $2) as "is!""#,
            SET_UP_TOKEN,
            sha256.as_slice()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(is)
    }

    /// Puts another set-up token in force.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_set_up_token(&self, sha256: &[u8; 32]) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into instance_facts (name, value) values ($1, $2)
            on conflict on constraint instance_facts_pkey do update set value = excluded.value, created_at = now()",
            SET_UP_TOKEN,
            sha256.as_slice()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How much waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_depth(&self) -> Result<QueueDepth, StoreError> {
        let row = sqlx::query!(
            r#"select count(*) filter (where status = 'QUEUED') as "queued!",
                count(*) filter (where status <> 'QUEUED') as "running!",
                count(distinct lease_owner) as "busy_workers!",
                extract(epoch from now() - min(created_at) filter (where status = 'QUEUED'))::float8 as oldest
            from deployments where status in ('QUEUED', 'BUILDING', 'DEPLOYING')"#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(QueueDepth {
            queued: row.queued,
            running: row.running,
            busy_workers: row.busy_workers,
            oldest_queued_seconds: row.oldest,
        })
    }
}
