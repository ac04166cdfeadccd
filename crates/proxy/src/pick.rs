//! Picking who answers: from the table and the head of a request to a decision, without any effect.

use std::borrow::Cow;
use std::net::Ipv6Addr;
use std::sync::Arc;

use aether_models::PlatformPage;
use http::Method;

use crate::limits::HOPS_MAX;
use crate::release::Release;
use crate::respond::Refusal;
use crate::static_site::SiteSlot;
use crate::table::{Row, Table, Target};
use crate::tls::TlsNames;

/// Longest host name in text form (RFC 1035 section 2.3.4), with a port behind it.
const AUTHORITY_MAX: usize = 253 + 1 + 6;

/// What the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestHead<'r> {
    pub(crate) method: &'r Method,
    /// The one `Host` field.
    pub(crate) host: Option<&'r [u8]>,
    /// Authority of an absolute-form target, or `:authority`.
    pub(crate) authority: Option<&'r str>,
    /// How often the request came through this proxy before.
    pub(crate) hops: usize,
    /// What the client was told about the server, when the connection is encrypted.
    pub(crate) tls: Option<&'r TlsNames>,
}

/// Who answers, and on behalf of which row of the table.
pub(crate) struct Picked<'t> {
    /// None when the request is for nobody here.
    pub(crate) row: Option<&'t Row>,
    pub(crate) decision: RouteDecision<'t>,
}

/// Who answers.
pub(crate) enum RouteDecision<'t> {
    Static(&'t Arc<SiteSlot>),
    App(&'t Arc<Release>),
    Refuse(Refusal),
}

/// Picks who answers.
pub(crate) fn pick<'t>(table: &'t Table, head: &RequestHead<'_>) -> Picked<'t> {
    match row(table, head) {
        Ok(row) => Picked {
            row: Some(row),
            decision: decide(&row.target),
        },
        Err(refusal) => Picked {
            row: None,
            decision: RouteDecision::Refuse(refusal),
        },
    }
}

fn decide(target: &Target) -> RouteDecision<'_> {
    match target {
        Target::Static(site) => RouteDecision::Static(site),
        Target::App(release) if release.upstreams.is_empty() => RouteDecision::Refuse(Refusal::AppDown),
        Target::App(release) => RouteDecision::App(release),
        Target::Page(page) => RouteDecision::Refuse(match page {
            PlatformPage::NotDeployed => Refusal::NotDeployed,
            PlatformPage::Building => Refusal::Building,
            PlatformPage::Failed => Refusal::DeploymentFailed,
            PlatformPage::Stopped => Refusal::Stopped,
        }),
    }
}

fn row<'t>(table: &'t Table, head: &RequestHead<'_>) -> Result<&'t Row, Refusal> {
    let host = effective_host(head).ok_or(Refusal::BadHost)?;
    // TRACE would echo credentials (RFC 9110 section 9.3.8); CONNECT would make this an open proxy.
    if matches!(*head.method, Method::CONNECT | Method::TRACE) {
        return Err(Refusal::MethodNotAllowed);
    }
    if head.tls.is_some_and(|names| !names.may_ask_for(&host)) {
        return Err(Refusal::Misdirected);
    }
    if head.hops >= HOPS_MAX {
        return Err(Refusal::Loop);
    }
    let missing = if table.is_known() {
        Refusal::UnknownHost
    } else {
        Refusal::Starting
    };
    table.row(&host).ok_or(missing)
}

/// The host a request is for: RFC 9112 section 3.2.2 lets the target's authority win, we want both to agree.
fn effective_host<'r>(head: &RequestHead<'r>) -> Option<Cow<'r, str>> {
    let field = match head.host {
        Some(bytes) => Some(host_name(bytes)?),
        None => None,
    };
    let authority = match head.authority {
        Some(text) => Some(host_name(text.as_bytes())?),
        None => None,
    };
    match (field, authority) {
        (Some(field), Some(authority)) => (field == authority).then_some(field),
        (field, authority) => field.or(authority),
    }
}

/// The name in `host[:port]`, lower case and without a last dot; nothing when it is no valid authority.
pub(crate) fn host_name(authority: &[u8]) -> Option<Cow<'_, str>> {
    if authority.is_empty() || authority.len() > AUTHORITY_MAX {
        return None;
    }
    let text = std::str::from_utf8(authority).ok()?;
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (
                address,
                after.strip_prefix(':').or(after.is_empty().then_some(""))?,
            )
        }
        None => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            let name_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            if host.is_empty() || !host.bytes().all(name_byte) {
                return None;
            }
            (host, port)
        }
    };
    let port_is_valid =
        port.is_empty() || port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if !port_is_valid {
        return None;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    Some(if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    })
}

