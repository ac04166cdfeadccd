//! Many clients that are slow on purpose, and the visitors beside them (threats.md inputs 88 and 91).
//!
//! A small load tool of its own: attackers that trickle, and a visitor who measures. The bounds are generous, because
//! tests share the machine with each other; `bench/proxy/floods.py` measures the same with `slowhttptest`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aether_proxy::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::support::app::TestApp;
use crate::support::client::{Client, PATIENCE};
use crate::support::{TestProxy, TestSite};

const SITE: &str = "site.apps.example";
const APP: &str = "app.apps.example";
/// Attackers of each kind.
const ATTACKERS: usize = 300;
/// Visits that are measured.
const VISITS: usize = 60;

/// Timers of the test: short enough to see them act, long enough for a busy machine's visitors.
fn limits() -> Limits {
    Limits {
        head: Duration::from_secs(3),
        body: Duration::from_secs(3),
        write: Duration::from_secs(3),
        idle: Duration::from_secs(3),
        ..Limits::default()
    }
}

async fn world() -> (TestProxy, TestApp) {
    let proxy = TestProxy::start_with(|settings| settings.limits = limits()).await;
    let app = TestApp::echo("one").await;
    proxy.app(APP, &[app.addr]).await;
    let site = TestSite::new().html("index.html", "home").file(
        "big",
        "application/octet-stream",
        vec![0; 8_000_000],
    );
    proxy.site(SITE, &site).await;
    (proxy, app)
}

/// Visits the site and the app in turn, each time on a new connection; gives the times in order of length.
async fn visits(addr: SocketAddr) -> Vec<Duration> {
    let mut times = Vec::new();
    for visit in 0..VISITS {
        let started = Instant::now();
        let host = if visit % 2 == 0 { SITE } else { APP };
        let answer = Client::get(addr, host, "/", "Connection: close\r\n").await;
        assert_eq!(answer.status, 200, "visit {visit}");
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times
}

/// What an attacker says first, and what it then goes on to trickle.
struct Attack {
    first: String,
    then: &'static [u8],
    /// Bytes it is ready to receive; little, for those that do not read.
    window: u32,
    reads: bool,
}

/// Trickles until the proxy has had enough; gives how long that took.
async fn attack(addr: SocketAddr, attack: &Attack) -> Duration {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(attack.window).unwrap();
    let mut stream: TcpStream = socket.connect(addr).await.unwrap();
    let started = Instant::now();
    let _ = stream.write_all(attack.first.as_bytes()).await;
    let mut buffer = [0; 4_096];
    loop {
        let pause = tokio::time::sleep(Duration::from_millis(200));
        if attack.reads {
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => return started.elapsed(),
                },
                () = pause => {}
            }
        } else {
            pause.await;
        }
        if stream.write_all(attack.then).await.is_err() {
            return started.elapsed();
        }
        // A reader who takes a byte now and then. What was received before a reset hides it from reading.
        if !attack.reads {
            let _ = stream.try_read(&mut buffer[..1]);
            if !matches!(stream.take_error(), Ok(None)) {
                return started.elapsed();
            }
        }
    }
}

async fn flooded(kind: &str, what: Attack) {
    let (proxy, _app) = world().await;
    let quiet = visits(proxy.addr).await;
    let what = std::sync::Arc::new(what);
    let mut attackers = JoinSet::new();
    let addr = proxy.addr;
    for _ in 0..ATTACKERS {
        let what = std::sync::Arc::clone(&what);
        attackers.spawn(async move { attack(addr, &what).await });
    }
    let beside = visits(proxy.addr).await;
    let (median, last) = (beside[VISITS / 2], beside[VISITS - 1]);
    println!(
        "{kind}: quiet median {:?}, beside the flood {median:?}, slowest {last:?}",
        quiet[VISITS / 2]
    );
    assert!(
        median < quiet[VISITS / 2] * 5 + Duration::from_millis(100),
        "{kind}: a visit took {median:?}, without the flood {:?}",
        quiet[VISITS / 2]
    );
    assert!(last < Duration::from_secs(2), "{kind}: {last:?}");
    let times = tokio::time::timeout(PATIENCE, attackers.join_all())
        .await
        .unwrap_or_else(|_| panic!("{kind}: not all were cut"));
    assert!(
        times.iter().all(|time| *time < Duration::from_secs(15)),
        "{kind}: the last was cut after {:?}",
        times.iter().max()
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_88_a_flood_of_slow_heads_leaves_visitors_alone() {
    flooded(
        "slow heads",
        Attack {
            first: format!("GET / HTTP/1.1\r\nHost: {SITE}\r\n"),
            then: b"X: a\r\n",
            window: 65_536,
            reads: true,
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_88_a_flood_of_slow_bodies_leaves_visitors_alone() {
    flooded(
        "slow bodies",
        Attack {
            first: format!("POST / HTTP/1.1\r\nHost: {APP}\r\nContent-Length: 100000\r\n\r\n"),
            then: b"x",
            window: 65_536,
            reads: true,
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_88_a_flood_of_slow_readers_leaves_visitors_alone() {
    flooded(
        "slow readers",
        Attack {
            first: format!("GET /big HTTP/1.1\r\nHost: {SITE}\r\n\r\n"),
            then: b"",
            window: 1,
            reads: false,
        },
    )
    .await;
}

/// Idle connections cost next to nothing, and a visitor finds a place beside them.
#[tokio::test(flavor = "multi_thread")]
async fn input_88_idle_connections_leave_visitors_alone() {
    let (proxy, _app) = world().await;
    let mut idle = Vec::new();
    for _ in 0..1_500 {
        idle.push(TcpStream::connect(proxy.addr).await.unwrap());
    }
    visits(proxy.addr).await;
    let mut byte = [0];
    for stream in &mut idle {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "an idle connection was kept");
    }
    proxy.stop().await;
}

/// One site's visitors come as fast as they can; another's do not notice (input 91).
#[tokio::test(flavor = "multi_thread")]
async fn input_91_a_flood_of_one_site_leaves_the_others_alone() {
    let (proxy, _app) = world().await;
    let busy = TestApp::echo("busy").await;
    proxy.app("busy.apps.example", &[busy.addr]).await;
    let quiet = visits(proxy.addr).await[VISITS / 2];
    let mut flood = JoinSet::new();
    let addr = proxy.addr;
    for _ in 0..32 {
        flood.spawn(async move {
            let mut client = Client::connect(addr).await;
            loop {
                client
                    .send(b"GET / HTTP/1.1\r\nHost: busy.apps.example\r\n\r\n")
                    .await;
                let answer = client.answer("GET").await;
                assert!(matches!(answer.map(|answer| answer.status), Some(200 | 503)));
            }
        });
    }
    let beside = visits(proxy.addr).await;
    flood.shutdown().await;
    println!(
        "one busy site: quiet median {quiet:?}, beside it {:?}",
        beside[VISITS / 2]
    );
    // The flood's clients, its app and the visitors share two cores here, so this is about fairness, not speed.
    assert!(
        beside[VISITS - 1] < Duration::from_secs(2),
        "{:?}",
        beside[VISITS - 1]
    );
    proxy.stop().await;
}
