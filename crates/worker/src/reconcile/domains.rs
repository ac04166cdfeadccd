//! Looks at the DNS of custom domains that are due: whether the proof of ownership is there, and where they lead.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aether_models::{AddressFinding, DnsRecord, DomainFinding, ProofFinding};
use aether_store::{DomainCheck, DomainOutcome, DueDomain};
use chrono::TimeDelta;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::dns::Dns;
use crate::environment::Environment;

/// Domains taken in one pass, and looked at together.
const BATCH: i64 = 20;
const TOGETHER: usize = 8;
/// When a domain is looked at again, by its age: somebody who has just added one is watching.
const WHILE_YOUNG: [(TimeDelta, Duration); 3] = [
    (TimeDelta::minutes(10), Duration::from_secs(10)),
    (TimeDelta::hours(1), Duration::from_secs(30)),
    (TimeDelta::days(1), Duration::from_secs(300)),
];
/// Of a domain that works, and of one that was forgotten.
const NOW_AND_THEN: Duration = Duration::from_secs(3600);
/// Of what strangers write into their DNS so much is kept, to be shown.
const VALUES_MAX: usize = 5;
const VALUE_CHARS: usize = 200;

/// Looks until nobody is due. A look that is given up because the worker ends is made by the next one.
pub(super) async fn run(env: &Environment, stop: &CancellationToken) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        let due = env.store.take_due_domains(&env.hosts, BATCH).await?;
        if due.is_empty() {
            break;
        }
        let dns = Arc::new(Dns::open(&env.settings.dns_servers));
        let looks = futures::stream::iter(due).for_each_concurrent(TOGETHER, |domain| {
            let (env, dns) = (env.clone(), Arc::clone(&dns));
            async move {
                if let Err(error) = look(&env, &dns, &domain).await {
                    tracing::warn!(%error, domain = %domain.hostname, "a look at a domain was not kept");
                }
            }
        });
        // Name servers that do not answer would keep an orderly stop waiting.
        stop.run_until_cancelled(looks).await;
    }
    Ok(())
}

async fn look(env: &Environment, dns: &anyhow::Result<Dns>, domain: &DueDomain) -> anyhow::Result<()> {
    let finding = match dns {
        Ok(dns) => {
            let (proof, own_addresses, addresses) = tokio::join!(
                find_proof(dns, domain),
                find_own(dns, domain),
                dns.addresses(domain.hostname.as_str())
            );
            DomainFinding {
                proof,
                address: compare(addresses.ok(), &own_addresses),
                own_addresses,
            }
        }
        Err(error) => DomainFinding {
            proof: ProofFinding::Unreadable {
                reason: format!(
                    "this machine's DNS servers are not known ({error:#}); AETHER_DNS_SERVERS can name them"
                ),
            },
            address: AddressFinding::Unknown,
            own_addresses: Vec::new(),
        },
    };
    let check = DomainCheck {
        id: domain.id,
        taken_at: domain.taken_at,
        next: next_look(&finding, env.clock.now() - domain.created_at),
        grace: env.settings.timing.proof_grace,
        finding,
    };
    match env.store.record_domain_check(&check).await? {
        DomainOutcome::Verified => {
            tracing::info!(domain = %domain.hostname, "a domain was verified and answers");
        }
        DomainOutcome::Withdrawn => {
            tracing::warn!(domain = %domain.hostname, "the proof of a domain is gone; it no longer answers");
        }
        DomainOutcome::Same | DomainOutcome::Outdated => {}
    }
    Ok(())
}

async fn find_proof(dns: &Dns, domain: &DueDomain) -> ProofFinding {
    let record = DnsRecord::proof(&domain.hostname, &domain.verification_token);
    match dns.texts(&record.name).await {
        // Some providers' forms keep the quotes that people copy along.
        Ok(values)
            if values
                .iter()
                .any(|value| value.trim().trim_matches('"') == record.value) =>
        {
            ProofFinding::Found
        }
        Ok(values) if values.is_empty() => ProofFinding::Missing,
        Ok(values) => ProofFinding::Different {
            values: values.iter().take(VALUES_MAX).map(|value| cut(value)).collect(),
        },
        Err(error) => ProofFinding::Unreadable {
            reason: cut(&error.to_string()),
        },
    }
}

/// Public addresses of this instance: those of the project's own host.
async fn find_own(dns: &Dns, domain: &DueDomain) -> Vec<IpAddr> {
    let addresses = dns.addresses(domain.target.as_str()).await.unwrap_or_default();
    addresses
        .into_iter()
        .filter(|address| !address.is_loopback())
        .collect()
}

/// `None` is a domain whose addresses DNS did not tell.
fn compare(addresses: Option<Vec<IpAddr>>, own: &[IpAddr]) -> AddressFinding {
    match addresses {
        Some(addresses) if addresses.is_empty() => AddressFinding::Missing,
        Some(addresses) if !own.is_empty() => {
            if addresses.iter().any(|address| own.contains(address)) {
                AddressFinding::Here
            } else {
                AddressFinding::Elsewhere {
                    addresses: addresses.into_iter().take(VALUES_MAX).collect(),
                }
            }
        }
        _ => AddressFinding::Unknown,
    }
}

fn next_look(finding: &DomainFinding, age: TimeDelta) -> Duration {
    let works = finding.proof == ProofFinding::Found
        && matches!(finding.address, AddressFinding::Here | AddressFinding::Unknown);
    if works {
        return NOW_AND_THEN;
    }
    let young = WHILE_YOUNG.iter().find(|(until, _)| age < *until);
    young.map_or(NOW_AND_THEN, |(_, pause)| *pause)
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_works_is_left_in_peace_and_a_new_one_is_watched() {
        let finding = |proof| DomainFinding {
            proof,
            address: AddressFinding::Here,
            own_addresses: Vec::new(),
        };
        let young = TimeDelta::minutes(1);
        assert_eq!(next_look(&finding(ProofFinding::Found), young), NOW_AND_THEN);
        let missing = finding(ProofFinding::Missing);
        assert_eq!(next_look(&missing, young), Duration::from_secs(10));
        assert_eq!(next_look(&missing, TimeDelta::hours(3)), Duration::from_secs(300));
        assert_eq!(next_look(&missing, TimeDelta::days(9)), NOW_AND_THEN);
    }
}
