//! The machine's clock: it goes on with the site's, and never back.

use protocol::Timestamp;

/// How far the site's clock may be behind what it said before and only be late, in milliseconds; farther, and it was
/// set back.
const LATE_MS: i64 = 10_000;

/// Milliseconds since it began.
#[derive(Debug, Default)]
pub(super) struct Steady {
    last: Option<Timestamp>,
    passed_ms: i64,
}

impl Steady {
    /// The moment at which the site's clock says `now`.
    pub(super) fn at(&mut self, now: Timestamp) -> i64 {
        let passed = self.last.map_or(0, |last| now.ms().saturating_sub(last.ms()));
        if !(-LATE_MS..0).contains(&passed) {
            self.last = Some(now);
        }
        self.passed_ms = self.passed_ms.saturating_add(passed.max(0));
        self.passed_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_with_the_sites_clock_and_never_back() {
        let start: Timestamp = "2026-11-22T09:00:00.000Z".parse().unwrap();
        let mut steady = Steady::default();
        let mut at = |ms: i64| steady.at(start.plus_ms(ms).unwrap());
        assert_eq!([at(0), at(500), at(400), at(600)], [0, 500, 500, 600], "late, once");
        assert_eq!([at(-1_000_000), at(-999_900)], [600, 700], "set back, and on from there");
        assert_eq!(at(1_000), 700 + 1_000_900);
    }
}
