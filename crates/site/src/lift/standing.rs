//! What could be cleared at this moment: the largest circulation of the debts of the remembered tallies,
//! held while they change.
//!
//! Whoever pays only marks what changed; the search, around the changes alone, is for whoever clears, and
//! nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};

use clearing::{Debt, DynamicCirculation};
use protocol::{Side, Units};

use crate::error::SiteError;

/// What a tally owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owing {
    pub(super) debtor: u32,
    pub(super) creditor: u32,
    /// The creditor's side, which gives when the debt is relieved.
    pub(super) by: Side,
    /// Above zero.
    pub(super) units: Units,
}

/// What tallies owe now, by place.
pub(super) struct Owings {
    /// Whether these are all tallies, and what was known of any is void.
    pub(super) anew: bool,
    pub(super) participants: u32,
    pub(super) owings: Vec<(usize, Option<Owing>)>,
}

/// A part of what a tally owes that can be cleared.
#[derive(Clone, Copy)]
pub(super) struct Relief {
    /// Place of the tally.
    pub(super) place: usize,
    pub(super) owing: Owing,
}

/// The circulation, and the tallies behind it.
pub(super) struct Standing {
    circulation: DynamicCirculation,
    /// What each tally owes as far as the circulation knows.
    owing: Vec<Option<Owing>>,
    /// Places of the tallies on which one participant owes another.
    pairs: BTreeMap<(u32, u32), BTreeSet<usize>>,
    /// What was last said to be cleared: most likely it was.
    planned: Vec<Relief>,
    /// Where more pairs changed than this, and than one in [`SHARE`], all is searched anew: that is faster.
    many: usize,
}

const SHARE: usize = 8;

impl Default for Standing {
    fn default() -> Self {
        Self {
            circulation: DynamicCirculation::default(),
            owing: Vec::new(),
            pairs: BTreeMap::new(),
            planned: Vec::new(),
            many: 1_024,
        }
    }
}

impl Standing {
    /// Takes in what has changed.
    ///
    /// # Errors
    /// [`SiteError::Unproved`] beyond what the engine numbers; what is held is void then.
    pub(super) fn catch_up(&mut self, new: Owings) -> Result<(), SiteError> {
        if new.anew {
            *self = Self { many: self.many, ..Self::default() };
        }
        let mut changed = BTreeSet::new();
        for (place, now) in new.owings {
            self.owing.resize(self.owing.len().max(place + 1), None);
            let before = std::mem::replace(&mut self.owing[place], now);
            if now == before {
                continue;
            }
            if let Some(Owing { debtor, creditor, .. }) = before {
                self.pairs.entry((debtor, creditor)).or_default().remove(&place);
                changed.insert((debtor, creditor));
            }
            if let Some(Owing { debtor, creditor, .. }) = now {
                self.pairs.entry((debtor, creditor)).or_default().insert(place);
                changed.insert((debtor, creditor));
            }
        }
        self.carry_out(&changed);
        changed.retain(|&(debtor, creditor)| {
            let known = debtor.max(creditor) < self.circulation.participants();
            !known || self.circulation.owed(debtor, creditor) != self.owed((debtor, creditor))
        });
        if changed.len() > self.many && changed.len() * SHARE > self.pairs.len() {
            self.search_anew(new.participants)?;
        } else {
            self.search_around(new.participants, changed)?;
        }
        self.pairs.retain(|_, places| !places.is_empty());
        Ok(())
    }

    /// Where all that was planned was done, as it looks, it comes off the debts at once: nothing is searched
    /// for that.
    fn carry_out(&mut self, changed: &BTreeSet<(u32, u32)>) {
        let planned = std::mem::take(&mut self.planned);
        let pair = |relief: &Relief| (relief.owing.debtor, relief.owing.creditor);
        if !planned.is_empty() && planned.iter().all(|relief| changed.contains(&pair(relief))) {
            self.circulation.take_all();
        }
    }

    fn search_around(
        &mut self,
        participants: u32,
        changed: BTreeSet<(u32, u32)>,
    ) -> Result<(), SiteError> {
        while self.circulation.participants() < participants {
            self.circulation.join().map_err(|error| unproved(error.to_string()))?;
        }
        for (debtor, creditor) in changed {
            let units = self.owed((debtor, creditor));
            self.circulation
                .set(debtor, creditor, units)
                .map_err(|error| unproved(error.to_string()))?;
        }
        Ok(())
    }

    fn search_anew(&mut self, participants: u32) -> Result<(), SiteError> {
        let debt =
            |&(debtor, creditor)| Debt { debtor, creditor, units: self.owed((debtor, creditor)) };
        let debts: Vec<Debt> = self.pairs.keys().map(debt).collect();
        self.circulation = DynamicCirculation::new(participants, &debts)
            .map_err(|error| unproved(error.to_string()))?;
        Ok(())
    }

    /// What one participant owes another over all their tallies, as far as a record can say it.
    fn owed(&self, pair: (u32, u32)) -> Units {
        let places = self.pairs.get(&pair).into_iter().flatten();
        let owed = places.filter_map(|&place| self.owing[place]);
        let milli = owed.map(|owing| i128::from(owing.units.milli())).sum::<i128>();
        i64::try_from(milli).ok().and_then(|milli| Units::new(milli).ok()).unwrap_or(Units::MAX)
    }

