//! Previews: environments that follow a branch or a pull request, each at a host of its own, capped, and removed when what
//! they follow is gone.
//!
//! The project's row lock orders everything that makes or removes one.

use aether_models::{
    DeploymentId, EnvironmentId, EnvironmentKindName, GitRef, Hostname, PlatformPage, ProjectId, RepoUrl,
    RouteKind, RouteTarget, TeamId, Trigger,
};
use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::deployments::create::{Inserted, insert_deployment};
use crate::{Conflict, NewDeployment, Store, StoreError, redis_keys, routes};

/// Requests of forks that may wait for an approval at a time; anybody can open one.
const WAITING_MAX: i64 = 50;
/// Previews that one pass of the upkeep removes.
const EXPIRED_AT_ONCE: i64 = 100;

/// What a preview follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewOf {
    /// A branch of the repository.
    Branch(GitRef),
    /// A pull request, by its number.
    PullRequest(i32),
}

impl PreviewOf {
    /// Name of the environment.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Branch(branch) => format!("branch:{}", branch.short()),
            Self::PullRequest(number) => format!("pull-request:{number}"),
        }
    }

    fn columns(&self) -> (Option<&str>, Option<i32>) {
        match self {
            Self::Branch(branch) => (Some(branch.short()), None),
            Self::PullRequest(number) => (None, Some(*number)),
        }
    }
}

/// A preview as somebody wants it.
#[derive(Debug, Clone)]
pub struct NewPreview {
    /// What it follows.
    pub of: PreviewOf,
    /// Its host.
    pub host: Hostname,
    /// What its deployments build.
    pub git_ref: GitRef,
    /// Head that the provider named.
    pub head: Option<String>,
    /// It comes from another repository, so a member has to approve every head.
    pub from_fork: bool,
    /// Where its branch is, when the project's repository has no ref for it.
    pub fork: Option<ForkHead>,
    /// Title of the pull request.
    pub title: Option<String>,
    /// Page of the pull request.
    pub page_url: Option<String>,
    /// It was opened (again) just now; otherwise a request that was closed stays closed.
    pub opened: bool,
    /// Most previews of the project.
    pub max: u32,
}

/// The branch of a fork, and the first digits of the head that the provider named.
#[derive(Debug, Clone)]
pub struct ForkHead {
    /// Address of the fork.
    pub url: RepoUrl,
    /// The digits.
    pub start: String,
}

/// Whether there is a preview now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewPlace {
    /// There is.
    Open(EnvironmentId),
    /// The project has this many already.
    Full(i64),
    /// Another project answers on its host.
    HostTaken,
    /// The pull request was closed before this was heard.
    Closed,
}

/// An environment as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentRecord {
    /// Its id.
    pub id: EnvironmentId,
    /// What it is for.
    pub kind: EnvironmentKindName,
    /// Its name.
    pub name: String,
    /// Branch it follows.
    pub branch: Option<String>,
    /// Pull request it follows.
    pub pull_request: Option<i32>,
    /// Title of the pull request.
    pub title: Option<String>,
    /// Page of the pull request.
    pub page_url: Option<String>,
    /// Its host; none for production, whose host is the project's.
    pub host: Option<String>,
    /// Head that the provider named last.
    pub head: Option<String>,
    /// It comes from a fork.
    pub from_fork: bool,
    /// The head waits for a member's approval.
    pub waiting: bool,
    /// What it serves now.
    pub live_deployment_id: Option<DeploymentId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When something was last deployed to it.
    pub updated_at: DateTime<Utc>,
}

/// A preview that its transaction has not removed yet, and what has to be announced afterwards.
#[derive(Debug)]
pub(crate) struct Removed {
    version: i64,
    cancelled: Vec<Uuid>,
}

