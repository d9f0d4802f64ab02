//! The residual network of the circulation that is kept: pairs, participants, potentials.
//!
//! Where a debtor's list names a pair, value may *go* while the debt is not all cleared; where the
//! creditor's list names it, value may go back while some of it is.

use super::adjacency::{Block, Half, Lists};
use super::potentials::{WIDEST, close_gaps};

/// The distance of whoever was not reached.
pub(super) const UNSEEN: i32 = i32::MAX;

/// All that one participant owes another.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) debtor: u32,
    pub(super) creditor: u32,
    /// Places in the lists of the two.
    places: [u32; 2],
    /// The whole debt and what is cleared of it, in milli-CHIPs: 0 <= cleared <= owed <= `Units::MAX`.
    pub(super) owed: i64,
    pub(super) cleared: i64,
}

impl Pair {
    /// The other one of its two participants.
    pub(super) fn other(&self, v: u32) -> u32 {
        if v == self.debtor { self.creditor } else { self.debtor }
    }

    /// How much more of it, or less, can be cleared.
    pub(super) fn room(&self, more: bool) -> i64 {
        if more { self.owed - self.cleared } else { self.cleared }
    }
}

/// A participant's place in one of two trees; see `trees`.
#[derive(Clone, Copy, Default)]
pub(super) struct Member {
    /// The tree, by number; that of an older search is none.
    pub(super) tree: u32,
    /// The pair that it hangs on.
    pub(super) parent: u32,
    /// How many arcs from the root, when that was last seen: in `round`.
    pub(super) depth: u32,
    pub(super) round: u32,
}

/// A participant.
#[derive(Clone, Copy, Default)]
pub(super) struct Node {
    /// The dual variable.
    pub(super) potential: i32,
    /// The search that labelled it last; labels of an older one count for nothing.
    pub(super) search: u32,
    /// How far it is from where value is to go, and how far from there to where it is wanted.
    pub(super) labels: [i32; 2],
    pub(super) member: Member,
    pub(super) arcs: Block,
}

/// Participants and pairs.
#[derive(Clone, Default)]
pub(super) struct Residual {
    pub(super) nodes: Vec<Node>,
    pub(super) pairs: Vec<Pair>,
    pub(super) lists: Lists,
    /// Numbers of pairs that no longer exist.
    free: Vec<u32>,
    /// No potential is, or was since gaps were closed, farther from 0.
    farthest: i32,
}

impl Residual {
    /// One participant more, which nobody owes and which owes nobody.
    pub(super) fn join(&mut self) {
        self.nodes.push(Node::default());
    }

    /// After all is put in: lists side by side in order, potentials, everything open to searches.
    pub(super) fn settle_down(&mut self, given: &[i32]) {
        self.lists.pack(self.nodes.iter_mut().map(|node| &mut node.arcs));
        self.put(given);
        for pair in (0..).take(self.pairs.len()) {
            self.open(pair);
        }
    }

    /// Closes gaps between potentials when these have drifted far apart.
    pub(super) fn close_gaps_if_wide(&mut self) {
        if self.farthest > WIDEST {
            let given: Vec<_> = self.nodes.iter().map(|node| node.potential).collect();
            self.put(&given);
        }
    }

    fn put(&mut self, given: &[i32]) {
        let farthest = |given: &[i32]| given.iter().map(|p| p.saturating_abs()).max().unwrap_or(0);
        self.farthest = farthest(given);
        let closed = (self.farthest > WIDEST).then(|| close_gaps(given));
        let potentials = closed.as_deref().unwrap_or(given);
        self.farthest = farthest(potentials);
        for (node, &potential) in self.nodes.iter_mut().zip(potentials) {
            node.potential = potential;
        }
    }

    /// Moves a potential.
    pub(super) fn shift(&mut self, v: u32, by: i32) {
        let potential = &mut self.nodes[v as usize].potential;
        *potential += by;
        self.farthest = self.farthest.max(potential.abs());
    }

    /// How many pairs there are.
    pub(super) fn len(&self) -> usize {
        self.pairs.len() - self.free.len()
    }

    /// A new pair that owes nothing yet. The caller keeps their number within 32 bits.
    pub(super) fn add(&mut self, debtor: u32, creditor: u32) -> u32 {
        let places = [debtor, creditor].map(|v| self.nodes[v as usize].arcs.len);
        let pair = Pair { debtor, creditor, places, owed: 0, cleared: 0 };
        let number = if let Some(number) = self.free.pop() {
            self.pairs[number as usize] = pair;
            number
        } else {
            self.pairs.push(pair);
            u32::try_from(self.pairs.len() - 1).expect("fewer pairs than 2^32")
        };
        for (v, head, out) in [(debtor, creditor, true), (creditor, debtor, false)] {
            let arcs = &mut self.nodes[v as usize].arcs;
            self.lists.push(arcs, Half::new(head, number, out));
        }
        // Lists that moved often leave holes.
        if self.lists.room() > 64 + 8 * self.len() {
            self.lists.pack(self.nodes.iter_mut().map(|node| &mut node.arcs));
        }
        number
    }

    /// Forgets a pair of which nothing is cleared.
    pub(super) fn remove(&mut self, number: u32) {
        let pair = self.pairs[number as usize];
        debug_assert!(pair.cleared == 0, "what is cleared is owed");
        for (v, place) in [pair.debtor, pair.creditor].into_iter().zip(pair.places) {
            let arcs = &mut self.nodes[v as usize].arcs;
            if let Some(moved) = self.lists.remove(arcs, place) {
                let pair = &mut self.pairs[moved.pair() as usize];
                pair.places[usize::from(pair.creditor == v)] = place;
            }
        }
        self.free.push(number);
    }

    /// What a unit more of this pair would gain, in units cleared, if everybody's potential is right:
    /// below zero nothing is cleared, above zero everything.
    pub(super) fn gain(&self, pair: u32) -> i32 {
        let Pair { debtor, creditor, .. } = self.pairs[pair as usize];
        1 + self.nodes[creditor as usize].potential - self.nodes[debtor as usize].potential
    }

    /// Whether what moves along this arc of `v` changes nothing of what is cleared, as potentials count.
    pub(super) fn costs_nothing(&self, v: u32, half: Half) -> bool {
        let [here, there] = [v, half.head].map(|v| self.nodes[v as usize].potential);
        here - there == half.gain()
    }

    /// Lets searches see what may change of a pair.
    pub(super) fn open(&mut self, pair: u32) {
        let Pair { owed, cleared, .. } = self.pairs[pair as usize];
        self.set_open(pair, cleared < owed, cleared > 0);
    }

    /// Hides a pair from searches.
    pub(super) fn close(&mut self, pair: u32) {
        self.set_open(pair, false, false);
    }

    fn set_open(&mut self, pair: u32, more: bool, less: bool) {
        let Pair { debtor, creditor, places, .. } = self.pairs[pair as usize];
        let ends = [(debtor, more, less), (creditor, less, more)];
        for ((v, go, come), place) in ends.into_iter().zip(places) {
            let arcs = self.nodes[v as usize].arcs;
            self.lists.of_mut(arcs)[place as usize].set_open(go, come);
        }
    }
}
