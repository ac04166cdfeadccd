//! Idle connections to instances, of one thread.
//!
//! Keyed by the instance's never-repeated id, so a connection is never shared between releases. Last in, first out:
//! the warmest connection is used again and the others reach the idle limit, which lies below that of common apps.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::forward::link::Link;
use crate::limits::Limits;

/// Idle connections.
pub(crate) struct Pool {
    idle: RefCell<HashMap<u64, Vec<Idle>>>,
    max: usize,
    idle_ms: u64,
}

/// An idle connection, and since when (in milliseconds of the thread's clock).
type Idle = (u64, Box<Link>);

impl Pool {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            idle: RefCell::new(HashMap::new()),
            max: limits.pool_size,
            idle_ms: u64::try_from(limits.pool_idle.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// A connection that is still open as far as this side can know.
    pub(super) fn take(&self, upstream_id: u64) -> Option<Box<Link>> {
        let mut idle = self.idle.borrow_mut();
        let links = idle.get_mut(&upstream_id)?;
        while let Some((_, mut link)) = links.pop() {
            if link.is_reusable() {
                return Some(link);
            }
        }
        None
    }

    pub(super) fn put(&self, link: Box<Link>, now_ms: u64) {
        let mut idle = self.idle.borrow_mut();
        let links = idle.entry(link.upstream_id).or_default();
        if links.len() < self.max {
            links.push((now_ms, link));
        }
    }

    /// Closes what was idle too long or was closed by the app.
    pub(crate) fn sweep(&self, now_ms: u64) {
        self.idle.borrow_mut().retain(|_, links| {
            links.retain_mut(|(since, link)| {
                now_ms.saturating_sub(*since) < self.idle_ms && link.is_reusable()
            });
            !links.is_empty()
        });
    }
}
