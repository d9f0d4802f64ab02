//! The ways from one place over all gates, and over all gates to one: one search for all of them, read gate by gate, as few of
//! many are wanted.

use std::cell::OnceCell;

use protocol::Units;

use super::{Gate, Gates, Way, way};
use crate::path::{Back, Fan, On, fan, fan_in};

/// How a payment can go on over each gate.
///
/// Two searches for all gates together: with the most that can come in, and where somebody charges, with the
/// amount, which finds the ways that are cheap for about as much. What somebody pays for being used makes
/// no way possible here; it makes those that are found cheaper.
pub struct Exits<'a> {
    gates: &'a Gates,
    from: Option<u32>,
    amount: Units,
    most: Units,
    wide: Option<Fan<'a, On<'static>>>,
    cheap: OnceCell<Option<Fan<'a, On<'static>>>>,
}

/// How a payment can come in over each gate so that an amount arrives at one place.
pub struct Entries<'a> {
    gates: &'a Gates,
    ways: Option<Fan<'a, Back<'static>>>,
}

impl<'a> Exits<'a> {
    pub(super) fn of(gates: &'a Gates, from: Option<u32>, amount: Units, most: Units) -> Self {
        let wide = from.map(|from| fan(&gates.hops, from, most));
        Self { gates, from, amount, most, wide, cheap: OnceCell::new() }
    }

    /// The other gates over which something can go out, by number, and the most that can now; the widest first.
    #[must_use]
    pub fn widest(&self) -> Vec<(usize, Units)> {
        let gates = self.gates.gates.iter().enumerate();
        let exit = |(number, gate)| Some((number, self.most(gate)?));
        let mut exits: Vec<(usize, Units)> = gates.filter_map(exit).collect();
        exits.sort_by_key(|(_, most)| std::cmp::Reverse(*most));
        exits
    }

    /// The most that can go out over a gate.
    fn most(&self, gate: &Gate) -> Option<Units> {
        let wide = self.wide.as_ref()?;
        let place = outward(gate);
        let value = wide.value(place)?;
        if self.gates.hops.gifts() {
            return self.gates.carried(&wide.hops(place)?, self.most);
        }
        Units::new(-value).ok()
    }

    /// The way by which the most can go out over a gate, and one that may be cheaper for less.
    #[must_use]
    pub fn ways(&self, gate: usize) -> Vec<Way> {
        let Some(place) = self.gates.gates.get(gate).map(outward) else { return Vec::new() };
        let over = |fan: &Fan<'_, _>| fan.hops(place);
        let Some(wide) = self.wide.as_ref().and_then(over) else { return Vec::new() };
        let cheap = self.cheap.get_or_init(|| self.cheaper()).as_ref().and_then(over);
        let cheap = cheap.filter(|cheap| *cheap != wide);
        std::iter::once(wide).chain(cheap).map(way).collect()
    }

    fn cheaper(&self) -> Option<Fan<'a, On<'static>>> {
        let hops = &self.gates.hops;
        let from = self.from.filter(|_| hops.charges() && self.amount < self.most)?;
        Some(fan(hops, from, self.amount))
    }
}

impl<'a> Entries<'a> {
    pub(super) fn of(gates: &'a Gates, end: Option<u32>, amount: Units) -> Self {
        Self { gates, ways: end.map(|end| fan_in(&gates.hops, end, amount)) }
    }

    /// The other gates over which so much can come in, by number, and what has to; that is exact where nobody pays for being
    /// used ([`Self::are_exact`]).
    pub fn all(&self) -> impl Iterator<Item = (usize, Units)> {
        let gates = self.gates.gates.iter().enumerate();
        gates.filter_map(|(number, gate)| {
            let value = self.ways.as_ref()?.value(inward(gate))?;
            Some((number, Units::new(value).ok()?))
        })
    }

    /// Whether what [`Self::all`] says has to come in is what has to.
    #[must_use]
    pub const fn are_exact(&self) -> bool {
        !self.gates.hops.gifts()
    }

    /// The cheapest way in from a gate.
    #[must_use]
    pub fn way(&self, gate: usize) -> Option<Way> {
        let gate = self.gates.gates.get(gate)?;
        self.ways.as_ref()?.hops(inward(gate)).map(way)
    }
}

fn outward(gate: &Gate) -> u32 {
    u32::try_from(gate.inward + 1).unwrap_or(u32::MAX)
}

fn inward(gate: &Gate) -> u32 {
    u32::try_from(gate.inward).unwrap_or(u32::MAX)
}
