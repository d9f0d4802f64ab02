//! Strongly connected components of the fair steps, and of parts of them.

use std::collections::HashSet;

use crate::graph::{Edge, Graph};

/// Which component each state is in, and which throws of dice are not made in it for ever.
pub(super) struct Components<'a> {
    graph: &'a Graph,
    /// The component of each state.
    label: Vec<u32>,
    labels: u32,
    /// When each state was reached, from 1; 0 before that.
    reached: Vec<u32>,
    /// The earliest state that was seen from each.
    low: Vec<u32>,
    /// Throws, by state and class, that lead out of their component sooner or later.
    leaving: HashSet<(u32, u8)>,
}

impl<'a> Components<'a> {
    /// All states in one component, which is still to be split.
    pub(super) fn new(graph: &'a Graph) -> Self {
        let room = || vec![0; graph.len() as usize];
        let (label, reached, low) = (room(), room(), room());
        Self { graph, label, labels: 1, reached, low, leaving: HashSet::new() }
    }

    pub(super) fn label(&self, state: u32) -> u32 {
        self.label[state as usize]
    }

    /// The steps of a state that stay in its component and are taken there as often as one likes.
    pub(super) fn inside(&self, state: u32) -> impl Iterator<Item = Edge> + '_ {
        let own = self.label(state);
        self.graph
            .of(state)
            .filter(move |edge| self.label(edge.to) == own && self.stays(state, *edge))
    }

    /// Takes out the throws of which one side leads out of the component; whether there were any.
    pub(super) fn take_out(&mut self, states: &[u32]) -> bool {
        let before = self.leaving.len();
        for &state in states {
            for edge in self.graph.of(state) {
                if edge.chance && self.label(edge.to) != self.label(state) {
                    self.leaving.insert((state, edge.class));
                }
            }
        }
        self.leaving.len() > before
    }

    /// Splits a component; `found` sees each part after all parts that it leads to.
    pub(super) fn split(&mut self, states: &[u32], mut found: impl FnMut(&Self, &[u32])) {
        let whole = self.fresh();
        for &state in states {
            self.label[state as usize] = whole;
            self.reached[state as usize] = 0;
        }
        let mut walk = Walk { whole, way: Vec::new(), open: Vec::new(), time: 0 };
        for &state in states {
            if self.reached[state as usize] == 0 {
                self.walk(&mut walk, state, &mut found);
            }
        }
    }

    /// Whether a state with itself alone can be gone through for ever.
    pub(super) fn is_cycle(&self, part: &[u32]) -> bool {
        match part {
            [one] => self.inside(*one).next().is_some(),
            _ => true,
        }
    }

    fn fresh(&mut self) -> u32 {
        self.labels += 1;
        self.labels
    }

    fn stays(&self, state: u32, edge: Edge) -> bool {
        !edge.chance || self.leaving.is_empty() || !self.leaving.contains(&(state, edge.class))
    }

    /// Tarjan's walk from one state, with a stack of its own.
    fn walk(&mut self, walk: &mut Walk, from: u32, found: &mut impl FnMut(&Self, &[u32])) {
        self.reach(walk, from);
        while let Some((state, nth)) = walk.way.last_mut() {
            let (state, at) = (*state, *nth);
            if at < self.graph.degree(state) {
                *nth += 1;
                self.look(walk, state, self.graph.nth(state, at));
                continue;
            }
            walk.way.pop();
            let low = self.low[state as usize];
            if let Some((before, _)) = walk.way.last() {
                let before = &mut self.low[*before as usize];
                *before = low.min(*before);
            }
            if low == self.reached[state as usize] {
                self.close(walk, state, found);
            }
        }
    }

    fn reach(&mut self, walk: &mut Walk, state: u32) {
        walk.time += 1;
        self.reached[state as usize] = walk.time;
        self.low[state as usize] = walk.time;
        walk.way.push((state, 0));
        walk.open.push(state);
    }

    fn look(&mut self, walk: &mut Walk, state: u32, edge: Edge) {
        // Those of other components, and those that were closed, have another label.
        if self.label(edge.to) != walk.whole || !self.stays(state, edge) {
            return;
        }
        match self.reached[edge.to as usize] {
            0 => self.reach(walk, edge.to),
            time => {
                let low = &mut self.low[state as usize];
                *low = time.min(*low);
            }
        }
    }

    fn close(&mut self, walk: &mut Walk, root: u32, found: &mut impl FnMut(&Self, &[u32])) {
        let at = walk.open.iter().rposition(|&state| state == root).unwrap_or(0);
        let part = walk.open.split_off(at);
        let label = self.fresh();
        for &state in &part {
            self.label[state as usize] = label;
        }
        found(self, &part);
    }
}

/// Where a walk is.
struct Walk {
    /// The label of what is not closed yet.
    whole: u32,
    /// The states gone through, each with its next step.
    way: Vec<(u32, u32)>,
    /// The states that belong to no part yet.
    open: Vec<u32>,
    time: u32,
}
