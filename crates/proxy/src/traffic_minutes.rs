//! Cuts the counters, which only grow, into minutes for the store.

use std::collections::HashMap;
use std::sync::Arc;

use aether_models::ProjectId;
use aether_store::TrafficCounts;

use crate::sync::ProjectTraffic;

type Totals = Arc<HashMap<ProjectId, ProjectTraffic>>;

/// What of the counters has reached the store. What has not, because the store was away, counts to the minute in which
/// it is written.
#[derive(Debug, Default)]
pub(crate) struct TrafficMinutes {
    minute: i64,
    before: Totals,
    written: Totals,
}

impl TrafficMinutes {
    /// What is to be written under `minute`: for every project whose counters have moved, what came within it so far.
    pub(crate) fn cut(&mut self, minute: i64, totals: &Totals) -> Vec<(ProjectId, TrafficCounts)> {
        if minute != self.minute {
            self.minute = minute;
            self.before = Arc::clone(&self.written);
        }
        let moved = totals
            .iter()
            .filter(|(project, traffic)| self.written.get(project) != Some(traffic));
        let since = |project, traffic: &ProjectTraffic| {
            let before = self.before.get(project).copied().unwrap_or_default();
            counts(*traffic).since(&counts(before))
        };
        moved
            .map(|(project, traffic)| (*project, since(project, traffic)))
            .collect()
    }

    /// The store has them.
    pub(crate) fn written(&mut self, totals: Totals) {
        self.written = totals;
    }
}

fn counts(traffic: ProjectTraffic) -> TrafficCounts {
    TrafficCounts {
        requests: traffic.requests,
        errors: traffic.errors,
        sent_bytes: traffic.sent_bytes,
        latency: traffic.latency,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(project: ProjectId, requests: u64) -> Totals {
        let traffic = ProjectTraffic {
            requests,
            ..ProjectTraffic::default()
        };
        Arc::new([(project, traffic)].into())
    }

    fn cut(minutes: &mut TrafficMinutes, minute: i64, now: &Totals) -> Vec<u64> {
        let rows = minutes.cut(minute, now);
        rows.iter().map(|(_, counts)| counts.requests).collect()
    }

    #[test]
    fn a_minute_holds_what_came_within_it_and_what_the_store_missed_before() {
        let project = ProjectId::generate();
        let mut minutes = TrafficMinutes::default();
        let five = totals(project, 5);
        assert_eq!(cut(&mut minutes, 1, &five), [5]);
        minutes.written(five.clone());
        assert_eq!(cut(&mut minutes, 1, &five), [0_u64; 0], "nothing moved");
        let seven = totals(project, 7);
        assert_eq!(cut(&mut minutes, 1, &seven), [7], "the whole minute again");
        minutes.written(seven.clone());
        // The store is away for the rest of the second minute.
        assert_eq!(cut(&mut minutes, 2, &totals(project, 9)), [2]);
        assert_eq!(cut(&mut minutes, 3, &totals(project, 10)), [3]);
        minutes.written(totals(project, 10));
        assert_eq!(cut(&mut minutes, 3, &totals(project, 11)), [4]);
        assert_eq!(cut(&mut minutes, 4, &totals(project, 11)), [1]);
    }
}
