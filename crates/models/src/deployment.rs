//! One commit on its way to being live: the status machine and what everybody reads of a deployment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BuildPlan, DeploymentId, EnvironmentId, ProjectId, StepRecord, TeamId, UploadId, UserError, UserId,
};

/// Where a deployment stands: `QUEUED -> BUILDING -> DEPLOYING -> READY`, or one of the three other ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeploymentStatus {
    /// Waiting for a worker.
    Queued,
    /// Cloning, detecting, installing or building.
    Building,
    /// Storing the result, starting it, switching the route.
    Deploying,
    /// The release exists and was live at least once.
    Ready,
    /// Ended with an error that the user can read.
    Failed,
    /// Ended because somebody cancelled it.
    Cancelled,
    /// Ended because a newer deployment of the same branch made it pointless.
    Superseded,
}

/// A status change that the machine does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deployment cannot go from {from} to {to}")]
pub struct InvalidTransition {
    /// The status it has.
    pub from: DeploymentStatus,
    /// The status that was asked for.
    pub to: DeploymentStatus,
}

impl DeploymentStatus {
    /// Every status, in the order of the machine.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Building,
        Self::Deploying,
        Self::Ready,
        Self::Failed,
        Self::Cancelled,
        Self::Superseded,
    ];

    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Building => "BUILDING",
            Self::Deploying => "DEPLOYING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Superseded => "SUPERSEDED",
        }
    }

    /// Nothing will change any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Ready | Self::Failed | Self::Cancelled | Self::Superseded
        )
    }

    /// A worker holds it.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Building | Self::Deploying)
    }

    /// Changes to `to`.
    ///
    /// A running deployment whose worker died is claimed again: that keeps the row at `BUILDING`, which is why
    /// `DEPLOYING -> BUILDING` and `BUILDING -> BUILDING` exist.
    ///
    /// # Errors
    /// [`InvalidTransition`] when the machine has no such edge.
    pub const fn transition(self, to: Self) -> Result<Self, InvalidTransition> {
        let allowed = match self {
            Self::Queued => matches!(
                to,
                Self::Building | Self::Failed | Self::Cancelled | Self::Superseded
            ),
            Self::Building => {
                matches!(
                    to,
                    Self::Building | Self::Deploying | Self::Failed | Self::Cancelled | Self::Superseded
                )
            }
            Self::Deploying => {
                matches!(
                    to,
                    Self::Building | Self::Ready | Self::Failed | Self::Cancelled | Self::Superseded
                )
            }
            Self::Ready | Self::Failed | Self::Cancelled | Self::Superseded => false,
        };
        if allowed {
            Ok(to)
        } else {
            Err(InvalidTransition { from: self, to })
        }
    }
}

impl std::fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for DeploymentStatus {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// A stored name that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown name {0:?}")]
pub struct UnknownName(pub String);

/// Why a deployment was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Somebody asked for it.
    Manual,
    /// A signed push arrived.
    Webhook,
    /// Somebody repeated an earlier deployment.
    Redeploy,
    /// A look at the repository found a commit that nobody had told of.
    Poll,
}

impl Trigger {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Webhook => "webhook",
            Self::Redeploy => "redeploy",
            Self::Poll => "poll",
        }
    }
}

impl std::str::FromStr for Trigger {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Manual, Self::Webhook, Self::Redeploy, Self::Poll]
            .into_iter()
            .find(|trigger| trigger.as_str() == text)
            .ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// The commit a deployment builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Commit {
    /// Full object id, 40 (or 64) hex digits.
    pub sha: String,
    /// First line of the commit message.
    pub message: String,
    /// Name of the author.
    pub author: String,
    /// When it was authored.
    pub authored_at: Option<DateTime<Utc>>,
}

/// One deployment, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// The environment it goes to.
    pub environment_id: EnvironmentId,
    /// Counts up per project from 1; part of the deployment's own host.
    pub number: i32,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// Why it was made.
    pub trigger: Trigger,
    /// Branch, tag or commit that was asked for.
    pub git_ref: String,
    /// The upload that is built instead of a commit.
    pub upload_id: Option<UploadId>,
    /// The commit that was built, once it is known.
    pub commit: Option<Commit>,
    /// How it was built, once that is known.
    pub plan: Option<BuildPlan>,
    /// The readable reason of a failure.
    pub error: Option<UserError>,
    /// How often a worker took it.
    pub attempt: i32,
    /// Somebody asked for it to stop.
    pub cancel_requested: bool,
    /// Who asked for it, when a person did.
    pub created_by: Option<UserId>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Its steps so far, in order.
    pub steps: Vec<StepRecord>,
    /// It is what its environment serves now.
    pub live: bool,
}

#[cfg(test)]
mod tests {
    use super::DeploymentStatus as S;

    #[test]
    fn ended_deployments_never_change() {
        for from in S::ALL.into_iter().filter(|status| status.is_terminal()) {
            for to in S::ALL {
                assert!(from.transition(to).is_err(), "{from} -> {to}");
            }
        }
    }

    #[test]
    fn the_way_to_live_is_one_line() {
        let end = S::Queued
            .transition(S::Building)
            .and_then(|status| status.transition(S::Deploying))
            .and_then(|status| status.transition(S::Ready));
        assert_eq!(end, Ok(S::Ready));
        assert!(S::Queued.transition(S::Ready).is_err());
        assert!(S::Building.transition(S::Ready).is_err());
    }

    #[test]
    fn names_round_trip() {
        for status in S::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
    }
}
