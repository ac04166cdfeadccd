//! Facts about the parts of the instance, for the people who look after it.

use std::collections::HashMap;

use crate::{Store, StoreError};

impl Store {
    /// Deployments that each worker holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployments_by_worker(&self) -> Result<HashMap<String, i64>, StoreError> {
        let rows = sqlx::query!(
            r#"select lease_owner as "worker!", count(*) as "count!" from deployments
            where status in ('BUILDING', 'DEPLOYING') and lease_owner is not null and lease_until > now()
            group by lease_owner"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.worker, row.count)).collect())
    }

    /// Version of the Postgres server, like `16.4`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn postgres_version(&self) -> Result<String, StoreError> {
        let version = sqlx::query_scalar!(r#"select current_setting('server_version') as "version!""#)
            .fetch_one(&self.pool)
            .await?;
        // Distributions write their own name behind it.
        Ok(version.split(' ').next().unwrap_or_default().to_owned())
    }

    /// Version of the Redis server; none when it does not say.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn redis_version(&self) -> Result<Option<String>, StoreError> {
        let info: String = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut self.redis.clone())
            .await?;
        let mut lines = info.lines();
        let version = lines.find_map(|line| line.strip_prefix("redis_version:"));
        Ok(version.map(|version| version.trim().to_owned()))
    }
}
