//! A maximum flow from excess to wants.
//!
//! Push-relabel (Goldberg and Tarjan 1988), first in first out, with labels that are lower bounds of the
//! steps to a want, recomputed exactly from time to time, and given up above a gap (Cherkassky and
//! Goldberg 1997).

use std::collections::VecDeque;

use crate::amount::Amount;

/// An edge, and how much it lets pass each way.
#[derive(Clone, Copy)]
pub(crate) struct Edge<A> {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) on: A,
    pub(crate) back: A,
}

/// A node: what it has too much or too little of.
#[derive(Clone, Copy)]
struct Node<A> {
    excess: A,
    /// At most the number of steps to a want; [`FAR`] if there is no way.
    label: u32,
    /// The arc to try next.
    current: u32,
}

#[derive(Clone, Copy)]
struct Arc<A> {
    residual: A,
    /// Where it leads; the top bit tells whether its twin has room.
    target: u32,
    twin: u32,
}

impl<A: Amount> Arc<A> {
    const RETURNS: u32 = 1 << 31;

    const fn head(&self) -> u32 {
        self.target & !Self::RETURNS
    }

    /// Whether something can come from its head to its tail.
    const fn returns(&self) -> bool {
        self.target & Self::RETURNS != 0
    }

    fn set_returns(&mut self, twin_residual: A) {
        let bit = if twin_residual > A::ZERO { Self::RETURNS } else { 0 };
        self.target = self.head() | bit;
    }
}

/// The label of a node from which no want can be reached.
const FAR: u32 = u32::MAX;

/// The flow and the memory it is found in.
pub(crate) struct Flow<A> {
    nodes: Vec<Node<A>>,
    arcs: Vec<Arc<A>>,
    /// Where each node's arcs begin; one more entry ends the last.
    first: Vec<u32>,
    /// Where each edge's arc from its first end lies.
    places: Vec<u32>,
    /// Nodes with excess that may still get rid of some.
    active: VecDeque<u32>,
    /// Nodes in the order of their exact labels.
    reached: Vec<u32>,
    /// How many nodes have each label.
    labelled: Vec<u32>,
    /// The lowest label that nobody had: from whoever was above then, no want can be reached.
    gap: u32,
    /// Whether somebody was given up who came to the gap from below, and may reach a want after all.
    doubt: bool,
}

