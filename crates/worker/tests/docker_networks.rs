//! What a container can reach: scanned from inside, against listeners that are really there (A9).

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod docker_support;

use std::net::SocketAddr;
use std::time::Duration;

use aether_worker::runtime::docker::FirewallMode;
use aether_worker::runtime::{Runtime, Stack};
use docker_support::{Bench, DEBIAN, NODE, docker, get_when_ready, write};
use tokio::net::TcpListener;

const GRACE: Duration = Duration::from_secs(1);
/// Tries every `host port` of its arguments for a second each, and prints what came of it.
const SCAN: &str = r"const net = require('net');
// The default route's gateway is this machine, as the container sees it.
const route = require('fs').readFileSync('/proc/net/route', 'utf8').split('\n').map(l => l.split('\t'));
const hex = route.find(fields => fields[1] === '00000000')[2];
const gateway = [6, 4, 2, 0].map(at => parseInt(hex.slice(at, at + 2), 16)).join('.');
const targets = process.argv.slice(2).map(t => t.replace('gateway', gateway).split('@'));
Promise.all(targets.map(([host, port]) => new Promise(done => {
  const socket = net.connect({ host, port: Number(port) });
  const end = what => { socket.destroy(); console.log(`${host}@${port} ${what}`); done(); };
  socket.setTimeout(1500, () => end('silent'));
  socket.on('connect', () => end('OPEN'));
  socket.on('error', error => end(error.code));
}))).then(() => {
  console.log('interfaces ' + JSON.stringify(require('os').networkInterfaces()));
  console.log('scan done');
});
";

/// Addresses of this machine.
fn own_addresses() -> Vec<String> {
    let output = std::process::Command::new("hostname").arg("-I").output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

fn node() -> Option<Stack> {
    Some(Stack {
        language: "node".to_owned(),
        version: Some("22".to_owned()),
    })
}

/// Everything a container must not reach, with `port` as one that really listens on this machine.
fn targets(port: u16, neighbour: SocketAddr) -> Vec<String> {
    let mut hosts = own_addresses();
    assert!(!hosts.is_empty());
    let private = [
        "169.254.169.254",
        "172.17.0.1",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "fe80::1",
        "fd00::2",
        "::1",
    ];
    hosts.extend(private.map(str::to_owned));
    let ports = [port, 22, 80, 443, 2375, 3000, 3005, 5432, 6379];
    let mut targets: Vec<String> = hosts
        .iter()
        .flat_map(|host| ports.map(|port| format!("{host}@{port}")))
        .collect();
    targets.push(format!("{}@{}", neighbour.ip(), neighbour.port()));
    targets.extend([port, 22, 53, 5432, 6379].map(|port| format!("gateway@{port}")));
    targets
}

/// The scan finds what can be reached: a container on the engine's own bridge gets through (A9).
fn assert_scan_finds(bench: &Bench, port: u16) {
    let folder = bench.folder.path().join("scan");
    write(&folder, &[("scan.js", SCAN)]);
    let mount = format!("{}:/scan:ro", folder.display());
    let target = format!(
        "{}@{port}",
        own_addresses().iter().find(|host| !host.contains(':')).unwrap()
    );
    let unfiltered = [
        "run",
        "--rm",
        "-v",
        &mount,
        NODE,
        "node",
        "/scan/scan.js",
        &target,
    ];
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while !docker(&bench.settings.socket, &unfiltered).contains("OPEN") {
        // BuildKit's steps of another test are on that bridge, too, and it is watched as long.
        assert!(
            std::time::Instant::now() < deadline,
            "the scan does not find what can be reached"
        );
    }
}

fn assert_nothing_open(who: &str, text: &str, tried: usize) {
    assert!(text.contains("scan done"), "{who}: {text}");
    assert_eq!(
        text.lines().filter(|line| line.contains('@')).count(),
        tried,
        "{who} tried them all"
    );
    let open: Vec<&str> = text.lines().filter(|line| line.ends_with("OPEN")).collect();
    assert_eq!(open, Vec::<&str>::new(), "{who} reached what it must not");
    let interfaces = text.lines().find(|line| line.starts_with("interfaces ")).unwrap();
    assert!(
        !interfaces.contains("fe80") && !interfaces.contains("fd00"),
        "{who} has no IPv6: {interfaces}"
    );
}

#[tokio::test]
async fn a9_a_build_and_an_app_reach_nothing_of_this_machine_or_its_neighbours() {
    let bench = Bench::new().await;
    // A service of this machine that listens everywhere, over both families.
    let listener = TcpListener::bind("[::]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // An app of another project, which this machine reaches.
    let neighbour = bench.app("node server.js", Some("node"));
    let server = "require('http').createServer((q,r)=>r.end('neighbour')).listen(process.env.PORT)";
    write(&neighbour.directory, &[("server.js", server)]);
    let neighbour = bench.runtime.start_app(neighbour).await.unwrap();
    assert!(get_when_ready(neighbour.address, "/").await.contains("neighbour"));
    let targets = targets(port, neighbour.address);
    let script = format!("node scan.js {}", targets.join(" "));

    let mut build = bench.build(&script);
    build.stack = node();
    write(&build.workspace, &[("scan.js", SCAN)]);
    assert_nothing_open("a build", &bench.run(build).await.text(), targets.len());

    let app = bench.app(&format!("{script}; exec sleep 600"), Some("node"));
    write(&app.directory, &[("scan.js", SCAN)]);
    let instance = app.instance_id;
    bench.runtime.start_app(app).await.unwrap();
    let lines = bench.wait_for_line(instance, "scan done").await;
    assert_nothing_open("an app", &lines.join("\n"), targets.len());

    assert_scan_finds(&bench, port);
    bench.runtime.stop_app(instance, GRACE).await.unwrap();
    bench
        .runtime
        .stop_app(neighbour.instance_id, GRACE)
        .await
        .unwrap();
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
