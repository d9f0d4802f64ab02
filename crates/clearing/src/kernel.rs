//! One phase of the search, on the kernel of the tight graph: junctions, and the chains between them as
//! single edges.
//!
//! In late phases most of the tight graph is trees and long chains. What can pass a chain is the least
//! that each of its arcs lets pass, so a maximum flow of the kernel is one of the tight graph; and the
//! kernel is several times smaller, and as many times less deep.

use crate::amount::Amount;
use crate::network::Network;
use crate::push::{Edge, Flow};
use crate::tight::{Role, Tight, TightGraph};

/// The kernel and the memory it is made in.
pub(crate) struct Kernel<A> {
    tight: TightGraph,
    /// The participant that each junction is.
    participants: Vec<u32>,
    /// The junction that a participant is, if it is one.
    numbers: Vec<u32>,
    edges: Vec<Edge<A>>,
    /// The arcs of all chains, one chain after the other.
    chains: Vec<u32>,
    /// Where the chain of each edge ends.
    ends: Vec<u32>,
    flow: Flow<A>,
}

impl<A: Amount> Kernel<A> {
    pub(crate) fn new() -> Self {
        Self {
            tight: TightGraph::default(),
            participants: Vec::new(),
            numbers: Vec::new(),
            edges: Vec::new(),
            chains: Vec::new(),
            ends: Vec::new(),
            flow: Flow::new(),
        }
    }

    /// Routes as much as possible from excess to want over arcs of reduced cost zero, in a network
    /// whose potentials were just raised.
    pub(crate) fn route(&mut self, net: &mut Network<A>) {
        self.tight.gather(net);
        self.contract(net);
        let excess = self.participants.iter().map(|&v| net.nodes[v as usize].excess);
        self.flow.route(excess, &self.edges);
        self.write_back(net);
    }

    fn contract(&mut self, net: &Network<A>) {
        self.participants.clear();
        self.participants.extend(self.tight.junctions());
        self.numbers.resize(net.nodes.len(), u32::MAX);
        for (number, &v) in (0..).zip(&self.participants) {
            self.numbers[v as usize] = number;
        }
        self.edges.clear();
        self.chains.clear();
        self.ends.clear();
        for (number, &v) in (0..).zip(&self.participants) {
            for first in self.tight.arcs_of(v) {
                let start = self.chains.len();
                let edge = follow(net, &self.tight, first, &mut self.chains);
                let to = self.numbers[edge.to as usize];
                // Each chain is met from both ends; one back to where it began is for nothing.
                let Edge { on, back, .. } = edge.lets_pass;
                if edge.last_twin < first.place || to == number || on.max(back) == A::ZERO {
                    self.chains.truncate(start);
                    continue;
                }
                self.edges.push(Edge { from: number, to, ..edge.lets_pass });
                // Not more than there are arcs.
                self.ends.push(u32::try_from(self.chains.len()).unwrap_or(u32::MAX));
            }
        }
    }

    fn write_back(&self, net: &mut Network<A>) {
        let mut start = 0;
        for (moved, &end) in self.flow.moved(&self.edges).zip(&self.ends) {
            let end = end as usize;
            if moved != A::ZERO {
                for &place in &self.chains[start..end] {
                    net.push(place as usize, moved);
                }
            }
            start = end;
        }
        for (&v, excess) in self.participants.iter().zip(self.flow.excess()) {
            net.nodes[v as usize].excess = excess;
        }
    }
}

/// A chain from one junction to the next.
struct Chain<A> {
    /// The participant at its end.
    to: u32,
    /// Place of the arc by which it would be begun from there.
    last_twin: u32,
    lets_pass: Edge<A>,
}

/// Follows the tight arcs from `first` to the next junction, and writes them down in `chain`.
fn follow<A: Amount>(
    net: &Network<A>,
    tight: &TightGraph,
    first: Tight,
    chain: &mut Vec<u32>,
) -> Chain<A> {
    let pass = |place: u32| {
        let arc = &net.arcs[place as usize];
        (arc.residual, net.arcs[arc.twin as usize].residual, arc.twin)
    };
    let Tight { mut head, place } = first;
    let (mut on, mut back, mut twin) = pass(place);
    chain.push(place);
    while tight.role(head) == Role::Link {
        let mut onward = tight.arcs_of(head).filter(|arc| arc.place != twin);
        // A link has two arcs, and we came by one of them.
        let Some(next) = onward.next() else { break };
        let (next_on, next_back, next_twin) = pass(next.place);
        (on, back, twin) = (on.min(next_on), back.min(next_back), next_twin);
        chain.push(next.place);
        head = next.head;
    }
    Chain { to: head, last_twin: twin, lets_pass: Edge { from: 0, to: 0, on, back } }
}
