//! One phase of the search, on the kernel of the tight graph: junctions, and the chains between them as
//! single edges.
//!
//! In late phases most of the tight graph is trees and long chains. What can pass a chain is the least
//! that each of its arcs lets pass, so a maximum flow of the kernel is one of the tight graph; and the
//! kernel is several times smaller, and as many times less deep.

use super::network::Network;
use super::push::{Edge, Flow};
use super::tight::{Role, Tight, TightGraph};
use crate::amount::Amount;

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
        let excess = self.participants.iter().map(|&v| net.excess[v as usize]);
        self.flow.route(excess, &self.edges);
        self.write_back(net);
    }

    fn contract(&mut self, net: &Network<A>) {
        self.participants.clear();
        self.participants.extend(self.tight.junctions());
        self.numbers.resize(net.excess.len(), u32::MAX);
        for (number, &v) in (0..).zip(&self.participants) {
            self.numbers[v as usize] = number;
        }
        self.edges.clear();
        self.chains.clear();
        self.ends.clear();
        for (number, &v) in (0..).zip(&self.participants) {
            for first in self.tight.arcs_of(v) {
                // An edge without links was met from its other end, if that came before.
                if first.head < v && self.tight.role(first.head) == Role::Junction {
                    continue;
                }
                let start = self.chains.len();
                let edge = follow(net, &self.tight, first, &mut self.chains);
                let to = self.numbers[edge.to as usize];
                // Chains are met from both ends as well; one back to where it began is for nothing.
                if to <= number || edge.on.max(edge.back) == A::ZERO {
                    self.chains.truncate(start);
                    continue;
                }
                self.edges.push(Edge { from: number, to, ..edge });
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
                    net.push(place, moved);
                }
            }
            start = end;
        }
        for (&v, excess) in self.participants.iter().zip(self.flow.excess()) {
            net.excess[v as usize] = excess;
        }
    }
}

/// Follows the tight arcs from `first` to the next junction, and writes them down in `chain`. The edge
/// leads to the participant there.
fn follow<A: Amount>(
    net: &Network<A>,
    tight: &TightGraph,
    first: Tight,
    chain: &mut Vec<u32>,
) -> Edge<A> {
    let Tight { head: mut to, place } = first;
    let (mut on, mut back, mut twin) = net.lets_pass(place);
    chain.push(place);
    while tight.role(to) == Role::Link {
        let mut onward = tight.arcs_of(to).filter(|arc| arc.place != twin);
        // A link has two arcs, and we came by one of them.
        let Some(next) = onward.next() else { break };
        let (next_on, next_back, next_twin) = net.lets_pass(next.place);
        (on, back, twin) = (on.min(next_on), back.min(next_back), next_twin);
        chain.push(next.place);
        to = next.head;
    }
    Edge { from: u32::MAX, to, on, back }
}
