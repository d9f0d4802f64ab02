//! From one participant over each of many hops, and over each of many hops to one, in one search.

use protocol::Units;

use super::LONGEST_PATH;
use super::carried::NOTHING;
use super::hops::{Hops, Way};
use super::labels::Labels;
use super::legs::{Back, On, Rule};

/// Nobody has this number: the search goes everywhere.
const NOBODY: u32 = u32::MAX;

/// A search that went everywhere, of at most [`LONGEST_PATH`] legs; whoever reads it asks for one hop after the other.
/// What needs a gift is not found.
pub(crate) struct Fan<'a, R> {
    graph: &'a Hops,
    start: u32,
    labels: Labels<'a, R>,
}

/// For each hop the path from `start` that ends over it and brings the most of `most` there.
///
/// Who gets most out of what it has needs least to get that out: with the most that there is, this finds the
/// widest ways, and with a small amount the cheapest ones for about that amount.
pub(crate) fn fan(graph: &Hops, start: u32, most: Units) -> Fan<'_, On<'static>> {
    Fan::of(graph, On { gifts: false, carried: &NOTHING, most }, start)
}

/// For each hop the path that begins over it and needs least so that `amount` arrives at `end`.
pub(crate) fn fan_in(graph: &Hops, end: u32, amount: Units) -> Fan<'_, Back<'static>> {
    Fan::of(graph, Back { gifts: false, ..Back::of(amount) }, end)
}

impl<'a, R: Rule> Fan<'a, R> {
    fn of(graph: &'a Hops, rule: R, start: u32) -> Self {
        let mut labels = Labels::new(graph, rule, false, [start, NOBODY], LONGEST_PATH);
        labels.run();
        Self { graph, start, labels }
    }

    /// The value of the path over a hop; none where there is none. Where nobody pays for being used, it says exactly what
    /// arrives by the path, negated, or what has to be given.
    pub(crate) fn value(&self, place: u32) -> Option<i64> {
        let hop = self.graph.hop(place);
        let to = match R::WAY {
            Way::On => hop.taker,
            Way::Back => hop.giver,
        };
        if to == self.start { None } else { self.labels.value_over(place) }
    }

    /// The hops of the path over a hop, from its giver to its taker.
    pub(crate) fn hops(&self, place: u32) -> Option<Vec<u32>> {
        self.value(place)?;
        let mut hops = self.labels.over(place)?.hops;
        if R::WAY == Way::Back {
            hops.reverse();
        }
        Some(hops)
    }
}
