//! Wake-ups of the workers. Postgres is the queue; a lost wake-up costs one poll interval.

use std::time::Duration;

use futures::Stream;
use redis::AsyncCommands;

use crate::{Store, redis_keys};

/// How long one blocking pop waits; also how soon a lost server is noticed.
const POP_TIMEOUT_SECONDS: f64 = 5.0;
/// Pause before the next attempt to reach Redis.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

impl Store {
    /// Wakes a worker. Failing is fine: workers also look by themselves.
    pub async fn wake_workers(&self, id: impl std::fmt::Display + Send) {
        let pushed: Result<(), _> = redis::pipe()
            .lpush(redis_keys::BUILD_QUEUE, id.to_string())
            .ignore()
            .ltrim(redis_keys::BUILD_QUEUE, 0, redis_keys::BUILD_QUEUE_MAX - 1)
            .ignore()
            .query_async(&mut self.redis.clone())
            .await;
        if let Err(error) = pushed {
            tracing::debug!(%error, "no worker was woken; one will look by itself");
        }
    }

    /// An item whenever there may be work. Never ends; waits through outages of Redis.
    pub fn wake_signals(&self) -> impl Stream<Item = ()> + Send + use<> {
        let client = self.redis_client.clone();
        futures::stream::unfold((client, None), |(client, connection)| async move {
            let connection = wait_for_wake(&client, connection).await;
            Some(((), (client, Some(connection))))
        })
    }
}

async fn wait_for_wake(
    client: &redis::Client,
    connection: Option<redis::aio::MultiplexedConnection>,
) -> redis::aio::MultiplexedConnection {
    // The pop blocks on purpose, so the usual response timeout would cut it.
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(10)));
    let mut connection = connection;
    loop {
        let mut ready = match connection.take() {
            Some(ready) => ready,
            None => match client.get_multiplexed_async_connection_with_config(&config).await {
                Ok(ready) => ready,
                Err(_) => {
                    tokio::time::sleep(RECONNECT_PAUSE).await;
                    continue;
                }
            },
        };
        let popped: redis::RedisResult<Option<(String, String)>> =
            ready.brpop(redis_keys::BUILD_QUEUE, POP_TIMEOUT_SECONDS).await;
        match popped {
            Ok(Some(_)) => return ready,
            Ok(None) => connection = Some(ready),
            Err(_) => tokio::time::sleep(RECONNECT_PAUSE).await,
        }
    }
}
