//! What has to move so that enough is left after the charges, and what can move for what there is.
//!
//! A path of tallies is priced leg by leg with these two: from the payee back, or from the payer on.
//! Both are exact: one milli-CHIP less would not do, one more would be too much.

use super::Lading;
use crate::{Rate, Units};

/// Parts per million of the whole.
const WHOLE: i64 = Rate::MAX.ppm() as i64;

impl Lading {
    /// The least that must move over this tally so that `due` is left to the taker after its own
    /// reward; none where not even [`Lading::most`] leaves so much.
    ///
    /// Never below zero, whatever is due.
    #[must_use]
    pub fn least_leaving(&self, due: Units) -> Option<Units> {
        let above = self.reward.above.milli();
        // Nothing is charged below `above`; beyond it, of each million so many parts are left.
        let beyond = due.milli() - above;
        let units = if beyond <= 0 || self.reward.rate == Rate::ZERO {
            due.max(Units::ZERO)
        } else {
            let left = WHOLE - i64::from(self.reward.rate.ppm());
            let milli = above.checked_add(scaled(beyond, left, Round::Up)?)?;
            Units::new(milli).ok()?
        };
        (units <= self.most).then_some(units)
    }

    /// The most that can move over this tally for a giver that has `budget` to let go, its own
    /// clutch included.
    ///
    /// Zero where `budget` is below zero; a giver that pays for all of it may need none.
    #[must_use]
    pub fn most_within(&self, budget: Units) -> Units {
        if budget < Units::ZERO {
            return Units::ZERO;
        }
        let up_to = self.clutch.up_to.milli();
        let at_end = up_to + self.clutch.due(self.clutch.up_to).milli();
        let milli = if self.clutch.rate == Rate::ZERO {
            budget.milli()
        } else if at_end <= budget.milli() {
            // The whole charge is in, and what moves beyond `up_to` costs only itself.
            up_to + (budget.milli() - at_end)
        } else {
            // Below `up_to`, so it fits; a rate of -100 % costs nothing there and went the other way.
            let each = WHOLE + i64::from(self.clutch.rate.ppm());
            scaled(budget.milli(), each, Round::Down).unwrap_or(0)
        };
        super::clamped(milli).min(self.most)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Up,
    Down,
}

/// `amount` times a million over `parts`, exact and rounded once; none where that is no number (no
/// parts) or too large a one. Neither is negative.
fn scaled(amount: i64, parts: i64, round: Round) -> Option<i64> {
    let (amount, parts) = (u64::try_from(amount).ok()?, u64::try_from(parts).ok()?);
    let whole = WHOLE.unsigned_abs();
    if parts == 0 {
        return None;
    }
    // Nearly all amounts fit, and searches for paths come here millions of times: 64 bits divide several times as fast.
    if let Some(product) = amount.checked_mul(whole) {
        let quotient = match round {
            Round::Up => product.div_ceil(parts),
            Round::Down => product / parts,
        };
        return i64::try_from(quotient).ok();
    }
    let (product, parts) = (u128::from(amount) * u128::from(whole), u128::from(parts));
    let quotient = match round {
        Round::Up => product.div_ceil(parts),
        Round::Down => product / parts,
    };
    i64::try_from(quotient).ok()
}
