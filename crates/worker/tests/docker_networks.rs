//! What a container can reach: scanned from inside, against listeners that are really there (A9).

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking"
)]

mod docker_support;
#[path = "docker_support/scan.rs"]
mod scan;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_worker::runtime::docker::FirewallMode;
use aether_worker::runtime::{Runtime, Stack};
use docker_support::{Bench, DEBIAN, NODE, docker, get_when_ready, write};
use scan::{Findings, HostServices, Target, assert_all_answer, own_addresses, put_scan};

const GRACE: Duration = Duration::from_secs(1);
const DATABASES: &str =
    "for (const port of [5432, 6379]) require('net').createServer(s => s.end()).listen(port, '0.0.0.0')";

fn node() -> Option<Stack> {
    Some(Stack {
        language: "node".to_owned(),
        version: Some("22".to_owned()),
    })
}

/// Somebody else's network with IPv6, in which something listens where Postgres and Redis do, as docker compose has it.
struct Databases {
    socket: PathBuf,
    name: String,
    address: IpAddr,
    gateway_v6: Option<IpAddr>,
}

impl Databases {
    fn start(bench: &Bench) -> Self {
        let socket = bench.settings.socket.clone();
        let name = format!("{}-databases", bench.settings.owner);
        let subnet = format!("fd7a:ae7e:{:x}::/64", rand::random::<u16>() | 1);
        let mut network = vec!["network", "create"];
        let has_v6 = Path::new("/proc/net/if_inet6").exists();
        if has_v6 {
            network.extend(["--ipv6", "--subnet", &subnet]);
        } else {
            println!("this machine has no IPv6; only IPv4 is scanned");
        }
        docker(&socket, &[&network[..], &[&name]].concat());
        docker(
            &socket,
            &[
                "run",
                "-d",
                "--init",
                "--name",
                &name,
                "--network",
                &name,
                NODE,
                "node",
                "-e",
                DATABASES,
            ],
        );
        let inspect = |format: &str| {
            docker(&socket, &["inspect", "--format", format, &name])
                .trim()
                .to_owned()
        };
        let address = inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
            .parse()
            .unwrap();
        let gateway_v6 = inspect("{{range .NetworkSettings.Networks}}{{.IPv6Gateway}}{{end}}")
            .parse()
            .ok();
        assert_eq!(has_v6, gateway_v6.is_some());
        Self {
            socket,
            name,
            address,
            gateway_v6,
        }
    }

    fn addresses(&self) -> [SocketAddr; 2] {
        [5432, 6379].map(|port| SocketAddr::new(self.address, port))
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        docker(&self.socket, &["rm", "-f", &self.name]);
        docker(&self.socket, &["network", "rm", &self.name]);
    }
}

