//! The API over real sockets, on a Postgres and a Redis of each test's own. Tests carry the names of the rows of the
//! threat model they cover (`input_26_…`, `f9_…`).
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

mod access_log;
mod accounts;
mod authorization;
#[cfg(feature = "failpoints")]
mod crashes;
mod deployments;
mod detection;
mod domains;
mod env_vars;
mod github;
mod hostile_sources;
mod http_surface;
mod json_bodies;
mod logs;
mod outages;
mod own_account;
mod previews;
mod private_sources;
mod projects;
mod releases;
mod settings;
mod support;
mod system;
mod templates;
mod tokens;
mod uploads;
mod webhooks;
