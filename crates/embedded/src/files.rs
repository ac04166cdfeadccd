//! Directories, their owners and locks, and the log files of the servers.

mod directory;
mod lock;
mod server_log;

pub(crate) use directory::{RunDirectory, create_owned_directory};
pub use directory::{create_private_directory, create_shared_directory};
pub use lock::DirectoryLock;
pub(crate) use server_log::ServerLog;
