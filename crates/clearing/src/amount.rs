//! The integers that the search computes in: 64 bits where every sum fits, else 128.

use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::Debt;

/// An exact signed integer wide enough for the sum of all debts at hand.
pub(crate) trait Amount:
    Copy
    + Ord
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Neg<Output = Self>
    + From<i64>
    + Into<i128>
{
    const ZERO: Self;
}

impl Amount for i64 {
    const ZERO: Self = 0;
}

impl Amount for i128 {
    const ZERO: Self = 0;
}

/// The sum of all debts, in milli-CHIPs.
pub(crate) fn total(debts: &[Debt]) -> i128 {
    debts.iter().map(|debt| i128::from(debt.units.milli())).sum()
}

/// Whether 64 bits hold any sum of parts of `debts`, and twice that.
pub(crate) fn fits_64(debts: &[Debt]) -> bool {
    total(debts) <= i128::from(i64::MAX / 4)
}
