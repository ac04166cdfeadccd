//! Counters per project, with bounded cardinality.
//!
//! The first [`PROJECTS_MAX`] projects that are visited get a slot, all others share one: whoever points 100,000 hosts
//! at the proxy makes neither its memory nor its metrics grow without end. A slot is the index into each thread's own
//! counters, so that counting takes no lock and no shared cache line.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aether_models::ProjectId;
use http::StatusCode;

use crate::metrics::add;

/// Projects with counters of their own.
pub(crate) const PROJECTS_MAX: usize = 1_000;
/// Upper bounds of a project's latency histogram, in microseconds; fewer than the proxy's own, since there are many.
pub(crate) const PROJECT_BOUNDS_US: [u64; 6] = aether_store::TRAFFIC_BOUNDS_US;
/// The slot of all projects beyond the first.
const OTHERS: u32 = 0;
/// Counters that are allocated together.
const CHUNK: usize = 16;
const CHUNKS: usize = (PROJECTS_MAX + 1).div_ceil(CHUNK);

/// Which project has which slot.
#[derive(Debug, Default)]
pub(crate) struct Projects {
    slots: Mutex<HashMap<ProjectId, u32>>,
}

/// A route's note of its project's slot, made at the first request.
#[derive(Debug)]
pub(crate) struct SlotNote(AtomicU32);

/// What one thread counted, by slot.
#[derive(Debug)]
pub(crate) struct Traffic {
    chunks: [OnceLock<Box<[ProjectStats]>>; CHUNKS],
}

/// What one thread counted for one project.
#[derive(Debug, Default)]
pub(crate) struct ProjectStats {
    begun: AtomicU64,
    /// By class of status.
    answered: [AtomicU64; 5],
    latency: [AtomicU64; PROJECT_BOUNDS_US.len() + 1],
    latency_sum_us: AtomicU64,
    sent_bytes: AtomicU64,
}

/// The counters of a project, of all threads together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProjectTotals {
    pub(crate) in_flight: u64,
    pub(crate) answered: [u64; 5],
    pub(crate) latency: [u64; PROJECT_BOUNDS_US.len() + 1],
    pub(crate) latency_sum_us: u64,
    pub(crate) sent_bytes: u64,
}

impl Projects {
    /// The slot of the project `note` belongs to.
    pub(crate) fn slot(&self, project: ProjectId, note: &SlotNote) -> u32 {
        match note.0.load(Ordering::Relaxed) {
            SlotNote::NONE => {
                let slot = self.assign(project);
                note.0.store(slot, Ordering::Relaxed);
                slot
            }
            slot => slot,
        }
    }

    fn assign(&self, project: ProjectId) -> u32 {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&project) {
            return *slot;
        }
        if slots.len() >= PROJECTS_MAX {
            return OTHERS;
        }
        let slot = u32::try_from(slots.len() + 1).unwrap_or(OTHERS);
        slots.insert(project, slot);
        slot
    }

    /// The totals of every project that was visited, and of all others together under no name.
    pub(crate) fn totals(&self, threads: &[&Traffic]) -> Vec<(Option<ProjectId>, ProjectTotals)> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut named: Vec<(Option<ProjectId>, u32)> = slots
            .into_iter()
            .map(|(project, slot)| (Some(project), slot))
            .collect();
        named.sort_unstable_by_key(|(_, slot)| *slot);
        named.push((None, OTHERS));
        let totals = named.into_iter().filter_map(|(project, slot)| {
            let mut totals = ProjectTotals::default();
            for stats in threads.iter().filter_map(|traffic| traffic.known(slot)) {
                totals.add(stats);
            }
            (totals != ProjectTotals::default()).then_some((project, totals))
        });
        totals.collect()
    }
}

impl SlotNote {
    const NONE: u32 = u32::MAX;

    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(Self::NONE))
    }
}

impl Clone for SlotNote {
    fn clone(&self) -> Self {
        Self(AtomicU32::new(self.0.load(Ordering::Relaxed)))
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
        }
    }
}

impl Traffic {
    /// The counters of a slot.
    pub(crate) fn of(&self, slot: u32) -> &ProjectStats {
        // A slot is below `PROJECTS_MAX + 1`, so neither index can be too large.
        let (chunk, index) = (slot as usize / CHUNK, slot as usize % CHUNK);
        let make = || (0..CHUNK).map(|_| ProjectStats::default()).collect();
        &self.chunks[chunk].get_or_init(make)[index]
    }

    fn known(&self, slot: u32) -> Option<&ProjectStats> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?.get()?;
        chunk.get(slot as usize % CHUNK)
    }
}

impl ProjectStats {
    pub(crate) fn request_begins(&self) {
        add(&self.begun, 1);
    }

    pub(crate) fn request_ends(&self, status: StatusCode, took: Duration, sent: u64) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = PROJECT_BOUNDS_US
            .iter()
            .position(|&bound| took_us <= bound)
            .unwrap_or(PROJECT_BOUNDS_US.len());
        add(&self.answered[status_class(status)], 1);
        add(&self.latency[bucket], 1);
        add(&self.latency_sum_us, took_us);
        add(&self.sent_bytes, sent);
    }
}

impl ProjectTotals {
    fn add(&mut self, stats: &ProjectStats) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut answered = 0;
        for (total, counter) in self.answered.iter_mut().zip(&stats.answered) {
            let count = get(counter);
            *total += count;
            answered += count;
        }
        for (total, counter) in self.latency.iter_mut().zip(&stats.latency) {
            *total += get(counter);
        }
        // Read last: a request that ends in between must not make the difference negative.
        self.in_flight += get(&stats.begun).saturating_sub(answered);
        self.latency_sum_us += get(&stats.latency_sum_us);
        self.sent_bytes += get(&stats.sent_bytes);
    }

    /// Requests answered.
    pub(crate) fn requests(&self) -> u64 {
        self.answered.iter().sum()
    }
}

/// Index of a status' class: 0 for 1xx to 4 for 5xx.
pub(crate) fn status_class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).clamp(1, 5) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_beyond_the_bound_share_one_slot() {
        let projects = Projects::default();
        let (one, two) = (Traffic::default(), Traffic::default());
        let first = ProjectId::generate();
        let note = SlotNote::new();
        for traffic in [&one, &two] {
            let stats = traffic.of(projects.slot(first, &note));
            stats.request_begins();
            stats.request_ends(StatusCode::BAD_GATEWAY, Duration::from_millis(30), 7);
        }
        one.of(projects.slot(first, &SlotNote::new())).request_begins();
        for _ in 0..PROJECTS_MAX + 50 {
            let slot = projects.slot(ProjectId::generate(), &SlotNote::new());
            two.of(slot).request_begins();
            two.of(slot).request_ends(StatusCode::OK, Duration::ZERO, 1);
        }
        let totals = projects.totals(&[&one, &two]);
        assert_eq!(totals.len(), PROJECTS_MAX + 1);
        let (project, of_first) = totals[0];
        assert_eq!(project, Some(first));
        assert_eq!(
            (of_first.requests(), of_first.in_flight, of_first.sent_bytes),
            (2, 1, 14)
        );
        assert_eq!((of_first.answered[4], of_first.latency[2]), (2, 2));
        let (project, others) = totals[PROJECTS_MAX];
        assert_eq!((project, others.requests()), (None, 51));
    }
}
