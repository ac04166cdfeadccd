//! How many live streams one person holds (threats.md input 99).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aether_models::UserId;

use crate::error::{ApiError, ApiResult};

/// Live streams of one person at a time: a few tabs, a few terminals.
pub(crate) const STREAMS_MAX: usize = 20;

/// Counts open streams.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamSlots(Arc<Mutex<HashMap<UserId, usize>>>);

/// One open stream; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct StreamSlot {
    slots: StreamSlots,
    user: UserId,
}

impl StreamSlots {
    /// Takes a slot.
    pub(crate) fn take(&self, user: UserId) -> ApiResult<StreamSlot> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(user).or_default();
        if *count >= STREAMS_MAX {
            return Err(ApiError::too_many(
                "too_many_streams",
                format!("you have {STREAMS_MAX} live streams open"),
                5,
            )
            .hint("close one, or read the log in pages"));
        }
        *count += 1;
        Ok(StreamSlot {
            slots: self.clone(),
            user,
        })
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut counts = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_99_the_slots_of_one_person_are_counted_and_come_back() {
        let slots = StreamSlots::default();
        let user = UserId::generate();
        let mut held: Vec<_> = (0..STREAMS_MAX).map(|_| slots.take(user).unwrap()).collect();
        assert!(slots.take(user).is_err());
        assert!(slots.take(UserId::generate()).is_ok());
        held.pop();
        assert!(slots.take(user).is_ok());
        drop(held);
        assert!(slots.0.lock().unwrap().is_empty());
    }
}
