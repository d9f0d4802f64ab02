//! The rule for one leg, from the payee back and from the payer on; and a whole path by it.
//!
//! Whoever searches knows a participant by a *value*: the smaller, the better. Back, it is what must
//! arrive there; on, it is what is there to let go, negated. Both grow along a path, leg by leg
//! monotonously: who begins with a smaller value never ends with a larger one.

use protocol::Units;
use protocol::lading::Lading;

use super::Leg;
use super::hops::{Hops, Way};

/// What a leg does to the value, seen in the direction of the search.
pub(super) trait Rule: Copy {
    /// Where the search looks.
    const WAY: Way;

    /// The rule by which nobody pays for being used, and a value never becomes better.
    fn without_gifts(self) -> Self;

    /// What moves over a leg that begins at a `value`, or where the search starts (none); none if
    /// this leg cannot do it. Above zero.
    fn leg(&self, value: Option<i64>, lading: &Lading) -> Option<Units>;

    /// The value behind a leg over which `units` move.
    fn behind(&self, units: Units, lading: &Lading) -> i64;

    /// The value of a path whose last leg begins at `value`, as for [`Rule::leg`].
    fn end(&self, value: Option<i64>, lading: &Lading) -> Option<i64>;
}

/// From the payee back: the least that must move so that `amount` arrives.
#[derive(Clone, Copy)]
pub(super) struct Back {
    pub(super) amount: Units,
    pub(super) gifts: bool,
    /// To ask what would be if the payer's own tallies had room for anything.
    pub(super) payer_unlimited: bool,
}

impl Rule for Back {
    const WAY: Way = Way::Back;

    fn without_gifts(self) -> Self {
        Self { gifts: false, ..self }
    }

    fn leg(&self, value: Option<i64>, lading: &Lading) -> Option<Units> {
        // The payee's own reward is not charged.
        let Some(due) = value else {
            return (self.amount <= lading.most()).then_some(self.amount);
        };
        let due = Units::new(due).ok()?;
        let least = lading.least_leaving(due)?.max(SMALLEST);
        let units = if self.gifts { least } else { least.max(due) };
        (units <= lading.most()).then_some(units)
    }

    fn behind(&self, units: Units, lading: &Lading) -> i64 {
        let clutch = lading.clutch().due(units).milli();
        units.milli() + if self.gifts { clutch } else { clutch.max(0) }
    }

    fn end(&self, value: Option<i64>, lading: &Lading) -> Option<i64> {
        if self.payer_unlimited {
            return Some(value.unwrap_or(self.amount.milli()));
        }
        self.leg(value, lading).map(Units::milli)
    }
}

/// From the payer on: the most that can move.
#[derive(Clone, Copy)]
pub(super) struct On {
    pub(super) gifts: bool,
}

impl Rule for On {
    const WAY: Way = Way::On;

    fn without_gifts(self) -> Self {
        Self { gifts: false }
    }

    fn leg(&self, value: Option<i64>, lading: &Lading) -> Option<Units> {
        // The payer's own clutch is not charged.
        let Some(value) = value else { return Some(lading.most()) };
        let budget = Units::new(-value).unwrap_or(Units::MAX);
        let most = lading.most_within(budget);
        let units = if self.gifts { most } else { most.min(budget) };
        (units >= SMALLEST).then_some(units)
    }

    fn behind(&self, units: Units, lading: &Lading) -> i64 {
        let reward = lading.reward().due(units).milli();
        let reward = if self.gifts { reward } else { reward.max(0) };
        reward - units.milli()
    }

    fn end(&self, value: Option<i64>, lading: &Lading) -> Option<i64> {
        self.leg(value, lading).map(|units| -units.milli())
    }
}

/// A leg over which nothing moves is none: it would have no chit.
const SMALLEST: Units = Units::SMALLEST;

/// What moves over each of `hops`, which are in the order of the search; none if they cannot do it.
pub(super) fn moves<R: Rule>(rule: &R, graph: &Hops, hops: &[u32]) -> Option<Vec<Units>> {
    let mut value = None;
    let mut moves = Vec::with_capacity(hops.len());
    for &place in hops {
        let lading = &graph.hop(place).lading;
        let units = rule.leg(value, lading)?;
        value = Some(rule.behind(units, lading));
        moves.push(units);
    }
    Some(moves)
}

/// The legs from payer to payee over `hops`, which are in the order from the payee back.
pub(super) fn priced(graph: &Hops, hops: &[u32], amount: Units) -> Option<Vec<Leg>> {
    let rule = Back { amount, gifts: true, payer_unlimited: false };
    let moves = moves(&rule, graph, hops)?;
    let leg = |(&place, units)| {
        let hop = graph.hop(place);
        Leg { hop: place as usize, giver: hop.giver, taker: hop.taker, units }
    };
    Some(hops.iter().zip(moves).map(leg).rev().collect())
}
