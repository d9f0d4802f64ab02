//! The largest circulation, held while debts appear, grow, shrink and vanish: a dynamic
//! minimum-cost circulation.
//!
//! What is cleared and a potential for each participant are kept such that a unit more of a debt would
//! gain nothing unless all of it is cleared, and a unit less would lose nothing unless none of it is
//! (complementary slackness: the certificate of [`crate::verify`]). A debt that changes violates that
//! for its own pair at most; the cheapest ways round it in the residual network mend it (Jewell 1962,
//! Busacker and Gowen 1961; potentials after Edmonds and Karp 1972). Ways that cost nothing by the
//! potentials are found one after another by two trees that grow together (`trees`); where none is left,
//! a search from both ends gives new potentials (`search`). Neither looks farther than it has to.

mod adjacency;
mod potentials;
mod refusal;
mod residual;
mod restore;
mod search;
mod taken;
mod told;
mod trees;

use std::collections::BTreeMap;

use protocol::Units;

pub use refusal::{ChangeError, ResumeError, TakeError};
pub use told::{Change, Moved, Standing};

use crate::pairs::check;
use crate::{Circulation, Debt, GraphError, best_circulation, verify};
use residual::{Pair, Residual};
use restore::Restorer;

/// Most participants, and most pairs that owe something: 67,108,864.
const MOST: usize = 1 << 26;

/// Debts that change, and the largest circulation of them at every moment.
///
/// Debts of one debtor to one creditor are one amount, at most [`Units::MAX`]; sums over pairs are
/// taken in 128 bits, which 2^26 pairs cannot leave. The same changes in the same order give the same
/// circulation on every machine; another order may end with another one, which clears as much.
///
/// Memory: about 50 bytes a participant and 100 a pair, of the most pairs that there were at once.
#[derive(Clone, Default)]
pub struct DynamicCirculation {
    net: Residual,
    numbers: BTreeMap<(u32, u32), u32>,
    restorer: Restorer,
    owed: i128,
    cleared: i128,
}

impl DynamicCirculation {
    /// Starts with the largest circulation of `debts`; several debts of one pair are added up.
    ///
    /// # Errors
    /// [`GraphError`] names the first debt that is no debt, or brings its pair beyond [`Units::MAX`].
    pub fn new(participants: u32, debts: &[Debt]) -> Result<Self, GraphError> {
        if participants as usize > MOST {
            return Err(GraphError::TooManyParticipants);
        }
        let best = best_circulation(participants, debts, &mut |_| {})?;
        Self::with(participants, debts, &best)
    }

    /// Goes on from a circulation that was kept, or found elsewhere, with its potentials.
    ///
    /// # Errors
    /// [`ResumeError`] where the debts are no graph, or the circulation is not proved by [`verify`].
    pub fn resume(
        participants: u32,
        debts: &[Debt],
        circulation: &Circulation,
    ) -> Result<Self, ResumeError> {
        check(participants, debts)?;
        verify(participants, debts, circulation)?;
        Ok(Self::with(participants, debts, circulation)?)
    }

    /// Takes over a circulation that is right.
    fn with(participants: u32, debts: &[Debt], best: &Circulation) -> Result<Self, GraphError> {
        if participants as usize > MOST {
            return Err(GraphError::TooManyParticipants);
        }
        let mut kept = Self::default();
        (0..participants).for_each(|_| kept.net.join());
        for (place, (debt, cleared)) in debts.iter().zip(&best.cleared).enumerate() {
            if debt.units > Units::ZERO {
                let pair = kept.number(debt.debtor, debt.creditor);
                let pair = pair.map_err(|_| GraphError::TooManyPairs)?;
                let at = &mut kept.net.pairs[pair as usize];
                at.owed += debt.units.milli();
                at.cleared += cleared.milli();
                if at.owed > Units::MAX.milli() {
                    return Err(GraphError::PairBeyond { debt: place });
                }
                kept.owed += i128::from(debt.units.milli());
                kept.cleared += i128::from(cleared.milli());
            }
        }
        kept.net.settle_down(&best.potentials);
        Ok(kept)
    }

    /// One participant more; returns its number.
    ///
    /// # Errors
    /// [`ChangeError::TooManyParticipants`] beyond 2^26.
    pub fn join(&mut self) -> Result<u32, ChangeError> {
        if self.net.nodes.len() >= MOST {
            return Err(ChangeError::TooManyParticipants);
        }
        self.net.join();
        Ok(self.participants() - 1)
    }

    /// Makes all that `debtor` owes `creditor` be `units`, and the circulation the largest again.
    ///
    /// A pair whose debt becomes 0 is forgotten.
    ///
    /// # Errors
    /// [`ChangeError`] where that is no debt; nothing was changed then.
    pub fn set(&mut self, debtor: u32, creditor: u32, units: Units) -> Result<Change, ChangeError> {
        let unknown = |participant: &u32| *participant >= self.participants();
        if let Some(participant) = [debtor, creditor].into_iter().find(unknown) {
            return Err(ChangeError::UnknownParticipant { participant });
        }
        if debtor == creditor {
            return Err(ChangeError::SelfDebt { participant: debtor });
        }
        if units < Units::ZERO {
            return Err(ChangeError::Negative { units });
        }
        self.restorer.start();
        if units > Units::ZERO || self.numbers.contains_key(&(debtor, creditor)) {
            let pair = self.number(debtor, creditor)?;
            self.net.close_gaps_if_wide();
            self.owed += i128::from(units.milli() - self.net.pairs[pair as usize].owed);
            self.restorer.set(&mut self.net, pair, units.milli());
            self.cleared += self.restorer.gained;
        }
        let change = self.tell();
        if units == Units::ZERO {
            self.forget(debtor, creditor);
        }
        Ok(change)
    }