/// Whoever is not watched gets through, so what the scan says about a build and an app is worth something.
fn assert_reachable_without_a_filter(bench: &Bench, host: &HostServices, databases: &Databases) {
    let folder = bench.folder.path().join("control");
    let socket = &bench.settings.socket;
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = own_addresses().into_iter().partition(IpAddr::is_ipv4);
    // A datagram is answered from the address that is nearest to whoever asks, so only that one is asked.
    let served = |addresses: &[IpAddr], nearest: IpAddr| -> Vec<Target> {
        let mut targets: Vec<Target> = addresses
            .iter()
            .map(|address| Target::tcp(address, host.tcp))
            .collect();
        targets.push(Target::udp(&nearest, host.udp));
        targets
    };
    // The machine's own address and the bridge's; bridges of other tests come and go.
    let format = "{{(index .IPAM.Config 0).Gateway}}";
    let inspected = docker(socket, &["network", "inspect", "--format", format, "bridge"]);
    let bridge: IpAddr = inspected.trim().parse().unwrap();
    let own_bridge = "control, a container on the engine's own bridge";
    assert_all_answer(
        socket,
        &folder,
        "bridge",
        own_bridge,
        &served(&[v4[0], bridge], bridge),
    );
    let mut neighbours: Vec<Target> = databases
        .addresses()
        .map(|address| Target::tcp(&address.ip(), address.port()))
        .into();
    if let Some(gateway) = databases.gateway_v6 {
        let global: Vec<IpAddr> = v6
            .into_iter()
            .filter(|address| *address != gateway)
            .take(1)
            .collect();
        neighbours.extend(served(&[&[gateway][..], &global].concat(), gateway));
    }
    let beside = "control, a container beside the databases";
    assert_all_answer(socket, &folder, &databases.name, beside, &neighbours);
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_a_build_and_an_app_reach_nothing_of_this_machine_or_its_neighbours() {
    let bench = Bench::new().await;
    let host = HostServices::start().await;
    let databases = Databases::start(&bench);
    // An app of another project, which this machine reaches.
    let neighbour = bench.app("node server.js", Some("node"));
    let server = "require('http').createServer((q,r)=>r.end('neighbour')).listen(process.env.PORT)";
    write(&neighbour.directory, &[("server.js", server)]);
    let neighbour = bench.runtime.start_app(neighbour).await.unwrap();
    assert!(get_when_ready(neighbour.address, "/").await.contains("neighbour"));
    let others = [&databases.addresses()[..], &[neighbour.address]].concat();
    let targets = host.targets(&others);
    assert!(targets.iter().filter(|target| host.is_served(target)).count() > 20);

    let mut build = bench.build("node scan.js");
    build.stack = node();
    put_scan(&build.workspace, &targets);
    let text = bench.run(build).await.text();
    Findings::read("a build", &targets, &text).assert_nothing_answered();

    let app = bench.app("node scan.js; exec sleep 600", Some("node"));
    put_scan(&app.directory, &targets);
    let instance = app.instance_id;
    bench.runtime.start_app(app).await.unwrap();
    let text = bench.wait_for_line(instance, "scan done").await.join("\n");
    Findings::read("an app", &targets, &text).assert_nothing_answered();

    assert_reachable_without_a_filter(&bench, &host, &databases);
    for app in [instance, neighbour.instance_id] {
        bench.runtime.stop_app(app, GRACE).await.unwrap();
    }
    drop(databases);
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a_build_resolves_names() {
    let bench = Bench::new().await;
    let mut build = bench.build("node -e 'require(\"dns\").lookup(\"registry.npmjs.org\",(e,a)=>{console.log(e?e.code:\"resolved \"+a);process.exit(e?1:0)})'");
    build.stack = node();
    let outcome = bench.run(build).await;
    assert!(outcome.text().contains("resolved "), "{}", outcome.text());
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a_worker_without_iptables_of_its_own_has_a_container_put_the_filter_up() {
    let bench = Bench::with(|settings| {
        let folder = tempfile::tempdir().unwrap();
        let dockerfile = format!(
            "FROM {DEBIAN}\nRUN apt-get update -q && apt-get install -y -q --no-install-recommends iptables\n"
        );
        write(folder.path(), &[("Dockerfile", &dockerfile)]);
        let image = "aether-test-iptables:latest";
        docker(
            &settings.socket,
            &["build", "-q", "-t", image, &folder.path().display().to_string()],
        );
        settings.firewall = FirewallMode::Container {
            image: image.to_owned(),
        };
    })
    .await;
    bench.runtime.renew_firewall().await.unwrap();
    let rules = std::process::Command::new("iptables")
        .args(["-S"])
        .output()
        .unwrap();
    let rules = String::from_utf8(rules.stdout).unwrap();
    assert_eq!(
        rules.matches("-A INPUT -i aeth+ -j AETHER-INPUT").count(),
        1,
        "{rules}"
    );
    assert_eq!(
        rules.matches("-A DOCKER-USER -i aeth+ -j AETHER-FORWARD").count(),
        1,
        "{rules}"
    );
    bench.assert_nothing_left();
}
