//! What supervisors and monitoring ask, at the root and without a caller.

mod alive;
mod metrics;
mod ready;

pub(crate) use alive::get_health;
pub(crate) use metrics::get_metrics;
pub(crate) use ready::get_ready;
