//! Build logs: durable and numbered first, then published live.

use aether_models::{DeploymentId, LogLine, Step};

use crate::deployments::progress::held;
use crate::{DeploymentEvent, Lease, Store, StoreError, redis_keys};

/// Most lines of one page.
pub const LOG_PAGE_MAX: i64 = 1000;

impl Store {
    /// Stores lines whose numbers the writer gave, then publishes them. Lines that are stored already are left alone, so a
    /// batch whose answer was lost can be sent again.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost; then nothing was stored.
    pub async fn append_log(&self, lease: &Lease, lines: &[LogLine]) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        // The lock keeps a claim by another worker out until these lines are in.
        let held_rows = sqlx::query_scalar!(
            r#"select 1 as "one!" from deployments where id = $1 and fencing_token = $2 for share"#,
            lease.deployment_id.uuid(),
            lease.fencing_token
        )
        .fetch_all(&mut *tx)
        .await?;
        held(held_rows.len() as u64)?;
        let seqs: Vec<i64> = lines.iter().map(|line| line.seq).collect();
        let times: Vec<_> = lines.iter().map(|line| line.at).collect();
        let steps: Vec<Option<String>> = lines
            .iter()
            .map(|line| line.step.map(|s| s.as_str().to_owned()))
            .collect();
        let streams: Vec<String> = lines.iter().map(|line| line.stream.as_str().to_owned()).collect();
        // Postgres text cannot hold a NUL.
        let texts: Vec<String> = lines
            .iter()
            .map(|line| line.text.replace('\0', "\u{fffd}"))
            .collect();
        sqlx::query!(
            "insert into build_logs (deployment_id, seq, at, step, stream, text)
            select $1, l.seq, l.at, l.step, l.stream, l.text
            from unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[]) l (seq, at, step, stream, text)
            on conflict on constraint build_logs_pkey do nothing",
            lease.deployment_id.uuid(),
            &seqs,
            &times,
            &steps as &[Option<String>],
            &streams,
            &texts
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        let channel = redis_keys::deployment_channel(lease.deployment_id);
        self.publish(
            &channel,
            &DeploymentEvent::Lines {
                lines: lines.to_vec(),
            },
        )
        .await;
        Ok(())
    }

    /// Lines with a number above `after`, in order. The caller has checked that the deployment may be seen.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_page(
        &self,
        deployment: DeploymentId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<LogLine>, StoreError> {
        sqlx::query!(
            "select seq, at, step, stream, text from build_logs
            where deployment_id = $1 and seq > $2 order by seq limit $3",
            deployment.uuid(),
            after,
            limit.clamp(1, LOG_PAGE_MAX)
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(LogLine {
                seq: row.seq,
                at: row.at,
                step: row
                    .step
                    .map(|step| step.parse::<Step>())
                    .transpose()
                    .map_err(|error| StoreError::corrupt("step", error))?,
                stream: row
                    .stream
                    .parse()
                    .map_err(|error| StoreError::corrupt("log stream", error))?,
                text: row.text,
            })
        })
        .collect()
    }
}
