//! A plain record of the debts beside the circulation that is kept, and what must hold between them.

use std::collections::BTreeMap;

use clearing::{Change, DynamicCirculation, best_circulation, verify};
use protocol::Units;

use crate::instances::Chance;

/// Debts by pair, above zero.
pub(super) type Debts = BTreeMap<(u32, u32), i64>;

pub(super) fn units(milli: i64) -> Units {
    Units::new(milli).expect("in range")
}

/// The engine under test and what is known about it.
pub(super) struct Run {
    pub(super) kept: DynamicCirculation,
    pub(super) debts: Debts,
    cleared: Debts,
}

impl Run {
    pub(super) fn of(kept: DynamicCirculation) -> Self {
        let pairs = || kept.iter();
        let debts = pairs().map(|at| ((at.debtor, at.creditor), at.owed.milli())).collect();
        let cleared = pairs().map(|at| ((at.debtor, at.creditor), at.cleared.milli())).collect();
        let mut run = Self { kept, debts, cleared };
        run.cleared.retain(|_, milli| *milli > 0);
        run
    }

    pub(super) fn empty(participants: u32) -> Self {
        Self::of(DynamicCirculation::new(participants, &[]).expect("no debts"))
    }

    /// Makes a change; what it says that it moved is all that moved.
    pub(super) fn set(&mut self, debtor: u32, creditor: u32, milli: i64) -> Change {
        let before = self.kept.total_cleared();
        let change = self.kept.set(debtor, creditor, units(milli)).expect("a debt");
        self.debts.insert((debtor, creditor), milli);
        self.debts.retain(|_, milli| *milli > 0);
        for at in &change.moved {
            let cleared = self.cleared.entry((at.debtor, at.creditor)).or_default();
            assert_eq!(*cleared, at.before.milli(), "{at:?}");
            assert_ne!(at.before, at.after, "told only where something moved");
            *cleared = at.after.milli();
        }
        assert!(change.moved.is_sorted_by_key(|at| (at.debtor, at.creditor)));
        self.cleared.retain(|_, milli| *milli > 0);
        assert_eq!(change.gained, self.kept.total_cleared() - before);
        change
    }

    /// As [`Run::set`], and all that must hold, against a fresh solve.
    pub(super) fn set_and_check(&mut self, debtor: u32, creditor: u32, milli: i64) -> Change {
        let change = self.set(debtor, creditor, milli);
        self.check();
        change
    }

    /// Debts are those that were set, the circulation is proved, and clears what a fresh one does.
    pub(super) fn check(&self) {
        let debts = self.check_proof();
        let best = best_circulation(self.kept.participants(), &debts, &mut |_| {}).expect("debts");
        let best = verify(self.kept.participants(), &debts, &best).expect("proved");
        assert_eq!(best.cleared, self.kept.total_cleared());
    }

    /// As [`Run::check`], without a fresh solve.
    pub(super) fn check_proof(&self) -> Vec<clearing::Debt> {
        let debts = self.kept.debts();
        let listed = debts.iter().map(|d| ((d.debtor, d.creditor), d.units.milli()));
        assert!(listed.clone().eq(self.debts.iter().map(|(pair, milli)| (*pair, *milli))));
        let proof = verify(self.kept.participants(), &debts, &self.kept.circulation());
        let proof = proof.unwrap_or_else(|fault| panic!("{fault}: {debts:?}"));
        assert_eq!(proof.cleared, self.kept.total_cleared());
        let owed: i128 = listed.map(|(_, milli)| i128::from(milli)).sum();
        assert_eq!(owed, self.kept.total_owed());
        for at in self.kept.iter() {
            let told = self.cleared.get(&(at.debtor, at.creditor)).copied().unwrap_or(0);
            assert_eq!(at.cleared.milli(), told, "what was told adds up: {at:?}");
            assert_eq!(self.kept.cleared(at.debtor, at.creditor), at.cleared);
            assert_eq!(self.kept.owed(at.debtor, at.creditor), at.owed);
        }
        debts
    }

    /// Carries out all that is cleared.
    pub(super) fn take_all(&mut self) {
        for leg in self.kept.take_all() {
            self.take_off(&leg);
        }
        assert!(self.cleared.is_empty(), "all is told: {:?}", self.cleared);
        assert_eq!(self.kept.total_cleared(), 0);
    }

    pub(super) fn take_off(&mut self, leg: &clearing::Debt) {
        for sums in [&mut self.debts, &mut self.cleared] {
            let left = sums.get_mut(&(leg.debtor, leg.creditor)).expect("there before");
            *left -= leg.units.milli();
            sums.retain(|_, milli| *milli > 0);
        }
    }
}

/// A random pair of different participants.
pub(super) fn pair(chance: &mut Chance, participants: u32) -> (u32, u32) {
    let debtor = chance.below(participants);
    (debtor, (debtor + 1 + chance.below(participants - 1)) % participants)
}
