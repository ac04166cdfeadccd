//! Domains of a project's own. A domain gets traffic only after its owner has shown that it is theirs, by a TXT record;
//! the worker looks for it.

mod check;
mod create;
mod delete;
mod list;

use aether_models::{
    AddressFinding, DnsRecord, DomainFinding, DomainId, Hostname, PROOF_GRACE, Slug, UserError,
};
use aether_store::DomainRecord;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use check::check_domain;
pub(crate) use create::create_domain;
pub(crate) use delete::delete_domain;
pub(crate) use list::list_domains;

use crate::state::AppState;

/// How far a domain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DomainStatus {
    /// It was not shown to be theirs yet, and does not answer.
    Unverified,
    /// It answers, but DNS leads its visitors elsewhere or nowhere.
    Misdirected,
    /// It answers, but its proof has gone, and it stops answering unless the proof comes back.
    Expiring,
    /// It answers.
    Active,
}

/// A domain, how far it is, and what to enter at its DNS provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Domain {
    /// Its id.
    pub id: DomainId,
    /// The domain.
    pub hostname: Hostname,
    /// How far it is.
    pub status: DomainStatus,
    /// It was shown to be theirs, and answers.
    pub verified: bool,
    /// When that was.
    pub verified_at: Option<DateTime<Utc>>,
    /// Address under which it answers.
    pub url: String,
    /// The record that proves it.
    pub proof: DnsRecord,
    /// Records that lead its visitors here: one alias, or one for each address where an alias cannot stand. Empty when the
    /// instance has no public address.
    pub pointing: Vec<DnsRecord>,
    /// What the last look at its DNS found missing, the first thing to mend.
    pub problem: Option<UserError>,
    /// When it stops answering, unless its proof comes back until then.
    pub stops_at: Option<DateTime<Utc>>,
    /// When the last look at its DNS began.
    pub checked_at: Option<DateTime<Utc>>,
    /// When it will be next; in the past while it is being looked at.
    pub next_check_at: DateTime<Utc>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Domain {
    fn new(record: DomainRecord, project: &Slug, state: &AppState) -> Self {
        let target = state.hosts.production(project);
        let proof = DnsRecord::proof(&record.hostname, &record.verification_token);
        let finding = record.finding.as_ref();
        Self {
            id: record.id,
            status: status(&record),
            verified: record.verified_at.is_some(),
            verified_at: record.verified_at,
            url: state.urls.site(&record.hostname),
            pointing: pointing(&record.hostname, &target, finding),
            problem: finding.and_then(|finding| finding.problem(&proof, &record.hostname)),
            proof,
            hostname: record.hostname,
            stops_at: record.proof_missing_since.map(|since| since + PROOF_GRACE),
            checked_at: record.checked_at,
            next_check_at: record.next_check_at,
            created_at: record.created_at,
        }
    }
}

fn status(record: &DomainRecord) -> DomainStatus {
    let address = record.finding.as_ref().map(|finding| &finding.address);
    if record.verified_at.is_none() {
        DomainStatus::Unverified
    } else if record.proof_missing_since.is_some() {
        DomainStatus::Expiring
    } else if matches!(
        address,
        Some(AddressFinding::Elsewhere { .. } | AddressFinding::Missing)
    ) {
        DomainStatus::Misdirected
    } else {
        DomainStatus::Active
    }
}

/// The top of a zone cannot be an alias (RFC 1034, section 3.6.2), so it gets the addresses once they are known.
fn pointing(hostname: &Hostname, target: &Hostname, finding: Option<&DomainFinding>) -> Vec<DnsRecord> {
    if target.as_str().ends_with(".localhost") {
        return Vec::new();
    }
    let is_top = psl::domain_str(hostname.as_str()) == Some(hostname.as_str());
    let own = finding.map_or(&[][..], |finding| &finding.own_addresses);
    if is_top && !own.is_empty() {
        return own
            .iter()
            .map(|address| DnsRecord::address(hostname, *address))
            .collect();
    }
    vec![DnsRecord::alias(hostname, target)]
}
