//! The least sum of convex costs over circulations: cost scaling by relaxation.
//!
//! Prices say what a unit is worth at each participant. A flow is right to within *epsilon* where no
//! unit more on an arc, or one less, gains more than epsilon at these prices. Epsilon shrinks from
//! the largest cost to less than a circle can lose; each time excesses are pushed on along arcs that
//! gain, as much as gains, and a price rises where none does (Goldberg and Tarjan 1990; for convex
//! costs Bertsekas, Polymenakos and Tseng 1997). From time to time `reprice` sets all prices anew.

use std::collections::VecDeque;

use super::ladder::Ladder;
use super::whole::Whole;

/// By how much epsilon shrinks each time.
const SHRINK: i64 = 8;

/// A debt on which the flow is free from zero to all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Free {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) most: i128,
    pub(super) flow: i128,
}

/// The same in the search, with what one unit more costs (beyond all where there is no room), and
/// what the last one does (less than any where there is none).
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
pub(super) struct Scaling<W> {
    ladder: Ladder,
    /// Costs are told in so many parts of themselves, so that epsilon can be less than a circle loses.
    fine: W,
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
}

/// Changes flows that are balanced at each of `nodes` to those with the least sum of costs.
pub(super) fn least(nodes: usize, ladder: Ladder, free: &mut [Free]) {
    // A price stays below twice the largest cost times the nodes, and no excess exceeds all debts.
    let n = i128::try_from(nodes).unwrap_or(i128::MAX).saturating_add(1);
    let prices = n.saturating_mul(n).saturating_mul(ladder.parts() * 16);
    let largest = free.iter().map(|arc| arc.most).max().unwrap_or(0);
    let total: i128 = free.iter().map(|arc| arc.most).sum();
    let products = largest.saturating_mul(ladder.parts() * 2);
    if prices.max(products).max(total) < i128::from(i64::MAX / 4) {
        Scaling::<i64>::new(nodes, ladder, free).solve(free);
    } else {
        Scaling::<i128>::new(nodes, ladder, free).solve(free);
    }
}

impl<W: Whole> Scaling<W> {
    fn new(nodes: usize, ladder: Ladder, free: &[Free]) -> Self {
        let mut first = vec![0_u32; nodes + 1];
        for end in free.iter().flat_map(|arc| [arc.from, arc.to]) {
            first[end as usize + 1] += 1;
        }
        for v in 0..nodes {
            first[v + 1] += first[v];
        }
        let (mut next, mut beside) = (first.clone(), vec![0; free.len() * 2]);
        for (place, arc) in (0..).zip(free) {
            for end in [arc.from, arc.to] {
                beside[next[end as usize] as usize] = place;
                next[end as usize] += 1;
            }
        }
        let arc = |free: &Free| {
            let (most, flow) = (W::of(free.most), W::of(free.flow));
            Arc { from: free.from, to: free.to, more: W::ZERO, less: W::ZERO, most, flow }
        };
        let mut scaling = Self {
            ladder,
            // A circle meets each node once: epsilon of one for each is less than one part.
            fine: W::of(i128::try_from(nodes).unwrap_or(i128::MAX)) + W::from(1),
            arcs: free.iter().map(arc).collect(),
            current: first[..nodes].to_vec(),
            first,
            beside,
            prices: vec![W::ZERO; nodes],
            excess: vec![W::ZERO; nodes],
            active: VecDeque::new(),
            raised: 0,
        };
        (0..free.len()).for_each(|place| scaling.shift(place, W::ZERO));
        scaling
    }

    fn solve(mut self, free: &mut [Free]) {
        let one = W::from(1);
        let mut epsilon = W::of(self.ladder.parts()) * self.fine;
        while epsilon > one {
            epsilon = epsilon.over(W::from(SHRINK)).max(one);
            self.refine(epsilon);
        }
        for (free, arc) in free.iter_mut().zip(&self.arcs) {
            free.flow = arc.flow.into();
        }
    }

    /// Makes the flow right to within `epsilon`.
    fn refine(&mut self, epsilon: W) {
        for place in 0..self.arcs.len() {
            let arc = self.arcs[place];
            let gap = self.gap(&arc);
            if arc.more + epsilon < gap || arc.less > gap + epsilon {
                self.shift(place, self.units(gap, &arc) - arc.flow);
            }
        }
        self.set_prices_anew(epsilon);
        let excess = (0..).zip(&self.excess);
        self.active = excess.filter(|(_, excess)| **excess > W::ZERO).map(|(v, _)| v).collect();
        while let Some(v) = self.active.pop_front() {
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
            if excess <= W::ZERO {
                return;
            }
            if self.current[v as usize] == end {
                self.raise(v, epsilon);
                self.current[v as usize] = self.first[v as usize];
            }
            let place = self.beside[self.current[v as usize] as usize] as usize;
            let arc = self.arcs[place];
            let gap = self.gap(&arc);
            let (far, change) = if arc.from == v && arc.more < gap {
                let most = self.units(gap - W::from(1), &arc) - arc.flow;
                (arc.to, most.min(excess))
            } else if arc.to == v && arc.less > gap {
                let least = self.units(gap, &arc) - arc.flow;
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
        for place in self.places_beside(v) {
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

    fn places_beside(&self, v: u32) -> std::ops::Range<usize> {
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

    /// How much more a unit is worth where the arc begins than where it ends.
    fn gap(&self, arc: &Arc<W>) -> W {
        self.prices[arc.from as usize] - self.prices[arc.to as usize]
    }

    /// How many units of an arc cost no more than `cost` each.
    fn units(&self, cost: W, arc: &Arc<W>) -> W {
        self.ladder.units(cost.over(self.fine), arc.most)
    }

    fn shift(&mut self, place: usize, change: W) {
        let arc = &mut self.arcs[place];
        arc.flow += change;
        self.excess[arc.from as usize] -= change;
        self.excess[arc.to as usize] += change;
        let (ladder, fine) = (self.ladder, self.fine);
        arc.more = if arc.flow == arc.most {
            W::BEYOND
        } else {
            ladder.cost(arc.flow + W::from(1), arc.most) * fine
        };
        arc.less =
            if arc.flow == W::ZERO { -W::BEYOND } else { ladder.cost(arc.flow, arc.most) * fine };
    }
}
