//! The words of Aether, and nothing that does I/O.
//!
//! A **team** owns **projects**. A project names a Git repository or a template and how to build it, and has **environments**
//! (production and previews). A **deployment** takes one commit of the repository through the six **steps**
//! (clone, detect, install, build, deploy, route) to an immutable release: static files with a **manifest**, or a
//! server app run as **instances**. The **route table** says which release answers for which host.

mod account;
mod build_plan;
mod clock;
mod deployment;
mod domain;
mod env_var;
mod error;
mod id;
mod log;
mod manifest;
mod name;
mod project;
mod repo_credentials;
mod repo_paste;
mod repo_url;
mod route;
mod site_rules;
mod source;
mod step;
mod upload;

pub use account::{ApiToken, Invitation, Role, Scope, Team, User};
pub use build_plan::{BuildOverrides, BuildPlan, Confidence, Evidence, PlanKind};
pub use clock::{Clock, SharedClock, SystemClock};
pub use deployment::{Commit, Deployment, DeploymentStatus, InvalidTransition, Trigger, UnknownName};
pub use domain::{AddressFinding, DnsRecord, DomainFinding, PROOF_GRACE, ProofFinding};
pub use env_var::{
    ENV_NAME_MAX, ENV_VALUE_MAX, ENV_VARS_MAX, EnvName, EnvScope, EnvTarget, EnvVar, InvalidEnvName,
    MASKED_MIN, check_env_value,
};
pub use error::UserError;
pub use id::*;
pub use log::{LogLine, LogStream};
pub use manifest::{
    APP_DIRECTORY, Encoding, FILES_DIRECTORY, FileEntry, MANIFEST_FILE, MANIFEST_VERSION, Manifest,
};
pub use name::{
    GitRef, Hostname, InvalidGitRef, InvalidHostname, InvalidProjectName, InvalidSlug, ProjectName, Slug,
};
pub use project::{
    Cpus, Environment, EnvironmentKindName, Project, ProjectSettings, ResourceLimits, RuntimeName,
    VolumeMount,
};
pub use repo_credentials::RepoCredentials;
pub use repo_paste::InvalidPaste;
pub use repo_url::{ForbiddenGitHost, GitHostPolicy, InvalidAllowedHost, InvalidRepoUrl, RepoUrl, is_global};
pub use route::{AppHosts, PlatformPage, Route, RouteChanges, RouteKind, RouteTarget};
pub use site_rules::{HeaderRule, ParsedRules, RedirectRule, RuleProblem, parse_headers, parse_redirects};
pub use source::{ProjectSource, SourceKind};
pub use step::{Step, StepOutcome, StepRecord};
pub use upload::{
    InvalidUpload, UPLOAD_BYTES_MAX, UPLOAD_ENTRIES_MAX, UPLOAD_FILE_MAX, UploadEntry, UploadEntryKind,
    check_upload, check_upload_path, is_sha256,
};
