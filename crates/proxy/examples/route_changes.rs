//! A proxy with a store of its own whose routes change all the time, for `bench/proxy/run.py`.
//!
//! Prints its port, serves for the given time, then prints how soon changes were visible to visitors.

#![allow(clippy::print_stdout, reason = "the output is what it is for")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aether_models::{
    DeploymentId, FILES_DIRECTORY, FileEntry, MANIFEST_FILE, MANIFEST_VERSION, Manifest, PlatformPage,
    ProjectId, Route, RouteChanges, RouteKind, RouteTarget,
};
use aether_proxy::{Proxy, ProxyReport, RouteSource, Settings};
use futures::{Stream, StreamExt};
use rustix::process::setpriority_process;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The host that visitors of the benchmark ask for.
const SITE: &str = "site.bench.localhost";
/// The host whose changes are watched.
const PROBE: &str = "probe.bench.localhost";
/// Time between two changes that are watched.
const PROBE_PAUSE: Duration = Duration::from_millis(20);

/// When requests are sent after a change, in milliseconds.
const SENT_MS: [f64; 14] = [
    0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0, 40.0,
];
/// A request that is sent so long after a change must see it.
const BAR: Duration = Duration::from_millis(5);

/// How soon one change was seen.
struct Seen {
    /// Requests sent from here on saw it.
    from: Duration,
    /// All requests sent from [`BAR`] on saw it.
    in_time: bool,
}

/// Routes in memory.
#[derive(Clone)]
struct MemorySource {
    state: Arc<Mutex<State>>,
    events: broadcast::Sender<i64>,
}

/// Routes by the version of their last change, as the store's index has them.
#[derive(Default)]
struct State {
    version: i64,
    by_version: BTreeMap<i64, Vec<Route>>,
}

impl MemorySource {
    /// Adds routes as one change and announces it.
    fn put(&self, mut routes: Vec<Route>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.version += 1;
        let version = state.version;
        for route in &mut routes {
            route.version = version;
        }
        state.by_version.insert(version, routes);
        drop(state);
        // Nobody listens yet at the start.
        let _ = self.events.send(version);
    }
}

impl RouteSource for MemorySource {
    type Error = Infallible;

