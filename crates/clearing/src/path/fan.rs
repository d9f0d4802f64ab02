//! From one participant over each of many hops, and over each of many hops to one, in one search.

use protocol::Units;

use super::LONGEST_PATH;
use super::carried::NOTHING;
use super::hops::{Hops, Way};
use super::labels::Labels;
use super::legs::{Back, On, Rule};

/// Nobody has this number: the search goes everywhere.
const NOBODY: u32 = u32::MAX;

/// For each of these hops the path from `start` that ends over it and brings the most of `most` there; of at most
/// [`LONGEST_PATH`] legs. None where nothing can arrive, or only by what somebody pays for being used.
///
/// Who gets most out of what it has needs least to get that out: with the most that there is, this finds the
/// widest ways, and with a small amount the cheapest ones for about that amount.
pub(crate) fn fan(graph: &Hops, start: u32, most: Units, over: &[u32]) -> Vec<Option<Vec<u32>>> {
    let rule = On { gifts: false, carried: &NOTHING, most };
    all(graph, rule, start, over)
}

/// For each of these hops the path that begins over it and needs least so that `amount` arrives at `end`; its hops in
/// their order. None where so much cannot arrive, or only by what somebody pays for being used.
pub(crate) fn fan_in(graph: &Hops, end: u32, amount: Units, over: &[u32]) -> Vec<Option<Vec<u32>>> {
    let mut paths = all(graph, Back { gifts: false, ..Back::of(amount) }, end, over);
    paths.iter_mut().flatten().for_each(|path| path.reverse());
    paths
}

fn all<R: Rule>(graph: &Hops, rule: R, start: u32, over: &[u32]) -> Vec<Option<Vec<u32>>> {
    let mut labels = Labels::new(graph, rule, false, [start, NOBODY], LONGEST_PATH);
    labels.run();
    let to = |place: u32| match R::WAY {
        Way::On => graph.hop(place).taker,
        Way::Back => graph.hop(place).giver,
    };
    let path = |&place: &u32| labels.over(place).filter(|_| to(place) != start);
    over.iter().map(path).map(|walk| walk.map(|walk| walk.hops)).collect()
}
