//! Lines that running apps print, shipped by the worker. A project keeps the newest; the app's own files are the buffer
//! while Postgres is away.

use aether_models::{DeploymentId, InstanceId, LogLine, ProjectId, TeamId};
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError, redis_keys};

/// Lines kept per project.
const KEPT_LINES: i64 = 20_000;

/// A line to store.
#[derive(Debug, Clone)]
pub struct NewRuntimeLine {
    /// The app's own copy that printed it.
    pub instance_id: InstanceId,
    /// Its release.
    pub deployment_id: DeploymentId,
    /// The line, numbered per instance.
    pub line: LogLine,
}

/// A stored line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeLine {
    /// Its place among all lines of all projects; the SSE event id.
    pub id: i64,
    /// The copy that printed it.
    pub instance_id: InstanceId,
    /// Its release.
    pub deployment_id: DeploymentId,
    /// The line.
    pub line: LogLine,
}

impl Store {
    /// Number of the last stored line of an instance, 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_runtime_seq(&self, instance: InstanceId) -> Result<i64, StoreError> {
        let last = sqlx::query_scalar!(
            r#"select coalesce(max(seq), 0) as "last!" from runtime_logs where instance_id = $1"#,
            instance.uuid()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(last)
    }

    /// Stores lines of one project's apps and publishes them; lines that are stored already are left alone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn append_runtime_log(
        &self,
        project: ProjectId,
        lines: &[NewRuntimeLine],
    ) -> Result<(), StoreError> {
        let instances: Vec<_> = lines.iter().map(|line| line.instance_id.uuid()).collect();
        let deployments: Vec<_> = lines.iter().map(|line| line.deployment_id.uuid()).collect();
        let seqs: Vec<i64> = lines.iter().map(|line| line.line.seq).collect();
        let times: Vec<_> = lines.iter().map(|line| line.line.at).collect();
        let streams: Vec<String> = lines
            .iter()
            .map(|line| line.line.stream.as_str().to_owned())
            .collect();
        let texts: Vec<String> = lines
            .iter()
            .map(|line| line.line.text.replace('\0', "\u{fffd}"))
            .collect();
        let stored = sqlx::query!(
            "insert into runtime_logs (project_id, instance_id, deployment_id, seq, at, stream, text)
            select $1, l.instance_id, l.deployment_id, l.seq, l.at, l.stream, l.text
            from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[])
                l (instance_id, deployment_id, seq, at, stream, text)
            on conflict on constraint runtime_logs_seq_key do nothing
            returning id, instance_id, deployment_id, seq, at, stream, text",
            project.uuid(),
            &instances,
            &deployments,
            &seqs,
            &times,
            &streams,
            &texts
        )
        .fetch_all(&self.pool)
        .await?;
        let stored = stored
            .into_iter()
            .map(|row| {
                runtime_line(
                    row.id,
                    row.instance_id,
                    row.deployment_id,
                    row.seq,
                    row.at,
                    &row.stream,
                    row.text,
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        if !stored.is_empty() {
            self.publish(&redis_keys::runtime_log_channel(project), &stored)
                .await;
        }
        Ok(())
    }

    /// A team's project's lines with an id above `after`, oldest first; without `after` the newest `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn runtime_log_page(
        &self,
        team: TeamId,
        project: ProjectId,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<RuntimeLine>, StoreError> {
        let limit = limit.clamp(1, crate::LOG_PAGE_MAX);
        let rows = sqlx::query!(
            r#"select id as "id!", instance_id as "instance_id!", deployment_id as "deployment_id!", seq as "seq!",
                at as "at!", stream as "stream!", text as "text!"
            from (
                (select l.* from runtime_logs l join projects p on p.id = l.project_id
                    where p.team_id = $1 and l.project_id = $2 and $3::bigint is not null and l.id > $3
                    order by l.id limit $4)
                union all
                (select l.* from runtime_logs l join projects p on p.id = l.project_id
                    where p.team_id = $1 and l.project_id = $2 and $3::bigint is null
                    order by l.id desc limit $4)
            ) lines order by id"#,
            team.uuid(),
            project.uuid(),
            after,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                runtime_line(
                    row.id,
                    row.instance_id,
                    row.deployment_id,
                    row.seq,
                    row.at,
                    &row.stream,
                    row.text,
                )
            })
            .collect()
    }

    /// Deletes all but the newest lines of every project.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn trim_runtime_logs(&self) -> Result<u64, StoreError> {
        let result = sqlx::query!(
            "delete from runtime_logs l using (
                select p.id as project_id, (
                    select o.id from runtime_logs o where o.project_id = p.id order by o.id desc offset $1 limit 1
                ) as cut from projects p
            ) c where l.project_id = c.project_id and l.id <= c.cut",
            KEPT_LINES
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected())
    }
}

fn runtime_line(
    id: i64,
    instance: uuid::Uuid,
    deployment: uuid::Uuid,
    seq: i64,
    at: chrono::DateTime<chrono::Utc>,
    stream: &str,
    text: String,
) -> Result<RuntimeLine, StoreError> {
    let stream = stream
        .parse()
        .map_err(|error| StoreError::corrupt("log stream", error))?;
    Ok(RuntimeLine {
        id,
        instance_id: instance.into(),
        deployment_id: deployment.into(),
        line: LogLine {
            seq,
            at,
            step: None,
            stream,
            text,
        },
    })
}
