//! A free circulation as circles, each of which gains; what gains nothing is left out.

use protocol::Units;

use super::free::{Room, Round};
use crate::circles::{LONGEST_SOUGHT, MAX_TOLD_MEMBERS};
use crate::pairs::{Pair, Pairs};
use crate::search::Search;
use crate::support::Support;
use crate::{Hops, Leg};

/// Circles of what moves over each hop, about the shortest first, so many that all is gained that the
/// whole gains; and whether `looks` were enough to find them all.
///
/// Each begins with a hop of which a spare part is left, and moves no more than that: so it gains at
/// its turn.
pub(super) fn rounds(
    graph: &Hops,
    rooms: &[Room],
    mut flow: Vec<i64>,
    looks: u64,
) -> (Vec<Round>, bool) {
    set_off(graph, rooms, &mut flow);
    let hops: Vec<usize> = (0..flow.len()).filter(|&hop| flow[hop] > 0).collect();
    let pair = |&hop: &usize| {
        let ends = &graph.list()[hop];
        Pair { debtor: ends.giver, creditor: ends.taker, units: flow[hop] }
    };
    let pairs = Pairs { list: hops.iter().map(pair).collect(), of_debt: Vec::new() };
    let mut support = Support::new(graph.participants(), pairs);
    let mut search = Search::new(graph.participants());
    let mut spare: Vec<i64> = hops.iter().map(|&hop| rooms[hop].spare).collect();
    let (mut rounds, mut told, mut longest) = (Vec::new(), 0, 2);
    loop {
        let mut longer = false;
        for pair in 0..support.len() {
            while spare[pair as usize] > 0 && support.left(pair) > 0 {
                if search.looked() >= looks || told > MAX_TOLD_MEMBERS {
                    return (rounds, false);
                }
                let Some(circle) = search.shortest_circle(&mut support, pair, longest) else {
                    longer = true;
                    break;
                };
                let round = take(&mut support, &mut spare, circle, graph, &hops);
                told += round.legs.len();
                rounds.push(round);
            }
        }
        if !longer {
            return (rounds, true);
        }
        longest = if longest < LONGEST_SOUGHT { longest + 1 + longest / 4 } else { u32::MAX };
    }
}

fn take(
    support: &mut Support<i64>,
    spare: &mut [i64],
    circle: &[u32],
    graph: &Hops,
    hops: &[usize],
) -> Round {
    let left = circle.iter().map(|&pair| support.left(pair)).min().unwrap_or(0);
    let milli = circle.first().map_or(0, |&first| left.min(spare[first as usize]));
    // Within what moves over a hop, so it fits.
    let units = Units::new(milli).unwrap_or(Units::ZERO);
    let leg = |&pair: &u32| {
        support.take(pair, milli);
        let left = &mut spare[pair as usize];
        *left = (*left - milli).max(0);
        let hop = hops[pair as usize];
        let ends = &graph.list()[hop];
        Leg { hop, giver: ends.giver, taker: ends.taker, units }
    };
    Round { legs: circle.iter().map(leg).collect() }
}

/// What moves both ways between the same two and gains nothing is set off.
///
/// Then nothing moves both ways over one tally: where one way has a spare part, its other end is
/// above its target and takes nothing.
fn set_off(graph: &Hops, rooms: &[Room], flow: &mut [i64]) {
    let ends = |hop: usize| {
        let hop = &graph.list()[hop];
        (hop.giver.min(hop.taker), hop.giver.max(hop.taker))
    };
    let idle = |flow: &[i64], hop: usize| flow[hop] - rooms[hop].spare;
    let mut hops: Vec<usize> = (0..flow.len()).filter(|&hop| idle(flow, hop) > 0).collect();
    hops.sort_by_key(|&hop| ends(hop));
    for hops in hops.chunk_by(|&a, &b| ends(a) == ends(b)) {
        let up = |hop: usize| graph.list()[hop].giver < graph.list()[hop].taker;
        let (ups, downs): (Vec<usize>, Vec<usize>) = hops.iter().partition(|&&hop| up(hop));
        let (mut ups, mut downs) = (ups.into_iter().peekable(), downs.into_iter().peekable());
        while let (Some(&one), Some(&other)) = (ups.peek(), downs.peek()) {
            let both = idle(flow, one).min(idle(flow, other));
            flow[one] -= both;
            flow[other] -= both;
            let done = |&hop: &usize| idle(flow, hop) == 0;
            ups.next_if(done);
            downs.next_if(done);
        }
    }
}
