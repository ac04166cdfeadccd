//! Caps and timers of the proxy, and the count of connections per client.
//!
//! The numbers follow threats.md inputs 88 and 91: slow headers end at 10 s, slow bodies at 30 s, slow readers at 60 s,
//! idle connections at 75 s; one site or one client can use up only its own share.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Caps and timers.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one client address (one /64 for IPv6).
    pub client_connections: usize,
    /// Requests in flight to one app.
    pub site_requests: usize,
    /// Largest request body.
    pub body_bytes: u64,
    /// From the first byte of a request head to its end; also from the accept to the first head.
    pub head: Duration,
    /// A body that arrives slower than [`MIN_RATE`] over this span ends the connection.
    pub body: Duration,
    /// A client that reads slower than [`MIN_RATE`] over this span loses the connection.
    pub write: Duration,
    /// An idle keep-alive connection.
    pub idle: Duration,
    /// An idle connection lets go of its buffers after so long.
    pub rest: Duration,
    /// Connecting to an instance of an app.
    pub connect: Duration,
    /// From the end of a request to the head of the app's answer.
    pub first_byte: Duration,
    /// An app that pauses within its answer while the client waits for more of it.
    pub app_idle: Duration,
    /// A tunnel (WebSocket) without a byte in either direction, or a stream of events without one.
    pub tunnel_idle: Duration,
    /// How long a pooled connection to an app is kept; below the 5 s after which Node and uvicorn close theirs.
    pub pool_idle: Duration,
    /// Idle connections kept per instance and thread.
    pub pool_size: usize,
    /// Bytes of hot files kept in memory.
    pub hot_bytes: usize,
}

/// Bytes a second below which a transfer that waits for the client counts as an attack.
pub(crate) const MIN_RATE: u64 = 128;
/// Longest request head.
pub(crate) const HEAD_MAX: usize = 32 * 1024;
/// Longest request target.
pub(crate) const TARGET_MAX: usize = 16 * 1024;
/// Most fields in a request head; hyper's own limit, above which it would leave the stack.
pub(crate) const FIELDS_MAX: usize = 100;
/// Largest file that is held in memory as a whole; larger ones are streamed.
pub(crate) const HOT_FILE_MAX: u64 = 1024 * 1024;
/// How often a request may come through this proxy before it counts as a loop.
pub(crate) const HOPS_MAX: usize = 3;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            client_connections: 2_048,
            site_requests: 1_024,
            body_bytes: 5 * 1024 * 1024 * 1024,
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            write: Duration::from_secs(60),
            idle: Duration::from_secs(75),
            rest: Duration::from_secs(1),
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(120),
            app_idle: Duration::from_secs(600),
            tunnel_idle: Duration::from_secs(3_600),
            pool_idle: Duration::from_secs(4),
            pool_size: 64,
            hot_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// How often a thread looks at its connections: often enough for the shortest timer.
    pub(crate) fn sweep_interval(&self) -> Duration {
        let shortest = [
            self.head,
            self.body,
            self.write,
            self.idle,
            self.rest,
            self.first_byte,
            self.app_idle,
            self.pool_idle,
        ]
        .into_iter()
        .min()
        .unwrap_or(self.idle);
        (shortest / 8).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }
}

/// Connections that are open, in all and by client.
pub(crate) struct ClientCounts {
    open: AtomicUsize,
    by_client: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place in the counts; given back when dropped.
pub(crate) struct ClientPlace {
    counts: Arc<ClientCounts>,
    client: IpAddr,
}

impl ClientCounts {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            by_client: Mutex::new(HashMap::new()),
        })
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// A place for one more connection of `client`, unless a cap is reached.
    pub(crate) fn admit(self: &Arc<Self>, client: IpAddr, limits: &Limits) -> Option<ClientPlace> {
        let client = network_of(client);
        if self.open.load(Ordering::Relaxed) >= limits.connections {
            return None;
        }
        let mut by_client = self.by_client.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_client.entry(client).or_insert(0);
        if *count >= limits.client_connections {
            return None;
        }
        *count += 1;
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(ClientPlace {
            counts: Arc::clone(self),
            client,
        })
    }
}

impl Drop for ClientPlace {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::Relaxed);
        let mut by_client = self
            .counts
            .by_client
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                by_client.remove(&self.client);
            }
        }
    }
}

/// One subscriber has a whole /64 of IPv6 addresses.
fn network_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_88_one_client_cannot_take_more_than_its_share() {
        let counts = ClientCounts::new();
        let limits = Limits {
            client_connections: 2,
            connections: 3,
            ..Limits::default()
        };
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let places: Vec<_> = (0..3).filter_map(|_| counts.admit(one, &limits)).collect();
        assert_eq!(places.len(), 2);
        let other = counts.admit("2001:db8::1".parse().unwrap(), &limits).unwrap();
        assert!(
            counts.admit("192.0.2.9".parse().unwrap(), &limits).is_none(),
            "cap in all"
        );
        drop((places, other));
        assert_eq!(counts.open(), 0);
        assert!(counts.by_client.lock().unwrap().is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let first: IpAddr = "2001:db8::1".parse().unwrap();
        let second: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        assert_eq!(network_of(first), network_of(second));
        assert_eq!(
            network_of("::ffff:192.0.2.1".parse().unwrap()).to_string(),
            "192.0.2.1"
        );
    }
}
