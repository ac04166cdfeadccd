//! Lets other threads of the machine run from time to time.
//!
//! Beside a client that is as fast, a serving thread never runs out of requests, and a kernel that does not preempt lets
//! whoever waits for the core wait for its tick: 4 ms, of which some visitors would see two. So the thread offers its
//! core after some requests. With nobody waiting that costs less than a microsecond.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Requests between two offers: about half a millisecond of work. Every 32 costs 4 % of the rate more, and every 128
/// leaves others waiting for longer when answers are large.
const REQUESTS: u32 = 64;
/// While others keep the core when they get it (a compiler), so many; or they would get most of it.
const REQUESTS_MAX: u32 = 64 * REQUESTS;
/// Whoever keeps the core for longer than this is no visitor's client.
const GIVEN_MAX: Duration = Duration::from_millis(1);

/// When a thread offers its core again.
#[derive(Debug)]
pub(crate) struct Turns {
    span: Cell<u32>,
    left: Cell<u32>,
}

impl Turns {
    pub(super) const fn new() -> Self {
        Self {
            span: Cell::new(REQUESTS),
            left: Cell::new(REQUESTS),
        }
    }

    /// Counts a request; to be called when nothing of it is done yet.
    pub(crate) fn count(&self) {
        let left = self.left.get().saturating_sub(1);
        if left > 0 {
            self.left.set(left);
            return;
        }
        let before = Instant::now();
        std::thread::yield_now();
        let span = next_span(self.span.get(), before.elapsed());
        self.span.set(span);
        self.left.set(span);
    }
}

/// Requests until the next offer, when the last one took the core away for so long.
fn next_span(span: u32, given: Duration) -> u32 {
    if given > GIVEN_MAX {
        (2 * span).min(REQUESTS_MAX)
    } else {
        REQUESTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_not_given_back_is_offered_more_rarely() {
        let long = GIVEN_MAX + Duration::from_micros(1);
        let spans: Vec<u32> = std::iter::successors(Some(REQUESTS), |span| Some(next_span(*span, long)))
            .take(9)
            .collect();
        assert_eq!(spans[..3], [64, 128, 256]);
        assert_eq!(spans[6..], [REQUESTS_MAX; 3]);
        assert_eq!(next_span(REQUESTS_MAX, GIVEN_MAX), REQUESTS);
    }

    #[test]
    fn the_core_is_offered_after_as_many_requests() {
        let turns = Turns::new();
        for _ in 1..REQUESTS {
            turns.count();
        }
        assert_eq!(turns.left.get(), 1);
        turns.count();
        assert_eq!(turns.left.get(), turns.span.get());
    }
}
