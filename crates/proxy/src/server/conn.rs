//! What is known of one client connection: what it is busy with, since when, and why it should end.
//!
//! The facts are plain cells, written on the way of a request and read by the thread's sweep a few times a second. A
//! request therefore sets no timer of its own; the sweep wakes a connection only to end it.

use std::cell::{Cell, OnceCell, RefCell};
use std::net::SocketAddr;
use std::task::Waker;

use bytes::Bytes;
use http::HeaderValue;

use crate::forward::Tunnel;
use crate::limits::{Limits, MIN_RATE};
use crate::tls::TlsNames;

/// One client connection.
pub(crate) struct Conn {
    pub(crate) peer: SocketAddr,
    pub(crate) is_tls: bool,
    is_h2: bool,
    tls: Option<Box<TlsNames>>,
    /// Of the task that drives the connection.
    waker: RefCell<Option<Waker>>,
    end: Cell<Option<End>>,
    /// Requests whose answer is not sent to its end.
    busy: Cell<u32>,
    has_answered: Cell<bool>,
    idle_since_ms: Cell<u64>,
    head_since_ms: Cell<Option<u64>>,
    /// Request bodies an app is waiting for.
    awaited_bodies: Cell<u32>,
    pub(crate) read: Meter,
    pub(crate) write: Meter,
    /// Reading has ended and waits for the answers under way.
    awaits_idle: Cell<bool>,
    /// The answer to a request for a tunnel was an ordinary one.
    resume: Cell<bool>,
    /// Its buffers should go; its task lets go of them when nothing is underway.
    rest_asked: Cell<bool>,
    /// There are no buffers: it waits for the client's next byte.
    is_resting: Cell<bool>,
    /// Bytes of a 103 answer that goes out ahead of the final one.
    early_hints: RefCell<EarlyHints>,
    /// The bytes are no HTTP any more; the relay watches how long nothing moves.
    is_tunnel: Cell<bool>,
    /// The other end of the tunnel this connection becomes.
    pub(crate) tunnel: RefCell<Option<Tunnel>>,
    forwarded_for: OnceCell<HeaderValue>,
    forwarded: RefCell<Option<(HeaderValue, HeaderValue)>>,
}

/// An interim answer on its way.
#[derive(Debug, Default)]
pub(crate) struct EarlyHints {
    left: Bytes,
    /// Part of it was written, so the rest must follow.
    has_begun: bool,
}

/// Why a connection ends before its client ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The head or body of a request came too slowly.
    RequestTimeout,
    /// Nothing was asked for a while.
    Idle,
    /// The client does not read.
    WriteStall,
    /// The proxy stops.
    Drain,
    /// An HTTP/2 client sends frames that ask for nothing.
    Flood,
}

/// Progress in one direction.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    blocked: Cell<bool>,
    bytes: Cell<u64>,
    /// Time and bytes at the start of the span that is being judged.
    window: Cell<Option<(u64, u64)>>,
}

impl Conn {
    /// A plain connection.
    pub(crate) fn plain(peer: SocketAddr, now_ms: u64) -> Self {
        Self::new(peer, false, false, None, now_ms)
    }

    /// An encrypted connection.
    pub(crate) fn encrypted(peer: SocketAddr, is_h2: bool, names: Option<TlsNames>, now_ms: u64) -> Self {
        Self::new(peer, true, is_h2, names.map(Box::new), now_ms)
    }

    fn new(peer: SocketAddr, is_tls: bool, is_h2: bool, tls: Option<Box<TlsNames>>, now_ms: u64) -> Self {
        Self {
            peer,
            is_tls,
            is_h2,
            tls,
            is_resting: Cell::new(false),
            rest_asked: Cell::new(false),
            early_hints: RefCell::default(),
            is_tunnel: Cell::new(false),
            waker: RefCell::new(None),
            end: Cell::new(None),
            busy: Cell::new(0),
            has_answered: Cell::new(false),
            idle_since_ms: Cell::new(now_ms),
            head_since_ms: Cell::new(None),
            awaited_bodies: Cell::new(0),
            read: Meter::default(),
            write: Meter::default(),
            awaits_idle: Cell::new(false),
            resume: Cell::new(false),
            tunnel: RefCell::new(None),
            forwarded_for: OnceCell::new(),
            forwarded: RefCell::new(None),
        }
    }

