//! Takes build jobs, runs the pipeline, owns containers and processes.
//!
//! [`run`] is the whole service: the queue's worker with the six steps of the [`pipeline`], the reconcilers that keep apps
//! and disk as they should be, and the collector of what apps print. It listens on no port.

mod apps;
mod artifacts;
mod caches;
mod dns;
mod environment;
mod fail_points;
mod folders;
mod git;
mod github;
mod lease;
mod masking;
mod package_managers;
mod pipeline;
mod queue;
mod reconcile;
pub mod runtime;
mod service;
mod settings;
pub mod shim;

pub use environment::Environment;
pub use folders::Folders;
pub use git::{
    CheckoutReport, GitClient, GitError, GitLimits, LfsPointer, RemoteRef, RemoteRepository, SshIdentity,
    Submodule,
};
pub use lease::{LeaseKeeper, StopReason, StopSignal};
pub use masking::Masker;
pub use pipeline::PipelineHandler;
pub use queue::{JobHandler, QueueSettings, run as run_queue};
pub use service::{build_environment, run, run_with};
pub use settings::{PublicLinks, RuntimeChoice, Settings, Timing, store_settings};
