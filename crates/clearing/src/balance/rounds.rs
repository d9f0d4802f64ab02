//! A free circulation as circles, each of which gains; what gains nothing is left out.
//!
//! Short circles are looked for first. Where that takes too long, a walk that goes on until it meets
//! itself finds some circle or other, however large the graph is.

use protocol::Units;

use super::free::{Room, Round};
use crate::circles::{LONGEST_SOUGHT, MAX_TOLD_MEMBERS};
use crate::pairs::{Pair, Pairs};
use crate::search::Search;
use crate::support::{Support, Way};
use crate::{Hops, Leg};

/// Circles of what moves over each hop, about the shortest first, so many that all is gained that the
/// whole gains; and whether that is so. After so many `looks` circles of any length are taken, and none
/// any more after [`MAX_TOLD_MEMBERS`] legs.
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
    let support = Support::new(graph.participants(), pairs);
    let spare = hops.iter().map(|&hop| rooms[hop].spare).collect();
    let mut left = Left { graph, hops, support, spare, rounds: Vec::new(), room: MAX_TOLD_MEMBERS };
    let complete = left.take_short(looks) || left.take_any();
    (left.rounds, complete)
}

/// What is not taken yet.
struct Left<'a> {
    graph: &'a Hops,
    /// The place of each pair of `support` in the graph.
    hops: Vec<usize>,
    support: Support<i64>,
    /// How much of each still takes both ends nearer.
    spare: Vec<i64>,
    rounds: Vec<Round>,
    /// How many more legs circles may have.
    room: usize,
}

impl Left<'_> {
    /// Takes circles, about the shortest first; says whether all that gains is taken.
    fn take_short(&mut self, looks: u64) -> bool {
        let (mut search, mut longest) = (Search::new(self.graph.participants()), 2);
        loop {
            let mut longer = false;
            for pair in 0..self.support.len() {
                while self.gains(pair) {
                    if search.looked() >= looks || self.room == 0 {
                        return false;
                    }
                    let Some(circle) = search.shortest_circle(&mut self.support, pair, longest)
                    else {
                        longer = true;
                        break;
                    };
                    self.take(circle);
                }
            }
            if !longer {
                return true;
            }
            longest = if longest < LONGEST_SOUGHT { longest + 1 + longest / 4 } else { u32::MAX };
        }
    }

    /// Takes circles as walks come upon them; says whether all that gains is taken.
    fn take_any(&mut self) -> bool {
        // Where the walk left each participant.
        let mut left_at = vec![None; self.graph.participants() as usize];
        for pair in 0..self.support.len() {
            let mut walk = Vec::new();
            while self.gains(pair) {
                if self.room == 0 {
                    return false;
                }
                let last: Option<&u32> = walk.last();
                let at = last.map_or(self.support.ends(pair).0, |&last| self.support.ends(last).1);
                if let Some(start) = left_at[at as usize] {
                    let circle = walk.split_off(start);
                    for &pair in &circle {
                        left_at[self.support.ends(pair).0 as usize] = None;
                    }
                    self.take_from_spare(circle);
                    continue;
                }
                // Whatever came here goes on.
                let first = if walk.is_empty() { Some(pair) } else { None };
                let next = first.or_else(|| self.support.step(Way::Down, at, 0).map(|(p, _)| p));
                let Some(next) = next else { return false };
                left_at[at as usize] = Some(walk.len());
                walk.push(next);
            }
            for pair in walk {
                left_at[self.support.ends(pair).0 as usize] = None;
            }
        }
        true
    }

    fn gains(&self, pair: u32) -> bool {
        self.spare[pair as usize] > 0 && self.support.left(pair) > 0
    }

    /// Takes a circle from where it gains; all of it, and untold, where it does not.
    fn take_from_spare(&mut self, mut circle: Vec<u32>) {
        if let Some(first) = circle.iter().position(|&pair| self.gains(pair)) {
            circle.rotate_left(first);
            self.take(&circle);
            return;
        }
        self.room = self.room.saturating_sub(circle.len());
        let left = circle.iter().map(|&pair| self.support.left(pair)).min().unwrap_or(0);
        circle.iter().for_each(|&pair| self.support.take(pair, left));
    }

    /// Takes a circle as far as its first hop gains.
    fn take(&mut self, circle: &[u32]) {
        self.room = self.room.saturating_sub(circle.len());
        let left = circle.iter().map(|&pair| self.support.left(pair)).min().unwrap_or(0);
        let milli = circle.first().map_or(0, |&first| left.min(self.spare[first as usize]));
        // Within what moves over a hop, so it fits.
        let units = Units::new(milli).unwrap_or(Units::ZERO);
        let leg = |&pair: &u32| {
            self.support.take(pair, milli);
            let spare = &mut self.spare[pair as usize];
            *spare = (*spare - milli).max(0);
            let hop = self.hops[pair as usize];
            let ends = &self.graph.list()[hop];
            Leg { hop, giver: ends.giver, taker: ends.taker, units }
        };
        self.rounds.push(Round { legs: circle.iter().map(leg).collect() });
    }
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

#[cfg(test)]
mod tests {
    use protocol::lading::{Lading, Position};
    use protocol::settings::{Consent, InForce};

    use super::super::free::{nearer, rooms};
    use super::super::largest::largest;
    use super::*;
    use crate::{Balanced, Hop, verify_balanced};

    fn units(milli: u32) -> Units {
        Units::new(milli.into()).expect("an amount")
    }

    /// A torus on which everybody owes the one to the right and the one below. Nobody wants to hold
    /// anything, and nobody charges.
    fn torus(width: u32) -> Hops {
        let open = InForce::at_opening(units(1_000), units(1_000));
        let consent = Consent { holder: open, partner: open };
        let mut list = Vec::new();
        for (x, y) in (0..width * width).map(|place| (place / width, place % width)) {
            for (way, [to_x, to_y]) in [[x + 1, y], [x, y + 1]].into_iter().enumerate() {
                let owed =
                    units(1 + (x * 37 + y * 101 + u32::try_from(way).expect("few") * 7) % 90);
                let here = Position::new(owed, Units::ZERO, Units::ZERO).expect("a position");
                let (taker, giver) = (x * width + y, to_x % width * width + to_y % width);
                list.push(Hop { giver, taker, lading: Lading::outward(here, &consent) });
            }
        }
        Hops::new(width * width, list).expect("a graph")
    }

    #[test]
    fn circles_of_any_length_gain_as_much_as_short_ones() {
        for width in [2, 3, 7, 20] {
            let graph = torus(width);
            let rooms = rooms(&graph);
            let found = largest(&graph, &rooms, u64::MAX).expect("found");
            let mut both = Vec::new();
            for looks in [0, u64::from(width).pow(3), u64::MAX] {
                let (rounds, complete) = rounds(&graph, &rooms, found.flow.clone(), looks);
                let (nearer, potentials) = (nearer(&rooms, &rounds), found.potentials.clone());
                both.push(rounds.len());
                let balanced = Balanced { rounds, nearer, complete, potentials };
                let proof = verify_balanced(&graph, &balanced);
                assert!(complete && proof.is_ok_and(|proof| proof.nearer > 0), "{proof:?}");
            }
            assert!(width < 7 || both[0] != both[2], "found in another way: {both:?}");
        }
    }
}
