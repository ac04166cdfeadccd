//! Memory for hot files and manifests, bounded in bytes.
//!
//! The things themselves hold their contents; this only knows their sizes and whom to ask to let go. Order of
//! eviction is CLOCK: a hit sets a flag, which costs a request nothing, and whoever was used since the hand came by is
//! spared once.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use crate::static_site::site::Variant;
use crate::static_site::slot::SiteSlot;

/// Bytes of loaded manifests; at about 200 bytes a file, 160,000 files.
const MANIFEST_BYTES: usize = 32 * 1024 * 1024;
/// Locks that let one request load what many ask for.
const LOADING_LOCKS: usize = 64;

/// Something that can give its memory back.
pub(super) trait Evictable {
    /// Whether it was used since the last call.
    fn take_used(&self) -> bool;
    fn evict(&self);
}

/// The memory of static sites.
pub(crate) struct HotFiles {
    pub(super) contents: Clock<Variant>,
    pub(super) sites: Clock<SiteSlot>,
    loading: Box<[AsyncMutex<()>]>,
}

/// A bounded set in CLOCK order.
pub(super) struct Clock<T> {
    max: usize,
    used: AtomicUsize,
    queue: Mutex<VecDeque<(Weak<T>, usize)>>,
}

impl HotFiles {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            contents: Clock::new(max),
            sites: Clock::new(MANIFEST_BYTES),
            loading: (0..LOADING_LOCKS).map(|_| AsyncMutex::new(())).collect(),
        })
    }

    pub(crate) fn used(&self) -> usize {
        self.contents.used.load(Ordering::Relaxed)
    }

    /// Waits until nobody else loads what has this `key`.
    pub(super) async fn loading(&self, key: usize) -> MutexGuard<'_, ()> {
        self.loading[key % LOADING_LOCKS].lock().await
    }
}

impl<T: Evictable> Clock<T> {
    fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicUsize::new(0),
            queue: Mutex::new(VecDeque::new()),
        }
    }

    /// Whether something of this size may be kept at all.
    pub(super) fn accepts(&self, size: usize) -> bool {
        size <= self.max / 4
    }

    /// Counts `value`, which has just taken `size` bytes, and frees as much as is over.
    pub(super) fn insert(&self, value: &Arc<T>, size: usize) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back((Arc::downgrade(value), size));
        let mut used = self.used.fetch_add(size, Ordering::Relaxed) + size;
        // After one round everyone was asked, so that the second round frees something.
        let mut chances = queue.len();
        while used > self.max {
            let Some((weak, size)) = queue.pop_front() else {
                break;
            };
            let value = weak.upgrade();
            if chances > 0 && value.as_ref().is_some_and(|value| value.take_used()) {
                chances -= 1;
                queue.push_back((weak, size));
                continue;
            }
            if let Some(value) = value {
                value.evict();
            }
            used = self.used.fetch_sub(size, Ordering::Relaxed) - size;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[derive(Default)]
    struct Thing {
        used: AtomicBool,
        evicted: AtomicBool,
    }

    impl Evictable for Thing {
        fn take_used(&self) -> bool {
            self.used.swap(false, Ordering::Relaxed)
        }

        fn evict(&self) {
            self.evicted.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn memory_stays_bounded_and_what_is_used_is_spared() {
        let clock = Clock::new(30);
        let things: Vec<Arc<Thing>> = (0..10).map(|_| Arc::default()).collect();
        for (index, thing) in things.iter().enumerate() {
            clock.insert(thing, 10);
            things[0].used.store(true, Ordering::Relaxed);
            assert!(clock.used.load(Ordering::Relaxed) <= 30, "at {index}");
        }
        assert!(!things[0].evicted.load(Ordering::Relaxed));
        assert_eq!(
            things
                .iter()
                .filter(|thing| thing.evicted.load(Ordering::Relaxed))
                .count(),
            7
        );
        assert!(!clock.accepts(8));
    }
}
