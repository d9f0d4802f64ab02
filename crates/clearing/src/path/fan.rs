//! From one participant over each of many hops, in one search.

use protocol::Units;

use super::LONGEST_PATH;
use super::carried::NOTHING;
use super::hops::Hops;
use super::labels::Labels;
use super::legs::On;

/// Nobody has this number: the search goes everywhere.
const NOBODY: u32 = u32::MAX;

/// For each of these hops the path from `start` that ends over it and brings the most of `most` there; of at most
/// [`LONGEST_PATH`] legs. None where nothing can arrive, or only by what somebody pays for being used.
///
/// Who gets most out of what it has needs least to get that out: with the most that there is, this finds the
/// widest ways, and with a small amount the cheapest ones for about that amount.
pub(crate) fn fan(graph: &Hops, start: u32, most: Units, over: &[u32]) -> Vec<Option<Vec<u32>>> {
    let rule = On { gifts: false, carried: &NOTHING, most };
    let mut labels = Labels::new(graph, rule, false, [start, NOBODY], LONGEST_PATH);
    labels.run();
    let open = |place: u32| graph.hop(place).lading.most() > Units::ZERO;
    let path = |&place: &u32| {
        let walk = labels.over(place).filter(|_| graph.hop(place).taker != start && open(place))?;
        Some(walk.hops)
    };
    over.iter().map(path).collect()
}