    /// What the last change did.
    fn tell(&mut self) -> Change {
        let Restorer { moved, gained, ways, .. } = &mut self.restorer;
        // Stable: what was before the change comes first.
        moved.sort_by_key(|&(pair, _)| {
            let pair = &self.net.pairs[pair as usize];
            (pair.debtor, pair.creditor)
        });
        moved.dedup_by_key(|&mut (pair, _)| pair);
        let told = moved.iter().filter_map(|&(pair, before)| {
            let pair = &self.net.pairs[pair as usize];
            let [before, after] = [before, pair.cleared].map(amount);
            let Pair { debtor, creditor, .. } = *pair;
            (before != after).then_some(Moved { debtor, creditor, before, after })
        });
        let (gained, ways, moved) = (*gained, *ways, told.collect());
        Change { gained, moved, ways, looks: self.restorer.looks() }
    }

    /// The number of a pair, a new one if nothing was owed.
    fn number(&mut self, debtor: u32, creditor: u32) -> Result<u32, ChangeError> {
        if let Some(&number) = self.numbers.get(&(debtor, creditor)) {
            return Ok(number);
        }
        if self.numbers.len() >= MOST {
            return Err(ChangeError::TooManyPairs);
        }
        let number = self.net.add(debtor, creditor);
        self.numbers.insert((debtor, creditor), number);
        Ok(number)
    }

    fn forget(&mut self, debtor: u32, creditor: u32) {
        if let Some(number) = self.numbers.remove(&(debtor, creditor)) {
            self.net.remove(number);
        }
    }

    /// How many participants there are.
    pub fn participants(&self) -> u32 {
        u32::try_from(self.net.nodes.len()).unwrap_or(u32::MAX)
    }

    /// What `debtor` owes `creditor` in all.
    pub fn owed(&self, debtor: u32, creditor: u32) -> Units {
        self.pair(debtor, creditor).map_or(Units::ZERO, |pair| amount(pair.owed))
    }

    /// What the circulation clears of that.
    pub fn cleared(&self, debtor: u32, creditor: u32) -> Units {
        self.pair(debtor, creditor).map_or(Units::ZERO, |pair| amount(pair.cleared))
    }

    fn pair(&self, debtor: u32, creditor: u32) -> Option<&Pair> {
        let number = *self.numbers.get(&(debtor, creditor))?;
        Some(&self.net.pairs[number as usize])
    }

    /// The sum of all debts, in milli-CHIPs.
    pub fn total_owed(&self) -> i128 {
        self.owed
    }

    /// The sum of all that is cleared, in milli-CHIPs: no circulation clears more.
    pub fn total_cleared(&self) -> i128 {
        self.cleared
    }

    /// Every pair that owes something, by debtor and creditor.
    pub fn iter(&self) -> impl Iterator<Item = Standing> {
        self.numbers.values().map(|&number| {
            let Pair { debtor, creditor, owed, cleared, .. } = self.net.pairs[number as usize];
            Standing { debtor, creditor, owed: amount(owed), cleared: amount(cleared) }
        })
    }

    /// The debts as a list: one for each pair, by debtor and creditor.
    pub fn debts(&self) -> Vec<Debt> {
        let debt = |Standing { debtor, creditor, owed, .. }| Debt { debtor, creditor, units: owed };
        self.iter().map(debt).collect()
    }

    /// The circulation with its potentials, for the list that [`Self::debts`] gives: what [`verify`] and
    /// [`crate::circles`] take.
    pub fn circulation(&self) -> Circulation {
        Circulation {
            cleared: self.iter().map(|at| at.cleared).collect(),
            potentials: self.net.nodes.iter().map(|node| node.potential).collect(),
        }
    }
}

/// An amount of a pair.
fn amount(milli: i64) -> Units {
    Units::new(milli).expect("a pair owes no more than fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches are told apart by their numbers; when these begin again, older marks count for nothing.
    #[test]
    fn searches_that_are_counted_from_the_start_again_find_what_they_should() {
        let mut kept = DynamicCirculation::new(40, &[]).expect("no debts");
        for step in 0..2_000_u32 {
            if step % 50 == 25 {
                kept.restorer.search.number = u32::MAX - 3;
                kept.restorer.trees.number = u32::MAX - 7;
            }
            let (debtor, creditor) = (step * 7 % 40, (step * 11 + step / 40 + 1) % 40);
            if debtor != creditor {
                let units = Units::new(i64::from(step * step % 101)).expect("small");
                kept.set(debtor, creditor, units).expect("a debt");
            }
            let proof = verify(40, &kept.debts(), &kept.circulation()).expect("proved");
            assert_eq!(proof.cleared, kept.total_cleared());
        }
        assert!(kept.total_cleared() > 0);
        assert!(kept.restorer.trees.number < u32::MAX / 2, "they did begin again");
    }
}
