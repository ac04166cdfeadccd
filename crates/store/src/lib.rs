//! The only crate with SQL and with Redis keys.
//!
//! Postgres is the truth. Redis carries wake-ups, live events and counters, and may be emptied or away at any moment:
//! nothing here fails because of it, and every reader of an event has a timed look at Postgres besides.
//!
//! How to write a query here: one file per aggregate, as `impl Store`; `sqlx::query!` with lower-case SQL and explicit
//! columns, so that it is checked against the schema when it is compiled; the team is a parameter of every query on
//! behalf of a user; times come from the database's clock; a named constraint becomes a [`Conflict`] in `error.rs`.
//! After a change run `just sqlx-prepare`, which renews `.sqlx`.

mod approvals;
mod audit;
mod build_logs;
mod deploy_keys;
mod deployments;
mod detections;
mod domains;
mod env_vars;
mod environments;
mod error;
mod events;
mod fork_heads;
mod github_apps;
mod github_deployments;
mod github_repositories;
mod instance_facts;
mod instances;
mod limits;
mod own_account;
mod polls;
mod pool;
mod project_source;
mod projects;
mod proxies;
mod queue;
mod redis_keys;
mod releases;
mod reports;
mod routes;
mod running_copies;
mod runtime_logs;
mod secrets;
mod sessions;
mod steps;
mod system;
mod teams;
mod tokens;
mod traffic;
mod upkeep;
mod uploads;
mod users;
mod webhook_deliveries;
mod worker_reports;

pub use approvals::Approval;
pub use audit::AuditEntry;
pub use build_logs::LOG_PAGE_MAX;
pub use deploy_keys::{DeployKeyRecord, SealedDeployKey};
pub use deployments::{
    CancelOutcome, ClaimedDeployment, CreatedDeployment, DeploymentFilter, DeploymentInputs, Heartbeat,
    Lease, MAX_ATTEMPTS, NewDeployment, SealedEnvVar,
};
pub use detections::{ClaimedDetection, DetectionOutcome, DetectionResult, NewDetection, detection_context};
pub use domains::{DomainCheck, DomainOutcome, DomainRecord, DueDomain, NewDomain};
pub use env_vars::{EnvVarChange, EnvVarRecord, EnvVarsRefused};
pub use environments::{EnvironmentRecord, ForkHead, NewPreview, PreviewOf, PreviewPlace};
pub use error::{Conflict, StoreError};
pub use events::{DeploymentEvent, Event};
pub use fork_heads::UnknownHead;
pub use github_apps::{GitHubAppDraft, GitHubAppRecord, GitHubInstallation, GitHubSecret};
pub use github_deployments::GitHubDeploymentReport;
pub use github_repositories::{GitHubRepositoryAccess, NewGitHubRepository};
pub use instance_facts::QueueDepth;
pub use instances::{Instance, InstanceState, NewInstance, ReleaseImage};
pub use limits::{Limit, LimitKey, RateLimits};
pub use own_account::{ProfileChange, SessionRecord};
pub use polls::Poll;
pub use pool::{Store, StoreSettings};
pub use projects::{NewProject, ProjectKey, ProjectRecord};
pub use proxies::{ProjectTraffic, ProxyReport};
pub use releases::{PendingSwitch, Release, SwitchOutcome};
pub use reports::{CommentReport, ProviderConnection, ReportTarget, StatusReport};
pub use running_copies::RunningCopy;
pub use runtime_logs::{NewRuntimeLine, RuntimeLine};
pub use secrets::{Keyring, SealContext, SecretsError};
pub use sessions::{Principal, Rotation};
pub use tokens::{NewToken, TokenPrincipal};
pub use traffic::{TRAFFIC_BOUNDS_US, TRAFFIC_KEPT_MINUTES, TrafficCounts};
pub use upkeep::DeploymentsInUse;
pub use uploads::{FileOutcome, NewUpload, UploadState};
pub use users::{Account, NewUser};
pub use webhook_deliveries::{
    DeliveryAction, DeliveryOutcome, DeliveryPayload, DeliveryRecord, DeliveryVerdict, KnownDelivery,
    NewDelivery,
};
pub use worker_reports::{AppUsage, VolumeUsage, WorkerReport};
