//! What the proxies say of themselves: which table they serve and what is still in flight. Kept in Redis only, each
//! report for a few seconds; without it the worker waits the whole drain time instead.

use std::collections::HashMap;

use aether_models::{DeploymentId, ProjectId};
use redis::AsyncCommands;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError, redis_keys};

/// A report older than this is from a proxy that is gone.
const REPORT_TTL_SECONDS: u64 = 10;

/// One proxy's state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyReport {
    /// Unique per process start.
    pub proxy_id: String,
    /// Version of the route table it serves.
    pub version: i64,
    /// Requests in flight by release; releases without any may be left out.
    pub in_flight: HashMap<DeploymentId, u32>,
    /// What it answered since its start, by project; projects without a visitor are left out.
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub traffic: HashMap<ProjectId, ProjectTraffic>,
}

/// What one proxy answered for a project since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectTraffic {
    /// Requests answered.
    pub requests: u64,
    /// Those answered with a status of 500 or above.
    pub errors: u64,
    /// Bytes of the answers' bodies.
    pub sent_bytes: u64,
}

impl Store {
    /// Stores one proxy's report.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn report_proxy(&self, report: &ProxyReport) -> Result<(), StoreError> {
        let text =
            serde_json::to_string(report).map_err(|error| StoreError::corrupt("proxy report", error))?;
        let key = format!("{}{}", redis_keys::PROXY_REPORT, report.proxy_id);
        self.redis
            .clone()
            .set_ex::<_, _, ()>(key, text, REPORT_TTL_SECONDS)
            .await?;
        Ok(())
    }

    /// Takes back the report of a proxy that stops.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn remove_proxy_report(&self, proxy_id: &str) -> Result<(), StoreError> {
        self.redis
            .clone()
            .del::<_, ()>(format!("{}{proxy_id}", redis_keys::PROXY_REPORT))
            .await?;
        Ok(())
    }

    /// The reports of all proxies that are alive.
    ///
    /// # Errors
    /// [`StoreError::Redis`]: nothing is known about the proxies.
    pub async fn proxy_reports(&self) -> Result<Vec<ProxyReport>, StoreError> {
        self.reports(redis_keys::PROXY_REPORT).await
    }

    /// Every report whose key begins with `prefix`; one that this version cannot read is left out.
    pub(crate) async fn reports<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<T>, StoreError> {
        let mut redis = self.redis.clone();
        let mut keys = Vec::new();
        let mut scan = redis.scan_match::<_, String>(format!("{prefix}*")).await?;
        while let Some(key) = scan.next_item().await {
            keys.push(key?);
        }
        drop(scan);
        let mut reports = Vec::new();
        for key in keys {
            let text: Option<String> = redis.get(key).await?;
            reports.extend(text.and_then(|text| serde_json::from_str(&text).ok()));
        }
        Ok(reports)
    }
}
