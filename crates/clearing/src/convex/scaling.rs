//! The least sum of convex costs over circulations: cost scaling by relaxation.
//!
//! Prices say what a unit is worth at each participant. A flow is right to within *epsilon* where no
//! unit more on an arc, or one less, gains more than epsilon at these prices. Epsilon shrinks from
//! the largest cost to less than a circle can lose; each time excesses are pushed on along arcs that
//! gain, as much as gains, and a price rises where none does (Goldberg and Tarjan 1990; for convex
//! costs Bertsekas, Polymenakos and Tseng 1997). From time to time `reprice` sets all prices anew.

use std::collections::VecDeque;

use super::whole::Whole;
use super::{Costs, Edge};

/// An edge in the search, with what one unit more costs (beyond all where there is no room), and what
/// the last one does (less than any where there is none).
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc<W> {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) more: W,
    pub(super) less: W,
    most: W,
    flow: W,
}

/// The flow and its prices on the way.
pub(super) struct Scaling<W, C> {
    costs: C,
    /// Costs are told in so many parts of themselves, so that epsilon can be less than a circle loses.
    pub(super) fine: W,
    pub(super) arcs: Vec<Arc<W>>,
    /// Where each participant's arcs begin in `beside`.
    first: Vec<u32>,
    /// Arcs out of and into each participant.
    beside: Vec<u32>,
    /// The arc that each participant tries next, as a place in `beside`.
    current: Vec<u32>,
    pub(super) prices: Vec<W>,
    pub(super) excess: Vec<W>,
    active: VecDeque<u32>,
    /// How many prices were raised since all were set anew.
    raised: usize,
    /// How many more arcs may be looked at.
    pub(super) looks: u64,
}

/// Changes flows that are balanced at each of `nodes` to those with the least sum of costs.
pub(crate) fn least<C: Costs>(nodes: usize, costs: C, edges: &mut [Edge]) {
    let mut looks = u64::MAX;
    let solved = solve(nodes, costs, edges, &mut looks, false);
    assert!(solved.is_some(), "nobody looks at so many arcs");
}

/// The same, with the prices that prove it: the price where an edge begins exceeds the price where it
/// ends by no more than a unit more costs, and by no less than the last unit does. No price is below
/// zero, or above the nodes times [`Costs::largest`].
///
/// None where `looks`, from which the arcs looked at are taken, are too few; the flows are as before.
pub(crate) fn priced<C: Costs>(
    nodes: usize,
    costs: C,
    edges: &mut [Edge],
    looks: &mut u64,
) -> Option<Vec<i128>> {
    solve(nodes, costs, edges, looks, true)
}

fn solve<C: Costs>(
    nodes: usize,
    costs: C,
    edges: &mut [Edge],
    looks: &mut u64,
    priced: bool,
) -> Option<Vec<i128>> {
    // A price stays below twice the largest cost times the nodes, and no excess exceeds all edges.
    let n = i128::try_from(nodes).unwrap_or(i128::MAX).saturating_add(1);
    let prices = n.saturating_mul(n).saturating_mul(costs.largest() * 16);
    let widest = edges.iter().map(|edge| costs.widest(edge.most)).max().unwrap_or(0);
    let total: i128 = edges.iter().map(|edge| edge.most).sum();
    if prices.max(widest).max(total) < i128::from(i64::MAX / 4) {
        Scaling::<i64, C>::new(nodes, costs, edges, *looks).solve(edges, looks, priced)
    } else {
        Scaling::<i128, C>::new(nodes, costs, edges, *looks).solve(edges, looks, priced)
    }
}

impl<W: Whole, C: Costs> Scaling<W, C> {
    fn new(nodes: usize, costs: C, edges: &[Edge], looks: u64) -> Self {
        let mut first = vec![0_u32; nodes + 1];
        for end in edges.iter().flat_map(|edge| [edge.from, edge.to]) {
            first[end as usize + 1] += 1;
        }
        for v in 0..nodes {
            first[v + 1] += first[v];
        }
        let (mut next, mut beside) = (first.clone(), vec![0; edges.len() * 2]);
        for (place, edge) in (0..).zip(edges) {
            for end in [edge.from, edge.to] {
                beside[next[end as usize] as usize] = place;
                next[end as usize] += 1;
            }
        }
        let arc = |edge: &Edge| {
            let (most, flow) = (W::of(edge.most), W::of(edge.flow));
            Arc { from: edge.from, to: edge.to, more: W::ZERO, less: W::ZERO, most, flow }
        };
        let mut scaling = Self {
            costs,
            // A circle meets each node once: epsilon of one for each is less than one part.
            fine: W::of(i128::try_from(nodes).unwrap_or(i128::MAX)) + W::from(1),
            arcs: edges.iter().map(arc).collect(),
            current: first[..nodes].to_vec(),
            first,
            beside,
            prices: vec![W::ZERO; nodes],
            excess: vec![W::ZERO; nodes],
            active: VecDeque::new(),
            raised: 0,
            looks,
        };
        (0..edges.len()).for_each(|place| scaling.shift(place, W::ZERO));
        scaling
    }

    fn solve(mut self, edges: &mut [Edge], looks: &mut u64, priced: bool) -> Option<Vec<i128>> {
        let one = W::from(1);
        let mut epsilon = W::of(self.costs.largest()) * self.fine;
        while epsilon > one && self.looks > 0 {
            epsilon = epsilon.over(W::from(C::SHRINK)).max(one);
            self.refine(epsilon);
        }
        *looks = self.looks;
        if self.looks == 0 {
            return None;
        }
        for (edge, arc) in edges.iter_mut().zip(&self.arcs) {
            edge.flow = arc.flow.into();
        }
        Some(if priced { self.exact_prices() } else { Vec::new() })
    }

