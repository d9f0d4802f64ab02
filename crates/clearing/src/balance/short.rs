//! Short circles of free legs, one after the other, each with as much as its legs allow.

use std::collections::VecDeque;

use protocol::Units;

use super::free::{Room, Round};
use crate::path::{Beside, Way};
use crate::{Hops, Leg};

/// Circles of up to so many members are looked for everywhere before longer ones, one more each time;
/// then twice as long ones each time.
const STEP_BY_STEP: u32 = 6;

/// Circles of at most `most_members`, about the shortest first, until none is left or `looks` hops
/// were looked at; and whether none is left.
pub(super) fn circles(
    graph: &Hops,
    rooms: &[Room],
    most_members: u32,
    looks: u64,
) -> (Vec<Round>, bool) {
    let reached = vec![(0, 0); graph.participants() as usize];
    let mut free = Free { graph, rooms: rooms.to_vec(), reached, search: 0, looks };
    let longest = most_members.min(graph.participants());
    let (mut rounds, mut members) = (Vec::new(), longest.min(2));
    while members > 0 {
        let mut nothing_left = true;
        for hop in 0..rooms.len() {
            while free.rooms[hop].spare > 0 {
                let Some(circle) = free.circle(hop, members) else {
                    nothing_left = false;
                    break;
                };
                rounds.push(free.take(&circle));
            }
        }
        if nothing_left || free.looks == 0 || members == longest {
            break;
        }
        members = if members < STEP_BY_STEP { members + 1 } else { members.saturating_mul(2) };
        members = members.min(longest);
    }
    (rounds, free.looks > 0)
}

/// What is left of each hop.
struct Free<'a> {
    graph: &'a Hops,
    rooms: Vec<Room>,
    /// The hop by which each participant was reached, and in which search.
    reached: Vec<(u64, u32)>,
    search: u64,
    looks: u64,
}

impl Free<'_> {
    /// The places of a shortest circle that begins with `hop`, of at most `members`.
    fn circle(&mut self, hop: usize, members: u32) -> Option<Vec<usize>> {
        let first = self.graph.list().get(hop)?;
        self.search += 1;
        self.reached[first.taker as usize] = (self.search, u32::MAX);
        let mut waiting = VecDeque::from([(first.taker, 1)]);
        while let Some((v, legs)) = waiting.pop_front() {
            let beside = self.graph.beside(Way::On, v);
            self.looks = self.looks.saturating_sub(1 + beside.len() as u64);
            if legs >= members || self.looks == 0 {
                return None;
            }
            for &Beside { far, place, .. } in beside {
                if self.rooms[place as usize].free == 0
                    || self.reached[far as usize].0 == self.search
                {
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
        let room = circle.iter().map(|&hop| self.rooms[hop].free).min().unwrap_or(0);
        let milli = circle.first().map_or(0, |&hop| self.rooms[hop].spare.min(room));
        // Within every lading, so it fits.
        let units = Units::new(milli).unwrap_or(Units::ZERO);
        let leg = |&hop: &usize| {
            let room = &mut self.rooms[hop];
            *room = Room { free: room.free - milli, spare: (room.spare - milli).max(0) };
            let here = &self.graph.list()[hop];
            Leg { hop, giver: here.giver, taker: here.taker, units }
        };
        Round { legs: circle.iter().map(leg).collect() }
    }
}