    /// All debts, in milli-CHIPs.
    pub(super) fn total_milli(&self) -> i128 {
        self.circulation.total_owed()
    }

    /// What can be cleared, tally by tally; where two have several, the first first.
    ///
    /// # Errors
    /// [`SiteError::Unproved`] where somebody would end richer or poorer: a fault of the engine.
    pub(super) fn reliefs(&mut self) -> Result<Vec<Relief>, SiteError> {
        let mut reliefs = Vec::new();
        let mut change = BTreeMap::<u32, i128>::new();
        let cleared = self.circulation.iter().filter(|pair| pair.cleared > Units::ZERO);
        for pair in cleared {
            let mut left = pair.cleared;
            for &place in self.pairs.get(&(pair.debtor, pair.creditor)).into_iter().flatten() {
                let Some(owing) = self.owing[place] else { continue };
                let units = left.min(owing.units);
                left = left.minus(units).unwrap_or(Units::ZERO);
                if units > Units::ZERO {
                    reliefs.push(Relief { place, owing: Owing { units, ..owing } });
                    *change.entry(owing.debtor).or_default() += i128::from(units.milli());
                    *change.entry(owing.creditor).or_default() -= i128::from(units.milli());
                }
            }
        }
        if let Some((who, change)) = change.iter().find(|(_, change)| **change != 0) {
            return Err(unproved(format!("participant {who} would end {change} milli-CHIPs off")));
        }
        self.planned.clone_from(&reliefs);
        Ok(reliefs)
    }
}

fn unproved(reason: String) -> SiteError {
    SiteError::Unproved { reason }
}

#[cfg(test)]
mod tests {
    use clearing::best_circulation;

    use super::*;

    /// `SplitMix64`.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % bound
        }
    }

    const PEOPLE: u32 = 6;
    const TALLIES: usize = 24;

    fn units(milli: u64) -> Units {
        Units::new(i64::try_from(milli).unwrap()).unwrap()
    }

    /// What a tally owes: its two people are always the same, the direction is not.
    fn owing(place: usize, chance: &mut Chance) -> Option<Owing> {
        let most = if chance.below(20) == 0 { 1 << 53 } else { 1_000 };
        let milli = chance.below(most);
        let first = u32::try_from(place).unwrap() % PEOPLE;
        let second = (first + 1 + u32::try_from(place / 6).unwrap() % (PEOPLE - 1)) % PEOPLE;
        let (debtor, creditor) =
            if chance.below(2) == 0 { (first, second) } else { (second, first) };
        (milli > 0).then(|| Owing { debtor, creditor, by: Side::Stock, units: units(milli) })
    }

    /// The most that a search of everything clears; two people's debts together at most what fits.
    fn most(now: &[Option<Owing>]) -> i128 {
        let mut pairs = BTreeMap::<(u32, u32), i128>::new();
        for one in now.iter().flatten() {
            *pairs.entry((one.debtor, one.creditor)).or_default() += i128::from(one.units.milli());
        }
        let debts: Vec<Debt> = pairs
            .into_iter()
            .map(|((debtor, creditor), milli)| Debt {
                debtor,
                creditor,
                units: Units::new(i64::try_from(milli).unwrap().min(Units::MAX.milli())).unwrap(),
            })
            .collect();
        let best = best_circulation(PEOPLE, &debts, &mut |_| {}).unwrap();
        best.cleared.iter().map(|units| i128::from(units.milli())).sum()
    }

    fn run(seed: u64, many: usize) {
        let mut chance = Chance(seed);
        let mut standing = Standing { many, ..Standing::default() };
        let mut now: Vec<Option<Owing>> = (0..TALLIES).map(|at| owing(at, &mut chance)).collect();
        let mut news: BTreeSet<usize> = (0..TALLIES).collect();
        for step in 0..40 {
            let owings = news.iter().map(|&place| (place, now[place])).collect();
            let anew = step == 0 || chance.below(15) == 0;
            let all = (0..TALLIES).map(|place| (place, now[place])).collect();
            let owings = if anew { all } else { owings };
            standing.catch_up(Owings { anew, participants: PEOPLE, owings }).unwrap();
            news.clear();
            let reliefs = standing.reliefs().unwrap();
            let cleared = reliefs.iter().map(|one| i128::from(one.owing.units.milli())).sum();
            assert_eq!(most(&now), cleared, "seed {seed}, step {step}");
            // Carried out whole, in part, or not at all; and some tallies change besides.
            let carried = [usize::MAX, 2, 0][usize::try_from(chance.below(3)).unwrap()];
            for relief in reliefs.iter().take(carried) {
                let before = now[relief.place].unwrap();
                assert!(relief.owing == Owing { units: relief.owing.units, ..before });
                let left = before.units.minus(relief.owing.units).unwrap();
                assert!(left >= Units::ZERO);
                now[relief.place] = (left > Units::ZERO).then_some(Owing { units: left, ..before });
                news.insert(relief.place);
            }
            for _ in 0..chance.below(4) {
                let place = usize::try_from(chance.below(24)).unwrap();
                now[place] = owing(place, &mut chance);
                news.insert(place);
            }
        }
    }

    #[test]
    fn what_can_be_cleared_is_what_a_search_of_everything_finds() {
        for seed in 0..300 {
            // Searched around the changes; and all of it, whenever more than one pair in eight changed.
            run(seed, 1_024);
            run(seed, 0);
        }
    }
}