#[cfg(test)]
mod tests {
    use aether_models::{ProjectId, Route, RouteChanges, RouteKind, RouteTarget};
    use proptest::prelude::*;
    use tokio::sync::Notify;

    use super::*;
    use crate::table::Assembler;

    fn table() -> Table {
        let page = |host: &str, page| Route {
            host: host.parse().unwrap(),
            project_id: ProjectId::generate(),
            kind: RouteKind::Production,
            target: RouteTarget::Page { page },
            access_log_percent: 0,
            version: 1,
        };
        let changes = RouteChanges {
            version: 1,
            routes: vec![
                page("new.x", PlatformPage::NotDeployed),
                page("building.x", PlatformPage::Building),
                page("failed.x", PlatformPage::Failed),
                page("stopped.x", PlatformPage::Stopped),
            ],
            removed: Vec::new(),
        };
        Assembler::new(Vec::new(), Arc::new(Notify::new())).apply(&Table::empty(), changes)
    }

    fn head(host: &str) -> RequestHead<'_> {
        RequestHead {
            method: &Method::GET,
            host: Some(host.as_bytes()),
            authority: None,
            hops: 0,
            tls: None,
        }
    }

    fn refusal(table: &Table, head: &RequestHead<'_>) -> Refusal {
        match pick(table, head).decision {
            RouteDecision::Refuse(refusal) => refusal,
            _ => panic!("was not refused"),
        }
    }

    #[test]
    fn every_page_has_its_own_answer() {
        let table = table();
        for (host, expected) in [
            ("new.x", Refusal::NotDeployed),
            ("building.x:3005", Refusal::Building),
            ("FAILED.X.", Refusal::DeploymentFailed),
            ("stopped.x", Refusal::Stopped),
            ("other.x", Refusal::UnknownHost),
        ] {
            assert_eq!(refusal(&table, &head(host)), expected, "{host}");
        }
        assert_eq!(refusal(&Table::empty(), &head("new.x")), Refusal::Starting);
    }

    #[test]
    fn input_80_hosts_that_are_no_hosts_are_refused() {
        let table = table();
        let long = "a".repeat(300);
        for host in [
            "", "a@b", "a:99999", "a:x", "a:+1", "a/b", "[::1", "[x]", "[::1]x", "a b", "a,b", "ä.x", &long,
        ] {
            assert_eq!(refusal(&table, &head(host)), Refusal::BadHost, "{host}");
        }
        assert_eq!(
            refusal(
                &table,
                &RequestHead {
                    host: None,
                    ..head("")
                }
            ),
            Refusal::BadHost
        );
    }

    #[test]
    fn input_80_an_authority_that_differs_from_the_host_is_refused() {
        let table = table();
        let both = |authority| RequestHead {
            authority: Some(authority),
            ..head("new.x")
        };
        assert_eq!(refusal(&table, &both("other.x")), Refusal::BadHost);
        assert_eq!(refusal(&table, &both("NEW.x:80")), Refusal::NotDeployed);
    }

    #[test]
    fn input_81_connect_and_trace_are_refused() {
        let table = table();
        for method in [Method::CONNECT, Method::TRACE] {
            let head = RequestHead {
                method: &method,
                ..head("new.x")
            };
            assert_eq!(refusal(&table, &head), Refusal::MethodNotAllowed);
        }
    }

    #[test]
    fn a_request_on_a_connection_for_another_host_is_misdirected() {
        let names = crate::tls::tests::names("new.x", false);
        let on_tls = |host| RequestHead {
            tls: Some(&names),
            ..head(host)
        };
        assert_eq!(refusal(&table(), &on_tls("NEW.x:443")), Refusal::NotDeployed);
        assert_eq!(refusal(&table(), &on_tls("failed.x")), Refusal::Misdirected);
    }

    #[test]
    fn input_90_a_request_that_keeps_coming_back_is_a_loop() {
        let head = RequestHead {
            hops: HOPS_MAX,
            ..head("new.x")
        };
        assert_eq!(refusal(&table(), &head), Refusal::Loop);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_lower_case_host_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(host) = host_name(&bytes) {
                prop_assert!(!host.bytes().any(|b| b.is_ascii_uppercase() || b == b'/' || b == b'@'));
            }
        }
    }
}
