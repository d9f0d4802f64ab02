//! Whole prices, exactly right, from those of a solved scaling, which are right to within epsilon.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Costs;
use super::scaling::Scaling;
use super::whole::Whole;

impl<W: Whole, C: Costs> Scaling<W, C> {
    /// The prices of a flow that is right to within one part, in costs.
    ///
    /// A price is how much is gained by a unit brought from anywhere, negated: the least sum of costs
    /// over all ways that end there. One part is added to the cost of each step, so that at the present
    /// prices no step gains and Dijkstra's method finds the least; and a way has fewer steps than there
    /// are parts, so that they are lost in rounding down.
    pub(super) fn exact_prices(&self) -> Vec<i128> {
        let lowest = self.prices.iter().copied().min().unwrap_or(W::ZERO);
        // From anywhere to here, at the present prices; so far.
        let mut far: Vec<W> = self.prices.iter().map(|price| *price - lowest).collect();
        let mut heap: BinaryHeap<_> = far.iter().copied().zip(0_u32..).map(Reverse).collect();
        while let Some(Reverse((here, v))) = heap.pop() {
            if far[v as usize] < here {
                continue;
            }
            for (to, cost) in self.units_from(v) {
                let there = here + cost + W::from(1);
                if there < far[to as usize] {
                    far[to as usize] = there;
                    heap.push(Reverse((there, to)));
                }
            }
        }
        let cost = |(far, price): (&W, &W)| (*far - (*price - lowest)).over(self.fine);
        far.iter().zip(&self.prices).map(cost).map(|least| -least.into()).collect()
    }
}
