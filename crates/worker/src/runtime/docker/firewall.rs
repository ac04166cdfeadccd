//! The packet filter between containers and everything they have no business with.
//!
//! A bridge, even an internal one, reaches every port of the machine that listens on all addresses, and often the
//! cloud's metadata service. So packets from our bridges are refused when they are for this machine (`INPUT`) or for a
//! private address (`DOCKER-USER`, which the engine leaves to its users, and `FORWARD` itself for the moments in which the
//! engine takes that chain out). What stays: public addresses, the name
//! servers, answers to connections that came from outside, and what the operator allowed.
//!
//! The rules are two chains of our own, replaced as a whole by `iptables-restore`, and looked after before each start
//! of a container: a firewall that was reloaded has forgotten them.

mod default_bridge;

use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use aether_models::UserError;
use ipnet::IpNet;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;

use self::default_bridge::Family;
use super::engine::Engine;
use super::settings::{DockerRuntimeSettings, FirewallMode};
use super::{helper, network};
use crate::runtime::RuntimeError;

/// How the names of our bridges begin.
pub(super) const BRIDGE_PREFIX: &str = "aeth";
const INPUT_CHAIN: &str = "AETHER-INPUT";
const FORWARD_CHAIN: &str = "AETHER-FORWARD";
/// The engine's chain for rules of its users, asked before its own; absent when the engine keeps off iptables.
const ENGINE_CHAIN: &str = "DOCKER-USER";
/// Everything that is not the public Internet (RFC 6890), besides the documentation networks.
const PRIVATE: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// The engine may have made its rules with either kind of iptables; ours must go where it looks.
const VARIANTS: &[&str] = &["iptables", "iptables-nft", "iptables-legacy"];
const FOLDERS: &[&str] = &["/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"];
/// The chain that watches the default bridge while BuildKit builds.
const BUILD_CHAIN: &str = "AETHER-BUILD";
/// The engine's default bridge, where BuildKit's steps are; their addresses cannot be told beforehand.
const DEFAULT_BRIDGE: &str = "docker0";
const LIMIT: Duration = Duration::from_secs(20);

/// Keeps the rules in place.
#[derive(Debug)]
pub(super) struct Firewall {
    mode: FirewallMode,
    owner: String,
    exceptions: Exceptions,
    /// What stood there after our last change; none before it.
    applied: Mutex<Option<Applied>>,
    /// How many builds are in the default bridge.
    watching: Mutex<usize>,
}

/// What may be reached all the same.
#[derive(Debug, Clone, Default)]
struct Exceptions {
    name_servers: Vec<IpAddr>,
    networks: Vec<IpNet>,
    host_ports: Vec<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Applied {
    variant: &'static str,
    rules: Vec<String>,
}

impl Firewall {
    pub(super) fn new(settings: &DockerRuntimeSettings) -> Self {
        Self {
            mode: settings.firewall.clone(),
            owner: settings.owner.clone(),
            exceptions: Exceptions {
                name_servers: settings.dns.clone(),
                networks: settings.allowed_private.clone(),
                host_ports: settings.allowed_host_ports.clone(),
            },
            applied: Mutex::new(None),
            watching: Mutex::new(0),
        }
    }

    /// Watches the default bridge while a build of BuildKit is in it. Containers there that are not ours keep what they
    /// have: they are known by their addresses.
    pub(super) async fn watch_default_bridge(&self, engine: &Engine) -> Result<(), RuntimeError> {
        if self.mode == FirewallMode::Off {
            return Ok(());
        }
        let mut watching = self.watching.lock().await;
        let neighbours = network::addresses(engine, "bridge").await?;
        self.set_bridge_rules(engine, Some(&neighbours)).await?;
        *watching += 1;
        Ok(())
    }

    /// Ends the watch of the default bridge with the last build that is in it.
    pub(super) async fn unwatch_default_bridge(&self, engine: &Engine) -> Result<(), RuntimeError> {
        if self.mode == FirewallMode::Off {
            return Ok(());
        }
        let mut watching = self.watching.lock().await;
        *watching = watching.saturating_sub(1);
        if *watching == 0 {
            self.set_bridge_rules(engine, None).await
        } else {
            Ok(())
        }
    }

