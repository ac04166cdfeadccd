//! A project: one source of files, how to build it, and where its releases go.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BuildOverrides, DeploymentId, EnvironmentId, GitRef, ProjectId, ProjectSource, Slug, TeamId, UnknownName,
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
    pub source: ProjectSource,
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
    /// Limits of the running app; of each copy, when there are several.
    pub app_limits: ResourceLimits,
    /// Copies of the running app, between which the proxy balances.
    pub replicas: u32,
    /// Isolation of builds and apps; none takes what the worker has.
    pub runtime: Option<RuntimeName>,
    /// Storage of the app that outlives deployments; in containers only.
    pub volumes: Vec<VolumeMount>,
    /// A push through the webhook deploys.
    pub auto_deploy: bool,
    /// Share of the visitors' requests that get a line in the proxy's access log, in percent.
    pub access_log_percent: u8,
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
    /// Files that the repository keeps in Git LFS are fetched too; otherwise their pointers are left.
    pub lfs: bool,
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
            replicas: 1,
            runtime: None,
            volumes: Vec::new(),
            auto_deploy: true,
            access_log_percent: 0,
            watch_paths: Vec::new(),
            preview_branches: Vec::new(),
            preview_pull_requests: true,
            preview_max: 10,
            preview_days: 14,
            poll_minutes: 0,
            submodules: false,
            lfs: false,
        }
    }
}

/// How builds and apps are kept apart from the machine and from one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeName {
    /// Containers.
    Docker,
    /// Sandboxed processes.
    Process,
}

impl RuntimeName {
    /// The name as it stands in Postgres, in settings and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Process => "process",
        }
    }
}

/// A volume of a project and where its app sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeMount {
    /// Its name within the project: lower-case letters, digits and hyphens.
    pub name: String,
    /// Where the app sees it, absolute.
    pub path: String,
}

impl VolumeMount {
    /// The longest name; with the platform's prefix around it, it stays below an engine's 255 characters.
    const NAME_MAX: usize = 63;
    /// Places that a volume would hide or open.
    const RESERVED: [&'static str; 13] = [
        "/",
        "/proc",
        "/sys",
        "/dev",
        "/run",
        "/tmp",
        "/etc",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/usr",
        "/workspace",
    ];

    /// Whether name and path can be used: a plain name, and a path of its own.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let (name, path) = (self.name.as_str(), self.path.as_str());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let named = !name.is_empty()
            && name.len() <= Self::NAME_MAX
            && name.bytes().all(plain)
            && !name.starts_with('-');
        let mut steps = path.split('/').skip(1);
        let clean = path.starts_with('/')
            && path.len() <= 255
            && steps.all(|step| !step.is_empty() && step != "." && step != "..")
            && !path.contains(|character: char| character.is_control() || matches!(character, ':' | ','));
        let free = !Self::RESERVED.contains(&path)
            && !["/proc/", "/sys/", "/dev/", "/run/"]
                .iter()
                .any(|root| path.starts_with(root));
        named && clean && free
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_has_a_plain_name_and_a_place_of_its_own() {
        let is_usable = |name: &str, path: &str| {
            let mount = VolumeMount {
                name: name.to_owned(),
                path: path.to_owned(),
            };
            mount.is_usable()
        };
        assert!(is_usable("uploads", "/data/uploads"));
        assert!(is_usable("db", "/var/lib/data"));
        assert!(is_usable("db", "/workspace/storage"));
        for (name, path) in [
            ("", "/data"),
            ("../x", "/data"),
            ("A", "/data"),
            ("-a", "/data"),
            ("a", "data"),
            ("a", "/"),
            ("a", "/data/../etc"),
            ("a", "/data//x"),
            ("a", "/proc/self"),
            ("a", "/run/secrets"),
            ("a", "/usr"),
            ("a", "/workspace"),
            ("a", "/da:ta"),
            ("a", "/data\n"),
        ] {
            assert!(!is_usable(name, path), "{name:?} {path:?}");
        }
    }

    #[test]
    fn settings_of_an_earlier_version_are_read_with_defaults() {
        let settings: ProjectSettings = serde_json::from_str(r#"{"root_dir": "web"}"#).unwrap();
        assert_eq!(
            (settings.replicas, settings.runtime, settings.volumes.len()),
            (1, None, 0)
        );
    }
}
