//! A private Postgres and Redis as supervised children, for one machine without any set-up by hand.
//!
//! Everything lives below one data directory: `postgres/` and `redis/` (the files), `logs/` (what the servers print) and
//! `sockets/` (their unix sockets, reachable by nobody else). Neither server listens on the network. [`Postgres::start`] and
//! [`Redis::start`] each take the directory's lock, end what a killed predecessor left running, create the files on the
//! first start, start the server as an unprivileged user and wait until it answers. From then on a task watches the child
//! and starts it again, with growing pauses, should it die. `stop` ends it in order.

mod account;
mod binaries;
mod error;
mod files;
mod leftover;
mod postgres;
mod redis;
mod supervisor;

pub use account::Account;
pub use binaries::{PostgresBinaries, redis_server};
pub use error::EmbeddedError;
pub use files::{DirectoryLock, create_private_directory, create_shared_directory};
pub use postgres::{Postgres, PostgresConfig};
pub use redis::{Redis, RedisConfig};
pub use supervisor::Server;
