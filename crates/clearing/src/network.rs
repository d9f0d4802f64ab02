//! The residual network: each pair as an arc out of the debtor and its twin out of the creditor.
//!
//! The search routes what must *remain* owed. At first nothing does (`residual` of a forward arc is
//! the whole debt); routing along an arc leaves that much of the debt standing.

use crate::amount::Amount;
use crate::pairs::Pairs;

/// Half an arc: one direction in which what remains may still change.
#[derive(Clone, Copy)]
pub(crate) struct Arc<A> {
    /// How much more may be routed this way.
    pub(crate) residual: A,
    /// Where this half leads.
    pub(crate) head: u32,
    /// Place of the other half.
    pub(crate) twin: u32,
}

/// A participant in the search.
#[derive(Clone, Copy)]
pub(crate) struct Node<A> {
    /// What arrived or arose here and has still to go on; negative: what is still wanted here.
    pub(crate) excess: A,
    /// Distance to the nearest want, in debts that must remain: the dual variable.
    pub(crate) potential: i32,
    /// Steps to the nearest want along arcs of reduced cost zero; [`FAR`] if there is no way.
    pub(crate) label: u32,
}

/// The label of a node from which no want can be reached at present.
pub(crate) const FAR: u32 = u32::MAX;

/// Nodes, and their arcs side by side: forward halves first, then backward ones.
pub(crate) struct Network<A> {
    pub(crate) nodes: Vec<Node<A>>,
    pub(crate) arcs: Vec<Arc<A>>,
    /// Where each node's arcs begin; one more entry ends the last.
    first: Vec<u32>,
    /// Where each node's backward halves begin.
    split: Vec<u32>,
}

impl<A: Amount> Network<A> {
    /// The network in which nothing remains yet and everybody's net position has to be routed.
    pub(crate) fn new(participants: u32, pairs: &Pairs<A>) -> Self {
        let n = participants as usize;
        let (mut first, mut split) = (vec![0_u32; n + 1], vec![0_u32; n]);
        for pair in &pairs.list {
            first[pair.debtor as usize + 1] += 1;
            first[pair.creditor as usize + 1] += 1;
            split[pair.debtor as usize] += 1;
        }
        for v in 0..n {
            first[v + 1] += first[v];
            split[v] += first[v];
        }
        let mut nodes = vec![Node { excess: A::ZERO, potential: 0, label: 0 }; n];
        let mut arcs = vec![Arc { residual: A::ZERO, head: 0, twin: 0 }; pairs.list.len() * 2];
        let (mut forward, mut backward) = (first.clone(), split.clone());
        for pair in &pairs.list {
            let (u, v) = (pair.debtor as usize, pair.creditor as usize);
            let (there, back) = (forward[u], backward[v]);
            arcs[there as usize] = Arc { residual: pair.units, head: pair.creditor, twin: back };
            arcs[back as usize] = Arc { residual: A::ZERO, head: pair.debtor, twin: there };
            forward[u] += 1;
            backward[v] += 1;
            nodes[u].excess += pair.units;
            nodes[v].excess -= pair.units;
        }
        Self { nodes, arcs, first, split }
    }

    /// Places of the arcs that leave `v`.
    pub(crate) fn arcs_of(&self, v: u32) -> std::ops::Range<u32> {
        self.first[v as usize]..self.first[v as usize + 1]
    }

    /// What a unit costs on the half at `place` of `v`: a debt more that remains, or one less.
    pub(crate) fn cost(&self, v: u32, place: u32) -> i32 {
        if place < self.split[v as usize] { 1 } else { -1 }
    }

    /// Moves `units` along the half at `place` of `v`.
    pub(crate) fn push(&mut self, v: u32, place: u32, units: A) {
        let Arc { head, twin, .. } = self.arcs[place as usize];
        self.arcs[place as usize].residual -= units;
        self.arcs[twin as usize].residual += units;
        self.nodes[v as usize].excess -= units;
        self.nodes[head as usize].excess += units;
    }

    /// What is cleared of each pair, in the order of the pairs: all that need not remain.
    pub(crate) fn cleared(&self) -> Vec<A> {
        let forward = |v| self.first[v] as usize..self.split[v] as usize;
        let places = (0..self.nodes.len()).flat_map(forward);
        places.map(|place| self.arcs[place].residual).collect()
    }
}
