//! The shortest circle through a debt: two breadth-first searches that meet.

use crate::amount::Amount;
use crate::support::{Support, Way};

/// Working memory of the searches, wiped by counting them.
pub(crate) struct Search {
    /// The number of the search at hand.
    number: u64,
    /// From the creditor along the debts.
    down: Side,
    /// From the debtor against them.
    up: Side,
    /// The circle found last, as pairs in the order of owing.
    circle: Vec<u32>,
}

struct Side {
    way: Way,
    /// For each participant: the search that saw it last, and the pair it was reached by.
    seen: Vec<(u64, u32)>,
    frontier: Vec<u32>,
    next: Vec<u32>,
    /// How many debts the next step looks at.
    width: u32,
    /// How many were looked at so far, in all searches.
    looked: u64,
}

impl Search {
    pub(crate) fn new(participants: u32) -> Self {
        let side = |way| Side {
            way,
            seen: vec![(0, 0); participants as usize],
            frontier: Vec::new(),
            next: Vec::new(),
            width: 0,
            looked: 0,
        };
        Self { number: 0, down: side(Way::Down), up: side(Way::Up), circle: Vec::new() }
    }

    /// How many debts all searches have looked at, from both ends.
    pub(crate) fn looked(&self) -> u64 {
        self.down.looked + self.up.looked
    }

    /// The pairs of a shortest circle through `pair`, beginning with it; none if every one has more
    /// than `longest` members.
    pub(crate) fn shortest_circle<A: Amount>(
        &mut self,
        support: &mut Support<A>,
        pair: u32,
        longest: u32,
    ) -> Option<&[u32]> {
        let (debtor, creditor) = support.ends(pair);
        self.number += 1;
        self.down.start(support, creditor, self.number);
        self.up.start(support, debtor, self.number);
        // The pair itself is one step; each round of a search adds one.
        for _ in 1..longest {
            let (near, far) = if self.down.width <= self.up.width {
                (&mut self.down, &self.up)
            } else {
                (&mut self.up, &self.down)
            };
            if let Some(meeting) = near.advance(support, far, self.number) {
                self.trace(support, pair, meeting);
                return Some(&self.circle);
            }
            if near.frontier.is_empty() {
                return None;
            }
        }
        None
    }

    /// Writes down the circle: the pair, the way down to the meeting point, the way up from it.
    fn trace<A: Amount>(&mut self, support: &Support<A>, pair: u32, meeting: u32) {
        let (debtor, creditor) = support.ends(pair);
        self.circle.clear();
        let mut at = meeting;
        while at != creditor {
            let via = self.down.seen[at as usize].1;
            self.circle.push(via);
            at = support.ends(via).0;
        }
        self.circle.push(pair);
        self.circle.reverse();
        at = meeting;
        while at != debtor {
            let via = self.up.seen[at as usize].1;
            self.circle.push(via);
            at = support.ends(via).1;
        }
    }
}

impl Side {
    fn start<A: Amount>(&mut self, support: &Support<A>, from: u32, number: u64) {
        self.frontier.clear();
        self.frontier.push(from);
        self.width = support.degree(self.way, from);
        self.seen[from as usize] = (number, u32::MAX);
    }

    /// Looks one step further; returns where it meets the other side.
    fn advance<A: Amount>(
        &mut self,
        support: &mut Support<A>,
        other: &Self,
        number: u64,
    ) -> Option<u32> {
        self.next.clear();
        self.width = 0;
        for &v in &self.frontier {
            let mut place = 0;
            while let Some((pair, to)) = support.step(self.way, v, place) {
                place += 1;
                self.looked += 1;
                if self.seen[to as usize].0 == number {
                    continue;
                }
                self.seen[to as usize] = (number, pair);
                if other.seen[to as usize].0 == number {
                    return Some(to);
                }
                self.next.push(to);
                self.width += support.degree(self.way, to);
            }
        }
        std::mem::swap(&mut self.frontier, &mut self.next);
        None
    }
}
