//! Uploaded folders: the lists of their files, and the files, kept once per project under their digest.
//!
//! A file is only ever looked for within one project: what another team has sent can neither be asked for nor used.

use std::collections::BTreeSet;

use aether_models::{DeploymentId, ProjectId, TeamId, UploadEntry, UploadEntryKind, UploadId, UserId};
use futures::{Stream, StreamExt};
use sqlx::types::Json;

use crate::{Store, StoreError};

/// How long an upload that no deployment uses, and a file that no upload names, is kept: an interrupted one can go on.
const UNUSED_DAYS: i32 = 2;
/// Deployments of a project whose uploads are kept, so that they can be deployed again.
const KEPT_DEPLOYMENTS: i64 = 10;

/// Bytes of files kept for one project; a further upload waits for the clean-up.
const PROJECT_BYTES_MAX: i64 = 2 << 30;

/// A folder to be uploaded; its entries are checked and sorted.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// SHA-256 of the list.
    pub digest: Vec<u8>,
    /// The list.
    pub entries: Vec<UploadEntry>,
    /// Bytes of all files together.
    pub size: u64,
    /// Who sends it.
    pub created_by: Option<UserId>,
}

/// An upload and what is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadState {
    /// Its id.
    pub id: UploadId,
    /// Digests of files that the project does not have, each once.
    pub missing: Vec<String>,
}

/// Whether a file was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOutcome {
    /// It is there now.
    Stored,
    /// The upload does not name it, or with another length.
    NotExpected,
}

