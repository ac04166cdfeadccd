//! Server apps: launching a copy of a release, waiting until it is healthy, watching it, stopping it.

mod health;
mod launch;
mod supervise;

pub(crate) use health::{Unhealthy, answers, explain_unhealthy, wait_until_healthy};
pub(crate) use launch::{discard, keep_address, launch, launch_instance, stop_instance, stop_leftovers};
pub(crate) use supervise::{masked_log, run as supervise};
