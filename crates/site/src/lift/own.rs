//! Which events this process told itself: where all are its own, nobody else has changed anything.

use store::Committed;

/// How many gaps are remembered: beyond, it is simply not known any more.
const MOST_GAPS: usize = 1_000;

/// Numbers of events, as ranges that neither meet nor touch, in order.
#[derive(Default)]
pub(super) struct Own {
    ranges: Vec<(u64, u64)>,
}

impl Own {
    /// These events are this process's own.
    pub(super) fn told(&mut self, committed: Committed) {
        let Some(last) = committed.last_event.filter(|_| committed.events > 0) else { return };
        let first = (last + 1).saturating_sub(committed.events);
        let at = self.ranges.partition_point(|range| range.0 < first);
        self.ranges.insert(at, (first, last));
        for at in [at + 1, at] {
            // A range that begins where the one before ends is the same range.
            if let Some(before) = at.checked_sub(1)
                && let (Some(&one), Some(&two)) = (self.ranges.get(before), self.ranges.get(at))
                && one.1 + 1 >= two.0
            {
                self.ranges[before].1 = one.1.max(two.1);
                self.ranges.remove(at);
            }
        }
        if self.ranges.len() > MOST_GAPS {
            self.ranges.clear();
        }
    }

    /// Whether all events after `since`, up to `last`, are this process's own.
    pub(super) fn are_all(&self, since: u64, last: u64) -> bool {
        let from = since + 1;
        last <= since || self.ranges.iter().any(|range| range.0 <= from && last <= range.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(first: u64, last: u64) -> Committed {
        Committed { last_event: Some(last), events: last + 1 - first }
    }

    #[test]
    fn ones_own_are_told_from_others_whatever_order_they_are_heard_in() {
        let mut own = Own::default();
        for (first, last) in [(5, 6), (1, 2), (9, 9), (3, 4)] {
            own.told(commit(first, last));
        }
        own.told(Committed { last_event: None, events: 0 });
        assert!(own.are_all(0, 6) && own.are_all(2, 5) && own.are_all(8, 9) && own.are_all(7, 7));
        assert!(!own.are_all(0, 7) && !own.are_all(6, 9) && !own.are_all(0, 9));
        own.told(commit(7, 8));
        assert!(own.are_all(0, 9) && !own.are_all(0, 10));
        assert_eq!(own.ranges, [(1, 9)]);
        for number in 0..2_000 {
            own.told(commit(20 + 2 * number, 20 + 2 * number));
        }
        assert!(own.ranges.len() <= MOST_GAPS);
    }
}
