//! What earlier parts of a payment move already, and what a search must not use.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Units;

use super::Leg;
use super::hops::{Hops, Way};

/// What a search has to respect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// What moves already, by place of the hop; above zero.
    moved: BTreeMap<u32, Units>,
    /// Hops that are not to be used.
    shut: BTreeSet<u32>,
    /// Participants who may be left, in a search from the payee back, by one hop only.
    only: BTreeMap<u32, u32>,
}

/// Nothing moves yet, everything is open.
pub(crate) static NOTHING: Carried =
    Carried { moved: BTreeMap::new(), shut: BTreeSet::new(), only: BTreeMap::new() };

impl Carried {
    /// A search from the payee back that leaves each of these only by the hop beside it, and uses
    /// none of the hops that are shut.
    pub(crate) const fn among(shut: BTreeSet<u32>, only: BTreeMap<u32, u32>) -> Self {
        Self { moved: BTreeMap::new(), shut, only }
    }

    /// Adds a part: its legs move, and nothing moves any more against them.
    pub(crate) fn add(&mut self, graph: &Hops, legs: &[Leg]) {
        for leg in legs {
            // The searches went over this hop, so its place has such a number.
            let Ok(place) = u32::try_from(leg.hop) else { continue };
            let moved = self.moved.entry(place).or_insert(Units::ZERO);
            *moved = moved.plus(leg.units).unwrap_or(Units::MAX);
            let (from, to) = (graph.beside(Way::On, leg.taker), graph.beside(Way::Back, leg.giver));
            let against = if from.len() <= to.len() { (from, leg.giver) } else { (to, leg.taker) };
            let against = against.0.iter().filter(|beside| beside.far == against.1);
            self.shut.extend(against.map(|beside| beside.place));
        }
    }

    /// Whether nothing moves yet.
    pub(super) fn is_nothing(&self) -> bool {
        self.moved.is_empty()
    }

    pub(super) fn moved(&self, place: u32) -> Units {
        if self.moved.is_empty() {
            return Units::ZERO;
        }
        self.moved.get(&place).copied().unwrap_or(Units::ZERO)
    }

    pub(crate) fn is_open(&self, v: u32, place: u32) -> bool {
        !self.shut.contains(&place) && self.only.get(&v).is_none_or(|only| *only == place)
    }
}
