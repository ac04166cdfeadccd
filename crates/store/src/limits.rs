//! Rate limits: counters with a time to live in Redis, shared by all services; in this process' memory while Redis is away.
//!
//! An attempt is counted before it is made, in one step, so that many at the same time cannot slip through together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::AsyncCommands;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::{Store, redis_keys};

/// Counters in memory before the expired ones are thrown out.
const MEMORY_SWEEP: usize = 10_000;

/// So many in so much time.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Part of the counter's name.
    pub name: &'static str,
    /// How many are let through.
    pub count: i64,
    /// From the first of them on.
    pub window: Duration,
}

/// One counter.
#[derive(Debug, Clone)]
pub struct LimitKey {
    name: String,
    limit: Limit,
}

impl LimitKey {
    /// The counter of one person, address or account; who it is does not stand in Redis.
    #[must_use]
    pub fn new(limit: &Limit, subject: &str) -> Self {
        Self {
            name: redis_keys::rate_limit(limit.name, &hex::encode(Sha256::digest(subject.as_bytes()))),
            limit: *limit,
        }
    }
}

/// The counters.
#[derive(Debug, Clone)]
pub struct RateLimits {
    store: Store,
    memory: Arc<Mutex<HashMap<String, Counter>>>,
}

#[derive(Debug)]
struct Counter {
    count: i64,
    ends: Instant,
}

impl RateLimits {
    /// Counters in this store's Redis.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            memory: Arc::default(),
        }
    }

    /// Counts one.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub async fn take(&self, key: &LimitKey) -> Result<(), Duration> {
        let (count, left) = match self.take_shared(key).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::debug!(%error, "a rate limit is counted in memory");
                self.take_local(key)
            }
        };
        if count > key.limit.count {
            Err(left)
        } else {
            Ok(())
        }
    }

    /// Forgets a counter.
    pub async fn forget(&self, key: &LimitKey) {
        self.lock().remove(&key.name);
        let forgotten: Result<(), _> = self.store.redis.clone().del(&key.name).await;
        if let Err(error) = forgotten {
            tracing::debug!(%error, "a rate limit was not reset");
        }
    }

    /// Takes one count back.
    pub async fn give_back(&self, key: &LimitKey) {
        if let Some(counter) = self.lock().get_mut(&key.name) {
            counter.count -= 1;
        }
        // Only while the counter is there: one that expired meanwhile must not come back without an end.
        let script =
            redis::Script::new("if redis.call('exists', KEYS[1]) == 1 then redis.call('decr', KEYS[1]) end");
        let given: Result<(), _> = script
            .key(&key.name)
            .invoke_async(&mut self.store.redis.clone())
            .await;
        if let Err(error) = given {
            tracing::debug!(%error, "a rate limit was not given back");
        }
    }

    async fn take_shared(&self, key: &LimitKey) -> redis::RedisResult<(i64, Duration)> {
        let window = i64::try_from(key.limit.window.as_millis()).unwrap_or(i64::MAX);
        // One script: a counter can never be left without an end.
        let script = redis::Script::new(
            "local count = redis.call('incr', KEYS[1])
            if count == 1 then redis.call('pexpire', KEYS[1], ARGV[1]) end
            return {count, redis.call('pttl', KEYS[1])}",
        );
        let (count, left): (i64, i64) = script
            .key(&key.name)
            .arg(window)
            .invoke_async(&mut self.store.redis.clone())
            .await?;
        Ok((
            count,
            Duration::from_millis(u64::try_from(left).unwrap_or_default()),
        ))
    }

    fn take_local(&self, key: &LimitKey) -> (i64, Duration) {
        let now = Instant::now();
        let mut memory = self.lock();
        if memory.len() > MEMORY_SWEEP {
            memory.retain(|_, counter| counter.ends > now);
        }
        let fresh = || Counter {
            count: 0,
            ends: now + key.limit.window,
        };
        let counter = memory.entry(key.name.clone()).or_insert_with(fresh);
        if counter.ends <= now {
            *counter = fresh();
        }
        counter.count += 1;
        (counter.count, counter.ends - now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Counter>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
