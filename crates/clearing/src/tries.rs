//! Which of its users a site looks for ways round for, when, and for how much: the largest amounts first. What led nowhere
//! is looked for again in smaller amounts, and when those lead nowhere either, it rests, longer each time.
//!
//! Large amounts first, and only over tallies that carry much of them (`seek`), is what scaling is to a search that
//! knows the graph: few tallies are wide, so a search among them ends soon, and what it finds is worth its messages.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Units;

/// How much smaller an amount is looked for next where one led nowhere. Searches in vain are what clearing costs, so there
/// are few steps: a way that carries too little for one is lifted piece by piece in the next.
const SMALLER: i64 = 16;

/// How long nobody is looked for at first after nothing was found, in milliseconds; then twice as long each time.
const FIRST_REST_MS: i64 = 30_000;

/// The longest rest, in milliseconds.
const LONGEST_REST_MS: i64 = 6 * 3_600_000;

/// How many are remembered: some 60 bytes each.
const MOST_REMEMBERED: usize = 1 << 16;

/// How many are tried in one go at most.
pub const TRIED_AT_ONCE: usize = 8;

/// How many queries and adverts each search for a way round may cause: it is made for somebody who did not ask for it.
pub const ROUND_BUDGET: u32 = 192;

/// Where more than this is owed, less than this is not looked for, in milli-CHIPs: a part of a debt is worth its messages
/// only if it is not small.
pub const LEAST_PART_MILLI: i64 = 1_000;

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
    until_ms: i64,
    rest_ms: i64,
}

impl<K: Ord + Clone> Tries<K> {
    /// Nothing was tried yet; nobody is looked for with less than `least`, but for all that is owed where that is less.
    #[must_use]
    pub const fn new(least: Units) -> Self {
        Self { known: BTreeMap::new(), least }
    }

    /// Whom to try now, at most `many`, of those who are owed so much: the largest amounts first, and how much each
    /// time.
    #[must_use]
    pub fn next(
        &self,
        owed: impl IntoIterator<Item = (K, Units)>,
        now_ms: i64,
        many: usize,
    ) -> Vec<(K, Units)> {
        let awake = owed.into_iter().filter_map(|(who, units)| match self.known.get(&who) {
            Some(known) if known.rests(now_ms) => None,
            Some(known) => Some((who, units.min(known.up_to))),
            None => Some((who, units)),
        });
        let mut awake: Vec<(K, Units)> = awake.collect();
        awake.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        // Who is owed by several is tried with the most: a search goes over all of its tallies.
        let mut met = BTreeSet::new();
        awake.retain(|(who, _)| met.len() < many && met.insert(who.clone()));
        awake
    }

    /// Something was cleared for this one: there may be more that way.
    pub fn found(&mut self, who: &K) {
        if let Some(known) = self.known.get_mut(who) {
            (known.until_ms, known.rest_ms) = (i64::MIN, 0);
        }
    }

    /// Nothing was found for so much: less is looked for next. Where that is too little, it rests twice as long as
    /// before; `spread` draws how long exactly, so that two sites that were in each other's way are not again. Says
    /// whether it rests.
    pub fn led_nowhere(
        &mut self,
        who: K,
        units: Units,
        now_ms: i64,
        spread: impl FnOnce(i64) -> i64,
    ) -> bool {
        self.make_room(&who);
        let less = Units::new(units.milli() / SMALLER).unwrap_or(Units::ZERO);
        let rests = less < self.least;
        if rests {
            self.rest(who, Units::MAX, now_ms, spread);
        } else {
            let rest_ms = self.rest_ms(&who);
            self.known.insert(who, Known { up_to: less, until_ms: now_ms, rest_ms });
        }
        rests
    }

    /// A way was found for so much and came to nothing, as others were at it at the same time: it rests as above, and then as
    /// much is looked for again.
    pub fn was_in_the_way(
        &mut self,
        who: K,
        units: Units,
        now_ms: i64,
        spread: impl FnOnce(i64) -> i64,
    ) {
        self.make_room(&who);
        self.rest(who, units, now_ms, spread);
    }

    fn make_room(&mut self, who: &K) {
        if self.known.len() >= MOST_REMEMBERED && !self.known.contains_key(who) {
            self.known.pop_first();
        }
    }

    fn rest_ms(&self, who: &K) -> i64 {
        self.known.get(who).map_or(0, |known| known.rest_ms)
    }

    fn rest(&mut self, who: K, up_to: Units, now_ms: i64, spread: impl FnOnce(i64) -> i64) {
        let rest_ms = (2 * self.rest_ms(&who)).clamp(FIRST_REST_MS, LONGEST_REST_MS);
        let until_ms = now_ms.saturating_add(spread(rest_ms));
        self.known.insert(who, Known { up_to, until_ms, rest_ms });
    }
}

impl Known {
    fn rests(&self, now_ms: i64) -> bool {
        // A clock that was set back wakes it.
        now_ms < self.until_ms && self.until_ms.saturating_sub(now_ms) <= 2 * self.rest_ms
    }
}
