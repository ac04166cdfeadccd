//! When an app that ended is started again.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The pause after the first end; it doubles from there.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// An app that ran this long is sound: its next end is treated as the first.
pub(super) const SOUND_AFTER: Duration = Duration::from_secs(60);
/// So many ends within [`CRASH_WINDOW`] are a crash loop.
const CRASH_LIMIT: usize = 5;
const CRASH_WINDOW: Duration = Duration::from_secs(60);
/// A crash-looping app is still tried now and then: what it waits for may come back.
const CRASH_LOOP_PAUSE: Duration = Duration::from_secs(60);

/// Remembers how an app fared.
#[derive(Debug)]
pub(super) struct RestartPolicy {
    first_pause: Duration,
    /// Ends since it last was sound.
    failures: u32,
    /// When it ended, within the window.
    ends: VecDeque<Instant>,
    crash_looping: bool,
}

/// What to do about an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) pause: Duration,
    pub(super) crash_looping: bool,
}

impl RestartPolicy {
    pub(super) const fn new(first_pause: Duration) -> Self {
        Self {
            first_pause,
            failures: 0,
            ends: VecDeque::new(),
            crash_looping: false,
        }
    }

    /// The app ran from `started` to `ended`.
    pub(super) fn ended(&mut self, started: Instant, ended: Instant) -> Decision {
        if ended.duration_since(started) >= SOUND_AFTER {
            *self = Self::new(self.first_pause);
        }
        while self
            .ends
            .front()
            .is_some_and(|end| ended.duration_since(*end) > CRASH_WINDOW)
        {
            self.ends.pop_front();
        }
        self.ends.push_back(ended);
        self.crash_looping |= self.ends.len() >= CRASH_LIMIT;
        let pause = if self.crash_looping {
            CRASH_LOOP_PAUSE
        } else {
            self.first_pause
                .saturating_mul(1 << self.failures.min(5))
                .min(LONGEST_PAUSE)
        };
        self.failures += 1;
        Decision {
            pause,
            crash_looping: self.crash_looping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let mut policy = RestartPolicy::new(FIRST_PAUSE);
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            // Runs for half a minute each time: too short to be sound, too long for a crash loop.
            let started = now;
            now += seconds(30);
            let decision = policy.ended(started, now);
            assert!(!decision.crash_looping);
            pauses.push(decision.pause.as_secs());
            now += decision.pause;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn f15_five_ends_within_a_minute_are_a_crash_loop_with_slow_retries() {
        let mut policy = RestartPolicy::new(FIRST_PAUSE);
        let mut now = Instant::now();
        let decisions: Vec<Decision> = (0..6)
            .map(|_| {
                let decision = policy.ended(now, now);
                now += decision.pause;
                decision
            })
            .collect();
        let flags: Vec<bool> = decisions.iter().map(|decision| decision.crash_looping).collect();
        assert_eq!(flags, [false, false, false, false, true, true]);
        assert_eq!(decisions[5].pause, seconds(60));
    }

    #[test]
    fn an_app_that_ran_a_minute_starts_over() {
        let mut policy = RestartPolicy::new(FIRST_PAUSE);
        let now = Instant::now();
        for _ in 0..5 {
            policy.ended(now, now);
        }
        let decision = policy.ended(now, now + seconds(60));
        assert_eq!(decision.pause, seconds(1));
        assert!(!decision.crash_looping);
    }
}
