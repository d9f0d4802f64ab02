//! The residual network: each pair as an arc out of the debtor and its twin out of the creditor.
//!
//! The search routes what must *remain* owed. At first nothing does (`residual` of a forward arc is
//! the whole debt); routing along an arc leaves that much of the debt standing.

use crate::amount::Amount;
use crate::pairs::Pair;

/// One half of an arc, as a search looks at it: where it leads, what it costs, and whether anything can
/// come back over it. All that in one word: the searches are bound by memory.
#[derive(Clone, Copy)]
pub(crate) struct Way(u32);

/// What is behind a [`Way`].
#[derive(Clone, Copy)]
struct Half<A> {
    /// How much more may be routed over it. One of the two halves always has some.
    residual: A,
    /// Place of the other half.
    twin: u32,
}

/// A participant, as a search looks at it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mark {
    /// Distance to the nearest want, in debts that must remain: the dual variable.
    pub(crate) potential: i32,
    /// Working memory of [`super::distance`]: how much farther the nearest want is than it was.
    pub(crate) farther: i32,
}

/// Participants, and the arcs of each side by side.
pub(crate) struct Network<A> {
    /// What arrived or arose at each participant and has still to go on; negative: what is still wanted.
    pub(crate) excess: Vec<A>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) ways: Vec<Way>,
    /// The halves behind the ways.
    halves: Vec<Half<A>>,
    /// Where each participant's arcs begin; one more entry ends the last.
    first: Vec<u32>,
}

impl Way {
    /// Leads from a creditor to its debtor: less of the debt remains.
    const BACKWARD: u32 = 1 << 31;
    /// The other half has room.
    const RETURNS: u32 = 1 << 30;

    pub(crate) const fn head(self) -> usize {
        (self.0 & !(Self::BACKWARD | Self::RETURNS)) as usize
    }

    /// What a unit costs over this half: a debt more that remains, or one less.
    pub(crate) const fn cost(self) -> i32 {
        if self.is_forward() { 1 } else { -1 }
    }

    /// Whether something can come from its head to its tail.
    pub(crate) const fn returns(self) -> bool {
        self.0 & Self::RETURNS != 0
    }

    const fn is_forward(self) -> bool {
        self.0 & Self::BACKWARD == 0
    }

    const fn set_returns(&mut self, returns: bool) {
        self.0 = if returns { self.0 | Self::RETURNS } else { self.0 & !Self::RETURNS };
    }
}

impl<A: Amount> Network<A> {
    /// The network in which nothing remains yet of these pairs and everybody's net position in them
    /// has to be routed. Every pair owes something; participants have numbers below 2^30.
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
        let halves = first[n] as usize;
        let none = Half { residual: A::ZERO, twin: 0 };
        let mut next = first.clone();
        let mut net = Self {
            excess: vec![A::ZERO; n],
            marks: vec![Mark::default(); n],
            ways: vec![Way(0); halves],
            halves: vec![none; halves],
            first,
        };
        let mut place = |v: usize| {
            next[v] += 1;
            next[v] - 1
        };
        for pair in pairs {
            let (u, v) = (pair.debtor as usize, pair.creditor as usize);
            let (there, back) = (place(u), place(v));
            net.ways[there as usize] = Way(pair.creditor);
            net.ways[back as usize] = Way(pair.debtor | Way::BACKWARD | Way::RETURNS);
            net.halves[there as usize] = Half { residual: pair.units, twin: back };
            net.halves[back as usize] = Half { residual: A::ZERO, twin: there };
            net.excess[u] += pair.units;
            net.excess[v] -= pair.units;
        }
        net
    }

    /// Places of the arcs that leave `v`.
    pub(crate) fn arcs_of(&self, v: usize) -> std::ops::Range<usize> {
        self.first[v] as usize..self.first[v + 1] as usize
    }

    /// How much the half at `place` lets pass, how much its twin, and where that is.
    pub(crate) fn lets_pass(&self, place: u32) -> (A, A, u32) {
        let Half { residual, twin } = self.halves[place as usize];
        (residual, self.halves[twin as usize].residual, twin)
    }

    /// Moves `units` along the half at `place`, back where it is below zero; what is at its ends stays
    /// as it was.
    pub(crate) fn push(&mut self, place: u32, units: A) {
        let place = place as usize;
        let twin = self.halves[place].twin as usize;
        self.halves[place].residual -= units;
        self.halves[twin].residual += units;
        self.ways[place].set_returns(self.halves[twin].residual > A::ZERO);
        self.ways[twin].set_returns(self.halves[place].residual > A::ZERO);
    }

    /// What is cleared of each pair, in the order of the pairs where they are sorted by debtor: all
    /// that need not remain.
    pub(crate) fn cleared(&self) -> impl Iterator<Item = A> {
        let halves = self.ways.iter().zip(&self.halves);
        halves.filter(|(way, _)| way.is_forward()).map(|(_, half)| half.residual)
    }
}
