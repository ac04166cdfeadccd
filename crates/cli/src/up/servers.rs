//! The private Postgres and Redis, unless the settings name others.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aether_embedded::{Postgres, PostgresConfig, Redis, RedisConfig, Server};
use aether_store::StoreSettings;

use super::settings::UpSettings;

type Action = Box<dyn Fn() + Send + Sync>;

/// What must still happen when the process is ended without waiting: servers must not outlive it.
#[derive(Clone, Default)]
pub(super) struct LastCall(Arc<Mutex<Vec<Action>>>);

impl LastCall {
    pub(super) fn run(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .for_each(|action| action());
    }

    fn end(&self, server: &Server) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(server.ender()));
    }
}

/// The servers this process started.
#[derive(Debug)]
pub(super) struct Servers {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
}

impl Servers {
    pub(super) async fn start(
        settings: &UpSettings,
        data_dir: &Path,
        last_call: &LastCall,
    ) -> anyhow::Result<Self> {
        let postgres = async {
            if settings.own_postgres {
                return Ok(None);
            }
            let mut postgres = Postgres::start(PostgresConfig::new(data_dir)).await?;
            last_call.end(postgres.server());
            Ok::<_, anyhow::Error>(Some(postgres))
        };
        let redis = async {
            if settings.own_redis {
                return Ok(None);
            }
            let mut redis = Redis::start(RedisConfig::new(data_dir)).await?;
            last_call.end(redis.server());
            Ok(Some(redis))
        };
        // Both are awaited, so that the one that came up is stopped in order when the other did not.
        match tokio::join!(postgres, redis) {
            (Ok(postgres), Ok(redis)) => Ok(Self { postgres, redis }),
            (Err(error), Ok(redis)) => {
                Self {
                    postgres: None,
                    redis,
                }
                .stop()
                .await;
                Err(error)
            }
            (Ok(postgres), Err(error)) => {
                Self {
                    postgres,
                    redis: None,
                }
                .stop()
                .await;
                Err(error)
            }
            (Err(error), Err(_)) => Err(error),
        }
    }

    /// Where the stores are now.
    pub(super) fn store_settings(&self, settings: &UpSettings) -> StoreSettings {
        let mut store = settings.store.clone();
        if let Some(postgres) = &self.postgres {
            store.database_url = postgres.url().into();
        }
        if let Some(redis) = &self.redis {
            store.redis_url = redis.url().into();
        }
        store
    }

    /// Ends both in order.
    pub(super) async fn stop(self) {
        let redis = async {
            if let Some(redis) = self.redis {
                redis.stop().await;
            }
        };
        let postgres = async {
            if let Some(postgres) = self.postgres {
                postgres.stop().await;
            }
        };
        tokio::join!(redis, postgres);
    }
}