impl Store {
    /// A team's project's environments: production, then previews by their last deployment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn environments(
        &self,
        team: TeamId,
        project: ProjectId,
    ) -> Result<Vec<EnvironmentRecord>, StoreError> {
        let rows = sqlx::query!(
            r#"select e.id, e.kind, e.name, e.branch, e.pull_request, e.title, e.page_url, e.preview_host, e.head_sha, e.from_fork,
                (e.from_fork and (e.head_sha is null or e.approved_sha is distinct from e.head_sha)) as "waiting!", e.live_deployment_id,
                e.created_at, e.updated_at
            from environments e join projects p on p.id = e.project_id
            where p.team_id = $1 and p.id = $2 and p.deleted_at is null and e.removed_at is null
            order by e.kind = 'preview', e.updated_at desc, e.id"#,
            team.uuid(),
            project.uuid()
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(EnvironmentRecord {
                    id: row.id.into(),
                    kind: row
                        .kind
                        .parse()
                        .map_err(|error| StoreError::corrupt("environment kind", error))?,
                    name: row.name,
                    branch: row.branch,
                    pull_request: row.pull_request,
                    title: row.title,
                    page_url: row.page_url,
                    host: row.preview_host,
                    head: row.head_sha,
                    from_fork: row.from_fork,
                    waiting: row.waiting,
                    live_deployment_id: row.live_deployment_id.map(Into::into),
                    created_at: row.created_at,
                    updated_at: row.updated_at,
                })
            })
            .collect()
    }

    /// Opens a preview, unless it is there, and deploys to it. Returns none when the team has no such project.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deploy_preview(
        &self,
        new: &NewDeployment,
        preview: &NewPreview,
    ) -> Result<Option<Result<crate::CreatedDeployment, PreviewPlace>>, StoreError> {
        let mut tx = self.pool.begin().await?;
        if !lock_project(&mut tx, new.team_id, new.project_id).await? {
            return Ok(None);
        }
        let environment = match open_preview(&mut tx, new.project_id, preview).await? {
            PreviewPlace::Open(environment) => environment,
            refused => return Ok(Some(Err(refused))),
        };
        let new = NewDeployment {
            environment_id: Some(environment),
            ..new.clone()
        };
        let Some(inserted) = insert_deployment(&mut tx, &new).await? else {
            return Ok(None);
        };
        tx.commit().await?;
        self.announce_created(&inserted).await;
        Ok(Some(Ok(crate::CreatedDeployment {
            deployment: inserted.deployment,
            existing: inserted.existing,
        })))
    }

    /// Removes a preview of a team's project: its hosts stop, what runs for it is told to stop. Returns whether there was
    /// one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_preview(
        &self,
        team: TeamId,
        project: ProjectId,
        environment: EnvironmentId,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        if !lock_project(&mut tx, team, project).await? {
            return Ok(false);
        }
        let Some(removed) = take_preview(&mut tx, project, environment.uuid(), "asked").await? else {
            return Ok(false);
        };
        tx.commit().await?;
        self.announce_removed(removed).await;
        Ok(true)
    }

    /// Removes previews that nothing was deployed to for the days their project allows. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire_previews(&self) -> Result<usize, StoreError> {
        let old = sqlx::query!(
            "select e.id, p.id as project_id, p.team_id from environments e join projects p on p.id = e.project_id
            where e.kind = 'preview' and e.removed_at is null and p.deleted_at is null
                and e.updated_at < now() - make_interval(days => coalesce((p.settings ->> 'preview_days')::int, 14))
            order by e.updated_at limit $1",
            EXPIRED_AT_ONCE
        )
        .fetch_all(&self.pool)
        .await?;
        let mut count = 0;
        for row in old {
            let mut tx = self.pool.begin().await?;
            let project = ProjectId::from_uuid(row.project_id);
            if !lock_project(&mut tx, row.team_id.into(), project).await? {
                continue;
            }
            if let Some(removed) = take_preview(&mut tx, project, row.id, "expired").await? {
                tx.commit().await?;
                self.announce_removed(removed).await;
                count += 1;
            }
        }
        Ok(count)
    }

    pub(crate) async fn announce_removed(&self, removed: Removed) {
        self.announce_routes(removed.version).await;
        for id in removed.cancelled {
            self.publish(redis_keys::CANCELLATIONS, &DeploymentId::from_uuid(id))
                .await;
        }
        self.announce_reconcile().await;
    }
}