    /// Takes the default bridge's rules away that a build left which was dropped half way.
    pub(super) async fn forget_default_bridge(&self, engine: &Engine) -> Result<(), RuntimeError> {
        let mut watching = self.watching.lock().await;
        if std::mem::take(&mut *watching) == 0 {
            Ok(())
        } else {
            self.set_bridge_rules(engine, None).await
        }
    }

    async fn set_bridge_rules(
        &self,
        engine: &Engine,
        neighbours: Option<&[IpAddr]>,
    ) -> Result<(), RuntimeError> {
        let (variant, saved) = self.find_variant(engine).await?;
        let mut exceptions = self.exceptions.clone();
        if exceptions.name_servers.is_empty() {
            exceptions.name_servers = self.name_servers(engine).await;
        }
        let text = default_bridge::ruleset(Family::V4, &saved, &exceptions, neighbours);
        self.restore(engine, variant, text).await?;
        let six = variant.replacen("iptables", "ip6tables", 1);
        let watched = async {
            let saved = self.save(engine, &six).await?;
            let text = default_bridge::ruleset(Family::V6, &saved, &exceptions, neighbours);
            self.restore(engine, &six, text).await
        };
        if let Err(error) = watched.await {
            // The default bridge has no IPv6 unless the operator gave it some.
            tracing::warn!(%error, "the default bridge is not watched for IPv6");
        }
        Ok(())
    }

    async fn restore(&self, engine: &Engine, variant: &str, rules: String) -> Result<(), RuntimeError> {
        let program = format!("{variant}-restore");
        self.run(engine, &program, &["--noflush", "--wait=5"], Some(rules))
            .await
            .map(drop)
    }

    /// Puts the rules up, or makes sure that they still stand.
    pub(super) async fn ensure(&self, engine: &Engine) -> Result<(), RuntimeError> {
        if self.mode == FirewallMode::Off {
            return Ok(());
        }
        let mut applied = self.applied.lock().await;
        if let (Some(applied), FirewallMode::Host) = (applied.as_ref(), &self.mode) {
            let saved = self.save(engine, applied.variant).await?;
            if own_rules(&saved) == applied.rules && is_asked_first(&saved) {
                return Ok(());
            }
        }
        if applied.is_some() && self.mode != FirewallMode::Host {
            // A helper container per start would cost more than the start; the reconciler renews the rules.
            return Ok(());
        }
        *applied = Some(self.apply(engine, &self.exceptions).await?);
        Ok(())
    }

    /// Puts the rules up again, whatever stands there.
    pub(super) async fn renew(&self, engine: &Engine) -> Result<(), RuntimeError> {
        if self.mode == FirewallMode::Off {
            return Ok(());
        }
        let mut applied = self.applied.lock().await;
        *applied = Some(self.apply(engine, &self.exceptions).await?);
        Ok(())
    }

    async fn apply(&self, engine: &Engine, exceptions: &Exceptions) -> Result<Applied, RuntimeError> {
        let (variant, saved) = self.find_variant(engine).await?;
        let mut exceptions = exceptions.clone();
        if exceptions.name_servers.is_empty() {
            exceptions.name_servers = self.name_servers(engine).await;
        }
        self.restore(engine, variant, ruleset(&saved, &exceptions))
            .await?;
        let six = variant.replacen("iptables", "ip6tables", 1);
        if let Err(error) = self.close_ipv6(engine, &six).await {
            // Our networks have no IPv6 addresses; this is the second wall.
            tracing::warn!(%error, "the IPv6 packet filter is not in place");
        }
        let rules = own_rules(&self.save(engine, variant).await?);
        Ok(Applied { variant, rules })
    }