    async fn changes_since(&self, version: i64) -> Result<RouteChanges, Infallible> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = state.by_version.range(version + 1..);
        Ok(RouteChanges {
            version: state.version,
            routes: newer.flat_map(|(_, routes)| routes).cloned().collect(),
            removed: Vec::new(),
        })
    }

    async fn version(&self) -> Result<i64, Infallible> {
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner).version)
    }

    fn events(&self) -> impl Stream<Item = i64> + Send {
        let events = self.events.subscribe();
        let each = futures::stream::unfold(events, |mut events| async {
            loop {
                match events.recv().await {
                    Ok(version) => return Some((version, events)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        each.boxed()
    }

    async fn report(&self, _: ProxyReport) -> Result<(), Infallible> {
        Ok(())
    }

    async fn retract(&self, _: &str) -> Result<(), Infallible> {
        Ok(())
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let (hosts, changes, seconds) = (
        argument("--hosts")?,
        argument("--changes")?,
        argument("--seconds")?,
    );
    let folder = tempfile::tempdir()?;
    let deployments = folder.path().join("deployments");
    let site = write_site(&deployments)?;
    let source = MemorySource {
        state: Arc::default(),
        events: broadcast::Sender::new(4096),
    };
    let static_site = RouteTarget::Static { deployment_id: site };
    let all = (0..hosts).map(|n| route(&format!("s{n}.bench.localhost"), &static_site));
    source.put(
        all.chain([route(SITE, &static_site)])
            .collect::<anyhow::Result<_>>()?,
    );
    source.put(vec![probe(PlatformPage::Building)?]);

    let mut settings = Settings::new(
        "bench.localhost".parse()?,
        deployments,
        folder.path().join("data"),
    );
    settings.addr = SocketAddr::from(([127, 0, 0, 1], 0));
    settings.admin_addr = settings.addr;
    settings.drain = Duration::from_secs(1);
    let proxy = Proxy::bind(settings).await?;
    let (addr, stop) = (proxy.addr(), CancellationToken::new());
    let serving = tokio::spawn(proxy.serve(source.clone(), stop.clone()));
    println!("{}", addr.port());
    let changing = tokio::spawn(change(source.clone(), static_site, hosts, changes));
    let watched = source.clone();
    let watching = std::thread::spawn(move || watch(addr, &watched, Duration::from_secs(seconds)));
    let seen = tokio::task::spawn_blocking(move || watching.join()).await?;
    let mut seen = seen.map_err(|_| anyhow::anyhow!("the watcher failed"))??;
    changing.abort();
    stop.cancel();
    serving.await??;
    seen.sort_unstable_by_key(|seen| seen.from);
    let at = |share: usize| seen[(seen.len() - 1) * share / 100].from.as_secs_f64() * 1_000.0;
    println!(
        "{} changes, visible to requests sent {:.2} ms (median), {:.2} ms (p99) after the event; {} were not visible to \
         every request sent 5 ms after it",
        seen.len(),
        at(50),
        at(99),
        seen.iter().filter(|seen| !seen.in_time).count()
    );
    Ok(())
}

/// Changes one host after the other, `rate` times a second.
async fn change(source: MemorySource, target: RouteTarget, hosts: u64, rate: u64) -> anyhow::Result<()> {
    if rate == 0 {
        return Ok(());
    }
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / rate));
    for n in 0_u64.. {
        ticks.tick().await;
        source.put(vec![route(&format!("s{}.bench.localhost", n % hosts), &target)?]);
    }
    Ok(())
}

/// Changes the probe again and again. After each change requests are sent on connections of their own at [`SENT_MS`],
/// none waiting for another's answer. Gives, for each change, when the first request was sent from which on all saw it.
#[expect(
    clippy::disallowed_methods,
    reason = "it has a thread of its own and no runtime, so that it is on time"
)]
fn watch(addr: SocketAddr, source: &MemorySource, time: Duration) -> anyhow::Result<Vec<Seen>> {
    // The watcher must not be what is slow; without the right to a higher priority it measures itself as well.
    let _ = setpriority_process(None, -15);
    let (started, mut seen) = (Instant::now(), Vec::new());
    let request = format!("HEAD / HTTP/1.1\r\nHost: {PROBE}\r\n\r\n");
    let connect = || {
        let client = TcpStream::connect(addr)?;
        client.set_nodelay(true)?;
        Ok(client)
    };
    let mut clients = SENT_MS
        .iter()
        .map(|_| connect())
        .collect::<std::io::Result<Vec<_>>>()?;
    let mut turns = [
        (PlatformPage::NotDeployed, "404"),
        (PlatformPage::Building, "503"),
    ]
    .into_iter()
    .cycle();
    while started.elapsed() < time {
        let Some((page, status)) = turns.next() else {
            break;
        };
        let event = Instant::now();
        source.put(vec![probe(page)?]);
        let mut sent = Vec::with_capacity(clients.len());
        for (client, at_ms) in clients.iter_mut().zip(SENT_MS) {
            let at = Duration::from_micros((at_ms * 1_000.0) as u64);
            std::thread::sleep(at.saturating_sub(event.elapsed()));
            sent.push(event.elapsed());
            client.write_all(request.as_bytes())?;
        }
        let mut saw = Vec::with_capacity(clients.len());
        for client in &mut clients {
            saw.push(status_of(client)? == status);
        }
        let late = saw.iter().rposition(|saw| !saw).map_or(0, |last| last + 1);
        seen.push(Seen {
            from: sent.get(late).copied().unwrap_or(time),
            in_time: sent
                .iter()
                .zip(&saw)
                .filter(|(sent, _)| **sent >= BAR)
                .all(|(_, saw)| *saw),
        });
        std::thread::sleep(PROBE_PAUSE);
    }
    Ok(seen)
}

/// The status of the next answer to a `HEAD`.
fn status_of(client: &mut TcpStream) -> anyhow::Result<String> {
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"\r\n\r\n") {
        let count = client.read(&mut buffer)?;
        anyhow::ensure!(count > 0, "the proxy closed");
        answer.extend_from_slice(&buffer[..count]);
    }
    let text = String::from_utf8_lossy(&answer);
    Ok(text.split(' ').nth(1).unwrap_or_default().to_owned())
}

fn probe(page: PlatformPage) -> anyhow::Result<Route> {
    route(PROBE, &RouteTarget::Page { page })
}

fn route(host: &str, target: &RouteTarget) -> anyhow::Result<Route> {
    Ok(Route {
        host: host.parse()?,
        project_id: ProjectId::generate(),
        kind: RouteKind::Production,
        target: target.clone(),
        access_log_percent: 0,
        version: 0,
    })
}

/// A release with one page of 1 KiB at `/1k`.
fn write_site(deployments: &Path) -> anyhow::Result<DeploymentId> {
    let id = DeploymentId::generate();
    let release = deployments.join(id.uuid().hyphenated().to_string());
    std::fs::create_dir_all(release.join(FILES_DIRECTORY))?;
    let sha256 = "0".repeat(64);
    std::fs::write(release.join(FILES_DIRECTORY).join(&sha256), [b'x'; 1024])?;
    let entry = FileEntry {
        sha256,
        size: 1024,
        content_type: "text/html; charset=utf-8".to_owned(),
        immutable: false,
        encodings: BTreeMap::new(),
    };
    let manifest = Manifest {
        version: MANIFEST_VERSION,
        created: 1_700_000_000,
        files: [("1k.html".to_owned(), entry)].into(),
        ..Manifest::default()
    };
    std::fs::write(release.join(MANIFEST_FILE), serde_json::to_vec(&manifest)?)?;
    Ok(id)
}

fn argument(name: &str) -> anyhow::Result<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    let value = arguments
        .next()
        .ok_or_else(|| anyhow::anyhow!("{name} is missing"))?;
    Ok(value.parse()?)
}
