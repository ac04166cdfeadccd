//! What the handlers of one thread share: its pools, its coarse clock, its connections and the deadlines it watches.
//!
//! A thread runs a current-thread runtime of its own, so all of this is `Rc` and `Cell`. Only [`Shared`] is seen by
//! several threads.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use http::HeaderValue;
use tokio_util::sync::CancellationToken;

use crate::access_log::AccessLog;
use crate::forward::Pool;
use crate::limits::ClientCounts;
use crate::metrics::Stats;
use crate::server::conn::{Conn, End};
use crate::server::slab::Slab;
use crate::server::turns::Turns;
use crate::settings::Settings;
use crate::static_site::HotFiles;
use crate::table::Table;
use crate::traffic::Projects;

/// Bytes read at once; also the buffer of tunnels.
const SCRATCH: usize = 64 * 1024;
/// While the proxy stops, a connection that was idle this long is closed; a shorter idle time is a client between two
/// requests, which is told with the next answer.
const DRAIN_IDLE: Duration = Duration::from_secs(2);

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) table: ArcSwap<Table>,
    pub(crate) hot: Arc<HotFiles>,
    pub(crate) clients: Arc<ClientCounts>,
    pub(crate) draining: CancellationToken,
    /// What we call ourselves in `Via`.
    pub(crate) via: HeaderValue,
    pub(crate) access_log: AccessLog,
    pub(crate) projects: Projects,
    pub(crate) started: Instant,
}

/// What one thread has.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) pool: Pool,
    /// The thread's own copy of [`Shared::via`]: counting the holders of one copy would cost the threads a cache line.
    pub(crate) via: HeaderValue,
    pub(crate) scratch: RefCell<Box<[u8]>>,
    pub(crate) turns: Turns,
    now_ms: Cell<u64>,
    turn: Cell<usize>,
    /// Prefix and counter of request ids.
    id_prefix: u64,
    id_counter: Cell<u32>,
    conns: RefCell<Slab<Rc<Conn>>>,
    deadlines: RefCell<Slab<(u64, Waker)>>,
}

/// A connection's place among those the thread looks after.
pub(crate) struct ConnPlace {
    thread: Rc<Thread>,
    key: usize,
}

/// A point in time that the thread's sweep watches, to the accuracy of the sweep.
pub(crate) struct Deadline {
    thread: Rc<Thread>,
    at_ms: u64,
    key: Option<usize>,
}

impl Thread {
    pub(crate) fn new(shared: Arc<Shared>, stats: Arc<Stats>) -> Rc<Self> {
        let pool = Pool::new(&shared.settings.limits);
        let via = HeaderValue::from_bytes(shared.via.as_bytes());
        Rc::new(Self {
            via: via.unwrap_or_else(|_| shared.via.clone()),
            shared,
            stats,
            pool,
            scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
            turns: Turns::new(),
            now_ms: Cell::new(0),
            turn: Cell::new(0),
            id_prefix: rand::random(),
            id_counter: Cell::new(0),
            conns: RefCell::new(Slab::new()),
            deadlines: RefCell::new(Slab::new()),
        })
    }

    /// Milliseconds since the proxy started, as of the last request or sweep.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// Brings the coarse clock up to `now`.
    pub(crate) fn set_now(&self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.shared.started);
        self.now_ms
            .set(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
    }

    /// A number that differs from request to request.
    pub(crate) fn next_turn(&self) -> usize {
        let turn = self.turn.get().wrapping_add(1);
        self.turn.set(turn);
        turn
    }

    /// Names a request in `X-Request-Id`: unique, and not to be guessed from the one before by another site.
    pub(crate) fn request_id(&self) -> HeaderValue {
        let counter = self.id_counter.get().wrapping_add(1);
        self.id_counter.set(counter);
        let mut text = [0_u8; 24];
        write_hex(&mut text[..16], self.id_prefix);
        write_hex(&mut text[16..], u64::from(counter.wrapping_mul(0x9e37_79b1)));
        HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static(""))
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.shared.draining.is_cancelled()
    }

    pub(crate) fn watch(self: &Rc<Self>, conn: &Rc<Conn>) -> ConnPlace {
        ConnPlace {
            key: self.conns.borrow_mut().insert(Rc::clone(conn)),
            thread: Rc::clone(self),
        }
    }

    pub(crate) fn has_connections(&self) -> bool {
        !self.conns.borrow().is_empty()
    }

    pub(crate) fn deadline(self: &Rc<Self>, after: Duration) -> Deadline {
        Deadline {
            thread: Rc::clone(self),
            at_ms: self.now_ms() + u64::try_from(after.as_millis()).unwrap_or(u64::MAX / 2),
            key: None,
        }
    }

    /// Looks at every connection, deadline and pooled connection once.
    pub(crate) fn sweep(&self) {
        self.set_now(Instant::now());
        let now_ms = self.now_ms();
        let limits = &self.shared.settings.limits;
        let draining_limits = self.is_draining().then(|| crate::limits::Limits {
            idle: limits.idle.min(DRAIN_IDLE),
            ..limits.clone()
        });
        let limits = draining_limits.as_ref().unwrap_or(limits);
        for conn in self.conns.borrow().iter() {
            if let Some(end) = conn.overdue(now_ms, limits) {
                self.stats.count_end(end);
                conn.ask_end(end);
            } else if conn.could_rest(now_ms, limits) {
                conn.ask_rest();
            }
        }
        for (at_ms, waker) in self.deadlines.borrow().iter() {
            if *at_ms <= now_ms {
                waker.wake_by_ref();
            }
        }
        self.pool.sweep(now_ms);
    }

    /// Ends what is still open when the drain time is over.
    pub(crate) fn end_all(&self) {
        for conn in self.conns.borrow().iter() {
            conn.ask_end(End::Drain);
        }
    }
}

impl Drop for ConnPlace {
    fn drop(&mut self) {
        self.thread.conns.borrow_mut().remove(self.key);
        self.thread.stats.connection_closed();
    }
}

impl Deadline {
    /// It has passed; if not, the task is woken when it does.
    pub(crate) fn is_over(&mut self, cx: &Context<'_>) -> bool {
        if self.thread.now_ms() >= self.at_ms {
            return true;
        }
        let mut deadlines = self.thread.deadlines.borrow_mut();
        match self.key.and_then(|key| deadlines.get_mut(key)) {
            Some((at_ms, waker)) => {
                *at_ms = self.at_ms;
                if !waker.will_wake(cx.waker()) {
                    *waker = cx.waker().clone();
                }
            }
            None => self.key = Some(deadlines.insert((self.at_ms, cx.waker().clone()))),
        }
        false
    }

    /// Starts again from now.
    pub(crate) fn restart(&mut self, after: Duration) {
        self.at_ms = self.thread.now_ms() + u64::try_from(after.as_millis()).unwrap_or(u64::MAX / 2);
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.thread.deadlines.borrow_mut().remove(key);
        }
    }
}

fn write_hex(text: &mut [u8], value: u64) {
    for (index, digit) in text.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(value >> (4 * index) & 0xf) as usize];
    }
}
