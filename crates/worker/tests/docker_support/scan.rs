//! A scan from inside of a container: services of this machine that really listen, the list of what is tried, and the
//! table of what came of it (threats.md A9, rule 7). The same targets are tried from where they must be reached, so a
//! scan that finds nothing because it is broken fails.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::print_stdout,
    reason = "the table is for those who read the test's output"
)]

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

use crate::docker_support::{NODE, docker, write};

/// Tries targets, and says what came of each.
pub(crate) const SCAN: &str = include_str!("scan.js");
/// What listens on machines like ours: SSH, name server, web, Docker's own API, Aether's API, proxy and its
/// administration, Postgres, Redis.
const USUAL_PORTS: [u16; 13] = [
    22, 53, 80, 443, 2375, 2376, 3000, 3005, 3006, 5432, 6379, 8080, 9000,
];
/// Cloud metadata, other private networks, and the IPv6 side of all of it.
const ELSEWHERE: [&str; 10] = [
    "169.254.169.254",
    "10.0.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "fd00:ec2::254",
    "fd00::1",
    "fe80::1%eth0",
    "ff02::1%eth0",
    "::1",
];
const WATCHED_FOR: Duration = Duration::from_secs(60);

/// One thing that is tried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) protocol: &'static str,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    pub(crate) fn tcp(host: &impl ToString, port: u16) -> Self {
        Self {
            protocol: "tcp",
            host: host.to_string(),
            port,
        }
    }

    pub(crate) fn udp(host: &impl ToString, port: u16) -> Self {
        Self {
            protocol: "udp",
            ..Self::tcp(host, port)
        }
    }

    fn line(&self) -> String {
        format!("{} {} {}", self.protocol, self.host, self.port)
    }
}

/// Services of this machine that listen on all its addresses, over both families, until they are dropped.
pub(crate) struct HostServices {
    pub(crate) tcp: u16,
    pub(crate) udp: u16,
    _serving: Vec<Serving>,
}

struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl HostServices {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("[::]:0").await.unwrap();
        let socket = UdpSocket::bind("[::]:0").await.unwrap();
        let (tcp, udp) = (
            listener.local_addr().unwrap().port(),
            socket.local_addr().unwrap().port(),
        );
        let accept = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        let echo = tokio::spawn(async move {
            let mut datagram = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
                // A sender that is gone is none of its business.
                let _ = socket.send_to(&datagram[..length], from).await;
            }
        });
        Self {
            tcp,
            udp,
            _serving: vec![Serving(accept), Serving(echo)],
        }
    }

    /// Everything that a container must not reach: every address of this machine with what listens there and what
    /// usually does, other networks' usual ports, and `others`.
    pub(crate) fn targets(&self, others: &[SocketAddr]) -> Vec<Target> {
        let mut hosts: Vec<String> = own_addresses().iter().map(ToString::to_string).collect();
        hosts.push("gateway".to_owned());
        let listening = listening_ports();
        let mut targets = Vec::new();
        for host in &hosts {
            let ports = USUAL_PORTS.iter().chain(&listening).chain([&self.tcp]);
            targets.extend(ports.map(|port| Target::tcp(host, *port)));
            targets.extend([53, 123, self.udp].map(|port| Target::udp(host, port)));
        }
        for host in ELSEWHERE {
            let ports = [22, 80, 443, 2375, 5432, 6379, self.tcp];
            targets.extend(ports.map(|port| Target::tcp(&host, port)));
            targets.extend([53, self.udp].map(|port| Target::udp(&host, port)));
        }
        targets.extend(
            others
                .iter()
                .map(|address| Target::tcp(&address.ip(), address.port())),
        );
        let name_servers = name_servers();
        // The name servers' own port is what containers are meant to reach.
        targets.retain(|target| target.port != 53 || !name_servers.contains(&target.host));
        targets.sort();
        targets.dedup();
        targets
    }

    /// What of the targets is certain to answer whoever gets through to it.
    pub(crate) fn is_served(&self, target: &Target) -> bool {
        target.port
            == if target.protocol == "tcp" {
                self.tcp
            } else {
                self.udp
            }
    }
}

/// Writes the scan and its targets into a folder.
pub(crate) fn put_scan(folder: &Path, targets: &[Target]) {
    let lines: Vec<String> = targets.iter().map(Target::line).collect();
    write(folder, &[("scan.js", SCAN), ("targets.txt", &lines.join("\n"))]);
}

