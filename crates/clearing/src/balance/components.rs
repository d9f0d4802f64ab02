//! Participants who lead to each other: whatever moves in a circle stays among them.
//!
//! Strong components by Tarjan's method of 1972, without recursion.

use super::free::Room;
use crate::Hops;
use crate::path::{Beside, Way};

/// The strong components of the hops over which something moves for nothing, in an order in which
/// hops between them lead from a later one to an earlier one.
pub(super) struct Components {
    /// The component of each participant.
    pub(super) of: Vec<u32>,
    /// Everybody once, component by component.
    pub(super) members: Vec<u32>,
    /// Where each component begins in `members`, and where the last one ends.
    first: Vec<usize>,
}

/// Not met yet; not in a component yet.
const NONE: u32 = u32::MAX;

struct Search<'a> {
    graph: &'a Hops,
    rooms: &'a [Room],
    found: Components,
    /// When each participant was met first.
    met: Vec<u32>,
    /// The earliest that was met of those it leads to, as far as it is known.
    earliest: Vec<u32>,
    /// Those in no component yet, in the order in which they were met.
    open: Vec<u32>,
    /// The way to where the search is: participants, and how many of their hops were looked at.
    way: Vec<(u32, usize)>,
    count: u32,
}

impl Components {
    pub(super) fn new(graph: &Hops, rooms: &[Room]) -> Self {
        let n = graph.participants() as usize;
        let found = Self { of: vec![NONE; n], members: Vec::with_capacity(n), first: vec![0] };
        let (met, earliest) = (vec![NONE; n], vec![NONE; n]);
        let (open, way) = (Vec::new(), Vec::new());
        let mut search = Search { graph, rooms, found, met, earliest, open, way, count: 0 };
        for v in 0..graph.participants() {
            if search.met[v as usize] == NONE {
                search.from(v);
            }
        }
        search.found
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.first.len() - 1
    }

    /// The places of a component's members in `members`.
    pub(super) fn range(&self, component: usize) -> std::ops::Range<usize> {
        self.first[component]..self.first[component + 1]
    }
}

impl Search<'_> {
    fn from(&mut self, v: u32) {
        self.enter(v);
        while let Some((v, looked)) = self.way.last_mut() {
            let v = *v;
            let Some(&Beside { far, place, .. }) = self.graph.beside(Way::On, v).get(*looked)
            else {
                self.leave(v);
                continue;
            };
            *looked += 1;
            if self.rooms[place as usize].free == 0 {
                continue;
            }
            if self.met[far as usize] == NONE {
                self.enter(far);
            } else if self.found.of[far as usize] == NONE {
                self.reaches(v, self.met[far as usize]);
            }
        }
    }

    fn enter(&mut self, v: u32) {
        (self.met[v as usize], self.earliest[v as usize]) = (self.count, self.count);
        self.count += 1;
        self.open.push(v);
        self.way.push((v, 0));
    }

    fn reaches(&mut self, v: u32, met: u32) {
        let earliest = &mut self.earliest[v as usize];
        *earliest = met.min(*earliest);
    }

    /// Everything that `v` leads to was met.
    fn leave(&mut self, v: u32) {
        self.way.pop();
        let earliest = self.earliest[v as usize];
        if let Some(&(before, _)) = self.way.last() {
            self.reaches(before, earliest);
        }
        if earliest < self.met[v as usize] {
            return;
        }
        // There are no more components than participants.
        let number = u32::try_from(self.found.count()).unwrap_or(NONE);
        while let Some(member) = self.open.pop() {
            self.found.of[member as usize] = number;
            self.found.members.push(member);
            if member == v {
                break;
            }
        }
        self.found.first.push(self.found.members.len());
    }
}
