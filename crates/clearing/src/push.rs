//! One round of the search: as much as possible from excess to want along arcs of reduced cost zero.
//!
//! A push-relabel maximum flow (Goldberg and Tarjan 1988), first in first out, with labels that are
//! lower bounds of the steps to a want and are recomputed exactly from time to time.

use std::collections::VecDeque;

use crate::amount::Amount;
use crate::network::{FAR, Network};

/// Working memory of the rounds.
pub(crate) struct Pusher {
    /// Nodes with excess that may still get rid of some.
    active: VecDeque<u32>,
    /// For each node, the arc to try next.
    current: Vec<u32>,
    /// Nodes to look at when labels are recomputed.
    frontier: Vec<u32>,
}

impl Pusher {
    pub(crate) fn new<A: Amount>(net: &Network<A>) -> Self {
        let current = vec![0; net.nodes.len()];
        Self { active: VecDeque::new(), current, frontier: Vec::new() }
    }

    /// Routes until no excess can reach a want at reduced cost zero; calls `after_pass` with the
    /// network whenever labels were recomputed.
    pub(crate) fn route<A: Amount>(
        &mut self,
        net: &mut Network<A>,
        mut after_pass: impl FnMut(&Network<A>),
    ) {
        // Recomputing labels costs about one look at every arc; do it after as much other work.
        let patience = net.nodes.len() * 4 + net.arcs.len();
        loop {
            self.relabel_all(net);
            after_pass(net);
            let mut work = 0;
            while let Some(v) = self.active.pop_front() {
                work += self.discharge(net, v);
                if work > patience {
                    break;
                }
            }
            if work <= patience {
                return;
            }
        }
    }

    /// Sets every label to the exact number of steps to a want and lines up who has excess.
    fn relabel_all<A: Amount>(&mut self, net: &mut Network<A>) {
        self.frontier.clear();
        for (v, node) in (0..).zip(&mut net.nodes) {
            node.label = FAR;
            if node.excess < A::ZERO {
                node.label = 0;
                self.frontier.push(v);
            }
        }
        let mut next = 0;
        while let Some(&v) = self.frontier.get(next) {
            next += 1;
            let here = net.nodes[v as usize];
            for place in net.arcs_of(v) {
                let arc = net.arcs[place as usize];
                let from = &net.nodes[arc.head as usize];
                if from.label != FAR
                    || from.potential != here.potential - net.cost(v, place)
                    || net.arcs[arc.twin as usize].residual == A::ZERO
                {
                    continue;
                }
                net.nodes[arc.head as usize].label = here.label + 1;
                self.frontier.push(arc.head);
            }
        }
        self.active.clear();
        for &v in self.frontier.iter().rev() {
            self.current[v as usize] = net.arcs_of(v).start;
            if net.nodes[v as usize].excess > A::ZERO {
                self.active.push_back(v);
            }
        }
    }

    /// Sends the excess of `v` on, one step nearer to a want, relabelling as needed; returns the
    /// number of arcs looked at while relabelling.
    fn discharge<A: Amount>(&mut self, net: &mut Network<A>, v: u32) -> usize {
        let arcs = net.arcs_of(v);
        let mut work = 0;
        while net.nodes[v as usize].label != FAR {
            let here = net.nodes[v as usize];
            while self.current[v as usize] < arcs.end {
                let place = self.current[v as usize];
                let arc = net.arcs[place as usize];
                let to = net.nodes[arc.head as usize];
                if arc.residual > A::ZERO
                    && to.label < here.label
                    && to.label + 1 == here.label
                    && to.potential + net.cost(v, place) == here.potential
                {
                    let left = net.nodes[v as usize].excess;
                    net.push(v, place, left.min(arc.residual));
                    if to.excess <= A::ZERO && net.nodes[arc.head as usize].excess > A::ZERO {
                        self.active.push_back(arc.head);
                    }
                    if net.nodes[v as usize].excess == A::ZERO {
                        return work;
                    }
                }
                self.current[v as usize] += 1;
            }
            net.nodes[v as usize].label = lowest_label(net, v);
            self.current[v as usize] = arcs.start;
            work += arcs.len() + 4;
        }
        work
    }
}

/// One more than the lowest label that an arc of `v` with room and reduced cost zero leads to.
fn lowest_label<A: Amount>(net: &Network<A>, v: u32) -> u32 {
    let here = net.nodes[v as usize].potential;
    let mut lowest = FAR;
    for place in net.arcs_of(v) {
        let arc = net.arcs[place as usize];
        let to = net.nodes[arc.head as usize];
        if to.label < lowest && arc.residual > A::ZERO && to.potential + net.cost(v, place) == here
        {
            lowest = to.label;
        }
    }
    // No shortest way has more steps than there are nodes: beyond, there is none.
    if (lowest as usize) < net.nodes.len() { lowest + 1 } else { FAR }
}
