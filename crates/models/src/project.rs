//! A project: one repository, how to build it, and where its releases go.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BuildOverrides, DeploymentId, EnvironmentId, GitRef, ProjectId, RepoUrl, Slug, TeamId, UnknownName,
};

/// A project, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its owner.
    pub team_id: TeamId,
    /// Label of its production host, unique on this instance.
    pub slug: Slug,
    /// Name for people.
    pub name: String,
    /// Where the code is.
    pub repo_url: RepoUrl,
    /// Branch that production follows; none follows the repository's default branch.
    pub branch: Option<GitRef>,
    /// How it is built and run.
    pub settings: ProjectSettings,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// How a project is built and run; a deployment keeps the copy it was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProjectSettings {
    /// Folder of the app, relative to the repository; `.` for its root.
    pub root_dir: String,
    /// What the user fixed about the build.
    #[serde(flatten)]
    pub overrides: BuildOverrides,
    /// HTTP path that must answer with 2xx or 3xx before an app goes live; none checks the TCP port.
    pub health_check_path: Option<String>,
    /// Seconds an app may take until it is healthy.
    pub health_check_timeout_seconds: u32,
    /// Limits of a build.
    pub build_limits: ResourceLimits,
    /// Seconds a whole build may take.
    pub build_timeout_seconds: u32,
    /// Limits of the running app.
    pub app_limits: ResourceLimits,
    /// A push through the webhook deploys.
    pub auto_deploy: bool,
    /// Globs of paths in the repository; a push that changes none of them does not deploy. Empty watches everything.
    pub watch_paths: Vec<String>,
    /// Globs of branches that get a preview each.
    pub preview_branches: Vec<String>,
    /// Pull requests get a preview each.
    pub preview_pull_requests: bool,
    /// Most previews at a time.
    pub preview_max: u32,
    /// Days after which a preview that nobody deployed to is removed.
    pub preview_days: u32,
    /// Minutes between two looks at the repository for a push that was never told of; 0 leaves it to webhooks.
    pub poll_minutes: u32,
    /// Submodules of the repository are fetched too.
    pub submodules: bool,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self {
            root_dir: ".".to_owned(),
            overrides: BuildOverrides::default(),
            health_check_path: None,
            health_check_timeout_seconds: 30,
            build_limits: ResourceLimits {
                memory_mb: 2048,
                cpus: 2.0.into(),
                pids: 1024,
                disk_mb: 10_240,
            },
            build_timeout_seconds: 1200,
            app_limits: ResourceLimits {
                memory_mb: 512,
                cpus: 1.0.into(),
                pids: 256,
                disk_mb: 1024,
            },
            auto_deploy: true,
            watch_paths: Vec::new(),
            preview_branches: Vec::new(),
            preview_pull_requests: true,
            preview_max: 10,
            preview_days: 14,
            poll_minutes: 0,
            submodules: false,
        }
    }
}

/// What a build or an app may use at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResourceLimits {
    /// Memory, MiB.
    pub memory_mb: u32,
    /// Processors, as a decimal number of cores.
    #[schema(value_type = f64)]
    pub cpus: Cpus,
    /// Processes and threads.
    pub pids: u32,
    /// Disk, MiB.
    pub disk_mb: u32,
}

/// A number of processors in thousandths, so that settings can be compared exactly; written as a decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Cpus {
    /// Thousandths of a core.
    pub millis: u32,
}

impl From<f64> for Cpus {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=1024 cores first"
    )]
    fn from(cores: f64) -> Self {
        Self {
            millis: (cores.clamp(0.0, 1024.0) * 1000.0).round() as u32,
        }
    }
}

impl From<Cpus> for f64 {
    fn from(cpus: Cpus) -> Self {
        Self::from(cpus.millis) / 1000.0
    }
}

/// A place a project's releases go: production, or a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// What it is for.
    pub kind: EnvironmentKindName,
    /// Its name (`production`, a branch, a pull request).
    pub name: String,
    /// What it serves now.
    pub live_deployment_id: Option<DeploymentId>,
}

/// What an environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentKindName {
    /// The public one.
    Production,
    /// A branch or a pull request.
    Preview,
}

impl EnvironmentKindName {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }
}

impl std::str::FromStr for EnvironmentKindName {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "production" => Ok(Self::Production),
            "preview" => Ok(Self::Preview),
            _ => Err(UnknownName(text.to_owned())),
        }
    }
}
