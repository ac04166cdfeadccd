//! Domains of a project's own. A domain gets traffic only after its owner has shown that it is theirs, by a TXT record.

mod create;
mod delete;
mod list;

use aether_models::{DomainId, Hostname};
use aether_store::DomainRecord;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use create::create_domain;
pub(crate) use delete::delete_domain;
pub(crate) use list::list_domains;

/// Label under which the proof stands.
const PROOF_LABEL: &str = "_aether-challenge";

/// A domain, and what to enter at its DNS provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Domain {
    /// Its id.
    pub id: DomainId,
    /// The domain.
    pub hostname: Hostname,
    /// It was shown to be theirs.
    pub verified: bool,
    /// When that was.
    pub verified_at: Option<DateTime<Utc>>,
    /// The record that proves it.
    pub proof: DnsRecord,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A record to make at a DNS provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DnsRecord {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl From<DomainRecord> for Domain {
    fn from(record: DomainRecord) -> Self {
        Self {
            id: record.id,
            proof: DnsRecord {
                kind: "TXT",
                name: format!("{PROOF_LABEL}.{}", record.hostname),
                value: format!("aether-verification={}", record.verification_token),
            },
            hostname: record.hostname,
            verified: record.verified_at.is_some(),
            verified_at: record.verified_at,
            created_at: record.created_at,
        }
    }
}
