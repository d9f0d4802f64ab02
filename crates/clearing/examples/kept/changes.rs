//! Random changes: what happens to debts in a day.

use clearing::DynamicCirculation;
use protocol::Units;

use crate::families::Chance;

/// What kind of change.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Two who had nothing open have a debt now; half of the time they know each other by one between.
    New,
    /// A debt becomes larger.
    Growth,
    /// A debt becomes smaller.
    Shrink,
    /// A debt is paid.
    Vanish,
    /// A creditor pays its debtor: first that debt shrinks, what is left is owed the other way.
    Payment,
}

impl Kind {
    pub(crate) const NAMES: [&'static str; 5] = ["new", "growth", "shrink", "vanish", "payment"];
}

/// One after another, as many debts appearing as vanishing.
pub(crate) struct Changes {
    chance: Chance,
    /// Pairs that owed something when they were noted.
    known: Vec<(u32, u32)>,
}

impl Changes {
    pub(crate) fn new(chance: Chance, kept: &DynamicCirculation) -> Self {
        Self { chance, known: kept.iter().map(|at| (at.debtor, at.creditor)).collect() }
    }

    /// The next one: pairs with what they owe then.
    pub(crate) fn next(&mut self, kept: &DynamicCirculation) -> (Kind, Vec<(u32, u32, Units)>) {
        let kinds = [Kind::New, Kind::Growth, Kind::Shrink, Kind::Vanish, Kind::Payment];
        let kind = kinds[self.chance.below(5) as usize];
        let Some((debtor, creditor)) = self.pair(kept) else { return self.fresh(kept) };
        let owed = kept.owed(debtor, creditor);
        let by = amount(&mut self.chance);
        match kind {
            Kind::New => self.fresh(kept),
            Kind::Growth => (kind, vec![(debtor, creditor, owed.plus(by).unwrap_or(owed))]),
            Kind::Shrink => {
                let part = Units::new(self.chance.next().cast_signed().rem_euclid(owed.milli()));
                (kind, vec![(debtor, creditor, part.unwrap_or(Units::ZERO))])
            }
            Kind::Vanish => (kind, vec![(debtor, creditor, Units::ZERO)]),
            Kind::Payment => {
                let paid = by.min(owed);
                let mut sets = vec![(debtor, creditor, owed.minus(paid).unwrap_or(owed))];
                if by > paid {
                    let back = kept.owed(creditor, debtor);
                    let more = by.minus(paid).and_then(|rest| back.plus(rest)).unwrap_or(back);
                    self.known.push((creditor, debtor));
                    sets.push((creditor, debtor, more));
                }
                (kind, sets)
            }
        }
    }

    /// A pair that owes something.
    fn pair(&mut self, kept: &DynamicCirculation) -> Option<(u32, u32)> {
        while !self.known.is_empty() {
            let len = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            let place = self.chance.below(len) as usize;
            let (debtor, creditor) = self.known[place];
            if kept.owed(debtor, creditor) > Units::ZERO {
                return Some((debtor, creditor));
            }
            self.known.swap_remove(place);
        }
        None
    }

    fn fresh(&mut self, kept: &DynamicCirculation) -> (Kind, Vec<(u32, u32, Units)>) {
        let participants = kept.participants();
        let debtor = self.chance.below(participants);
        let mut creditor = (debtor + 1 + self.chance.below(participants - 1)) % participants;
        if self.chance.below(2) == 0 {
            // Among those known: the ends of two debts with somebody in common, where one is met.
            if let (Some((a, _)), Some((_, d))) = (self.pair(kept), self.pair(kept)) {
                creditor = if d == debtor { a } else { d };
            }
        }
        if creditor == debtor {
            creditor = (debtor + 1) % participants;
        }
        self.known.push((debtor, creditor));
        let owed = kept.owed(debtor, creditor);
        let more = owed.plus(amount(&mut self.chance)).unwrap_or(owed);
        (Kind::New, vec![(debtor, creditor, more)])
    }
}

fn amount(chance: &mut Chance) -> Units {
    Units::new(chance.amount()).unwrap_or(Units::SMALLEST)
}
