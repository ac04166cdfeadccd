//! Dry runs of detection: asked for by the API, done by a worker, which alone may fetch repositories.

use std::time::Duration;

use aether_models::{BuildPlan, DetectionId, ProjectId, RepoUrl, TeamId, UserError};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::{SealContext, Store, StoreError, redis_keys};

/// A dry run that ends its worker this often is given up.
const MAX_ATTEMPTS: i32 = 2;
/// How often a waiting caller looks by itself.
const POLL: Duration = Duration::from_millis(500);

/// What the credentials of a dry run without a project are sealed for: the team stands where the project's id usually does.
#[must_use]
pub const fn detection_context(team: TeamId) -> SealContext<'static> {
    SealContext {
        team,
        project: ProjectId::from_uuid(team.uuid()),
        name: "detection_credentials",
    }
}

/// A dry run somebody asks for.
#[derive(Debug, Clone)]
pub struct NewDetection {
    /// Who asks.
    pub team_id: TeamId,
    /// The project, when there is one already.
    pub project_id: Option<ProjectId>,
    /// Where the code is.
    pub repo_url: RepoUrl,
    /// Sealed credentials of the repository (for the project, or without one as [`detection_context`] has it).
    pub repo_credentials: Option<Vec<u8>>,
    /// Branch, tag or commit; none is the remote's default branch.
    pub git_ref: Option<String>,
    /// Folder of the app.
    pub root_dir: String,
}

/// A dry run a worker took.
#[derive(Debug, Clone)]
pub struct ClaimedDetection {
    /// Its id.
    pub id: DetectionId,
    /// Who asks.
    pub team_id: TeamId,
    /// The project, when there is one.
    pub project_id: Option<ProjectId>,
    /// Where the code is.
    pub repo_url: RepoUrl,
    /// Sealed credentials of the repository.
    pub repo_credentials: Option<Vec<u8>>,
    /// Branch, tag or commit.
    pub git_ref: Option<String>,
    /// Folder of the app.
    pub root_dir: String,
}

/// What a dry run found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectionResult {
    /// Plans, best first.
    pub candidates: Vec<BuildPlan>,
    /// What was looked for, when nothing was found.
    pub explanation: Option<UserError>,
    /// Branches of the repository.
    pub branches: Vec<String>,
    /// Its default branch.
    pub default_branch: Option<String>,
    /// The commit that was looked at.
    pub commit_sha: Option<String>,
}

/// How a dry run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetectionOutcome {
    /// It ran.
    Done(DetectionResult),
    /// The repository could not be read.
    Failed(UserError),
    /// No worker did it in time.
    TimedOut,
}

impl Store {
    /// Asks for a dry run and waits for its end, at most `timeout`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn detect(
        &self,
        new: &NewDetection,
        timeout: Duration,
    ) -> Result<DetectionOutcome, StoreError> {
        let id = DetectionId::generate();
        let mut finished = std::pin::pin!(self.events.subscribe(&redis_keys::detection_channel(id)));
        sqlx::query!(
            "insert into detections (id, team_id, project_id, repo_url, repo_credentials, git_ref, root_dir)
            values ($1, $2, $3, $4, $5, $6, $7)",
            id.uuid(),
            new.team_id.uuid(),
            new.project_id.map(ProjectId::uuid),
            new.repo_url.as_str(),
            new.repo_credentials,
            new.git_ref,
            new.root_dir
        )
        .execute(&self.pool)
        .await?;
        self.wake_workers(id).await;
        let wait = async {
            loop {
                if let Some(outcome) = self.detection_outcome(id).await? {
                    return Ok(outcome);
                }
                // Either the event or the poll; both lead to a look at the row.
                let _ = tokio::time::timeout(POLL, finished.next()).await;
            }
        };
        tokio::time::timeout(timeout, wait)
            .await
            .unwrap_or(Ok(DetectionOutcome::TimedOut))
    }

    /// Takes the oldest dry run that nobody does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim_detection(&self, lease: Duration) -> Result<Option<ClaimedDetection>, StoreError> {
        let Some(row) = sqlx::query!(
            "update detections set lease_until = now() + make_interval(secs => $1), attempt = attempt + 1
            where id = (
                select id from detections
                where finished_at is null and (lease_until is null or lease_until < now()) and attempt < $2
                    and created_at > now() - interval '5 minutes'
                order by created_at limit 1 for update skip locked
            )
            returning id, team_id, project_id, repo_url, repo_credentials, git_ref, root_dir",
            lease.as_secs_f64(),
            MAX_ATTEMPTS
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        Ok(Some(ClaimedDetection {
            id: row.id.into(),
            team_id: row.team_id.into(),
            project_id: row.project_id.map(Into::into),
            repo_url: row
                .repo_url
                .parse()
                .map_err(|error| StoreError::corrupt("repository address", error))?,
            repo_credentials: row.repo_credentials,
            git_ref: row.git_ref,
            root_dir: row.root_dir,
        }))
    }

    /// Ends a dry run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn finish_detection(
        &self,
        id: DetectionId,
        result: Result<&DetectionResult, &UserError>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update detections set finished_at = now(), result = $2, error = $3 where id = $1 and finished_at is null",
            id.uuid(),
            result.ok().map(Json) as _,
            result.err().map(Json) as _
        )
        .execute(&self.pool)
        .await?;
        self.publish(&redis_keys::detection_channel(id), &()).await;
        Ok(())
    }

    /// Forgets dry runs that ended a while ago.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_detections(&self) -> Result<(), StoreError> {
        sqlx::query!("delete from detections where created_at < now() - interval '1 hour'")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn detection_outcome(&self, id: DetectionId) -> Result<Option<DetectionOutcome>, StoreError> {
        let row = sqlx::query!(
            r#"select result as "result: Json<DetectionResult>", error as "error: Json<UserError>"
            from detections where id = $1 and finished_at is not null"#,
            id.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.and_then(|row| match (row.result, row.error) {
            (Some(Json(result)), _) => Some(DetectionOutcome::Done(result)),
            (None, Some(Json(error))) => Some(DetectionOutcome::Failed(error)),
            (None, None) => None,
        }))
    }
}
