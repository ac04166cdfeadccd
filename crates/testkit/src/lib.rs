//! What tests stand on: a private Postgres and Redis per test, a real Git server, and rows to begin with.
//!
//! [`TestServices::start`] gives a test servers of its own in about a fifth of a second: the database is copied from a
//! template that the first test of a run creates and migrates. A test may kill, pause or stop its servers without any
//! other test noticing. They end with the test, also when it panics or is killed.

mod directory;
mod dns_server;
mod git_repo;
mod git_server;
mod github;
mod services;
mod template;

pub use directory::TestDirectory;
pub use dns_server::DnsServer;
pub use git_repo::{Commit, GitRepo};
pub use git_server::{GitRequest, GitServer, GitServerOptions, LfsOptions};
pub use github::{GitHubBehaviour, GitHubCall, GitHubDeployment, GitHubRefusal, GitHubStandIn};
pub use services::TestServices;