/// What came of a scan, as it was printed.
pub(crate) struct Findings {
    who: String,
    found: BTreeMap<Target, String>,
    addresses: String,
}

impl Findings {
    /// Reads a scan's output. It must have tried every target, and have found what is in its own container.
    pub(crate) fn read(who: &str, targets: &[Target], text: &str) -> Self {
        assert!(text.contains("scan done"), "{who}: {text}");
        for own in ["own tcp ANSWERED", "own udp ANSWERED"] {
            assert!(text.contains(own), "{who}: the scan finds nothing at all: {text}");
        }
        let found = targets.iter().map(|target| {
            let begin = format!("{} ", target.line());
            let line = text.lines().find_map(|line| line.trim().strip_prefix(&begin));
            let what = line.unwrap_or_else(|| panic!("{who} did not try {target:?}:\n{text}"));
            (target.clone(), what.to_owned())
        });
        let addresses = text.lines().find_map(|line| line.strip_prefix("addresses "));
        Self {
            who: who.to_owned(),
            found: found.collect(),
            addresses: addresses.unwrap_or_default().to_owned(),
        }
    }

    pub(crate) fn answered(&self) -> Vec<&Target> {
        let answered = self.found.iter().filter(|(_, what)| *what == "ANSWERED");
        answered.map(|(target, _)| target).collect()
    }

    /// Prints what was tried and what came of it, a line per host.
    pub(crate) fn print(&self) {
        println!(
            "{} ({}) tried {} targets, {} answered:",
            self.who,
            self.addresses,
            self.found.len(),
            self.answered().len()
        );
        let mut lines: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for (target, what) in &self.found {
            let line = lines.entry((target.protocol, &target.host)).or_default();
            line.push(format!("{} {what}", target.port));
        }
        for ((protocol, host), ports) in lines {
            println!("  {protocol} {host}: {}", ports.join(", "));
        }
    }

    pub(crate) fn assert_nothing_answered(&self) {
        self.print();
        assert_eq!(self.answered(), Vec::<&Target>::new(), "{} reached it", self.who);
        // Neither a global address nor a link-local one.
        let beyond_itself = self
            .addresses
            .split(' ')
            .filter(|address| address.contains(':') && *address != "::1");
        assert_eq!(beyond_itself.count(), 0, "{}: {}", self.who, self.addresses);
    }
}

/// Scans from a container that no packet filter watches, until all targets answer: on the engine's own bridge, or in
/// `network`. Steps of another test's image build may be on that bridge, too, and it is watched as long.
pub(crate) fn assert_all_answer(socket: &Path, folder: &Path, network: &str, who: &str, targets: &[Target]) {
    put_scan(folder, targets);
    let mount = format!("{}:/scan:ro", folder.display());
    let command = [
        "run",
        "--rm",
        "--network",
        network,
        "-v",
        &mount,
        NODE,
        "node",
        "/scan/scan.js",
    ];
    let deadline = Instant::now() + WATCHED_FOR;
    loop {
        let findings = Findings::read(who, targets, &docker(socket, &command));
        if findings.answered().len() == targets.len() {
            return findings.print();
        }
        if Instant::now() > deadline {
            findings.print();
            panic!("{who}: the scan does not find what can be reached");
        }
    }
}

/// Addresses of this machine, those of all bridges included.
pub(crate) fn own_addresses() -> Vec<IpAddr> {
    let output = std::process::Command::new("hostname").arg("-I").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let addresses: Vec<IpAddr> = text.split_whitespace().flat_map(str::parse).collect();
    assert!(!addresses.is_empty(), "{text}");
    addresses
}

/// Ports of this machine that something listens on, on whichever address, the lowest fifty.
fn listening_ports() -> Vec<u16> {
    let mut ports: Vec<u16> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let ports = text.lines().skip(1).filter_map(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let (local, state) = (fields.next()?, fields.nth(1)?);
                let port = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
                (state == "0A").then_some(port)
            });
            ports.collect::<Vec<_>>()
        })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports.truncate(50);
    ports
}

fn name_servers() -> Vec<String> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"));
    servers.map(|server| server.trim().to_owned()).collect()
}
