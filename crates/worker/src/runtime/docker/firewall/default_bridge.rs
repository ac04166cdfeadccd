//! The rules for the engine's default bridge, where the steps of BuildKit are: a chain that is full while a build is
//! there, and empty otherwise. An operator may have given that bridge IPv6, which our own networks never have, so there
//! is one for each family.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{BUILD_CHAIN, DEFAULT_BRIDGE, ENGINE_CHAIN, Exceptions, PRIVATE, has_chain};

/// Unique local and link-local addresses, multicast, and IPv4 addresses in the guise of IPv6.
const PRIVATE_V6: &[&str] = &[
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    const fn has(self, address: &IpAddr) -> bool {
        matches!(
            (self, address),
            (Self::V4, IpAddr::V4(_)) | (Self::V6, IpAddr::V6(_))
        )
    }

    const fn private(self) -> &'static [&'static str] {
        match self {
            Self::V4 => PRIVATE,
            Self::V6 => PRIVATE_V6,
        }
    }

    const fn unreachable(self) -> &'static str {
        match self {
            Self::V4 => "icmp-port-unreachable",
            Self::V6 => "icmp6-port-unreachable",
        }
    }
}

/// The chain as `iptables-restore` reads it, with the jumps to it that `saved` does not have. Full, with the addresses of
/// containers there that are not ours, or empty.
pub(super) fn ruleset(
    family: Family,
    saved: &str,
    exceptions: &Exceptions,
    neighbours: Option<&[IpAddr]>,
) -> String {
    let mut lines = vec!["*filter".to_owned(), format!(":{BUILD_CHAIN} - [0:0]")];
    if let Some(neighbours) = neighbours {
        lines.extend(allowed(family, exceptions, neighbours));
        // This machine has public addresses, too.
        let refused = family.private().iter().map(|network| format!("-d {network}"));
        for what in std::iter::once("-m addrtype --dst-type LOCAL".to_owned()).chain(refused) {
            lines.push(format!(
                "-A {BUILD_CHAIN} {what} -p tcp -j REJECT --reject-with tcp-reset"
            ));
            let unreachable = family.unreachable();
            lines.push(format!(
                "-A {BUILD_CHAIN} {what} -j REJECT --reject-with {unreachable}"
            ));
        }
    }
    let forward = if has_chain(saved, ENGINE_CHAIN) {
        ENGINE_CHAIN
    } else {
        "FORWARD"
    };
    for from in ["INPUT", forward] {
        let rule = format!("-A {from} -i {DEFAULT_BRIDGE} -j {BUILD_CHAIN}");
        if !saved.lines().any(|line| line.trim() == rule) {
            lines.push(format!("-I {from} 1 -i {DEFAULT_BRIDGE} -j {BUILD_CHAIN}"));
        }
    }
    lines.push("COMMIT\n".to_owned());
    lines.join("\n")
}

fn allowed(family: Family, exceptions: &Exceptions, neighbours: &[IpAddr]) -> Vec<String> {
    let mut lines = vec![format!(
        "-A {BUILD_CHAIN} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
    )];
    if family == Family::V6 {
        // Without it no neighbour finds another one's hardware address.
        lines.push(format!("-A {BUILD_CHAIN} -p ipv6-icmp -j RETURN"));
    }
    for address in neighbours.iter().filter(|address| family.has(address)) {
        lines.push(format!("-A {BUILD_CHAIN} -s {address} -j RETURN"));
    }
    for server in exceptions.name_servers.iter().filter(|server| family.has(server)) {
        for protocol in ["udp", "tcp"] {
            lines.push(format!(
                "-A {BUILD_CHAIN} -d {server} -p {protocol} --dport 53 -j RETURN"
            ));
        }
    }
    let networks = exceptions.networks.iter();
    for network in networks.filter(|network| family.has(&IpNet::addr(network))) {
        lines.push(format!("-A {BUILD_CHAIN} -d {network} -j RETURN"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVED: &str = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\nCOMMIT\n";

    #[test]
    fn a9_the_default_bridge_is_watched_in_both_families() {
        let exceptions = Exceptions {
            name_servers: vec!["10.0.0.2".parse().unwrap(), "fd00::53".parse().unwrap()],
            ..Exceptions::default()
        };
        let neighbours = ["172.17.0.2".parse().unwrap(), "fd00:17::2".parse().unwrap()];
        let rules = |family| ruleset(family, SAVED, &exceptions, Some(&neighbours));
        for (family, neighbour, server, private, other) in [
            (Family::V4, "172.17.0.2", "10.0.0.2", "169.254.0.0/16", "fd00"),
            (Family::V6, "fd00:17::2", "fd00::53", "fc00::/7", "172.17"),
        ] {
            let rules = rules(family);
            let place = |text: String| {
                rules
                    .find(&text)
                    .unwrap_or_else(|| panic!("{text} is missing:\n{rules}"))
            };
            let refused = place(format!("-A {BUILD_CHAIN} -d {private} -j REJECT"));
            assert!(place(format!("-A {BUILD_CHAIN} -s {neighbour} -j RETURN")) < refused);
            assert!(place(format!("-d {server} -p udp --dport 53 -j RETURN")) < refused);
            assert!(rules.contains("--dst-type LOCAL -j REJECT"));
            assert!(rules.contains(&format!("-I DOCKER-USER 1 -i {DEFAULT_BRIDGE} -j {BUILD_CHAIN}")));
            assert!(!rules.contains(&format!(" {other}")), "{rules}");
        }
    }

    #[test]
    fn an_unwatched_bridge_has_an_empty_chain() {
        let rules = ruleset(Family::V6, SAVED, &Exceptions::default(), None);
        assert!(!rules.contains("REJECT") && rules.contains(&format!(":{BUILD_CHAIN} - [0:0]")));
    }
}
