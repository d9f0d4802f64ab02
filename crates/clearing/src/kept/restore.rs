//! After one pair changed: the circulation made the largest again, by cheapest ways, nothing else touched.

use super::residual::{Pair, Residual, UNSEEN};
use super::search::Search;
use super::trees::Trees;

/// What is worked with between changes, and what the last one did.
#[derive(Clone, Default)]
pub(super) struct Restorer {
    pub(super) search: Search,
    pub(super) trees: Trees,
    /// Pairs whose cleared amount moved, and what it was before; a pair may stand here several times,
    /// first comes what was before the change.
    pub(super) moved: Vec<(u32, i64)>,
    /// By how much more is cleared in all.
    pub(super) gained: i128,
    /// How many ways value was moved over.
    pub(super) ways: u32,
}

impl Restorer {
    pub(super) fn start(&mut self) {
        self.moved.clear();
        (self.gained, self.ways) = (0, 0);
        (self.search.looks, self.trees.looks) = (0, 0);
    }

    /// How often participants were looked at.
    pub(super) fn looks(&self) -> u64 {
        self.search.looks + self.trees.looks
    }

    /// Makes the pair owe `owed`, with whatever is then to be cleared elsewhere.
    pub(super) fn set(&mut self, net: &mut Residual, pair: u32, owed: i64) {
        net.close(pair);
        if net.pairs[pair as usize].cleared > owed {
            self.give_up(net, pair, owed);
        }
        net.pairs[pair as usize].owed = owed;
        self.clear_more(net, pair);
        net.open(pair);
    }

    /// Lets what is cleared of a pair, and is no longer owed, go another way.
    ///
    /// There is one: what is cleared runs in circles, and back along one of them is a way.
    fn give_up(&mut self, net: &mut Residual, pair: u32, owed: i64) {
        let Pair { debtor, creditor, cleared, .. } = net.pairs[pair as usize];
        let mut left = cleared - owed;
        while left > 0 {
            let moved = self.for_nothing(net, debtor, creditor, left);
            self.shift(net, pair, -moved);
            left -= moved;
            if left > 0 {
                let found = self.search.cheapest(net, debtor, creditor, UNSEEN);
                assert!(found, "what is cleared comes back to where it left");
            }
        }
    }

    /// Clears more of a pair as long as some way back costs less than it gains. Where there is none,
    /// potentials say so: by them it gains nothing.
    fn clear_more(&mut self, net: &mut Residual, pair: u32) {
        let Pair { debtor, creditor, owed, cleared, .. } = net.pairs[pair as usize];
        let mut left = owed - cleared;
        while left > 0 && net.gain(pair) > 0 {
            let moved = self.for_nothing(net, creditor, debtor, left);
            self.shift(net, pair, moved);
            left -= moved;
            if left > 0 {
                let gain = net.gain(pair);
                self.search.cheapest(net, creditor, debtor, gain);
            }
        }
    }

    /// Moves up to `most` over ways of reduced cost zero, and returns how much.
    fn for_nothing(&mut self, net: &mut Residual, from: u32, to: u32, most: i64) -> i64 {
        let mut left = most;
        self.trees.start(net, from, to);
        while left > 0 && self.trees.next_way(net) {
            let room = |&(pair, more): &(u32, bool)| net.pairs[pair as usize].room(more);
            let units = self.trees.way.iter().map(room).min().unwrap_or(0).min(left);
            debug_assert!(units > 0, "only what is open is searched");
            for place in 0..self.trees.way.len() {
                let (pair, more) = self.trees.way[place];
                self.shift(net, pair, if more { units } else { -units });
                net.open(pair);
            }
            self.ways += 1;
            left -= units;
            self.trees.mend(net);
        }
        most - left
    }

    fn shift(&mut self, net: &mut Residual, pair: u32, by: i64) {
        let at = &mut net.pairs[pair as usize];
        self.moved.push((pair, at.cleared));
        at.cleared += by;
        self.gained += i128::from(by);
    }
}
