//! Connections to Postgres and Redis.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::StoreError;
use crate::events::EventHub;
use crate::webhook_deliveries::Gatherer;

/// A request must not wait longer for a connection than a caller waits for an answer (threats.md A16, F9).
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that was used this recently is taken to be alive. Asking it costs a round trip, as much as most queries; one
/// that broke meanwhile fails a request, which is answered 503, as it does when it breaks during one.
const FRESH: Duration = Duration::from_secs(1);
/// No statement of ours takes longer; a lock held elsewhere must not pile up requests (F11).
const STATEMENT_TIMEOUT_MS: &str = "15000";
/// Redis is a convenience: a caller never waits longer for it.
const REDIS_TIMEOUT: Duration = Duration::from_secs(1);

/// Where the stores are.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// `postgres://…`
    pub database_url: SecretString,
    /// `redis://…` or `redis+unix://…`
    pub redis_url: SecretString,
    /// Most connections to Postgres.
    pub max_connections: u32,
}

/// Postgres and Redis. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) redis: ConnectionManager,
    pub(crate) redis_client: redis::Client,
    pub(crate) events: Arc<EventHub>,
    pub(crate) pushes: Arc<Gatherer>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Prepares the connections; neither server has to be there yet.
    ///
    /// # Errors
    /// [`StoreError`] when an address cannot be read.
    pub fn connect(settings: &StoreSettings) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(settings.database_url.expose_secret())?
            .options([("statement_timeout", STATEMENT_TIMEOUT_MS)]);
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(Duration::from_secs(300))
            .test_before_acquire(false)
            .before_acquire(|connection, used| {
                Box::pin(async move {
                    if used.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let redis_client = redis::Client::open(settings.redis_url.expose_secret())?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(REDIS_TIMEOUT))
            .set_response_timeout(Some(REDIS_TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(REDIS_TIMEOUT);
        let redis = ConnectionManager::new_lazy_with_config(redis_client.clone(), config)?;
        let events = EventHub::new(redis_client.clone());
        Ok(Self {
            pool,
            redis,
            redis_client,
            events,
            pushes: Arc::default(),
        })
    }

    /// Brings the schema up to date. Safe to call from several processes at once.
    ///
    /// # Errors
    /// [`StoreError::Migrate`], also when the database is newer than this program.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        sqlx::migrate!("../../migrations").run(&self.pool).await?;
        Ok(())
    }

    /// Postgres answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping_postgres(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Redis answers.
    ///
    /// # Errors
    /// [`StoreError::Redis`] when it does not.
    pub async fn ping_redis(&self) -> Result<(), StoreError> {
        redis::cmd("PING")
            .query_async::<()>(&mut self.redis.clone())
            .await?;
        Ok(())
    }

    /// Closes the connections to Postgres, after their work in hand.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The pool, for tests that look behind the store's back.
    #[doc(hidden)]
    #[must_use]
    pub const fn raw_pool(&self) -> &PgPool {
        &self.pool
    }
}
