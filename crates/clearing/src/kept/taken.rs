//! A clearing lift was carried out: what it cleared comes off the debts.

use std::collections::BTreeMap;

use super::residual::Pair;
use super::{DynamicCirculation, TakeError, amount};
use crate::Debt;

impl DynamicCirculation {
    /// Takes `legs` off the debts and off what is cleared: a part of the circulation was carried out.
    /// Every leg takes `units` off what `debtor` owes `creditor`.
    ///
    /// What is left is still the largest circulation of what is still owed, by the same potentials: a
    /// pair cleared whole stays cleared whole, and one not cleared at all has no leg. So nothing is
    /// searched.
    ///
    /// # Errors
    /// [`TakeError`] where the legs are no part of the circulation; nothing was changed then.
    pub fn take(&mut self, legs: &[Debt]) -> Result<(), TakeError> {
        let mut sums = BTreeMap::<u32, i64>::new();
        let mut change = BTreeMap::<u32, i128>::new();
        for (leg, d) in legs.iter().enumerate() {
            let refused = TakeError::NotCleared { leg };
            let pair = *self.numbers.get(&(d.debtor, d.creditor)).ok_or(refused)?;
            let (sum, milli) = (sums.entry(pair).or_default(), d.units.milli());
            // Neither is beyond 2^53.
            *sum += milli;
            if milli < 0 || *sum > self.net.pairs[pair as usize].cleared {
                return Err(refused);
            }
            *change.entry(d.debtor).or_default() += i128::from(milli);
            *change.entry(d.creditor).or_default() -= i128::from(milli);
        }
        if let Some((&participant, &change)) = change.iter().find(|(_, change)| **change != 0) {
            return Err(TakeError::Unbalanced { participant, change });
        }
        for (pair, units) in sums {
            self.take_off(pair, units);
        }
        Ok(())
    }

    /// Takes all that is cleared off the debts, and returns it: the whole circulation was carried out.
    /// Nothing more can be cleared then until a debt changes.
    pub fn take_all(&mut self) -> Vec<Debt> {
        let numbers: Vec<u32> = self.numbers.values().copied().collect();
        let mut legs = Vec::new();
        for number in numbers {
            let Pair { debtor, creditor, cleared, .. } = self.net.pairs[number as usize];
            if cleared > 0 {
                legs.push(Debt { debtor, creditor, units: amount(cleared) });
                self.take_off(number, cleared);
            }
        }
        legs
    }

    fn take_off(&mut self, pair: u32, units: i64) {
        let at = &mut self.net.pairs[pair as usize];
        (at.owed, at.cleared) = (at.owed - units, at.cleared - units);
        self.owed -= i128::from(units);
        self.cleared -= i128::from(units);
        let Pair { debtor, creditor, owed, .. } = *at;
        if owed == 0 {
            self.forget(debtor, creditor);
        } else {
            self.net.open(pair);
        }
    }
}
