//! Which of its users a site looks for ways round for, when, and for how much: the largest amounts first. What led nowhere
//! is looked for again in smaller amounts, and when those lead nowhere either, it rests, longer each time. A new debt of its
//! own wakes it: a circle that was not there before goes over that debt, so as much is looked for.
//!
//! Large amounts first, and only over tallies that carry much of them (`seek`), is what scaling is to a search that
//! knows the graph: few tallies are wide, so a search among them ends soon, and what it finds is worth its messages.

use std::collections::BTreeMap;

use protocol::Units;

use crate::seek::LEAST_PART;

/// How much smaller an amount is looked for next where one led nowhere. Searches in vain are what clearing costs, so there
/// are few steps: a way that carries too little for one is lifted piece by piece in the next.
const SMALLER: i64 = 16;

/// How long nobody is looked for at first after nothing was found, in milliseconds; then twice as long each time.
const FIRST_REST_MS: i64 = 30_000;

/// The longest rest, in milliseconds.
const LONGEST_REST_MS: i64 = 6 * 3_600_000;

/// Whoever has more debts than when it was looked at last rests for such a part of its rest at most: so with debts that come
/// again and again and lead nowhere it is looked for so much more often than without, and no more.
const WOKEN: i64 = 16;

/// How many are remembered: some 100 bytes each.
const MOST_REMEMBERED: usize = 1 << 16;

/// How many are tried in one go at most.
pub const TRIED_AT_ONCE: usize = 8;

/// How many queries and adverts each search for a way round may cause: it is made for somebody who did not ask for it.
pub const ROUND_BUDGET: u32 = 192;

/// Where more than this is owed, less than this is not looked for, in milli-CHIPs: a part of a debt is worth its messages
/// only if it is not small.
pub const LEAST_PART_MILLI: i64 = 1_000;

/// What somebody could have cleared by a way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stands {
    /// The most that one at another site owes it: so much is looked for.
    pub most: Units,
    /// All that those at other sites owe it.
    pub owed: Units,
    /// All that it owes.
    pub owes: Units,
}

impl Stands {
    /// How much more it is than before, on the side where it is most; of a debt that became smaller nothing new comes.
    fn more_than(&self, before: &Self) -> Units {
        let more = |now: Units, then: Units| now.minus(then).unwrap_or(Units::ZERO);
        more(self.owed, before.owed).max(more(self.owes, before.owes)).max(Units::ZERO)
    }
}

/// What is remembered of tries, by whoever is owed.
#[derive(Clone, Debug)]
pub struct Tries<K> {
    known: BTreeMap<K, Known>,
    /// A part of what is owed that is smaller than this is not worth its messages.
    least: Units,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// The most that is worth looking for.
    up_to: Units,
    /// When it was looked for last, until when it rests, and how long that is without what was drawn.
    last_ms: i64,
    until_ms: i64,
    rest_ms: i64,
    /// How it stood when it was looked at last, where nothing was found for it: more than that is news.
    seen: Option<Stands>,
    /// What is new since it rests, and from when on that is looked for.
    news: Units,
    wakes_ms: i64,
}

impl<K: Ord + Clone> Tries<K> {
    /// Nothing was tried yet; nobody is looked for with less than `least`, but for all that is owed where that is less.
    #[must_use]
    pub const fn new(least: Units) -> Self {
        Self { known: BTreeMap::new(), least }
    }

    /// Whom to try now, at most `many`, of those who stand so, each once: the largest amounts first, and how much each time.
    #[must_use]
    pub fn next(
        &mut self,
        all: impl IntoIterator<Item = (K, Stands)>,
        now_ms: i64,
        many: usize,
    ) -> Vec<(K, Units)> {
        let mut awake: Vec<(K, Stands, Units)> = Vec::new();
        for (who, stands) in all {
            let worth = match self.known.get_mut(&who) {
                None => Some(Units::MAX),
                Some(known) => {
                    known.sees(stands);
                    known.worth(now_ms)
                }
            };
            awake.extend(worth.map(|worth| (who, stands, stands.most.min(worth))));
        }
        awake.sort_by(|(a, _, x), (b, _, y)| y.cmp(x).then_with(|| a.cmp(b)));
        awake.truncate(many);
        for (who, stands, units) in &awake {
            self.of(who).is_looked_for(*stands, *units, now_ms);
        }
        awake.into_iter().map(|(who, _, units)| (who, units)).collect()
    }

    /// Something was cleared for this one: there may be more that way, so it is looked for again at once. When nothing more is
    /// found, it rests as long as the last time, not as if it had never been looked for: so it is looked for as often as it
    /// has been worth it.
    pub fn found(&mut self, who: &K) {
        if let Some(known) = self.known.get_mut(who) {
            if known.wakes_ms < known.until_ms {
                known.up_to = known.news;
                known.has_no_news();
            }
            (known.until_ms, known.rest_ms) = (i64::MIN, known.rest_ms / 2);
        }
    }

