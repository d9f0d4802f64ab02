//! The figures of a set-off: positions before and after, and who is helped how much.

use protocol::Units;

use crate::Table;

/// One participant's debts and claims, before and after, in milli-CHIPs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// What it owed in all.
    pub owes_before: i128,
    /// What it was owed in all.
    pub owed_before: i128,
    /// What it still owes.
    pub owes_after: i128,
    /// What it is still owed.
    pub owed_after: i128,
}

impl Position {
    /// Claims less debts before: positive for whoever is owed more than it owes.
    pub fn net_before(&self) -> i128 {
        self.owed_before - self.owes_before
    }

    /// Claims less debts after; the same as before.
    pub fn net_after(&self) -> i128 {
        self.owed_after - self.owes_after
    }

    /// How much of its debt is gone.
    pub fn relief(&self) -> i128 {
        self.owes_before - self.owes_after
    }
}

/// The figures of a set-off; amounts in milli-CHIPs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All debts together.
    pub total: i128,
    /// What is cleared of them.
    pub cleared: i128,
    /// The sum of all positive net positions: the part of the debts that no set-off can clear.
    pub net: i128,
    /// Debts cleared in full.
    pub debts_settled: u64,
    /// Debts cleared in part.
    pub debts_eased: u64,
    /// Participants who owed something.
    pub debtors: u64,
    /// Participants who owe nothing any more.
    pub freed_of_all: u64,
    /// Participants who owe less than before, but still something.
    pub freed_of_part: u64,
    /// Each participant's position, in the order of numbers.
    pub positions: Vec<Position>,
}

impl Summary {
    /// Adds up a table and what is cleared of each of its debts.
    pub fn new(table: &Table, cleared: &[Units]) -> Self {
        let mut summary = Self {
            positions: vec![Position::default(); table.participants() as usize],
            ..Self::default()
        };
        for (debt, cleared) in table.debts.iter().zip(cleared) {
            let (units, cleared) = (i128::from(debt.units.milli()), i128::from(cleared.milli()));
            summary.total += units;
            summary.cleared += cleared;
            if cleared > 0 && cleared == units {
                summary.debts_settled += 1;
            } else if cleared > 0 {
                summary.debts_eased += 1;
            }
            if let Some(debtor) = summary.positions.get_mut(debt.debtor as usize) {
                debtor.owes_before += units;
                debtor.owes_after += units - cleared;
            }
            if let Some(creditor) = summary.positions.get_mut(debt.creditor as usize) {
                creditor.owed_before += units;
                creditor.owed_after += units - cleared;
            }
        }
        for position in &summary.positions {
            summary.net += position.net_before().max(0);
            summary.debtors += u64::from(position.owes_before > 0);
            if position.relief() > 0 {
                let freed_of_all = position.owes_after == 0;
                summary.freed_of_all += u64::from(freed_of_all);
                summary.freed_of_part += u64::from(!freed_of_all);
            }
        }
        summary
    }

    /// What is left of the debts.
    pub fn left(&self) -> i128 {
        self.total - self.cleared
    }

    /// The cleared part of all debts, from 0 to 1; 0 where there are no debts.
    pub fn cleared_share(&self) -> f64 {
        share(self.cleared, self.total)
    }

    /// Those with the largest relief, largest first, at most `most`, none without relief.
    pub fn largest_beneficiaries(&self, most: usize) -> Vec<u32> {
        let mut relieved: Vec<u32> = (0..)
            .zip(&self.positions)
            .filter(|(_, position)| position.relief() > 0)
            .map(|(number, _)| number)
            .collect();
        let order = |&number: &u32| {
            let relief = self.position(number).relief();
            (std::cmp::Reverse(relief), number)
        };
        if relieved.len() > most && most > 0 {
            relieved.select_nth_unstable_by_key(most - 1, order);
        }
        relieved.truncate(most);
        relieved.sort_unstable_by_key(order);
        relieved
    }

    /// The position of a participant; all zero for a number that nobody has.
    pub fn position(&self, participant: u32) -> Position {
        self.positions.get(participant as usize).copied().unwrap_or_default()
    }
}

/// `part` of `whole` as a fraction, 0 of nothing.
pub(crate) fn share(part: i128, whole: i128) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share is shown, never reckoned with")]
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
