//! Circles of legs that cost nobody anything and take holders toward their targets.
//!
//! A leg is *free* as far as it takes the taker no higher than its target and the giver's clutch on
//! it is nothing. The giver then has nothing against it, but unless it holds more than its own target
//! it is taken from that as far as the taker is taken toward its own. So what a circle gains is
//! counted: over the legs' *spare* part, which the giver holds above its target, both ends come
//! nearer; on the rest the distances of the two balances to their targets together stay as they are.
//! Every circle has a spare part all along one leg at least. Hence each lowers the sum of all these
//! distances, and no sequence of them ever comes back to where it was.

use std::collections::VecDeque;

use protocol::Units;
use protocol::lading::Lading;

use crate::path::hops::{Beside, Way};
use crate::{Hops, Leg};

/// How many hops the search for free circles looks at: about a second.
pub const MOST_BALANCE_LOOKS: usize = 50_000_000;

/// A circle of legs, each moving the same amount, the taker of one the giver of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// At least two; nobody gives twice.
    pub legs: Vec<Leg>,
}

/// What free balancing can move at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balanced {
    /// Circles, short ones first; together they are possible as well.
    pub rounds: Vec<Round>,
    /// Whether no further circle is left; else the search had looked at as much as it may.
    pub complete: bool,
}

impl Hops {
    /// Circles of at most `most_members` that take holders toward their targets at no cost to anybody.
    ///
    /// Every leg is within what its taker takes for free and its giver lets go for nothing; every
    /// circle takes both ends of at least one leg nearer to their targets, by the amount moved. What
    /// only reduces debts against a giver's wish to hold it, or for which it charges, is for clearing
    /// to do, not here. Short circles are taken first, each with as much as its legs allow, until
    /// none is left or `looks` hops, as [`MOST_BALANCE_LOOKS`], were looked at; another choice may
    /// move more.
    #[must_use]
    pub fn toward_targets(&self, most_members: u32, looks: usize) -> Balanced {
        let mut free = Free::new(self, looks);
        let longest = most_members.min(self.participants());
        let mut rounds = Vec::new();
        for members in 2..=longest {
            for hop in 0..self.list().len() {
                while free.spare[hop] > 0 {
                    let Some(circle) = free.circle(hop, members) else { break };
                    rounds.push(free.take(&circle));
                }
            }
            let nothing_left = free.spare.iter().all(|spare| *spare == 0);
            if nothing_left || free.looks == 0 {
                break;
            }
        }
        Balanced { rounds, complete: free.looks > 0 }
    }
}

/// What is left of each hop.
struct Free<'a> {
    graph: &'a Hops,
    /// How much still moves for nothing, in milli-CHIPs.
    room: Vec<i64>,
    /// How much of it the giver holds above its target.
    spare: Vec<i64>,
    /// The hop by which each participant was reached, and in which search.
    reached: Vec<(u64, u32)>,
    search: u64,
    looks: usize,
}

impl<'a> Free<'a> {
    fn new(graph: &'a Hops, looks: usize) -> Self {
        let room: Vec<i64> = graph.list().iter().map(|hop| at_no_cost(&hop.lading)).collect();
        let spares = graph.list().iter().map(|hop| hop.lading.spare().milli());
        let spare = spares.zip(&room).map(|(spare, room)| spare.min(*room)).collect();
        let reached = vec![(0, 0); graph.participants() as usize];
        Self { graph, room, spare, reached, search: 0, looks }
    }

    /// The places of a shortest circle that begins with `hop`, of at most `members`.
    fn circle(&mut self, hop: usize, members: u32) -> Option<Vec<usize>> {
        let first = self.graph.list().get(hop)?;
        self.search += 1;
        self.reached[first.taker as usize] = (self.search, u32::MAX);
        let mut waiting = VecDeque::from([(first.taker, 1)]);
        while let Some((v, legs)) = waiting.pop_front() {
            let beside = self.graph.beside(Way::On, v);
            self.looks = self.looks.saturating_sub(beside.len());
            if legs >= members || self.looks == 0 {
                return None;
            }
            for &Beside { far, place, .. } in beside {
                if self.room[place as usize] == 0 || self.reached[far as usize].0 == self.search {
                    continue;
                }
                self.reached[far as usize] = (self.search, place);
                if far == first.giver {
                    return Some(self.trace(hop));
                }
                waiting.push_back((far, legs + 1));
            }
        }
        None
    }

    fn trace(&self, hop: usize) -> Vec<usize> {
        let list = self.graph.list();
        let (mut circle, mut at) = (Vec::new(), list[hop].giver);
        while at != list[hop].taker {
            let place = self.reached[at as usize].1 as usize;
            circle.push(place);
            at = list[place].giver;
        }
        circle.push(hop);
        circle.reverse();
        circle
    }

    /// Moves as much as the circle allows while its first leg takes both ends nearer.
    fn take(&mut self, circle: &[usize]) -> Round {
        let room = circle.iter().map(|&hop| self.room[hop]).min().unwrap_or(0);
        let milli = circle.first().map_or(0, |&hop| self.spare[hop].min(room));
        // Within every lading, so it fits.
        let units = Units::new(milli).unwrap_or(Units::ZERO);
        let leg = |&hop: &usize| {
            self.room[hop] -= milli;
            self.spare[hop] = (self.spare[hop] - milli).max(0);
            let here = &self.graph.list()[hop];
            Leg { hop, giver: here.giver, taker: here.taker, units }
        };
        Round { legs: circle.iter().map(leg).collect() }
    }
}

/// How much moves over a hop without anybody charging or paying anything.
fn at_no_cost(lading: &Lading) -> i64 {
    let free = lading.free();
    let costs_nothing = lading.clutch().due(free) == Units::ZERO;
    if costs_nothing { free.milli() } else { 0 }
}
