//! The pipeline's one list of steps and the record each leaves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DeploymentStatus, UnknownName, UserError};

/// The six steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Fetch the commit into a clean working tree.
    Clone,
    /// Decide how it is built.
    Detect,
    /// Install its dependencies.
    Install,
    /// Run its build.
    Build,
    /// Store the release and, for an app, start it and wait until it is healthy.
    Deploy,
    /// Make it the one that visitors get.
    Route,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 6] = [
        Self::Clone,
        Self::Detect,
        Self::Install,
        Self::Build,
        Self::Deploy,
        Self::Route,
    ];

    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clone => "clone",
            Self::Detect => "detect",
            Self::Install => "install",
            Self::Build => "build",
            Self::Deploy => "deploy",
            Self::Route => "route",
        }
    }

    /// The status a deployment has while this step runs.
    #[must_use]
    pub const fn status(self) -> DeploymentStatus {
        match self {
            Self::Clone | Self::Detect | Self::Install | Self::Build => DeploymentStatus::Building,
            Self::Deploy | Self::Route => DeploymentStatus::Deploying,
        }
    }
}

impl std::str::FromStr for Step {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|step| step.as_str() == text)
            .ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It did its work.
    Succeeded,
    /// There was nothing to do (no install command, a reused cache).
    Skipped,
    /// It ended the deployment.
    Failed,
    /// It was stopped by a cancel or a supersede.
    Cancelled,
}

impl StepOutcome {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for StepOutcome {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Succeeded, Self::Skipped, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// What one step of one deployment left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepRecord {
    /// Which step.
    pub step: Step,
    /// When it began (of the last attempt).
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it runs.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it ended; none while it runs.
    pub outcome: Option<StepOutcome>,
    /// The readable reason of a failure.
    pub error: Option<UserError>,
}