    /// Nothing was found for so much: less is looked for next. Where that is too little, it rests twice as long as
    /// before, or, where only what was new was looked for, as long as it would have; `spread` draws how long exactly, so that
    /// two sites that were in each other's way are not again. Says whether it rests.
    pub fn led_nowhere(
        &mut self,
        who: &K,
        units: Units,
        now_ms: i64,
        spread: impl FnOnce(i64) -> i64,
    ) -> bool {
        let less = self.smaller(units);
        let known = self.of(who);
        match less {
            Some(less) if known.is_woken(now_ms) => known.news = less,
            Some(less) => (known.up_to, known.until_ms) = (less, now_ms),
            None if known.is_woken(now_ms) => {
                known.last_ms = now_ms;
                known.has_no_news();
            }
            None => known.rest(Units::MAX, now_ms, spread),
        }
        less.is_none()
    }

    /// What is looked for after so much; none where that is not worth it. Before the end ways are looked for that carry no more
    /// than is worth it, where the last search has not followed those that carry twice as much.
    fn smaller(&self, units: Units) -> Option<Units> {
        let milli = units.milli();
        let (next, last) = (milli / SMALLER, self.least.milli().saturating_mul(LEAST_PART));
        if next >= self.least.milli() {
            return Units::new(next).ok();
        }
        Units::new(last).ok().filter(|last| 2 * last.milli() <= milli)
    }

    /// A way was found for so much and came to nothing, as others were at it at the same time: it rests as above, and then as
    /// much is looked for again. It is not woken before: whoever was in its way may be then as well.
    pub fn was_in_the_way(
        &mut self,
        who: &K,
        units: Units,
        now_ms: i64,
        spread: impl FnOnce(i64) -> i64,
    ) {
        let known = self.of(who);
        known.has_no_news();
        known.rest(units, now_ms, spread);
        known.seen = None;
    }

    /// What is known of one.
    fn of(&mut self, who: &K) -> &mut Known {
        if self.known.len() >= MOST_REMEMBERED && !self.known.contains_key(who) {
            self.known.pop_first();
        }
        self.known.entry(who.clone()).or_insert(Known::NOTHING)
    }
}

impl Known {
    const NOTHING: Self = Self {
        up_to: Units::MAX,
        last_ms: i64::MIN,
        until_ms: i64::MIN,
        rest_ms: 0,
        seen: None,
        news: Units::ZERO,
        wakes_ms: i64::MAX,
    };

    fn rest(&mut self, up_to: Units, now_ms: i64, spread: impl FnOnce(i64) -> i64) {
        self.rest_ms = (2 * self.rest_ms).clamp(FIRST_REST_MS, LONGEST_REST_MS);
        (self.up_to, self.last_ms) = (up_to, now_ms);
        self.until_ms = now_ms.saturating_add(spread(self.rest_ms));
        self.wakes();
    }

    /// It is looked for with so much of what it stands for: with all of it, nothing is new any more.
    fn is_looked_for(&mut self, stands: Stands, units: Units, now_ms: i64) {
        self.seen = Some(stands);
        if units == stands.most && !self.rests(now_ms) {
            self.has_no_news();
        }
    }

    /// Where there is news, it rests for a part of its rest only.
    const fn wakes(&mut self) {
        if self.news.milli() > 0 {
            self.wakes_ms = self.last_ms.saturating_add(self.rest_ms / WOKEN);
        }
    }

    const fn has_no_news(&mut self) {
        (self.news, self.wakes_ms) = (Units::ZERO, i64::MAX);
    }

    /// Takes in how it stands: more than before is news.
    fn sees(&mut self, stands: Stands) {
        let Some(before) = self.seen else { return };
        let more = stands.more_than(&before);
        if more > Units::ZERO {
            self.news = self.news.plus(more).unwrap_or(Units::MAX);
            self.wakes();
        }
        self.seen = Some(stands);
    }

    /// The most that is worth looking for now; none where it rests.
    fn worth(&self, now_ms: i64) -> Option<Units> {
        if !self.rests(now_ms) {
            return Some(self.up_to);
        }
        self.is_woken(now_ms).then_some(self.news)
    }

    fn is_woken(&self, now_ms: i64) -> bool {
        self.rests(now_ms) && now_ms >= self.wakes_ms
    }

    const fn rests(&self, now_ms: i64) -> bool {
        // A clock that was set back wakes it.
        now_ms < self.until_ms && self.until_ms.saturating_sub(now_ms) <= 2 * self.rest_ms
    }
}
