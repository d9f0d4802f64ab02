//! The rule for one leg, from the payee back and from the payer on; and a whole path by it.
//!
//! Whoever searches knows a participant by a *value*: the smaller, the better. Back, it is what must
//! arrive there; on, it is what is there to let go, negated. Both grow along a path, leg by leg
//! monotonously: who begins with a smaller value never ends with a larger one.

use protocol::Units;
use protocol::lading::Lading;

use super::Leg;
use super::carried::{Carried, NOTHING};
use super::hops::{Beside, Hops, Way};
use crate::lossy::Prices;

/// What a leg does to the value, seen in the direction of the search.
pub(crate) trait Rule: Copy {
    /// Where the search looks.
    const WAY: Way;

    /// The rule by which nobody pays for being used, and a value never becomes better.
    fn without_gifts(self) -> Self;

    /// Whether the search may leave `v` by this hop.
    fn is_open(&self, v: u32, place: u32) -> bool;

    /// What moves over a leg, besides what moves already, that begins at a `value`, or where the
    /// search starts (none); none if this leg cannot do it. Above zero.
    fn leg(&self, value: Option<i64>, place: u32, lading: &Lading) -> Option<Units>;

    /// The value behind a leg over which `units` move.
    fn behind(&self, units: Units, place: u32, lading: &Lading) -> i64;

    /// Whether a leg over this hop that begins at a `value` surely leaves it as it is: nobody charges or pays for so little.
    fn is_gratis(&self, value: i64, beside: &Beside) -> bool;

    /// The least that the value of a path can be that has this `value` at `v`, where nobody pays for
    /// being used.
    fn at_best(&self, _v: u32, value: i64) -> i64 {
        value
    }

    /// Only paths with a smaller value than this are looked for, where nobody pays for being used.
    fn below(&self) -> i64 {
        i64::MAX
    }

    /// The value of a path whose last leg begins at `value`, as for [`Rule::leg`].
    fn end(&self, value: Option<i64>, place: u32, lading: &Lading) -> Option<i64>;
}

/// From the payee back: the least that must move so that `amount` arrives.
#[derive(Clone, Copy)]
pub(crate) struct Back<'a> {
    pub(crate) amount: Units,
    pub(crate) gifts: bool,
    /// To ask what would be if the payer's own tallies had room for anything.
    pub(crate) payer_unlimited: bool,
    pub(crate) carried: &'a Carried,
    /// What a unit at each costs the payer at least, where that is known.
    pub(crate) prices: Option<&'a Prices>,
    /// Only paths for which the payer gives less than this are looked for, in milli-CHIPs.
    pub(crate) below: i64,
}

impl Back<'_> {
    /// The least so that `amount` arrives, where nothing moves yet.
    pub(crate) const fn of(amount: Units) -> Back<'static> {
        Back {
            amount,
            gifts: true,
            payer_unlimited: false,
            carried: &NOTHING,
            prices: None,
            below: i64::MAX,
        }
    }
}

impl Rule for Back<'_> {
    const WAY: Way = Way::Back;

    fn without_gifts(self) -> Self {
        Self { gifts: false, ..self }
    }

    fn is_open(&self, v: u32, place: u32) -> bool {
        self.carried.is_open(v, place)
    }

    fn leg(&self, value: Option<i64>, place: u32, lading: &Lading) -> Option<Units> {
        let before = self.carried.moved(place);
        let left = lading.most().minus(before).ok()?;
        // The payee's own reward is not charged.
        let Some(due) = value else {
            return (self.amount <= left).then_some(self.amount);
        };
        let due = Units::new(due).ok()?;
        // All that moves leaves what was left before and what is due.
        let all = due.plus(after_reward(lading, before)).ok()?;
        let least = lading.least_leaving(all)?.minus(before).ok()?.max(SMALLEST);
        let units = if self.gifts { least } else { least.max(due) };
        (units <= left).then_some(units)
    }

    fn behind(&self, units: Units, place: u32, lading: &Lading) -> i64 {
        let clutch = added(self.carried.moved(place), units, |moved| lading.clutch().due(moved));
        units.milli() + if self.gifts { clutch } else { clutch.max(0) }
    }

    fn is_gratis(&self, value: i64, beside: &Beside) -> bool {
        self.carried.is_nothing() && (1..=beside.gratis).contains(&value)
    }

    fn at_best(&self, v: u32, value: i64) -> i64 {
        self.prices.map_or(value, |prices| prices.least_for(v, value))
    }

    fn below(&self) -> i64 {
        self.below
    }

    fn end(&self, value: Option<i64>, place: u32, lading: &Lading) -> Option<i64> {
        if self.payer_unlimited {
            return Some(value.unwrap_or(self.amount.milli()));
        }
        self.leg(value, place, lading).map(Units::milli)
    }
}

