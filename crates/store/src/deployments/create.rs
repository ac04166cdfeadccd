//! Accepting a deployment: once this has returned, it is never lost.

use aether_models::{
    Deployment, DeploymentId, EnvironmentId, GitRef, ProjectId, TeamId, Trigger, UploadId, UserId,
};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::insert::{NewRow, free_numbers, insert_rows, keep_last_numbers, no_number, supersede_queued};
use super::read::query_deployments;
use crate::{Store, StoreError};

/// A deployment somebody asks for.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// Where it goes; none is production.
    pub environment_id: Option<EnvironmentId>,
    /// What to build; none takes the environment's, or the project's branch, or the repository's default branch.
    pub git_ref: Option<GitRef>,
    /// An upload to build instead of a commit.
    pub upload_id: Option<UploadId>,
    /// Why.
    pub trigger: Trigger,
    /// Who asked.
    pub created_by: Option<UserId>,
    /// The same key again gives the same deployment again.
    pub idempotency_key: Option<String>,
}

/// An accepted deployment.
#[derive(Debug, Clone)]
pub struct CreatedDeployment {
    /// It, or the one that the same key made before.
    pub deployment: Deployment,
    /// The key was used before; nothing new was made.
    pub existing: bool,
}

/// What the git ref is when neither the caller nor the project names one: the remote's own default branch.
pub(crate) const DEFAULT_REF: &str = "HEAD";

/// What stands for the git ref of an upload.
const UPLOAD_REF: &str = "upload";

/// A deployment that its transaction has not committed yet, and what has to be announced afterwards.
#[derive(Debug)]
pub(crate) struct Inserted {
    pub(crate) deployment: Deployment,
    pub(crate) superseded: Vec<DeploymentId>,
    pub(crate) existing: bool,
}

/// A project whose row is locked, so that its deployments follow one another, and one of its environments.
struct Place {
    slug: String,
    last_number: i32,
    environment: Uuid,
    git_ref: Option<String>,
    /// The only commit that may be built there: the head of a fork's request that a member approved.
    pinned: Option<String>,
}

impl Store {
    /// Accepts a deployment in one transaction: numbers it, keeps the settings and variables of this moment, supersedes
    /// what still waits for the same branch. Then wakes a worker, which may fail without harm.
    ///
    /// Returns none when the team has no such project, or it no such environment, or nobody has approved the fork's
    /// request that the environment is for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_deployment(
        &self,
        new: NewDeployment,
    ) -> Result<Option<CreatedDeployment>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let Some(inserted) = insert_deployment(&mut tx, &new).await? else {
            return Ok(None);
        };
        tx.commit().await?;
        self.announce_created(&inserted).await;
        Ok(Some(CreatedDeployment {
            deployment: inserted.deployment,
            existing: inserted.existing,
        }))
    }

    pub(crate) async fn announce_created(&self, inserted: &Inserted) {
        if inserted.existing {
            return;
        }
        fail::fail_point!("deployment_inserted");
        self.announce_queued(&[inserted.deployment.id], &inserted.superseded)
            .await;
    }
}

/// Makes the deployment within a transaction; see [`Store::create_deployment`].
pub(crate) async fn insert_deployment(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewDeployment,
) -> Result<Option<Inserted>, StoreError> {
    let Some(place) = lock_place(tx, new).await? else {
        return Ok(None);
    };
    if let Some(deployment) = existing_by_key(tx, new).await? {
        return Ok(Some(Inserted {
            deployment,
            superseded: Vec::new(),
            existing: true,
        }));
    }
    let mut numbers = free_numbers(tx, &[(&place.slug, place.last_number, 1)]).await?;
    let number = numbers
        .pop()
        .and_then(|mut own| own.pop())
        .ok_or_else(no_number)?;
    let id = DeploymentId::generate();
    let git_ref = new
        .git_ref
        .as_ref()
        .map(|git_ref| git_ref.as_str().to_owned())
        .or_else(|| new.upload_id.map(|_| UPLOAD_REF.to_owned()))
        .or(place.git_ref)
        .unwrap_or_else(|| DEFAULT_REF.to_owned());
    let row = NewRow {
        id,
        environment: place.environment,
        number,
        trigger: new.trigger,
        git_ref: &git_ref,
        pinned: place.pinned.as_deref(),
        idempotency_key: new.idempotency_key.as_deref(),
        created_by: new.created_by,
        upload_id: new.upload_id,
        superseded_by: None,
    };
    let superseded = supersede_queued(tx, std::slice::from_ref(&row)).await?;
    insert_rows(tx, &[row]).await?;
    keep_last_numbers(tx, &[(new.project_id, number)]).await?;
    let deployment = query_deployments!("where d.id = $1", id.uuid())
        .fetch_one(&mut **tx)
        .await?
        .try_into()?;
    Ok(Some(Inserted {
        deployment,
        superseded,
        existing: false,
    }))
}

/// Locks the project's row. Not `for update`: whoever inserts a row that belongs to the project holds a weaker lock on it,
/// and two who hold that and want `for update` wait for one another until Postgres ends one of them.
async fn lock_place(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewDeployment,
) -> Result<Option<Place>, StoreError> {
    let row = sqlx::query!(
        r#"select p.slug, p.branch, p.deployment_number, e.id as environment_id, e.git_ref as "preview_ref?", e.from_fork,
            e.approved_sha
        from projects p join environments e on e.project_id = p.id
        where p.team_id = $1 and p.id = $2 and p.deleted_at is null and e.removed_at is null
            and (e.id = $3 or ($3::uuid is null and e.kind = 'production'))
            and (not e.from_fork or e.approved_sha is not null)
        for no key update of p"#,
        new.team_id.uuid(),
        new.project_id.uuid(),
        new.environment_id.map(EnvironmentId::uuid)
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Place {
        slug: row.slug,
        last_number: row.deployment_number,
        environment: row.environment_id,
        git_ref: row.preview_ref.or(row.branch),
        pinned: row.approved_sha.filter(|_| row.from_fork),
    }))
}

async fn existing_by_key(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewDeployment,
) -> Result<Option<Deployment>, StoreError> {
    let Some(key) = &new.idempotency_key else {
        return Ok(None);
    };
    query_deployments!(
        "where d.project_id = $1 and d.idempotency_key = $2",
        new.project_id.uuid(),
        key
    )
    .fetch_optional(&mut **tx)
    .await?
    .map(TryInto::try_into)
    .transpose()
}
