//! All prices set anew, by how far each participant is from one that wants something.
//!
//! Excesses then take the cheapest ways to where they are wanted instead of finding them by raising one
//! price after the other (Goldberg 1997, global price updates).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Costs;
use super::scaling::Scaling;
use super::whole::Whole;

impl<W: Whole, C: Costs> Scaling<W, C> {
    /// Raises prices by multiples of `epsilon` so that from each excess a way on which every arc
    /// gains leads to a want; the flow is as right as before. Dijkstra's method, until every excess
    /// is reached.
    pub(super) fn reprice(&mut self, epsilon: W) {
        let n = self.prices.len();
        let mut waiting = self.excess.iter().filter(|excess| **excess > W::ZERO).count();
        let mut steps: Vec<Option<W>> = vec![None; n];
        let mut settled = vec![false; n];
        let mut heap = BinaryHeap::new();
        for (v, excess) in (0_u32..).zip(&self.excess) {
            if *excess < W::ZERO {
                steps[v as usize] = Some(W::ZERO);
                heap.push(Reverse((W::ZERO, v)));
            }
        }
        let mut last = W::ZERO;
        while waiting > 0
            && let Some(Reverse((here, v))) = heap.pop()
        {
            if std::mem::replace(&mut settled[v as usize], true) {
                continue;
            }
            last = here;
            waiting -= usize::from(self.excess[v as usize] > W::ZERO);
            self.looks = self.looks.saturating_sub(self.places_beside(v).len() as u64);
            for (far, cost) in self.units_into(v) {
                let there = here + cost.over(epsilon) + W::from(1);
                if steps[far as usize].is_none_or(|known| there < known) {
                    steps[far as usize] = Some(there);
                    heap.push(Reverse((there, far)));
                }
            }
        }
        for (v, price) in self.prices.iter_mut().enumerate() {
            let far = steps[v].filter(|_| settled[v]).unwrap_or(last);
            *price += far * epsilon;
        }
        // Only differences count: the lowest is zero, so that they stay small.
        let lowest = self.prices.iter().copied().min().unwrap_or(W::ZERO);
        self.prices.iter_mut().for_each(|price| *price -= lowest);
    }
}
