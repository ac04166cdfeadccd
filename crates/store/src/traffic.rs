//! How much visitors ask of each project, minute by minute: written by the proxies, kept in Redis for a good day.
//!
//! A proxy writes what it answered *within a minute so far*, under its own name, so that writing twice counts once and
//! the figures of several proxies add up. They are for looking at: Redis may be emptied, and then they begin anew.

use std::collections::BTreeMap;
use std::ops::Range;

use aether_models::ProjectId;
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError, redis_keys};

/// Upper bounds of the latency histogram, in microseconds; few, since there is one histogram for every project.
pub const TRAFFIC_BOUNDS_US: [u64; 6] = [5_000, 25_000, 100_000, 500_000, 2_500_000, 10_000_000];
/// How far back the figures go, in minutes.
pub const TRAFFIC_KEPT_MINUTES: i64 = 24 * 60;
/// Minutes that share a key: few enough fields for Redis' compact form.
const MINUTES_A_KEY: i64 = 60;
/// A key is kept for as long as its first minute may be asked for, and its own hour.
const TTL_SECONDS: i64 = (TRAFFIC_KEPT_MINUTES + 2 * MINUTES_A_KEY) * 60;

/// What was answered for a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficCounts {
    /// Requests answered.
    pub requests: u64,
    /// Those answered with a status of 500 or above.
    pub errors: u64,
    /// Bytes of the answers' bodies.
    pub sent_bytes: u64,
    /// Requests by how long they took: up to each of [`TRAFFIC_BOUNDS_US`], and longer.
    pub latency: [u64; TRAFFIC_BOUNDS_US.len() + 1],
}

impl TrafficCounts {
    /// Adds the counts of another proxy or minute.
    pub fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.sent_bytes = self.sent_bytes.saturating_add(other.sent_bytes);
        for (sum, more) in self.latency.iter_mut().zip(other.latency) {
            *sum = sum.saturating_add(more);
        }
    }

    /// What came since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut latency = self.latency;
        for (now, then) in latency.iter_mut().zip(before.latency) {
            *now = now.saturating_sub(then);
        }
        Self {
            requests: self.requests.saturating_sub(before.requests),
            errors: self.errors.saturating_sub(before.errors),
            sent_bytes: self.sent_bytes.saturating_sub(before.sent_bytes),
            latency,
        }
    }

    /// A time, in microseconds, within which `percent` of the requests were answered: a bound of the histogram. `None`
    /// without requests, and where it is beyond the last bound.
    #[must_use]
    pub fn quantile_us(&self, percent: u64) -> Option<u64> {
        let counted: u64 = self.latency.iter().sum();
        // Rounded up: of three requests the 50th percentile is the second.
        let rank = counted.saturating_mul(percent).div_ceil(100);
        let mut seen = 0;
        TRAFFIC_BOUNDS_US
            .iter()
            .zip(self.latency)
            .find_map(|(bound, count)| {
                seen += count;
                (rank > 0 && seen >= rank).then_some(*bound)
            })
    }
}

impl Store {
    /// Stores what one proxy has answered so far within `minute` (of the Unix epoch), by project.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn record_traffic(
        &self,
        proxy_id: &str,
        minute: i64,
        counts: &[(ProjectId, TrafficCounts)],
    ) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        let (hour, field) = (
            minute.div_euclid(MINUTES_A_KEY),
            format!("{}:{proxy_id}", minute.rem_euclid(MINUTES_A_KEY)),
        );
        let mut pipeline = redis::pipe();
        for (project, counts) in counts {
            let text = serde_json::to_string(counts)
                .map_err(|error| StoreError::corrupt("traffic counts", error))?;
            let key = redis_keys::traffic(*project, hour);
            pipeline.hset(&key, &field, text).ignore();
            pipeline.expire(&key, TTL_SECONDS).ignore();
        }
        pipeline.query_async::<()>(&mut self.redis.clone()).await?;
        Ok(())
    }

    /// What all proxies together answered for a project in each of these minutes; those without a visitor are left out.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn traffic(
        &self,
        project: ProjectId,
        minutes: Range<i64>,
    ) -> Result<BTreeMap<i64, TrafficCounts>, StoreError> {
        let hours = minutes.start.div_euclid(MINUTES_A_KEY)..=(minutes.end - 1).div_euclid(MINUTES_A_KEY);
        let mut pipeline = redis::pipe();
        for hour in hours.clone() {
            pipeline.hgetall(redis_keys::traffic(project, hour));
        }
        let answers: Vec<Vec<(String, String)>> = pipeline.query_async(&mut self.redis.clone()).await?;
        let mut by_minute: BTreeMap<i64, TrafficCounts> = BTreeMap::new();
        for (hour, fields) in hours.zip(answers) {
            for (field, text) in fields {
                // One that another version wrote is left out.
                let place = field
                    .split_once(':')
                    .and_then(|(minute, _)| minute.parse::<i64>().ok());
                let (Some(place), Ok(counts)) = (place, serde_json::from_str::<TrafficCounts>(&text)) else {
                    continue;
                };
                let minute = hour * MINUTES_A_KEY + place;
                if minutes.contains(&minute) {
                    by_minute.entry(minute).or_default().add(&counts);
                }
            }
        }
        Ok(by_minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_bound_that_its_request_kept() {
        let mut counts = TrafficCounts::default();
        assert_eq!(counts.quantile_us(50), None, "nobody came");
        counts.latency = [98, 0, 1, 0, 0, 0, 1];
        assert_eq!(counts.quantile_us(50), Some(5_000));
        assert_eq!(counts.quantile_us(98), Some(5_000));
        assert_eq!(counts.quantile_us(99), Some(100_000));
        assert_eq!(counts.quantile_us(100), None, "beyond the last bound");
        counts.latency = [1, 2, 0, 0, 0, 0, 0];
        assert_eq!(counts.quantile_us(50), Some(25_000));
    }

    #[test]
    fn what_came_since_then_and_the_sum_are_each_others_opposite() {
        let then = TrafficCounts {
            requests: 3,
            errors: 1,
            sent_bytes: 70,
            latency: [2, 0, 0, 1, 0, 0, 0],
        };
        let mut now = then;
        let more = TrafficCounts {
            requests: 2,
            errors: 0,
            sent_bytes: 5,
            latency: [1, 1, 0, 0, 0, 0, 0],
        };
        now.add(&more);
        assert_eq!(now.since(&then), more);
        assert_eq!(then.since(&now), TrafficCounts::default(), "never below zero");
    }
}
