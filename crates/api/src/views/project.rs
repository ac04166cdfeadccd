//! A project, as the dashboard and the command line read it.

use aether_models::{
    GitRef, PlanKind, Project, ProjectId, RepoUrl, ResourceLimits, RuntimeName, Slug, SourceKind, VolumeMount,
};
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::DeploymentView;
use crate::state::AppState;

/// One project with its settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
pub(crate) struct ProjectView {
    /// Its id.
    pub id: ProjectId,
    /// Label of its host.
    pub slug: Slug,
    /// Name for people.
    pub name: String,
    /// What kind of source its files come from.
    pub source: SourceKind,
    /// Address of its repository, when it has one.
    pub repo_url: Option<RepoUrl>,
    /// Name of its template, when it is made from one.
    pub template: Option<Slug>,
    /// Owner and name of the repository at GitHub, when a GitHub App opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_repository: Option<String>,
    /// User name and password of the repository are stored.
    pub has_repo_credentials: bool,
    /// Branch that production follows; null follows the repository's default branch.
    pub branch: Option<GitRef>,
    /// Address of the live site.
    pub url: String,
    /// Folder of the app, relative to the repository.
    pub root_dir: String,
    /// Fixed kind; null leaves it to detection, as with every setting up to `spa`.
    pub kind: Option<PlanKind>,
    /// Fixed framework.
    pub framework: Option<String>,
    /// Fixed install command; empty skips the step.
    pub install_command: Option<String>,
    /// Fixed build command; empty skips the step.
    pub build_command: Option<String>,
    /// Fixed start command.
    pub start_command: Option<String>,
    /// Fixed output directory.
    pub output_directory: Option<String>,
    /// Fixed port.
    pub port: Option<u16>,
    /// Fixed runtime versions.
    pub runtime_version: IndexMap<String, String>,
    /// Fixed single-page-app decision.
    pub spa: Option<bool>,
    /// HTTP path that must answer before an app goes live; null checks the TCP port.
    pub health_check_path: Option<String>,
    /// Seconds an app may take until it is healthy.
    pub health_check_timeout_seconds: u32,
    /// Limits of a build.
    pub build_limits: ResourceLimits,
    /// Seconds a whole build may take.
    pub build_timeout_seconds: u32,
    /// Limits of the running app.
    pub app_limits: ResourceLimits,
    /// Copies of the running app, between which the proxy balances.
    pub replicas: u32,
    /// Fixed isolation of builds and apps; null takes what the worker has.
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
    /// Days without a deployment after which a preview is removed.
    pub preview_days: u32,
    /// Minutes between two looks at the repository; 0 leaves it to webhooks.
    pub poll_minutes: u32,
    /// Submodules of the repository are fetched too.
    pub submodules: bool,
    /// Files that the repository keeps in Git LFS are fetched too.
    pub lfs: bool,
    /// What visitors of production get.
    pub live_deployment: Option<DeploymentView>,
    /// The newest deployment.
    pub latest_deployment: Option<DeploymentView>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its settings last changed.
    pub updated_at: DateTime<Utc>,
}

/// What to enter at the Git provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    /// Where deliveries go.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
}

impl ProjectView {
    /// Builds it.
    pub(crate) fn new(
        state: &AppState,
        project: Project,
        has_repo_credentials: bool,
        live_deployment: Option<DeploymentView>,
        latest_deployment: Option<DeploymentView>,
    ) -> Self {
        let settings = project.settings;
        let overrides = settings.overrides;
        Self {
            url: state.urls.site(&state.hosts.production(&project.slug)),
            id: project.id,
            slug: project.slug,
            name: project.name,
            source: project.source.kind(),
            repo_url: project.source.repo_url().cloned(),
            template: project.source.template().cloned(),
            github_repository: None,
            has_repo_credentials,
            branch: project.branch,
            root_dir: settings.root_dir,
            kind: overrides.kind,
            framework: overrides.framework,
            install_command: overrides.install_command,
            build_command: overrides.build_command,
            start_command: overrides.start_command,
            output_directory: overrides.output_directory,
            port: overrides.port,
            runtime_version: overrides.runtime_version,
            spa: overrides.spa,
            health_check_path: settings.health_check_path,
            health_check_timeout_seconds: settings.health_check_timeout_seconds,
            build_limits: settings.build_limits,
            build_timeout_seconds: settings.build_timeout_seconds,
            app_limits: settings.app_limits,
            replicas: settings.replicas,
            runtime: settings.runtime,
            volumes: settings.volumes,
            auto_deploy: settings.auto_deploy,
            access_log_percent: settings.access_log_percent,
            watch_paths: settings.watch_paths,
            preview_branches: settings.preview_branches,
            preview_pull_requests: settings.preview_pull_requests,
            preview_max: settings.preview_max,
            preview_days: settings.preview_days,
            poll_minutes: settings.poll_minutes,
            submodules: settings.submodules,
            lfs: settings.lfs,
            live_deployment,
            latest_deployment,
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}