    async fn close_ipv6(&self, engine: &Engine, variant: &str) -> Result<(), RuntimeError> {
        let saved = self.save(engine, variant).await?;
        self.restore(engine, variant, ruleset_v6(&saved)).await
    }

    /// The kind of iptables the engine uses, and its rules.
    async fn find_variant(&self, engine: &Engine) -> Result<(&'static str, String), RuntimeError> {
        let mut usable = None;
        for variant in VARIANTS {
            let Ok(saved) = self.save(engine, variant).await else {
                continue;
            };
            if has_chain(&saved, ENGINE_CHAIN) {
                return Ok((variant, saved));
            }
            usable = usable.or(Some((*variant, saved)));
        }
        usable.ok_or_else(|| unavailable(&self.mode).into())
    }

    async fn save(&self, engine: &Engine, variant: &str) -> Result<String, RuntimeError> {
        self.run(engine, &format!("{variant}-save"), &["-t", "filter"], None)
            .await
    }

    /// The machine's own name servers, which the engine gives to containers.
    async fn name_servers(&self, engine: &Engine) -> Vec<IpAddr> {
        let file = "/etc/resolv.conf";
        let text = match &self.mode {
            FirewallMode::Container { .. } => {
                self.run(engine, "cat", &[file], None).await.unwrap_or_default()
            }
            _ => tokio::fs::read_to_string(file).await.unwrap_or_default(),
        };
        let servers = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse().ok());
        servers.filter(|server: &IpAddr| !server.is_loopback()).collect()
    }

    async fn run(
        &self,
        engine: &Engine,
        program: &str,
        args: &[&str],
        input: Option<String>,
    ) -> Result<String, RuntimeError> {
        match &self.mode {
            FirewallMode::Container { image } => {
                let command = std::iter::once(program)
                    .chain(args.iter().copied())
                    .collect::<Vec<_>>();
                helper::run_in_host_network(engine, &self.owner, image, &command, input.as_deref()).await
            }
            _ => run_here(program, args, input.as_deref()).await,
        }
    }
}