/// Locks the project's row; see `lock_place` for the kind of lock. Returns whether the team has it.
pub(crate) async fn lock_project(
    tx: &mut Transaction<'_, Postgres>,
    team: TeamId,
    project: ProjectId,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        "select id from projects where team_id = $1 and id = $2 and deleted_at is null for no key update",
        team.uuid(),
        project.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

/// Opens a preview of a locked project, or brings the one there is up to date.
pub(crate) async fn open_preview(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    preview: &NewPreview,
) -> Result<PreviewPlace, StoreError> {
    let (branch, pull_request) = preview.of.columns();
    let known = sqlx::query!(
        "select id, removed_at, removed_because from environments
        where project_id = $1 and kind = 'preview' and (branch = $2 or pull_request = $3) for update",
        project.uuid(),
        branch,
        pull_request
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(row) = known.as_ref().filter(|row| row.removed_at.is_none()) {
        update_preview(tx, row.id, preview).await?;
        return Ok(PreviewPlace::Open(row.id.into()));
    }
    let closed = known
        .as_ref()
        .is_some_and(|row| row.removed_because.as_deref() == Some("closed"));
    if closed && pull_request.is_some() && !preview.opened {
        return Ok(PreviewPlace::Closed);
    }
    if let Some(refused) = refusal(tx, project, preview).await? {
        return Ok(refused);
    }
    let id = match known {
        Some(row) => {
            update_preview(tx, row.id, preview).await?;
            row.id
        }
        None => insert_preview(tx, project, preview).await?,
    };
    let version = routes::next_version(tx).await?;
    let target = RouteTarget::Page {
        page: PlatformPage::NotDeployed,
    };
    let (environment, kind) = (EnvironmentId::from_uuid(id), RouteKind::Preview);
    if !routes::put_route(
        tx,
        project,
        Some(environment),
        &preview.host,
        kind,
        &target,
        version,
    )
    .await?
    {
        // Somebody took the host between the look at it and now; the transaction is given up.
        return Err(Conflict::SlugTaken.into());
    }
    Ok(PreviewPlace::Open(environment))
}

/// Why there cannot be another preview.
async fn refusal(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    preview: &NewPreview,
) -> Result<Option<PreviewPlace>, StoreError> {
    let now = sqlx::query!(
        r#"select count(*) filter (where not from_fork or approved_sha is not null) as "open!",
            count(*) filter (where from_fork and approved_sha is null) as "waiting!",
            (exists (select 1 from environments where preview_host = $2 and removed_at is null)
                or exists (select 1 from routes where host = $2 and not removed)) as "taken!"
        from environments where project_id = $1 and kind = 'preview' and removed_at is null"#,
        project.uuid(),
        preview.host.as_str()
    )
    .fetch_one(&mut **tx)
    .await?;
    let (have, max) = if preview.from_fork {
        (now.waiting, WAITING_MAX)
    } else {
        (now.open, i64::from(preview.max))
    };
    Ok(if now.taken {
        Some(PreviewPlace::HostTaken)
    } else if have >= max {
        Some(PreviewPlace::Full(have))
    } else {
        None
    })
}

async fn insert_preview(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    preview: &NewPreview,
) -> Result<Uuid, StoreError> {
    let (branch, pull_request) = preview.of.columns();
    let id = EnvironmentId::generate().uuid();
    sqlx::query!(
        "insert into environments (id, project_id, kind, name, preview_host, branch, pull_request, title, page_url, git_ref, head_sha,
            from_fork, fork_url, head_start)
        values ($1, $2, 'preview', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        id,
        project.uuid(),
        preview.of.name(),
        preview.host.as_str(),
        branch,
        pull_request,
        preview.title,
        preview.page_url,
        preview.git_ref.as_str(),
        preview.head,
        preview.from_fork,
        preview.fork.as_ref().map(|fork| fork.url.as_str()),
        preview.fork.as_ref().map(|fork| fork.start.as_str())
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

async fn update_preview(
    tx: &mut Transaction<'_, Postgres>,
    id: Uuid,
    preview: &NewPreview,
) -> Result<(), StoreError> {
    // One that was removed begins anew: what was approved then is not approved now.
    sqlx::query!(
        "update environments set preview_host = $2, title = coalesce($3, title), page_url = coalesce($4, page_url), git_ref = $5,
            head_sha = case when $9::text is null or starts_with(head_sha, $9) then coalesce($6, head_sha) end,
            from_fork = $7, fork_url = $8, head_start = $9, head_looked_at = null, updated_at = now(),
            approved_sha = case when removed_at is null then approved_sha end, removed_at = null, removed_because = null
        where id = $1",
        id,
        preview.host.as_str(),
        preview.title,
        preview.page_url,
        preview.git_ref.as_str(),
        preview.head,
        preview.from_fork,
        preview.fork.as_ref().map(|fork| fork.url.as_str()),
        preview.fork.as_ref().map(|fork| fork.start.as_str())
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The open preview of a locked project that follows this.
pub(crate) async fn find_preview(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    of: &PreviewOf,
) -> Result<Option<Uuid>, StoreError> {
    let (branch, pull_request) = of.columns();
    Ok(sqlx::query_scalar!(
        "select id from environments
        where project_id = $1 and kind = 'preview' and removed_at is null and (branch = $2 or pull_request = $3)",
        project.uuid(),
        branch,
        pull_request
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// Takes a preview of a locked project off: cancels what waits and runs, ends its hosts, lets its copies go.
pub(crate) async fn take_preview(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    environment: Uuid,
    because: &str,
) -> Result<Option<Removed>, StoreError> {
    let cancelled = sqlx::query_scalar!(
        "update deployments d set cancel_requested = true,
            status = case when d.status = 'QUEUED' then 'CANCELLED' else d.status end,
            finished_at = case when d.status = 'QUEUED' then now() else d.finished_at end
        from environments e
        where e.id = $2 and e.project_id = $1 and e.kind = 'preview' and e.removed_at is null
            and d.environment_id = e.id and d.status in ('QUEUED', 'BUILDING', 'DEPLOYING') returning d.id",
        project.uuid(),
        environment
    )
    .fetch_all(&mut **tx)
    .await?;
    let removed = sqlx::query!(
        "update environments set removed_at = now(), removed_because = $3, live_deployment_id = null,
            live_version = live_version + 1, updated_at = now()
        where id = $2 and project_id = $1 and kind = 'preview' and removed_at is null",
        project.uuid(),
        environment,
        because
    )
    .execute(&mut **tx)
    .await?;
    if removed.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query!(
        "update instances i set unrouted_at = coalesce(i.unrouted_at, now())
        from deployments d where d.id = i.deployment_id and d.environment_id = $1 and i.stopped_at is null",
        environment
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update release_switches set finished_at = now() where environment_id = $1 and finished_at is null",
        environment
    )
    .execute(&mut **tx)
    .await?;
    let version = routes::next_version(tx).await?;
    sqlx::query!(
        "update routes set removed = true, version = $2, updated_at = now() where environment_id = $1 and not removed",
        environment,
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(Some(Removed { version, cancelled }))
}

/// A deployment to an environment, by nobody in particular.
pub(crate) async fn deploy_to(
    tx: &mut Transaction<'_, Postgres>,
    team: TeamId,
    project: ProjectId,
    environment: Option<EnvironmentId>,
    git_ref: Option<GitRef>,
) -> Result<Option<Inserted>, StoreError> {
    let new = NewDeployment {
        team_id: team,
        project_id: project,
        environment_id: environment,
        git_ref,
        upload_id: None,
        trigger: Trigger::Webhook,
        created_by: None,
        idempotency_key: None,
    };
    insert_deployment(tx, &new).await
}