impl Store {
    /// Begins an upload, or goes on with the one of the same folder. Returns none when the project's space is used up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_upload(&self, new: &NewUpload) -> Result<Option<UploadState>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let used = sqlx::query_scalar!(
            r#"select coalesce(sum(size), 0)::bigint as "used!" from upload_files where project_id = $1"#,
            new.project_id.uuid()
        )
        .fetch_one(&mut *tx)
        .await?;
        if used > PROJECT_BYTES_MAX {
            return Ok(None);
        }
        let id = sqlx::query_scalar!(
            "insert into uploads (id, team_id, project_id, digest, entries, size, created_by)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict on constraint uploads_digest_key do update set used_at = now() returning id",
            UploadId::generate().uuid(),
            new.team_id.uuid(),
            new.project_id.uuid(),
            new.digest,
            Json(&new.entries) as _,
            i64::try_from(new.size).unwrap_or(i64::MAX),
            new.created_by.map(UserId::uuid)
        )
        .fetch_one(&mut *tx)
        .await?;
        let missing = missing(&mut tx, new.project_id, &new.entries).await?;
        tx.commit().await?;
        Ok(Some(UploadState {
            id: id.into(),
            missing,
        }))
    }

    /// An upload of a team's project.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload(
        &self,
        team: TeamId,
        project: ProjectId,
        id: UploadId,
    ) -> Result<Option<UploadState>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let Some(entries) = sqlx::query_scalar!(
            r#"update uploads set used_at = now() where team_id = $1 and project_id = $2 and id = $3
            returning entries as "entries: Json<Vec<UploadEntry>>""#,
            team.uuid(),
            project.uuid(),
            id.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Ok(None);
        };
        let missing = missing(&mut tx, project, &entries).await?;
        tx.commit().await?;
        Ok(Some(UploadState { id, missing }))
    }

    /// Keeps a file of an upload. The caller has compared the digest with the contents. Returns none when the team has no
    /// such upload.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_upload_file(
        &self,
        team: TeamId,
        project: ProjectId,
        upload: UploadId,
        sha256: &str,
        content: &[u8],
    ) -> Result<Option<FileOutcome>, StoreError> {
        let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
        let expected = sqlx::query_scalar!(
            r#"select exists (
                select 1 from jsonb_array_elements(u.entries) entry
                where entry ->> 'sha256' = $4 and (entry ->> 'size')::bigint = $5) as "expected!"
            from uploads u where u.team_id = $1 and u.project_id = $2 and u.id = $3"#,
            team.uuid(),
            project.uuid(),
            upload.uuid(),
            sha256,
            size
        )
        .fetch_optional(&self.pool)
        .await?;
        match expected {
            None => return Ok(None),
            Some(false) => return Ok(Some(FileOutcome::NotExpected)),
            Some(true) => {}
        }
        sqlx::query!(
            "insert into upload_files (project_id, sha256, size, content) values ($1, decode($2, 'hex'), $3, $4)
            on conflict on constraint upload_files_pkey do update set used_at = now()",
            project.uuid(),
            sha256,
            size,
            content
        )
        .execute(&self.pool)
        .await?;
        Ok(Some(FileOutcome::Stored))
    }

    /// The list of the folder that a deployment builds, for workers; none when it was removed meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload_entries(
        &self,
        deployment: DeploymentId,
    ) -> Result<Option<Vec<UploadEntry>>, StoreError> {
        let entries = sqlx::query_scalar!(
            r#"select u.entries as "entries: Json<Vec<UploadEntry>>"
            from deployments d join uploads u on u.id = d.upload_id where d.id = $1"#,
            deployment.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(entries.map(|Json(entries)| entries))
    }

    /// Contents of files of a project by digest, one at a time: all of them together may be large.
    pub fn upload_contents<'a>(
        &'a self,
        project: ProjectId,
        digests: &'a [Vec<u8>],
    ) -> impl Stream<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + Send + 'a {
        sqlx::query!(
            "select sha256, content from upload_files where project_id = $1 and sha256 = any($2)",
            project.uuid(),
            digests
        )
        .fetch(&self.pool)
        .map(|row| {
            let row = row?;
            Ok((row.sha256, row.content))
        })
    }

    /// Removes uploads that no deployment of the last ones uses, and files that no upload names. Returns how many files.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_uploads(&self) -> Result<u64, StoreError> {
        sqlx::query!(
            "delete from uploads u where u.used_at < now() - make_interval(days => $1) and not exists (
                select 1 from (
                    select d.id, d.upload_id, d.status from deployments d
                    where d.project_id = u.project_id and d.upload_id is not null order by d.id desc limit $2
                ) recent where recent.upload_id = u.id)
                and not exists (
                    select 1 from deployments d where d.upload_id = u.id and d.status in ('QUEUED', 'BUILDING', 'DEPLOYING'))",
            UNUSED_DAYS,
            KEPT_DEPLOYMENTS
        )
        .execute(&self.pool)
        .await?;
        let removed = sqlx::query!(
            "delete from upload_files f where f.used_at < now() - make_interval(days => $1) and not exists (
                select 1 from uploads u cross join jsonb_array_elements(u.entries) entry
                where u.project_id = f.project_id and entry ->> 'sha256' = encode(f.sha256, 'hex'))",
            UNUSED_DAYS
        )
        .execute(&self.pool)
        .await?;
        Ok(removed.rows_affected())
    }
}

/// Digests of the files that the project lacks. Those it has are marked as used, so that no clean-up takes them now.
async fn missing(
    tx: &mut sqlx::Transaction<'_, sqlx::Postgres>,
    project: ProjectId,
    entries: &[UploadEntry],
) -> Result<Vec<String>, StoreError> {
    let wanted: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            UploadEntryKind::File { sha256, .. } => Some(sha256.as_str()),
            UploadEntryKind::Link { .. } => None,
        })
        .collect();
    let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let known = sqlx::query_scalar!(
        r#"update upload_files f set used_at = now() from unnest($2::text[]) w (digest)
        where f.project_id = $1 and f.sha256 = decode(w.digest, 'hex') returning w.digest as "digest!""#,
        project.uuid(),
        &wanted
    )
    .fetch_all(&mut **tx)
    .await?;
    let known: BTreeSet<String> = known.into_iter().collect();
    Ok(wanted
        .into_iter()
        .filter(|digest| !known.contains(digest))
        .collect())
}
