//! How often: a bucket of tokens that fills with time. Time is an input, in milliseconds from any
//! start; all numbers are whole, so the same times give the same answers.

/// Parts of one token, so that a millisecond at one a minute is a whole number of them.
const PARTS: i64 = 60_000;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many times at once, after a long rest.
    pub burst: u32,
    /// How many times a minute for long.
    pub per_minute: u32,
}

impl Rate {
    /// The same rate, or a little less: what a sender allows itself, so that messages which come
    /// closer together than they were sent are still within the receiver's rate.
    #[must_use]
    pub const fn with_margin(self) -> Self {
        let burst = self.burst - self.burst / 4;
        let per_minute = self.per_minute - self.per_minute / 8;
        Self { burst, per_minute }
    }
}

/// A bucket: as many tokens as may be used at once now, or how many are owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    parts: i64,
    at_ms: u64,
}

impl Bucket {
    /// A full one.
    pub(crate) fn full(rate: Rate, now_ms: u64) -> Self {
        Self { parts: parts(rate.burst), at_ms: now_ms }
    }

    /// Takes tokens, or says in how many milliseconds there will be enough. More than the burst are
    /// never there: then it says when the bucket is full.
    ///
    /// A time before the last one counts as the last one.
    pub(crate) fn take(&mut self, rate: Rate, tokens: u32, now_ms: u64) -> Result<(), u64> {
        self.fill(rate, now_ms);
        let needed = parts(tokens);
        if self.parts >= needed {
            self.parts -= needed;
            return Ok(());
        }
        Err(self.until(rate, needed.min(parts(rate.burst))).max(1))
    }

    /// Takes tokens that were used already, whether or not they are there: what is not is owed.
    pub(crate) fn charge(&mut self, rate: Rate, tokens: u32, now_ms: u64) {
        self.fill(rate, now_ms);
        self.parts = self.parts.saturating_sub(parts(tokens));
    }

    /// In how many milliseconds nothing is owed; zero where nothing is now.
    pub(crate) fn owes_for(&mut self, rate: Rate, now_ms: u64) -> u64 {
        self.fill(rate, now_ms);
        self.until(rate, 0)
    }

    /// In how many milliseconds there will be so much.
    fn until(&self, rate: Rate, wanted: i64) -> u64 {
        let missing = u64::try_from(wanted.saturating_sub(self.parts)).unwrap_or(0);
        missing.div_ceil(u64::from(rate.per_minute).max(1))
    }

    fn fill(&mut self, rate: Rate, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.at_ms);
        self.at_ms = self.at_ms.max(now_ms);
        let more = passed.saturating_mul(u64::from(rate.per_minute));
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        self.parts = self.parts.saturating_add(more).min(parts(rate.burst));
    }
}

fn parts(tokens: u32) -> i64 {
    i64::from(tokens) * PARTS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rates() -> impl Strategy<Value = Rate> {
        (1..50_u32, 1..5_000_u32).prop_map(|(burst, per_minute)| Rate { burst, per_minute })
    }

    proptest! {
        /// In every stretch of time, whatever is asked and when, no more is given than the burst
        /// and what the rate brings in that stretch.
        #[test]
        fn no_stretch_of_time_gives_more_than_the_rate(
            rate in rates(),
            steps in prop::collection::vec((0..5_000_u64, 0..4_u32), 1..60),
        ) {
            let mut bucket = Bucket::full(rate, 0);
            let (mut now, mut given) = (0, Vec::new());
            for (wait, tokens) in steps {
                now += wait;
                if bucket.take(rate, tokens, now).is_ok() {
                    given.push((now, u64::from(tokens)));
                }
            }
            for first in 0..given.len() {
                let mut sum = 0;
                for (at, tokens) in &given[first..] {
                    sum += tokens;
                    let span = at - given[first].0;
                    let most = parts(rate.burst).unsigned_abs() + span * u64::from(rate.per_minute);
                    prop_assert!(sum * PARTS.unsigned_abs() <= most, "{sum} tokens in {span} ms");
                }
            }
        }

        /// The wait that is told is enough, and no shorter one is.
        #[test]
        fn the_wait_that_is_told_is_the_shortest(
            rate in rates(),
            taken in 0..60_u32,
            asked in 1..50_u32,
        ) {
            prop_assume!(asked <= rate.burst);
            let mut bucket = Bucket::full(rate, 7);
            for _ in 0..taken {
                let _ = bucket.take(rate, 1, 7);
            }
            if let Err(wait) = bucket.take(rate, asked, 7) {
                prop_assert!(bucket.clone().take(rate, asked, 7 + wait - 1).is_err());
                prop_assert!(bucket.take(rate, asked, 7 + wait).is_ok());
            }
        }

        /// What is charged is owed to the millisecond, and nothing is given until it is paid.
        #[test]
        fn what_is_charged_is_paid_back_before_more_is_given(
            rate in rates(),
            charged in 0..200_u32,
        ) {
            let mut bucket = Bucket::full(rate, 7);
            bucket.charge(rate, charged, 7);
            let wait = bucket.owes_for(rate, 7);
            prop_assert_eq!(wait == 0, charged <= rate.burst);
            if wait > 0 {
                prop_assert!(bucket.take(rate, 1, 7 + wait - 1).is_err());
                prop_assert!(bucket.clone().owes_for(rate, 7 + wait - 1) > 0);
                prop_assert_eq!(bucket.owes_for(rate, 7 + wait), 0);
            }
            let left = rate.burst.saturating_sub(charged);
            prop_assert!(left == 0 || bucket.take(rate, left, 7 + wait).is_ok());
        }

        /// A clock that goes back gives nothing.
        #[test]
        fn time_that_goes_back_gives_nothing(rate in rates(), back in 0..1_000_u64) {
            let mut bucket = Bucket::full(rate, 1_000);
            while bucket.take(rate, 1, 1_000).is_ok() {}
            prop_assert!(bucket.take(rate, 1, 1_000 - back).is_err());
            let wait = bucket.take(rate, 1, 1_000).unwrap_err();
            prop_assert!(bucket.take(rate, 1, 1_000 + wait).is_ok());
        }

        /// Whoever keeps the smaller rate is within the larger one, even where everything that was
        /// sent within the time of a burst's margin comes at once.
        #[test]
        fn a_sender_with_margin_stays_within_the_rate(
            burst in 8..500_u32,
            per_minute in 60..30_000_u32,
            steps in prop::collection::vec(0..200_u64, 1..300),
        ) {
            let rate = Rate { burst, per_minute };
            let own = rate.with_margin();
            let (mut sends, mut takes) = (Bucket::full(own, 0), Bucket::full(rate, 0));
            // Late by as long as the margin covers.
            let late = parts(burst / 4).unsigned_abs() / u64::from(own.per_minute);
            let mut now = 0;
            for wait in steps {
                now += wait;
                if sends.take(own, 1, now).is_ok() {
                    // The receiver sees all of a stretch at its end.
                    let seen = (now / late.max(1)) * late.max(1) + late;
                    prop_assert!(takes.take(rate, 1, seen).is_ok());
                }
            }
        }
    }
}