    /// What the client of an encrypted connection was told about the server.
    pub(crate) fn tls_names(&self) -> Option<&TlsNames> {
        self.tls.as_deref()
    }

    pub(crate) fn is_h2(&self) -> bool {
        self.is_h2
    }

    /// Why the connection should end, now that its task runs.
    pub(crate) fn end_asked(&self) -> Option<End> {
        self.end.get()
    }

    /// Asks the connection's task to end it.
    pub(crate) fn ask_end(&self, end: End) {
        self.end.set(Some(end));
        self.wake();
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    pub(crate) fn set_waker(&self, waker: &Waker) {
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    /// Idle for a while, with nothing underway that needs a buffer. HTTP/2 keeps its state for its streams.
    pub(crate) fn could_rest(&self, now_ms: u64, limits: &Limits) -> bool {
        let since_ms = now_ms.saturating_sub(self.idle_since_ms.get());
        !self.is_h2
            && !self.is_resting.get()
            && !self.rest_asked.get()
            && self.is_idle()
            && self.head_since_ms.get().is_none()
            && !self.is_tunnel.get()
            && u128::from(since_ms) >= limits.rest.as_millis()
    }

    pub(crate) fn ask_rest(&self) {
        self.rest_asked.set(true);
        self.wake();
    }

    /// It was asked to rest, and nothing was sent or received by halves.
    pub(crate) fn may_rest(&self) -> bool {
        self.rest_asked.replace(false)
            && self.is_idle()
            && self.head_since_ms.get().is_none()
            && !self.write.blocked.get()
    }

    pub(crate) fn set_tunnel(&self) {
        self.is_tunnel.set(true);
    }

    pub(crate) fn set_resting(&self, is_resting: bool) {
        self.is_resting.set(is_resting);
    }

    /// Gives the client a 103 answer ahead of the final one, unless one is still on its way.
    pub(crate) fn offer_hints(&self, answer: Bytes) {
        let mut hints = self.early_hints.borrow_mut();
        if !hints.has_begun {
            hints.left = answer;
        }
    }

    /// The final answer is there: hints that nobody has seen are of no use any more.
    pub(crate) fn withdraw_hints(&self) {
        let mut hints = self.early_hints.borrow_mut();
        if !hints.has_begun {
            hints.left.clear();
        }
    }

    /// What is to be written of an interim answer; `may_begin` when everything before it is written.
    pub(crate) fn hints_to_write(&self, may_begin: bool) -> Option<Bytes> {
        let hints = self.early_hints.borrow();
        (!hints.left.is_empty() && (may_begin || hints.has_begun)).then(|| hints.left.clone())
    }

    pub(crate) fn hints_written(&self, count: usize) {
        let mut hints = self.early_hints.borrow_mut();
        let _ = hints.left.split_to(count);
        hints.has_begun = !hints.left.is_empty();
    }

    pub(crate) fn request_begins(&self) {
        self.busy.set(self.busy.get() + 1);
    }

    pub(crate) fn request_ends(&self, now_ms: u64) {
        self.busy.set(self.busy.get() - 1);
        self.has_answered.set(true);
        self.idle_since_ms.set(now_ms);
        if self.awaits_idle.get() && self.is_idle() {
            self.wake();
        }
    }

    /// Has the task woken when the last answer is out; false when it already is.
    pub(crate) fn await_idle(&self) -> bool {
        self.awaits_idle.set(true);
        !self.is_idle()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.busy.get() == 0
    }

    /// Part of a head is here (since `now_ms`), or none.
    pub(crate) fn set_mid_head(&self, is_mid_head: bool, now_ms: u64) {
        match (is_mid_head, self.head_since_ms.get()) {
            (true, None) => self.head_since_ms.set(Some(now_ms)),
            (false, Some(_)) => self.head_since_ms.set(None),
            _ => {}
        }
    }

    pub(crate) fn body_awaited(&self) {
        self.awaited_bodies.set(self.awaited_bodies.get() + 1);
    }

    pub(crate) fn body_no_longer_awaited(&self) {
        self.awaited_bodies.set(self.awaited_bodies.get() - 1);
    }

    /// Reading may go on behind a request that asked for a tunnel and did not get one.
    pub(crate) fn resume_reading(&self) {
        self.resume.set(true);
        self.wake();
    }

    pub(crate) fn take_resume(&self) -> bool {
        self.resume.replace(false)
    }

    /// The client's address as `X-Forwarded-For`, made once for the connection.
    pub(crate) fn forwarded_for(&self) -> HeaderValue {
        let make = || {
            let text = self.peer.ip().to_canonical().to_string();
            HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unknown"))
        };
        self.forwarded_for.get_or_init(make).clone()
    }

    /// The `Forwarded` field (RFC 7239), made again only when the host changes.
    pub(crate) fn forwarded(&self, host: &HeaderValue) -> HeaderValue {
        if let Some((known, value)) = &*self.forwarded.borrow()
            && known == host
        {
            return value.clone();
        }
        let ip = self.peer.ip().to_canonical();
        let client = if ip.is_ipv6() {
            format!("\"[{ip}]\"")
        } else {
            ip.to_string()
        };
        let proto = if self.is_tls { "https" } else { "http" };
        // The host passed `host_name`, so it has neither quotes nor backslashes.
        let text = format!(
            "for={client};host=\"{}\";proto={proto}",
            host.to_str().unwrap_or_default()
        );
        let value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("for=unknown"));
        *self.forwarded.borrow_mut() = Some((host.clone(), value.clone()));
        value
    }

    /// Why the connection should end at `now_ms`, if it should.
    pub(crate) fn overdue(&self, now_ms: u64, limits: &Limits) -> Option<End> {
        let since = |ms: u64| std::time::Duration::from_millis(now_ms.saturating_sub(ms));
        if self.head_since_ms.get().is_some_and(|ms| since(ms) > limits.head) {
            return Some(End::RequestTimeout);
        }
        if self
            .read
            .is_too_slow(self.awaited_bodies.get() > 0, now_ms, limits.body)
        {
            return Some(End::RequestTimeout);
        }
        if self.write.is_too_slow(true, now_ms, limits.write) {
            return Some(End::WriteStall);
        }
        if self.is_tunnel.get() {
            return None;
        }
        // A connection that never asked for anything has shown less than one that did.
        let patience = if self.has_answered.get() {
            limits.idle
        } else {
            limits.head
        };
        (self.is_idle() && since(self.idle_since_ms.get()) > patience).then_some(End::Idle)
    }
}

impl Meter {
    pub(crate) fn set_blocked(&self, blocked: bool) {
        self.blocked.set(blocked);
    }