async fn run_here(program: &str, args: &[&str], input: Option<&str>) -> Result<String, RuntimeError> {
    let failed = |source| RuntimeError::Io {
        context: "running iptables",
        source,
    };
    let path = FOLDERS
        .iter()
        .map(|folder| std::path::Path::new(folder).join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            failed(std::io::Error::new(
                std::io::ErrorKind::NotFound,
                format!("{program} is missing"),
            ))
        })?;
    let mut child = Command::new(path)
        .args(args)
        .env_clear()
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input.as_bytes()).await.map_err(failed)?;
    }
    let output = timeout(LIMIT, child.wait_with_output())
        .await
        .map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))?
        .map_err(failed)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(RuntimeError::Protocol(format!("{program} failed: {message}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Our chains, whole, and the jumps to them where `saved` does not have them.
fn ruleset(saved: &str, exceptions: &Exceptions) -> String {
    let forward = if has_chain(saved, ENGINE_CHAIN) {
        ENGINE_CHAIN
    } else {
        "FORWARD"
    };
    let mut lines = vec![
        "*filter".to_owned(),
        format!(":{INPUT_CHAIN} - [0:0]"),
        format!(":{FORWARD_CHAIN} - [0:0]"),
    ];
    for chain in [INPUT_CHAIN, FORWARD_CHAIN] {
        lines.push(format!(
            "-A {chain} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
        ));
        for server in exceptions.name_servers.iter().filter(|server| server.is_ipv4()) {
            lines.push(format!("-A {chain} -d {server} -p udp --dport 53 -j RETURN"));
            lines.push(format!("-A {chain} -d {server} -p tcp --dport 53 -j RETURN"));
        }
    }
    for port in &exceptions.host_ports {
        lines.push(format!("-A {INPUT_CHAIN} -p tcp --dport {port} -j RETURN"));
    }
    for network in exceptions
        .networks
        .iter()
        .filter(|network| matches!(network, IpNet::V4(_)))
    {
        lines.push(format!("-A {FORWARD_CHAIN} -d {network} -j RETURN"));
    }
    refuse(&mut lines, INPUT_CHAIN, "");
    for network in PRIVATE {
        refuse(&mut lines, FORWARD_CHAIN, &format!("-d {network} "));
    }
    lines.extend(missing_jumps(
        saved,
        &[("INPUT", INPUT_CHAIN), (forward, FORWARD_CHAIN)],
    ));
    if !is_asked_first(saved) {
        let jump = direct_jump();
        if saved.lines().any(|line| line.trim() == format!("-A {jump}")) {
            lines.push(format!("-D {jump}"));
        }
        lines.push(jump.replacen("FORWARD", "-I FORWARD 1", 1));
    }
    lines.push("COMMIT\n".to_owned());
    lines.join("\n")
}

/// From `FORWARD` to our chain, beside the jump in the engine's chain for its users: whenever it makes a network, the engine
/// takes its own jump to that chain away for a moment.
fn direct_jump() -> String {
    format!("FORWARD -i {BRIDGE_PREFIX}+ -j {FORWARD_CHAIN}")
}

/// Whether our chain is asked before any rule that lets packets from our bridges out; the engine puts those of a new
/// network at the top. Without the engine's own chain there is one jump only, which `missing_jumps` looks after.
fn is_asked_first(saved: &str) -> bool {
    let jump = format!("-A {}", direct_jump());
    let from_ours = format!("-i {BRIDGE_PREFIX}");
    let first = saved
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("-A FORWARD "))
        .find(|line| *line == jump || (line.contains(&from_ours) && line.ends_with("-j ACCEPT")));
    !has_chain(saved, ENGINE_CHAIN) || first == Some(&jump)
}

/// Nothing at all: our networks have no IPv6.
fn ruleset_v6(saved: &str) -> String {
    let mut lines = vec!["*filter".to_owned()];
    for chain in [INPUT_CHAIN, FORWARD_CHAIN] {
        lines.push(format!(":{chain} - [0:0]"));
        lines.push(format!("-A {chain} -j DROP"));
    }
    lines.extend(missing_jumps(
        saved,
        &[("INPUT", INPUT_CHAIN), ("FORWARD", FORWARD_CHAIN)],
    ));
    lines.push("COMMIT\n".to_owned());
    lines.join("\n")
}

/// Refused, not dropped: a build that tries learns it at once instead of after a minute.
fn refuse(lines: &mut Vec<String>, chain: &str, what: &str) {
    lines.push(format!(
        "-A {chain} {what}-p tcp -j REJECT --reject-with tcp-reset"
    ));
    lines.push(format!(
        "-A {chain} {what}-j REJECT --reject-with icmp-port-unreachable"
    ));
}

fn missing_jumps(saved: &str, jumps: &[(&str, &str)]) -> Vec<String> {
    let mut missing = Vec::new();
    for (from, to) in jumps {
        let rule = format!("{from} -i {BRIDGE_PREFIX}+ -j {to}");
        if !saved.lines().any(|line| line.trim() == format!("-A {rule}")) {
            missing.push(format!("-I {from} 1 -i {BRIDGE_PREFIX}+ -j {to}"));
        }
    }
    missing
}

fn has_chain(saved: &str, chain: &str) -> bool {
    saved.lines().any(|line| {
        line.strip_prefix(':')
            .is_some_and(|rest| rest.split(' ').next() == Some(chain))
    })
}

/// What stands there of ours.
fn own_rules(saved: &str) -> Vec<String> {
    let ours =
        |line: &&str| line.starts_with("-A ") && line.contains("AETHER-") && !line.contains(BUILD_CHAIN);
    saved.lines().filter(ours).map(str::to_owned).collect()
}

fn unavailable(mode: &FirewallMode) -> UserError {
    let detail = match mode {
        FirewallMode::Container { image } => {
            format!("The image {image} could not run iptables in this machine's network.")
        }
        _ => "iptables is missing here, or Aether does not run as root.".to_owned(),
    };
    UserError::new("firewall_unavailable", "Containers cannot be kept from this machine", detail).hint(
        "Install iptables and run the worker as root, name an image with iptables in AETHER_DOCKER_FIREWALL, or set it \
         to off and filter packets from the bridges `aeth*` yourself.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: &str = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\nCOMMIT\n";

    #[test]
    fn a9_packets_to_this_machine_and_to_private_networks_are_refused() {
        let rules = ruleset(FRESH, &Exceptions::default());
        assert!(rules.contains("-I INPUT 1 -i aeth+ -j AETHER-INPUT"));
        assert!(rules.contains("-I DOCKER-USER 1 -i aeth+ -j AETHER-FORWARD"));
        assert!(rules.contains("-A AETHER-INPUT -j REJECT"));
        for network in PRIVATE {
            assert!(
                rules.contains(&format!("-A AETHER-FORWARD -d {network} -j REJECT")),
                "{network}"
            );
        }
    }

    #[test]
    fn exceptions_come_before_refusals() {
        let exceptions = Exceptions {
            name_servers: vec!["10.0.0.2".parse().unwrap()],
            networks: vec!["10.9.0.0/24".parse().unwrap()],
            host_ports: vec![443],
        };
        let rules = ruleset(FRESH, &exceptions);
        let place = |text: &str| rules.find(text).unwrap_or_else(|| panic!("{text} is missing"));
        assert!(place("-A AETHER-FORWARD -d 10.0.0.2 -p udp --dport 53 -j RETURN") < place("-d 10.0.0.0/8"));
        assert!(place("-A AETHER-FORWARD -d 10.9.0.0/24 -j RETURN") < place("-d 10.0.0.0/8"));
        assert!(
            place("-A AETHER-INPUT -p tcp --dport 443 -j RETURN") < place("-A AETHER-INPUT -p tcp -j REJECT")
        );
    }

    #[test]
    fn jumps_that_stand_are_not_made_twice() {
        let saved = format!(
            "{FRESH}{OURS}-A INPUT -i aeth+ -j AETHER-INPUT\n-A DOCKER-USER -i aeth+ -j AETHER-FORWARD\n"
        );
        assert!(!ruleset(&saved, &Exceptions::default()).contains("-I "));
    }

    #[test]
    fn without_the_engines_chain_the_jump_is_in_forward() {
        let rules = ruleset(
            ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n",
            &Exceptions::default(),
        );
        assert!(rules.contains("-I FORWARD 1 -i aeth+ -j AETHER-FORWARD"));
    }

    const ENGINE: &str = "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n";
    const OURS: &str = "-A FORWARD -i aeth+ -j AETHER-FORWARD\n";
    const OUT: &str = "-A FORWARD -i aeth0510b00b6e1 ! -o aeth0510b00b6e1 -j ACCEPT\n";

    fn direct(saved: &str) -> Vec<String> {
        let rules = ruleset(saved, &Exceptions::default());
        let lines = rules
            .lines()
            .filter(|line| line.contains("FORWARD -i aeth+") || line.contains("-I FORWARD"));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn our_chain_is_asked_before_what_lets_our_networks_out() {
        let insert = "-I FORWARD 1 -i aeth+ -j AETHER-FORWARD".to_owned();
        let delete = "-D FORWARD -i aeth+ -j AETHER-FORWARD".to_owned();
        assert_eq!(direct(ENGINE), [insert.as_str()]);
        assert_eq!(direct(&format!("{ENGINE}{OUT}")), [insert.as_str()]);
        assert!(direct(&format!("{ENGINE}{OURS}{OUT}")).is_empty());
        // A network was made since.
        assert_eq!(
            direct(&format!("{ENGINE}{OUT}{OURS}")),
            [delete.as_str(), insert.as_str()]
        );
        // An engine that keeps off the packet filter.
        assert_eq!(direct("*filter\n:FORWARD ACCEPT [0:0]\n"), [insert.as_str()]);
        assert!(direct(&format!("*filter\n{OUT}{OURS}")).is_empty());
    }
}
