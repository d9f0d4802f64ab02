//! What a copy of the graph needs to keep up: what changed since it last asked. Searches without a map work on such a
//! copy, so that nobody who pays or clears here waits for them.

use std::collections::BTreeSet;

use protocol::lading::Lading;
use protocol::{Cuid, Sides, TallyId};

use super::border::Gate;
use super::graph::Graph;

/// What a copy has.
#[derive(Default)]
pub(super) struct Mirrored {
    /// Places of the ties that may be otherwise than it has them; none: there is no copy yet.
    ties: Option<BTreeSet<usize>>,
    /// How many users it knows.
    users: usize,
}

impl Mirrored {
    /// A tie is otherwise from now on.
    pub(super) fn mark(&mut self, place: usize) {
        if let Some(ties) = &mut self.ties {
            ties.insert(place);
        }
    }
}

/// What is new.
pub(crate) struct Changes {
    /// Which graph it is of: the numbers of one mean nothing in another.
    pub(crate) generation: u64,
    /// Whether this is everything, and what the copy had before is no more.
    pub(crate) anew: bool,
    /// Users, by number, after those that are known.
    pub(crate) users: Vec<Cuid>,
    /// Ties, in the order of their places.
    pub(crate) ties: Vec<(usize, MirroredTie)>,
    /// Gates, in the order of their places.
    pub(crate) gates: Vec<(usize, Gate)>,
}

/// A tally whose two halves are here.
pub(crate) struct MirroredTie {
    pub(crate) tally: TallyId,
    /// The users, by number.
    pub(crate) ends: Sides<u32>,
    /// What each can take in.
    pub(crate) inward: Sides<Lading>,
}

impl Graph {
    /// What changed since this was last asked; all, where the copy is not of this generation.
    pub(super) fn changes(&mut self, known: Option<u64>) -> Changes {
        let generation = self.generation;
        let marked = self.mirrored.ties.replace(BTreeSet::new());
        let marked = marked.filter(|_| known == Some(generation));
        let anew = marked.is_none();
        let first = if anew { 0 } else { self.mirrored.users };
        let users = self.names[first..].to_vec();
        self.mirrored.users = self.names.len();
        let places: Vec<usize> = match marked {
            Some(marked) => marked.into_iter().collect(),
            None => (0..self.ties.len()).collect(),
        };
        let ties = places.into_iter().map(|place| (place, self.mirrored_tie(place))).collect();
        let gates = self.border.take_marked(anew);
        Changes { generation, anew, users, ties, gates }
    }

    fn mirrored_tie(&self, place: usize) -> MirroredTie {
        let lading = |hop: usize| self.hops.list().get(hop).map_or(Lading::NONE, |hop| hop.lading);
        let tie = &self.ties[place];
        let inward = Sides { foil: lading(2 * place), stock: lading(2 * place + 1) };
        MirroredTie { tally: tie.tally, ends: tie.ends, inward }
    }
}
