//! What the worker and the supervisor of an app say to each other: one line of JSON each way over the control socket.

use aether_models::{DeploymentId, InstanceId, ProjectId};
use serde::{Deserialize, Serialize};

use crate::runtime::AppState;

/// A question of the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Request {
    /// How is the app?
    Status,
    /// Stop it and end; answered when it is stopped.
    Stop {
        /// Time between TERM and KILL.
        grace_ms: u64,
    },
}

/// The supervisor's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Response {
    Status(Status),
    Stopped,
    /// The question was not understood (another version of Aether asks).
    Refused {
        why: String,
    },
}

/// How the app is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) app: AppState,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// The sandbox's process on this machine, while there is one.
    pub(crate) pid: Option<i32>,
}

/// Who the app is; kept in the state folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) instance_id: InstanceId,
    pub(crate) deployment_id: DeploymentId,
    pub(crate) project_id: ProjectId,
    pub(crate) port: u16,
}
