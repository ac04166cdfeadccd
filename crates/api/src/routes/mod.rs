//! The API's operations, one a file. `router.rs` lists them.

pub(crate) mod account;
pub(crate) mod auth;
pub(crate) mod deploy_key;
pub(crate) mod deployments;
pub(crate) mod detect;
pub(crate) mod domains;
pub(crate) mod env;
pub(crate) mod environments;
pub(crate) mod github;
pub(crate) mod health;
pub(crate) mod invitations;
pub(crate) mod logs;
pub(crate) mod projects;
pub(crate) mod provider;
pub(crate) mod releases;
pub(crate) mod system;
pub(crate) mod templates;
pub(crate) mod tokens;
pub(crate) mod uploads;
pub(crate) mod webhook_deliveries;
pub(crate) mod webhooks;
