//! Deployments: made by the API ([`create`]), taken by a worker ([`claim`]), written by whoever holds the lease
//! ([`progress`]), read by everybody ([`read`]).

mod cancel;
mod claim;
pub(crate) mod create;
mod inputs;
pub(crate) mod insert;
pub(crate) mod progress;
pub(crate) mod read;

use aether_models::{DeploymentId, EnvScope};
use serde::{Deserialize, Serialize};

pub use cancel::CancelOutcome;
pub use claim::{ClaimedDeployment, Heartbeat, MAX_ATTEMPTS};
pub use create::{CreatedDeployment, NewDeployment};
pub use inputs::DeploymentInputs;
pub use read::DeploymentFilter;

/// The right to write to one deployment, until another worker claims it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Grows with every claim; every write shows it.
    pub fencing_token: i64,
}

/// One variable of a deployment's snapshot, its value sealed as it is in `env_vars`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedEnvVar {
    /// Its name.
    pub name: String,
    /// The sealed value, base64.
    pub value: String,
    /// When it is visible.
    pub scope: EnvScope,
    /// It is masked in logs.
    pub secret: bool,
}
