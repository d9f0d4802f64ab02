//! The integers that flows with costs are computed in: 64 bits where every product fits, else 128.

use std::ops::Mul;

use crate::amount::Amount;

/// An exact signed integer that can be multiplied and divided.
pub(crate) trait Whole: Amount + Mul<Output = Self> {
    /// More than any cost, so far from the end that sums with costs and prices fit.
    const BEYOND: Self;

    /// The quotient, rounded down; `by` is above zero.
    fn over(self, by: Self) -> Self;

    /// This number, if it fits; every caller has seen to that.
    fn of(number: i128) -> Self;
}

impl Whole for i64 {
    const BEYOND: Self = Self::MAX / 2;

    fn over(self, by: Self) -> Self {
        self.div_euclid(by)
    }

    fn of(number: i128) -> Self {
        Self::try_from(number).expect("chosen where all fits")
    }
}

impl Whole for i128 {
    const BEYOND: Self = Self::MAX / 2;

    fn over(self, by: Self) -> Self {
        self.div_euclid(by)
    }

    fn of(number: i128) -> Self {
        number
    }
}
