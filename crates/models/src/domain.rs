//! Domains of projects' own: the records they need, and what was found when their DNS was looked at.
//!
//! Two things are looked for. A TXT record that only the domain's owner can have made is the **proof**; without it no
//! request is answered (threats.md input 67). Then the domain's **addresses** should be those of this instance. That is
//! told, not asked for: behind a CDN they never are.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Hostname, UserError};

/// Label under which the proof stands, so that the record never meets one of somebody else (RFC 8552).
const PROOF_LABEL: &str = "_aether-challenge";
/// What the proof begins with.
const PROOF_KEY: &str = "aether-verification";

/// How long a domain goes on answering after its proof has gone: long enough for a record that was deleted by mistake,
/// short enough for a domain that was sold.
pub const PROOF_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// A record to make at a DNS provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DnsRecord {
    /// Its type: `TXT`, `CNAME`, `A` or `AAAA`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name, without a dot at the end.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl DnsRecord {
    /// The record that proves whose `hostname` is.
    #[must_use]
    pub fn proof(hostname: &Hostname, token: &str) -> Self {
        Self {
            kind: "TXT",
            name: format!("{PROOF_LABEL}.{hostname}"),
            value: format!("{PROOF_KEY}={token}"),
        }
    }

    /// The record that leads visitors of `hostname` to the host `target`.
    #[must_use]
    pub fn alias(hostname: &Hostname, target: &Hostname) -> Self {
        Self {
            kind: "CNAME",
            name: hostname.to_string(),
            value: target.to_string(),
        }
    }

    /// The record that leads visitors of `hostname` to an address.
    #[must_use]
    pub fn address(hostname: &Hostname, address: IpAddr) -> Self {
        Self {
            kind: if address.is_ipv4() { "A" } else { "AAAA" },
            name: hostname.to_string(),
            value: address.to_string(),
        }
    }
}

/// What was found of the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ProofFinding {
    /// It is there.
    Found,
    /// There is no such record.
    Missing,
    /// There is a record, but with another value.
    Different {
        /// The values, cut short.
        values: Vec<String>,
    },
    /// DNS gave no answer, so nothing is known.
    Unreadable {
        /// What was said instead.
        reason: String,
    },
}

/// Where a domain leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum AddressFinding {
    /// To this instance.
    Here,
    /// To other addresses.
    Elsewhere {
        /// Those.
        addresses: Vec<IpAddr>,
    },
    /// Nowhere: it has no address.
    Missing,
    /// DNS gave no answer, or does not know the addresses of this instance itself.
    Unknown,
}

/// One look at a domain's DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainFinding {
    /// Of the proof.
    pub proof: ProofFinding,
    /// Of its addresses.
    pub address: AddressFinding,
    /// Public addresses of this instance, as its own hosts have them; none when they have none.
    pub own_addresses: Vec<IpAddr>,
}

impl DomainFinding {
    /// What keeps the domain from working, the first thing to mend; none when nothing does.
    #[must_use]
    pub fn problem(&self, proof: &DnsRecord, hostname: &Hostname) -> Option<UserError> {
        match &self.proof {
            ProofFinding::Found => self.address_problem(hostname),
            ProofFinding::Missing => Some(
                UserError::new(
                    "domain_proof_missing",
                    "The TXT record isn't there yet",
                    format!("DNS has no TXT record at {}.", proof.name),
                )
                .hint(
                    "Add the record at your DNS provider. New records are usually visible within minutes. Some providers \
                     append the domain by themselves: enter only the part before it then.",
                ),
            ),
            ProofFinding::Different { values } => Some(
                UserError::new(
                    "domain_proof_differs",
                    "The TXT record has another value",
                    format!("{} has {}.", proof.name, quoted(values)),
                )
                .hint(format!("Change its value to {}.", proof.value)),
            ),
            ProofFinding::Unreadable { reason } => Some(
                UserError::new(
                    "domain_dns_unreadable",
                    "DNS gave no answer",
                    format!("Looking up {} failed: {reason}.", proof.name),
                )
                .hint("This is tried again by itself. If it stays, check that the domain's name servers answer."),
            ),
        }
    }

    fn address_problem(&self, hostname: &Hostname) -> Option<UserError> {
        match &self.address {
            AddressFinding::Here | AddressFinding::Unknown => None,
            AddressFinding::Missing => Some(
                UserError::new(
                    "domain_address_missing",
                    "The domain has no address yet",
                    format!("DNS has no address for {hostname}, so nobody finds it."),
                )
                .hint("Add the record that points it here."),
            ),
            AddressFinding::Elsewhere { addresses } => Some(
                UserError::new(
                    "domain_address_elsewhere",
                    "The domain leads somewhere else",
                    format!(
                        "{hostname} has {}; this instance has {}.",
                        listed(addresses),
                        listed(&self.own_addresses)
                    ),
                )
                .hint("Change its record to point here. Behind a CDN or a load balancer this is as it should be."),
            ),
        }
    }
}

fn listed(addresses: &[IpAddr]) -> String {
    let texts: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
    texts.join(", ")
}

fn quoted(values: &[String]) -> String {
    let texts: Vec<_> = values.iter().map(|value| format!("“{value}”")).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(proof: ProofFinding, address: AddressFinding) -> Option<UserError> {
        let hostname: Hostname = "www.example.com".parse().unwrap();
        let record = DnsRecord::proof(&hostname, "t0ken");
        let own_addresses = vec!["203.0.113.7".parse().unwrap()];
        let finding = DomainFinding {
            proof,
            address,
            own_addresses,
        };
        finding.problem(&record, &hostname)
    }

    #[test]
    fn the_proof_is_told_of_before_the_address() {
        let problem = problem_of(ProofFinding::Missing, AddressFinding::Missing).unwrap();
        assert_eq!(problem.code, "domain_proof_missing");
        assert!(
            problem.detail.contains("_aether-challenge.www.example.com"),
            "{problem}"
        );
        let values = vec!["aether-verification=old".to_owned()];
        let problem = problem_of(ProofFinding::Different { values }, AddressFinding::Here).unwrap();
        assert!(problem.detail.contains("“aether-verification=old”"), "{problem}");
        assert!(problem.hint.unwrap().contains("aether-verification=t0ken"));
    }

    #[test]
    fn an_address_of_somebody_else_is_told_with_both() {
        let addresses = vec!["198.51.100.1".parse().unwrap()];
        let problem = problem_of(ProofFinding::Found, AddressFinding::Elsewhere { addresses }).unwrap();
        assert!(
            problem.detail.contains("198.51.100.1") && problem.detail.contains("203.0.113.7"),
            "{problem}"
        );
    }

    #[test]
    fn a_proven_domain_that_leads_here_or_cannot_be_told_has_no_problem() {
        assert_eq!(problem_of(ProofFinding::Found, AddressFinding::Here), None);
        assert_eq!(problem_of(ProofFinding::Found, AddressFinding::Unknown), None);
    }
}