impl<A: Amount> Flow<A> {
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            arcs: Vec::new(),
            first: Vec::new(),
            places: Vec::new(),
            active: VecDeque::new(),
            reached: Vec::new(),
            labelled: Vec::new(),
            gap: FAR,
            doubt: false,
        }
    }

    /// Routes as much excess as possible to wants (excess below zero) over the edges.
    pub(crate) fn route(&mut self, excess: impl Iterator<Item = A>, edges: &[Edge<A>]) {
        self.lay_out(excess, edges);
        // Recomputing labels costs about one look at every arc; do it after as much other work.
        let patience = self.nodes.len() * 4 + self.arcs.len();
        loop {
            self.label_exactly();
            let mut work = 0;
            while let Some(v) = self.active.pop_front()
                && work <= patience
            {
                work += self.discharge(v as usize);
            }
            if work <= patience && !self.doubt {
                return;
            }
        }
    }

    /// What is left at each node.
    pub(crate) fn excess(&self) -> impl Iterator<Item = A> {
        self.nodes.iter().map(|node| node.excess)
    }

    /// What moved over each edge from its first end; below zero, the other way.
    pub(crate) fn moved(&self, edges: &[Edge<A>]) -> impl Iterator<Item = A> {
        let places = edges.iter().zip(&self.places);
        places.map(|(edge, &place)| edge.on - self.arcs[place as usize].residual)
    }

    fn lay_out(&mut self, excess: impl Iterator<Item = A>, edges: &[Edge<A>]) {
        self.nodes.clear();
        self.nodes.extend(excess.map(|excess| Node { excess, label: FAR, current: 0 }));
        let n = self.nodes.len();
        self.first.clear();
        self.first.resize(n + 1, 0);
        for edge in edges {
            self.first[edge.from as usize + 1] += 1;
            self.first[edge.to as usize + 1] += 1;
        }
        for v in 0..n {
            self.first[v + 1] += self.first[v];
            self.nodes[v].current = self.first[v];
        }
        self.arcs.clear();
        self.arcs.resize(edges.len() * 2, Arc { residual: A::ZERO, target: 0, twin: 0 });
        self.places.clear();
        for edge in edges {
            let (there, back) = (self.next_place(edge.from), self.next_place(edge.to));
            self.arcs[there as usize] = Arc { residual: edge.on, target: edge.to, twin: back };
            self.arcs[there as usize].set_returns(edge.back);
            self.arcs[back as usize] = Arc { residual: edge.back, target: edge.from, twin: there };
            self.arcs[back as usize].set_returns(edge.on);
            self.places.push(there);
        }
    }

    fn next_place(&mut self, v: u32) -> u32 {
        let place = &mut self.nodes[v as usize].current;
        *place += 1;
        *place - 1
    }

    /// A label that no way to a want is as long as.
    fn beyond(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(FAR)
    }

    fn arcs_of(&self, v: usize) -> std::ops::Range<u32> {
        self.first[v]..self.first[v + 1]
    }

    /// Sets every label to the exact number of steps to a want and lines up who has excess.
    fn label_exactly(&mut self) {
        self.reached.clear();
        for (v, node) in (0..).zip(&mut self.nodes) {
            node.current = self.first[v as usize];
            node.label = FAR;
            if node.excess < A::ZERO {
                node.label = 0;
                self.reached.push(v);
            }
        }
        self.labelled.clear();
        let mut next = 0;
        while let Some(&v) = self.reached.get(next) {
            next += 1;
            let label = self.nodes[v as usize].label;
            self.labelled.resize(label as usize + 1, 0);
            self.labelled[label as usize] += 1;
            for place in self.arcs_of(v as usize) {
                let arc = self.arcs[place as usize];
                let from = &mut self.nodes[arc.head() as usize];
                if arc.returns() && from.label == FAR {
                    from.label = label + 1;
                    self.reached.push(arc.head());
                }
            }
        }
        // No shortest way has more steps than there are nodes.
        self.labelled.resize(self.nodes.len() + 1, 0);
        self.gap = self.beyond();
        self.doubt = false;
        // The farthest first, so that what they send on is gathered on its way.
        let nodes = &self.nodes;
        let has_excess = |&&v: &&u32| nodes[v as usize].excess > A::ZERO;
        self.active.clear();
        self.active.extend(self.reached.iter().rev().filter(has_excess));
    }

    /// Sends the excess of `v` on, one step nearer to a want, relabelling as needed; returns the
    /// number of arcs looked at while relabelling.
    fn discharge(&mut self, v: usize) -> usize {
        let (arcs, mut work) = (self.arcs_of(v), 0);
        let Node { mut excess, mut label, mut current } = self.nodes[v];
        while label < self.gap {
            while current < arcs.end && excess > A::ZERO {
                excess -= self.push(current, label, excess);
                current += u32::from(excess > A::ZERO);
            }
            if excess == A::ZERO {
                break;
            }
            label = self.relabel(v, label);
            current = arcs.start;
            work += arcs.len() + 4;
        }
        self.nodes[v] = Node { excess, label, current };
        work
    }

    /// Moves at most `excess` over the arc at `place`, if it leads one step down from `label`; returns
    /// how much.
    fn push(&mut self, place: u32, label: u32, excess: A) -> A {
        let arc = self.arcs[place as usize];
        if arc.residual == A::ZERO {
            return A::ZERO;
        }
        let to = &mut self.nodes[arc.head() as usize];
        // Nobody is relabelled to `FAR`, which ends the discharge; so this does not overflow.
        if to.label >= label || to.label + 1 != label {
            return A::ZERO;
        }
        let units = excess.min(arc.residual);
        let was_content = to.excess <= A::ZERO;
        to.excess += units;
        if was_content && to.excess > A::ZERO {
            self.active.push_back(arc.head());
        }
        let (left, back) = (arc.residual - units, &mut self.arcs[arc.twin as usize]);
        back.residual += units;
        back.set_returns(left);
        let there = &mut self.arcs[place as usize];
        there.residual = left;
        there.target |= Arc::<A>::RETURNS;
        units
    }

    /// The new label of `v`: one more than the lowest that an arc with room leads to.
    fn relabel(&mut self, v: usize, label: u32) -> u32 {
        let mut lowest = FAR;
        for place in self.arcs_of(v) {
            let arc = self.arcs[place as usize];
            if arc.residual > A::ZERO {
                lowest = lowest.min(self.nodes[arc.head() as usize].label);
            }
        }
        self.labelled[label as usize] -= 1;
        if self.labelled[label as usize] == 0 {
            self.gap = self.gap.min(label);
        }
        if lowest.saturating_add(1) >= self.gap {
            self.doubt |= lowest < self.gap && self.gap < self.beyond();
            return FAR;
        }
        self.labelled[lowest as usize + 1] += 1;
        lowest + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_to_a_gap_from_below_is_not_given_up() {
        // Of five, two cannot leave the first; one goes on by a short way, and the rest by a longer one, on
        // which it meets the label that was given up when the first had nobody left beside it.
        let edge = |from, to, on| Edge { from, to, on, back: 0 };
        let edges = [edge(1, 0, 1), edge(2, 0, 10), edge(1, 2, 10), edge(3, 1, 2)];
        let mut flow = Flow::<i64>::new();
        flow.route([-10, 0, 0, 5].into_iter(), &edges);
        assert_eq!(flow.excess().collect::<Vec<_>>(), [-8, 0, 0, 3]);
        assert_eq!(flow.moved(&edges).collect::<Vec<_>>(), [1, 1, 1, 2]);
    }
}
