//! The rows of new deployments, one or many in a statement. The rows of their projects are locked.

use std::collections::HashSet;

use aether_models::{DeploymentId, ProjectId, Trigger, UploadId, UserError, UserId};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::StoreError;

/// How many numbers in a row are tried whose hosts belong to other projects.
const NUMBERS_TRIED: i32 = 1000;

/// A row to insert.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) id: DeploymentId,
    pub(crate) environment: Uuid,
    pub(crate) number: i32,
    pub(crate) trigger: Trigger,
    pub(crate) git_ref: &'a str,
    /// The only commit that may be built.
    pub(crate) pinned: Option<&'a str>,
    pub(crate) idempotency_key: Option<&'a str>,
    pub(crate) created_by: Option<UserId>,
    pub(crate) upload_id: Option<UploadId>,
    /// A later row of the same statement takes its place, so that it never waits.
    pub(crate) superseded_by: Option<DeploymentId>,
}

/// For each slug, last number and count: that many of the next numbers whose own host (`<slug>-<number>`) is not the name
/// of another project.
pub(crate) async fn free_numbers(
    tx: &mut Transaction<'_, Postgres>,
    wanted: &[(&str, i32, usize)],
) -> Result<Vec<Vec<i32>>, StoreError> {
    let mut found: Vec<Vec<i32>> = vec![Vec::new(); wanted.len()];
    let mut next: Vec<i32> = wanted.iter().map(|(_, last, _)| last.saturating_add(1)).collect();
    loop {
        let mut candidates = Vec::new();
        for (index, (slug, last, count)) in wanted.iter().enumerate() {
            let missing = count.saturating_sub(found[index].len());
            if missing > 0 && next[index] - last > NUMBERS_TRIED {
                return Err(no_number());
            }
            let missing = i32::try_from(missing).map_err(|_| no_number())?;
            let end = next[index].saturating_add(missing);
            candidates.extend((next[index]..end).map(|number| (index, number, format!("{slug}-{number}"))));
            next[index] = end;
        }
        if candidates.is_empty() {
            return Ok(found);
        }
        let hosts: Vec<&str> = candidates.iter().map(|(.., host)| host.as_str()).collect();
        let taken = sqlx::query_scalar!(
            "select slug from projects where slug = any($1::text[]) and deleted_at is null",
            &hosts as &[&str]
        )
        .fetch_all(&mut **tx)
        .await?;
        let taken: HashSet<String> = taken.into_iter().collect();
        for (index, number, _) in candidates.iter().filter(|(.., host)| !taken.contains(host)) {
            found[*index].push(*number);
        }
    }
}

/// The numbers of a project's hosts are used up; nothing but a thousand projects named after them does that.
pub(crate) fn no_number() -> StoreError {
    StoreError::corrupt("deployment number", "the next thousand belong to other projects")
}

