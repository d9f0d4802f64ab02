//! The steps that are left once faults stop: for each state the fair ones, as numbers.

use crate::model::{Kind, MAX_CLASSES};
use crate::segments::Segments;

/// Marks chance in the byte of a class.
const CHANCE: u8 = 1 << 7;

/// A fair step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) to: u32,
    pub(crate) class: u8,
    pub(crate) chance: bool,
}

/// The fair steps out of every state that is not done; states are added in the order of their numbers.
pub(crate) struct Graph {
    /// Where the edges of each state end; they begin where those of the one before end.
    ends: Segments<u32>,
    to: Segments<u32>,
    kinds: Segments<u8>,
    done: Segments<bool>,
}

impl Graph {
    pub(crate) const fn new() -> Self {
        Self {
            ends: Segments::new(),
            to: Segments::new(),
            kinds: Segments::new(),
            done: Segments::new(),
        }
    }

    /// Adds an edge of the state that is ended next.
    pub(crate) fn edge(&mut self, to: u32, kind: Kind) {
        let byte = match kind {
            Kind::May => return,
            Kind::Fair(class) => class,
            Kind::Chance(class) => class | CHANCE,
        };
        assert!(
            byte & !CHANCE < MAX_CLASSES,
            "a model has more fairness classes than there may be"
        );
        self.to.push(to);
        self.kinds.push(byte);
    }

    /// Ends a state.
    pub(crate) fn end(&mut self, done: bool) {
        // The search ends before edges have no number any more.
        self.ends.push(u32::try_from(self.to.len()).unwrap_or(u32::MAX));
        self.done.push(done);
    }

    /// How many states there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// How many edges there are.
    pub(crate) fn edges(&self) -> usize {
        self.to.len()
    }

    pub(crate) fn done(&self, state: u32) -> bool {
        self.done[state]
    }

    /// How many fair steps a state has.
    pub(crate) fn degree(&self, state: u32) -> u32 {
        self.ends[state] - self.begin(state)
    }

    /// One of the fair steps of a state.
    pub(crate) fn nth(&self, state: u32, nth: u32) -> Edge {
        let at = self.begin(state) + nth;
        let kind = self.kinds[at];
        Edge { to: self.to[at], class: kind & !CHANCE, chance: kind & CHANCE != 0 }
    }

    /// The fair steps of a state.
    pub(crate) fn of(&self, state: u32) -> impl Iterator<Item = Edge> + '_ {
        (0..self.degree(state)).map(move |nth| self.nth(state, nth))
    }

    fn begin(&self, state: u32) -> u32 {
        if state == 0 { 0 } else { self.ends[state - 1] }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.ends.bytes() + self.to.bytes() + self.kinds.bytes() + self.done.bytes()
    }
}
