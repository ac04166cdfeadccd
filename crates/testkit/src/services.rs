//! A Postgres and a Redis for one test.

use std::path::Path;

use aether_embedded::{Postgres, PostgresConfig, Redis, RedisConfig};
#[cfg(feature = "store")]
use aether_store::{Store, StoreSettings};
use anyhow::Context;

use crate::{TestDirectory, template};

/// Connections of one test's store: enough for its tasks, few enough for a small server.
#[cfg(feature = "store")]
const CONNECTIONS: u32 = 10;

/// Private servers of one test. Dropping it ends them.
#[derive(Debug)]
pub struct TestServices {
    /// The database, migrated and empty.
    pub postgres: Postgres,
    /// An empty Redis.
    pub redis: Redis,
    directory: TestDirectory,
}

impl TestServices {
    /// Starts both servers.
    pub async fn start() -> anyhow::Result<Self> {
        let directory = TestDirectory::create()?;
        template::copy_to(directory.path())
            .await
            .context("copying the template database")?;
        let postgres = PostgresConfig {
            durable: false,
            ..PostgresConfig::new(directory.path())
        };
        let (postgres, redis) = tokio::try_join!(
            Postgres::start(postgres),
            Redis::start(RedisConfig::new(directory.path()))
        )?;
        Ok(Self {
            postgres,
            redis,
            directory,
        })
    }

    /// Address of the database.
    pub fn database_url(&self) -> String {
        self.postgres.url()
    }

    /// Address of Redis.
    pub fn redis_url(&self) -> String {
        self.redis.url()
    }

    /// A directory of the test's own, gone with it. Open to unprivileged users.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// How to reach both servers.
    #[cfg(feature = "store")]
    pub fn store_settings(&self) -> StoreSettings {
        StoreSettings {
            database_url: self.database_url().into(),
            redis_url: self.redis_url().into(),
            max_connections: CONNECTIONS,
        }
    }

    /// A store on both servers.
    #[cfg(feature = "store")]
    pub fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::connect(&self.store_settings())?)
    }
}
