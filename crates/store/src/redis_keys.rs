//! Every name Aether uses in Redis.

use aether_models::{DeploymentId, ProjectId};

/// List of ids that were queued; a worker's blocking pop on it is its wake-up.
pub(crate) const BUILD_QUEUE: &str = "aether:build-queue";
/// The list never grows beyond this: it only wakes, Postgres is the queue.
pub(crate) const BUILD_QUEUE_MAX: isize = 1000;
/// Channel: a deployment should stop.
pub(crate) const CANCELLATIONS: &str = "aether:cancellations";
/// Channel: the desired state changed (a project was deleted, a switch was asked for).
pub(crate) const RECONCILE: &str = "aether:reconcile";
/// Channel: a domain wants its DNS looked at.
pub(crate) const DOMAINS: &str = "aether:domains";
/// Channel: a new version of the route table.
pub(crate) const ROUTES: &str = "aether:routes";
/// Prefix of the keys in which proxies report, each with a time to live.
pub(crate) const PROXY_REPORT: &str = "aether:proxy:";
/// Prefix of the keys in which workers report, each with a time to live.
pub(crate) const WORKER_REPORT: &str = "aether:worker:";
/// Channel: something about any deployment changed (dashboards refresh lists).
pub(crate) const DEPLOYMENTS: &str = "aether:deployments";

/// Channel: lines and status of one deployment.
pub(crate) fn deployment_channel(deployment: DeploymentId) -> String {
    format!("aether:deployment:{deployment}")
}

/// Channel: lines of a project's running apps.
pub(crate) fn runtime_log_channel(project: ProjectId) -> String {
    format!("aether:runtime-log:{project}")
}

/// Channel: a detection dry run ended.
pub(crate) fn detection_channel(detection: aether_models::DetectionId) -> String {
    format!("aether:detection:{detection}")
}

/// Hash of what was asked of a project in one hour of the Unix epoch, by minute and proxy.
pub(crate) fn traffic(project: ProjectId, hour: i64) -> String {
    format!("aether:traffic:{project}:{hour}")
}

/// Counter of a rate limit.
pub(crate) fn rate_limit(limit: &str, subject_digest: &str) -> String {
    format!("aether:limit:{limit}:{subject_digest}")
}