    /// Makes the flow right to within `epsilon`; gives up when no more arcs may be looked at.
    fn refine(&mut self, epsilon: W) {
        for place in 0..self.arcs.len() {
            let arc = self.arcs[place];
            let gap = self.gap(&arc);
            if arc.more + epsilon < gap || arc.less > gap + epsilon {
                self.shift(place, self.units(gap, place) - arc.flow);
            }
        }
        self.set_prices_anew(epsilon);
        let excess = (0..).zip(&self.excess);
        self.active = excess.filter(|(_, excess)| **excess > W::ZERO).map(|(v, _)| v).collect();
        self.looks = self.looks.saturating_sub(self.arcs.len() as u64);
        while self.looks > 0
            && let Some(v) = self.active.pop_front()
        {
            if self.raised > self.prices.len() {
                self.set_prices_anew(epsilon);
            }
            self.discharge(v, epsilon);
        }
    }

    fn set_prices_anew(&mut self, epsilon: W) {
        self.reprice(epsilon);
        self.raised = 0;
        self.current.copy_from_slice(&self.first[..self.prices.len()]);
    }

    /// Pushes all excess of `v` on.
    fn discharge(&mut self, v: u32, epsilon: W) {
        let end = self.first[v as usize + 1];
        loop {
            let excess = self.excess[v as usize];
            if excess <= W::ZERO || self.looks == 0 {
                return;
            }
            if self.current[v as usize] == end {
                self.raise(v, epsilon);
                self.current[v as usize] = self.first[v as usize];
            }
            self.looks = self.looks.saturating_sub(1);
            let place = self.beside[self.current[v as usize] as usize] as usize;
            let arc = self.arcs[place];
            let gap = self.gap(&arc);
            let (far, change) = if arc.from == v && arc.more < gap {
                let most = self.units(gap - W::from(1), place) - arc.flow;
                (arc.to, most.min(excess))
            } else if arc.to == v && arc.less > gap {
                let least = self.units(gap, place) - arc.flow;
                (arc.from, least.max(-excess))
            } else {
                self.current[v as usize] += 1;
                continue;
            };
            let was_active = self.excess[far as usize] > W::ZERO;
            self.shift(place, change);
            if !was_active && self.excess[far as usize] > W::ZERO {
                self.active.push_back(far);
            }
        }
    }

    /// Raises the price of `v` so far that some arc gains, by at most `epsilon`.
    fn raise(&mut self, v: u32, epsilon: W) {
        let mut least = W::BEYOND;
        let places = self.places_beside(v);
        self.looks = self.looks.saturating_sub(places.len() as u64);
        for place in places {
            let arc = &self.arcs[self.beside[place] as usize];
            if arc.from == v && arc.flow < arc.most {
                least = least.min(arc.more + self.prices[arc.to as usize]);
            } else if arc.to == v && arc.flow > W::ZERO {
                least = least.min(self.prices[arc.from as usize] - arc.less);
            }
        }
        assert!(least < W::BEYOND, "what arrived can go back");
        self.prices[v as usize] = least + epsilon;
        self.raised += 1;
    }

    pub(super) fn places_beside(&self, v: u32) -> std::ops::Range<usize> {
        self.first[v as usize] as usize..self.first[v as usize + 1] as usize
    }

    /// The arcs over which a unit can come to `v`, more of a flow or less of it: from where, and
    /// what it costs at the present prices.
    pub(super) fn units_into(&self, v: u32) -> impl Iterator<Item = (u32, W)> {
        self.beside[self.places_beside(v)].iter().filter_map(move |&place| {
            let arc = &self.arcs[place as usize];
            let gap = self.gap(arc);
            if arc.to == v {
                (arc.flow < arc.most).then(|| (arc.from, arc.more - gap))
            } else {
                (arc.flow > W::ZERO).then(|| (arc.to, gap - arc.less))
            }
        })
    }

    /// The arcs over which a unit can leave `v`, more of a flow or less of it: where to, and what it
    /// costs at the present prices.
    pub(super) fn units_from(&self, v: u32) -> impl Iterator<Item = (u32, W)> {
        self.beside[self.places_beside(v)].iter().filter_map(move |&place| {
            let arc = &self.arcs[place as usize];
            let gap = self.gap(arc);
            if arc.from == v {
                (arc.flow < arc.most).then(|| (arc.to, arc.more - gap))
            } else {
                (arc.flow > W::ZERO).then(|| (arc.from, gap - arc.less))
            }
        })
    }

    /// How much more a unit is worth where the arc begins than where it ends.
    fn gap(&self, arc: &Arc<W>) -> W {
        self.prices[arc.from as usize] - self.prices[arc.to as usize]
    }

    /// How many units of the arc at this place cost no more than `cost` each.
    fn units(&self, cost: W, place: usize) -> W {
        self.costs.units(place, cost.over(self.fine), self.arcs[place].most)
    }

    fn shift(&mut self, place: usize, change: W) {
        let arc = &mut self.arcs[place];
        arc.flow += change;
        self.excess[arc.from as usize] -= change;
        self.excess[arc.to as usize] += change;
        let cost = |unit: W| self.costs.cost(place, unit, arc.most) * self.fine;
        arc.more = if arc.flow == arc.most { W::BEYOND } else { cost(arc.flow + W::from(1)) };
        arc.less = if arc.flow == W::ZERO { -W::BEYOND } else { cost(arc.flow) };
    }
}
