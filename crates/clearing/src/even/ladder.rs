//! What each further unit cleared of a debt costs: the share of the debt that is cleared with it.

use crate::convex::{Costs, Whole};

/// The number of parts that a share is told in: a power of two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ladder {
    bits: u32,
}

/// Fewest and most parts, as powers of two.
const FEWEST: u32 = 20;
const MOST: u32 = 40;

impl Ladder {
    /// Parts enough to tell each unit of a debt of `largest` from the next, within bounds.
    pub(super) fn new(largest: i128) -> Self {
        let bits = i128::BITS - largest.max(0).leading_zeros();
        Self { bits: bits.clamp(FEWEST, MOST) }
    }
}

impl Costs for Ladder {
    const SHRINK: i64 = 8;

    /// How many parts there are: the cost of no unit exceeds it.
    fn largest(&self) -> i128 {
        1 << self.bits
    }

    fn widest(&self, most: i128) -> i128 {
        most.saturating_mul(self.largest() * 2)
    }

    /// The share that is cleared with this unit, in parts, rounded down. Debts are below 2^84 and
    /// parts at most 2^40, so it fits in 128 bits.
    fn cost<W: Whole>(&self, _: usize, unit: W, most: W) -> W {
        (unit * W::from(1 << self.bits)).over(most)
    }

    fn units<W: Whole>(&self, _: usize, cost: W, most: W) -> W {
        let parts = W::from(1 << self.bits);
        if cost < W::ZERO {
            return W::ZERO;
        }
        if cost >= parts {
            return most;
        }
        // floor(parts * j / most) <= cost  <=>  parts * j < (cost + 1) * most
        let one = W::from(1);
        ((cost + one) * most - one).over(parts).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_costs_agree() {
        for most in [1_i128, 2, 3, 7, 1_000, (1 << 20) + 1, (1 << 60) + 3] {
            let ladder = Ladder::new(most);
            let some = [1, 2, 3, most / 3, most / 2, most - 1, most];
            for unit in some.into_iter().filter(|unit| (1..=most).contains(unit)) {
                let cost = ladder.cost(0, unit, most);
                assert!((0..=ladder.largest()).contains(&cost));
                assert!(ladder.units(0, cost, most) >= unit);
                assert!(ladder.units(0, cost - 1, most) < unit, "{unit} of {most}");
            }
            assert_eq!(ladder.units(0, -1, most), 0);
            assert_eq!(ladder.units(0, ladder.largest(), most), most);
        }
    }
}