/// From the payer on: the most that can move.
#[derive(Clone, Copy)]
pub(crate) struct On<'a> {
    pub(crate) gifts: bool,
    pub(crate) carried: &'a Carried,
    /// The most that the payer lets go.
    pub(crate) most: Units,
}

impl Rule for On<'_> {
    const WAY: Way = Way::On;

    fn without_gifts(self) -> Self {
        Self { gifts: false, ..self }
    }

    fn is_open(&self, v: u32, place: u32) -> bool {
        self.carried.is_open(v, place)
    }

    fn leg(&self, value: Option<i64>, place: u32, lading: &Lading) -> Option<Units> {
        let before = self.carried.moved(place);
        // The payer's own clutch is not charged.
        let Some(value) = value else {
            let left = lading.most().minus(before).ok()?.min(self.most);
            return (left >= SMALLEST).then_some(left);
        };
        let budget = Units::new(-value).unwrap_or(Units::MAX);
        let spent = before.milli() + lading.clutch().due(before).milli();
        let all = Units::new(budget.milli() + spent).unwrap_or(Units::MAX);
        let most = lading.most_within(all).minus(before).ok()?;
        let units = if self.gifts { most } else { most.min(budget) };
        (units >= SMALLEST).then_some(units)
    }

    fn behind(&self, units: Units, place: u32, lading: &Lading) -> i64 {
        let reward = added(self.carried.moved(place), units, |moved| lading.reward().due(moved));
        let reward = if self.gifts { reward } else { reward.max(0) };
        reward - units.milli()
    }

    fn is_gratis(&self, value: i64, beside: &Beside) -> bool {
        self.carried.is_nothing() && (1..=beside.gratis).contains(&-value)
    }

    fn end(&self, value: Option<i64>, place: u32, lading: &Lading) -> Option<i64> {
        self.leg(value, place, lading).map(|units| -units.milli())
    }
}

/// What is left to the taker of so much.
fn after_reward(lading: &Lading, units: Units) -> Units {
    // A reward is at most the whole, and a gift of it within the range of sums of two amounts.
    let milli = units.milli() - lading.reward().due(units).milli();
    Units::new(milli).unwrap_or(Units::MAX)
}

/// What a charge rises by when `units` move besides what moved `before`, in milli-CHIPs.
fn added(before: Units, units: Units, due: impl Fn(Units) -> Units) -> i64 {
    // Nothing more than the most moves, which is an amount.
    let all = before.plus(units).unwrap_or(Units::MAX);
    due(all).milli() - due(before).milli()
}

/// A leg over which nothing moves is none: it would have no chit.
const SMALLEST: Units = Units::SMALLEST;

/// What moves over each of `hops`, which are in the order of the search; none if they cannot do it.
pub(crate) fn moves<R: Rule>(rule: &R, graph: &Hops, hops: &[u32]) -> Option<Vec<Units>> {
    let mut value = None;
    let mut moves = Vec::with_capacity(hops.len());
    for &place in hops {
        let lading = &graph.hop(place).lading;
        let units = rule.leg(value, place, lading)?;
        value = Some(rule.behind(units, place, lading));
        moves.push(units);
    }
    Some(moves)
}

/// The legs from payer to payee over `hops`, which are in the order from the payee back.
pub(super) fn priced(graph: &Hops, hops: &[u32], amount: Units) -> Option<Vec<Leg>> {
    legs(graph, hops, &Back::of(amount))
}

/// The same by a rule of one's own.
pub(crate) fn legs(graph: &Hops, hops: &[u32], rule: &Back<'_>) -> Option<Vec<Leg>> {
    let moves = moves(rule, graph, hops)?;
    let leg = |(&place, units)| {
        let hop = graph.hop(place);
        Leg { hop: place as usize, giver: hop.giver, taker: hop.taker, units }
    };
    Some(hops.iter().zip(moves).map(leg).rev().collect())
}