/// Ends what waits for the same branches and environments. Of several rows for one, the first takes its place. Returns
/// what was ended.
pub(crate) async fn supersede_queued(
    tx: &mut Transaction<'_, Postgres>,
    rows: &[NewRow<'_>],
) -> Result<Vec<DeploymentId>, StoreError> {
    let mut seen = HashSet::new();
    let firsts: Vec<&NewRow<'_>> = rows
        .iter()
        .filter(|row| seen.insert((row.environment, row.git_ref)))
        .collect();
    let environments: Vec<Uuid> = firsts.iter().map(|row| row.environment).collect();
    let refs: Vec<&str> = firsts.iter().map(|row| row.git_ref).collect();
    let errors: Vec<Json<UserError>> = firsts.iter().map(|row| Json(superseded_by(row.id))).collect();
    let ids = sqlx::query_scalar!(
        "update deployments d set status = 'SUPERSEDED', finished_at = now(), error = n.error
        from unnest($1::uuid[], $2::text[], $3::jsonb[]) n (environment_id, git_ref, error)
        where d.environment_id = n.environment_id and d.git_ref = n.git_ref and d.status = 'QUEUED' returning d.id",
        &environments,
        &refs as &[&str],
        &errors as &[Json<UserError>]
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().map(DeploymentId::from_uuid).collect())
}

/// Inserts the rows, each with the settings and variables of this moment.
pub(crate) async fn insert_rows(
    tx: &mut Transaction<'_, Postgres>,
    rows: &[NewRow<'_>],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id.uuid()).collect();
    let environments: Vec<Uuid> = rows.iter().map(|row| row.environment).collect();
    let numbers: Vec<i32> = rows.iter().map(|row| row.number).collect();
    let triggers: Vec<&str> = rows.iter().map(|row| row.trigger.as_str()).collect();
    let refs: Vec<&str> = rows.iter().map(|row| row.git_ref).collect();
    let commits: Vec<Option<&str>> = rows.iter().map(|row| row.pinned).collect();
    let keys: Vec<Option<&str>> = rows.iter().map(|row| row.idempotency_key).collect();
    let creators: Vec<Option<Uuid>> = rows.iter().map(|row| row.created_by.map(UserId::uuid)).collect();
    let uploads: Vec<Option<Uuid>> = rows.iter().map(|row| row.upload_id.map(UploadId::uuid)).collect();
    let errors: Vec<Option<Json<UserError>>> = rows
        .iter()
        .map(|row| row.superseded_by.map(superseded_by).map(Json))
        .collect();
    // A variable for one kind of environment goes before one for all. A fork's request gets no secret, whoever approved it.
    sqlx::query!(
        "insert into deployments (id, team_id, project_id, environment_id, number, trigger, git_ref, commit_sha,
            idempotency_key, created_by, upload_id, status, finished_at, error, settings, env_snapshot)
        select n.id, p.team_id, p.id, e.id, n.number, n.trigger, n.git_ref, n.commit_sha, n.idempotency_key, n.created_by,
            n.upload_id, case when n.error is null then 'QUEUED' else 'SUPERSEDED' end,
            case when n.error is not null then now() end, n.error, p.settings,
            coalesce((select jsonb_agg(jsonb_build_object(
                'name', v.name, 'value', translate(encode(v.value, 'base64'), e'\\n', ''), 'scope', v.scope, 'secret', v.secret) order by v.name)
                from (
                    select distinct on (own.name) own.name, own.value, own.scope, own.secret from env_vars own
                    where own.project_id = p.id and own.target in ('all', e.kind) order by own.name, own.target = 'all'
                ) v where not (v.secret and e.from_fork)), '[]')
        from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
                $9::uuid[], $10::jsonb[])
            n (id, environment_id, number, trigger, git_ref, commit_sha, idempotency_key, created_by, upload_id, error)
        join environments e on e.id = n.environment_id join projects p on p.id = e.project_id",
        &ids,
        &environments,
        &numbers,
        &triggers as &[&str],
        &refs as &[&str],
        &commits as &[Option<&str>],
        &keys as &[Option<&str>],
        &creators as &[Option<Uuid>],
        &uploads as &[Option<Uuid>],
        &errors as &[Option<Json<UserError>>]
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps the last number that each of the projects has given away.
pub(crate) async fn keep_last_numbers(
    tx: &mut Transaction<'_, Postgres>,
    last: &[(ProjectId, i32)],
) -> Result<(), StoreError> {
    let projects: Vec<Uuid> = last.iter().map(|(project, _)| project.uuid()).collect();
    let numbers: Vec<i32> = last.iter().map(|(_, number)| *number).collect();
    sqlx::query!(
        "update projects p set deployment_number = n.number
        from unnest($1::uuid[], $2::integer[]) n (id, number) where p.id = n.id",
        &projects,
        &numbers
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn superseded_by(id: DeploymentId) -> UserError {
    UserError::new(
        "superseded",
        "A newer deployment took its place",
        format!("{id} builds the same branch and was asked for later"),
    )
}
