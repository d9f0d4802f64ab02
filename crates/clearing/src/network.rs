//! The residual network: each pair as an arc out of the debtor and its twin out of the creditor.
//!
//! The search routes what must *remain* owed. At first nothing does (`residual` of a forward arc is
//! the whole debt); routing along an arc leaves that much of the debt standing.

use crate::amount::Amount;
use crate::pairs::Pair;

/// Half an arc: one direction in which what remains may still change.
#[derive(Clone, Copy)]
pub(crate) struct Arc<A> {
    /// How much more may be routed this way. One of the two halves always has some.
    pub(crate) residual: A,
    /// Where this half leads; the top bit is set on backward halves.
    target: u32,
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
    /// Working memory of [`crate::distance`]: how much farther the nearest want is than it was.
    pub(crate) farther: i32,
}

/// Nodes, and the arcs of each side by side.
pub(crate) struct Network<A> {
    pub(crate) nodes: Vec<Node<A>>,
    pub(crate) arcs: Vec<Arc<A>>,
    /// Where each node's arcs begin; one more entry ends the last.
    first: Vec<u32>,
}

const BACKWARD: u32 = 1 << 31;

impl<A> Arc<A> {
    pub(crate) const fn head(&self) -> usize {
        (self.target & !BACKWARD) as usize
    }

    /// What a unit costs on this half: a debt more that remains, or one less.
    pub(crate) const fn cost(&self) -> i32 {
        if self.is_forward() { 1 } else { -1 }
    }

    const fn is_forward(&self) -> bool {
        self.target & BACKWARD == 0
    }
}

impl<A: Amount> Network<A> {
    /// The network in which nothing remains yet of these pairs and everybody's net position in them
    /// has to be routed. Every pair owes something; participants have numbers below 2^31.
    pub(crate) fn new<'a>(
        participants: u32,
        pairs: impl Iterator<Item = &'a Pair<A>> + Clone,
    ) -> Self
    where
        A: 'a,
    {
        let n = participants as usize;
        let mut first = vec![0_u32; n + 1];
        for pair in pairs.clone() {
            first[pair.debtor as usize + 1] += 1;
            first[pair.creditor as usize + 1] += 1;
        }
        for v in 0..n {
            first[v + 1] += first[v];
        }
        let none = Arc { residual: A::ZERO, target: 0, twin: 0 };
        let mut nodes = vec![Node { excess: A::ZERO, potential: 0, farther: 0 }; n];
        let mut arcs = vec![none; first[n] as usize];
        let mut next = first.clone();
        let mut place = |v: usize| {
            next[v] += 1;
            next[v] - 1
        };
        for pair in pairs {
            let (u, v) = (pair.debtor as usize, pair.creditor as usize);
            let (there, back) = (place(u), place(v));
            arcs[there as usize] = Arc { residual: pair.units, target: pair.creditor, twin: back };
            arcs[back as usize] =
                Arc { residual: A::ZERO, target: pair.debtor | BACKWARD, twin: there };
            nodes[u].excess += pair.units;
            nodes[v].excess -= pair.units;
        }
        Self { nodes, arcs, first }
    }

    /// Places of the arcs that leave `v`.
    pub(crate) fn arcs_of(&self, v: usize) -> std::ops::Range<usize> {
        self.first[v] as usize..self.first[v + 1] as usize
    }

    /// Moves `units` along the half at `place`; what is at its ends stays as it was.
    pub(crate) fn push(&mut self, place: usize, units: A) {
        let twin = self.arcs[place].twin as usize;
        self.arcs[place].residual -= units;
        self.arcs[twin].residual += units;
    }

    /// What is cleared of each pair, in the order of the pairs where they are sorted by debtor: all
    /// that need not remain.
    pub(crate) fn cleared(&self) -> impl Iterator<Item = A> {
        self.arcs.iter().filter(|arc| arc.is_forward()).map(|arc| arc.residual)
    }
}
