//! What could be cleared at this moment: the largest circulation of the debts of the remembered tallies,
//! held while they change.
//!
//! Whoever pays only marks what changed; the search, around the changes alone, is for whoever clears.

use std::collections::{BTreeMap, BTreeSet};

use clearing::{Debt, DynamicCirculation};
use protocol::{Side, Units};

use crate::error::SiteError;

/// Where more pairs changed than this, and than one in [`SHARE`], all is searched anew: that is faster.
const MANY: usize = 1_024;
const SHARE: usize = 8;

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

/// A part of what a tally owes that can be cleared.
pub(super) struct Relief {
    /// Place of the tally.
    pub(super) place: usize,
    pub(super) owing: Owing,
}

/// The circulation, and the tallies behind it.
#[derive(Default)]
pub(super) struct Standing {
    circulation: DynamicCirculation,
    /// What each tally owes as far as the circulation knows.
    owing: Vec<Option<Owing>>,
    /// Places of the tallies on which one participant owes another.
    pairs: BTreeMap<(u32, u32), BTreeSet<usize>>,
    /// Places of the tallies that may owe something else by now.
    marked: BTreeSet<usize>,
}

impl Standing {
    /// The tally at `place` may have changed.
    pub(super) fn mark(&mut self, place: usize) {
        self.marked.insert(place);
    }

    /// Takes in what has changed; `owing` says what a tally owes now.
    ///
    /// # Errors
    /// [`SiteError::Unproved`] beyond what the engine numbers.
    pub(super) fn catch_up(
        &mut self,
        participants: u32,
        owing: impl Fn(usize) -> Option<Owing>,
    ) -> Result<(), SiteError> {
        let mut changed = BTreeSet::new();
        for place in std::mem::take(&mut self.marked) {
            self.owing.resize(self.owing.len().max(place + 1), None);
            let now = owing(place);
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
        if changed.len() > MANY && changed.len() * SHARE > self.pairs.len() {
            return self.search_anew(participants);
        }
        while self.circulation.participants() < participants {
            self.circulation.join().map_err(unproved)?;
        }
        for (debtor, creditor) in changed {
            let units = self.owed((debtor, creditor));
            self.circulation.set(debtor, creditor, units).map_err(unproved)?;
            if units == Units::ZERO {
                self.pairs.remove(&(debtor, creditor));
            }
        }
        Ok(())
    }

    fn search_anew(&mut self, participants: u32) -> Result<(), SiteError> {
        self.pairs.retain(|_, places| !places.is_empty());
        let debt = |&(debtor, creditor)| Debt {
            debtor,
            creditor,
            units: self.owed((debtor, creditor)),
        };
        let debts: Vec<Debt> = self.pairs.keys().map(debt).collect();
        self.circulation = DynamicCirculation::new(participants, &debts).map_err(unproved)?;
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
    pub(super) fn reliefs(&self) -> Result<Vec<Relief>, SiteError> {
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
        Ok(reliefs)
    }
}

fn unproved(reason: impl ToString) -> SiteError {
    SiteError::Unproved { reason: reason.to_string() }
}
