//! What is sent over the hops, as paths: the widest first, so that they are few.

use std::collections::BTreeMap;

use protocol::Units;

use super::flow::Flow;
use super::{Request, Unpaid};
use crate::path::{Hops, Leg, Path};

/// The parts of what is sent, within the request's limits.
pub(super) fn split(graph: &Hops, request: &Request, flow: &Flow) -> Result<Vec<Path>, Unpaid> {
    let mut sent = one_way(graph, flow.all_sent());
    let (mut parts, mut left) = (Vec::new(), request.amount.milli());
    while left > 0 {
        let Some((way, room)) = widest(graph, &sent, request) else {
            let most = units(request.amount.milli() - left);
            return Err(Unpaid::TooLong { most });
        };
        let more = room.min(left);
        let hops: Vec<u32> = way.iter().map(|&at| sent[at].0).collect();
        parts.push(path(graph, &hops, units(more)));
        way.iter().for_each(|&at| sent[at].1 -= more);
        sent.retain(|&(_, units)| units > 0);
        left -= more;
    }
    let number = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    if number > request.parts.max(1) {
        return Err(Unpaid::TooManyParts { parts: number });
    }
    Ok(parts)
}

/// Between two participants only what remains when both ways are set off.
fn one_way(graph: &Hops, sent: &[(u32, i64)]) -> Vec<(u32, i64)> {
    let mut sent = sent.to_vec();
    let ends = |place| (graph.hop(place).giver, graph.hop(place).taker);
    let mut places: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (at, &(place, _)) in sent.iter().enumerate() {
        places.entry(ends(place)).or_default().push(at);
    }
    for at in 0..sent.len() {
        let (giver, taker) = ends(sent[at].0);
        for &other in places.get(&(taker, giver)).into_iter().flatten() {
            let both = sent[at].1.min(sent[other].1);
            sent[at].1 -= both;
            sent[other].1 -= both;
        }
    }
    sent.retain(|&(_, units)| units > 0);
    sent
}

/// A way on which something was made better: where it ends, by which hop, after which one, how wide.
struct End {
    at: u32,
    by: usize,
    before: Option<usize>,
    width: i64,
}

/// The widest path in what is sent; of several the first found with the fewest legs.
fn widest(graph: &Hops, sent: &[(u32, i64)], request: &Request) -> Option<(Vec<usize>, i64)> {
    let mut leaving: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (by, &(place, _)) in sent.iter().enumerate() {
        leaving.entry(graph.hop(place).giver).or_default().push(by);
    }
    let mut widths: BTreeMap<u32, i64> = BTreeMap::from([(request.payer, i64::MAX)]);
    let (mut ends, mut best): (Vec<End>, Option<usize>) = (Vec::new(), None);
    let mut layer = 0..1;
    for leg in 0..request.legs() {
        for before in layer.clone() {
            let here = (leg > 0).then(|| &ends[before]);
            let (v, width) = here.map_or((request.payer, i64::MAX), |end| (end.at, end.width));
            for &by in leaving.get(&v).into_iter().flatten() {
                let (place, units) = sent[by];
                let (at, width) = (graph.hop(place).taker, width.min(units));
                if widths.get(&at).is_some_and(|&known| known >= width) {
                    continue;
                }
                widths.insert(at, width);
                if at == request.payee {
                    best = Some(ends.len());
                }
                ends.push(End { at, by, before: (leg > 0).then_some(before), width });
            }
        }
        layer = if leg == 0 { 0..ends.len() } else { layer.end..ends.len() };
    }
    let width = ends[best?].width;
    let mut way = Vec::new();
    let mut at = best;
    while let Some(end) = at.and_then(|at| ends.get(at)) {
        way.push(end.by);
        at = end.before;
    }
    way.reverse();
    Some((way, width))
}

/// A path on which the same moves over every leg.
pub(super) fn path(graph: &Hops, hops: &[u32], units: Units) -> Path {
    let leg = |&place: &u32| {
        let hop = graph.hop(place);
        Leg { hop: place as usize, giver: hop.giver, taker: hop.taker, units }
    };
    Path { legs: hops.iter().map(leg).collect(), proved: !graph.gifts() }
}

/// A number that is kept within the range of an amount by whoever computed it.
pub(super) fn units(milli: i64) -> Units {
    Units::new(milli).unwrap_or(Units::MAX)
}