    /// Bytes moved in all.
    pub(crate) fn total(&self) -> u64 {
        self.bytes.get()
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes as u64);
    }

    /// The client kept us waiting for the whole of `span` and moved less than [`MIN_RATE`]. A transfer that waits for
    /// us, or for the app, is not the client's fault and starts the span again.
    fn is_too_slow(&self, applies: bool, now_ms: u64, span: std::time::Duration) -> bool {
        if !applies || !self.blocked.get() {
            self.window.set(None);
            return false;
        }
        let Some((since_ms, bytes)) = self.window.get() else {
            self.window.set(Some((now_ms, self.bytes.get())));
            return false;
        };
        let span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        if now_ms.saturating_sub(since_ms) < span_ms {
            return false;
        }
        self.window.set(Some((now_ms, self.bytes.get())));
        (self.bytes.get() - bytes) * 1_000 < MIN_RATE * span_ms
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn conn() -> Conn {
        Conn::plain(SocketAddr::from(([192, 0, 2, 1], 1)), 0)
    }

    #[test]
    fn input_88_a_connection_that_asks_for_nothing_ends() {
        let limits = Limits::default();
        let conn = conn();
        assert_eq!(conn.overdue(10_000, &limits), None);
        assert_eq!(conn.overdue(10_001, &limits), Some(End::Idle));
        conn.request_begins();
        assert_eq!(conn.overdue(100_000, &limits), None, "the app takes its time");
        conn.request_ends(100_000);
        assert_eq!(conn.overdue(175_000, &limits), None);
        assert_eq!(conn.overdue(175_001, &limits), Some(End::Idle));
    }

    #[test]
    fn input_88_a_slow_head_ends_however_it_trickles() {
        let limits = Limits::default();
        let conn = conn();
        conn.set_mid_head(true, 1_000);
        conn.set_mid_head(true, 10_000);
        assert_eq!(conn.overdue(11_001, &limits), Some(End::RequestTimeout));
    }

    #[test]
    fn input_88_a_body_below_the_rate_ends_and_one_that_is_not_awaited_does_not() {
        let limits = Limits::default();
        let conn = conn();
        conn.request_begins();
        conn.read.set_blocked(true);
        assert_eq!(conn.overdue(1_000, &limits), None);
        assert_eq!(conn.overdue(40_000, &limits), None, "nobody waits for it");
        conn.body_awaited();
        assert_eq!(conn.overdue(41_000, &limits), None);
        conn.read.add(MIN_RATE as usize * 30);
        assert_eq!(conn.overdue(71_000, &limits), None);
        conn.read.add(15);
        assert_eq!(conn.overdue(101_000, &limits), Some(End::RequestTimeout));
    }

    #[test]
    fn input_88_a_client_that_does_not_read_ends() {
        let limits = Limits {
            write: Duration::from_secs(60),
            ..Limits::default()
        };
        let conn = conn();
        conn.request_begins();
        conn.write.set_blocked(true);
        assert_eq!(conn.overdue(1_000, &limits), None);
        assert_eq!(conn.overdue(61_000, &limits), Some(End::WriteStall));
    }

    #[test]
    fn a_tunnel_is_not_idle_however_long_ago_its_request_was() {
        let limits = Limits::default();
        let conn = conn();
        conn.request_begins();
        conn.request_ends(1_000);
        conn.set_tunnel();
        assert_eq!(conn.overdue(10_000_000, &limits), None);
        assert!(!conn.could_rest(10_000_000, &limits));
        conn.write.set_blocked(true);
        assert_eq!(conn.overdue(10_000_000, &limits), None);
        assert_eq!(conn.overdue(10_060_000, &limits), Some(End::WriteStall));
    }

    #[test]
    fn only_a_connection_with_nothing_underway_rests() {
        let limits = Limits::default();
        let conn = conn();
        conn.request_begins();
        assert!(!conn.could_rest(5_000, &limits));
        conn.request_ends(5_000);
        assert!(!conn.could_rest(5_999, &limits) && conn.could_rest(6_000, &limits));
        conn.ask_rest();
        assert!(!conn.could_rest(6_000, &limits), "asked once");
        conn.write.set_blocked(true);
        assert!(!conn.may_rest(), "the answer is not out yet");
        conn.write.set_blocked(false);
        conn.ask_rest();
        assert!(conn.may_rest() && !conn.may_rest());
    }

    #[test]
    fn hints_that_have_begun_are_finished_and_others_withdrawn() {
        let conn = conn();
        conn.offer_hints(Bytes::from_static(b"hints"));
        assert_eq!(
            conn.hints_to_write(false),
            None,
            "not in front of an earlier answer"
        );
        conn.withdraw_hints();
        assert_eq!(conn.hints_to_write(true), None);
        conn.offer_hints(Bytes::from_static(b"hints"));
        assert!(conn.hints_to_write(true).is_some());
        conn.hints_written(2);
        conn.withdraw_hints();
        conn.offer_hints(Bytes::from_static(b"more"));
        assert_eq!(conn.hints_to_write(false).unwrap(), "nts");
        conn.hints_written(3);
        assert_eq!(conn.hints_to_write(true), None);
    }

    #[test]
    fn the_forwarded_field_names_client_host_and_scheme() {
        let conn = conn();
        let host = HeaderValue::from_static("a.x:80");
        assert_eq!(conn.forwarded(&host), "for=192.0.2.1;host=\"a.x:80\";proto=http");
        assert_eq!(conn.forwarded_for(), "192.0.2.1");
    }
}
