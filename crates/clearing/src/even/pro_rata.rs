//! Relief of a pair shared out among its debts, each in proportion; no unit lost.

use protocol::Units;

use crate::Debt;
use crate::pairs::Pairs;

/// What is cleared of each debt, given what is cleared of each pair: its part rounded down, and the
/// odd units one each to the largest remainders (Hamilton's method), first come first among equal
/// ones.
pub(super) fn share_out(debts: &[Debt], whole: &Pairs<i128>, cleared: &[i128]) -> Vec<Units> {
    let mut parts = Vec::with_capacity(debts.len());
    let mut odd = cleared.to_vec();
    let mut remainders = Vec::new();
    for (place, (debt, &pair)) in debts.iter().zip(&whole.of_debt).enumerate() {
        let all = whole.list[pair as usize].units;
        let owed = debt.units.milli();
        let (part, remainder) = scaled(cleared[pair as usize], owed, all);
        odd[pair as usize] -= part;
        parts.push(part);
        if remainder > 0 {
            remainders.push((pair, -remainder, place));
        }
    }
    remainders.sort_unstable();
    for (pair, _, place) in remainders {
        let odd = &mut odd[pair as usize];
        let one = i128::from(*odd > 0);
        parts[place] += one;
        *odd -= one;
    }
    // No more than the debt itself, so it fits.
    let within = |(part, debt): (i128, &Debt)| {
        i64::try_from(part).ok().and_then(|part| Units::new(part).ok()).unwrap_or(debt.units)
    };
    parts.into_iter().zip(debts).map(within).collect()
}

/// `part * owed / all` and the remainder, exact; `part` is at most `all`, none below zero.
fn scaled(part: i128, owed: i64, all: i128) -> (i128, i128) {
    if all == 0 {
        return (0, 0);
    }
    if let Some(product) = part.checked_mul(owed.into()) {
        return (product / all, product % all);
    }
    // Bit by bit: the remainder stays below three times `all`.
    let (mut quotient, mut rest) = (0, 0);
    for bit in (0..i64::BITS - 1).rev() {
        (quotient, rest) = (quotient * 2, rest * 2 + if owed >> bit & 1 == 1 { part } else { 0 });
        (quotient, rest) = (quotient + rest / all, rest % all);
    }
    (quotient, rest)
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn the_long_way_agrees_with_the_short_one() {
        let all = 3 << 100;
        assert_eq!(scaled(all, i64::MAX, all), (i64::MAX.into(), 0));
        assert_eq!(scaled(1 << 100, 9_000, all), (3_000, 0));
        assert_eq!(scaled(all - 1, 1 << 50, all), ((1 << 50) - 1, all - (1 << 50)));
    }
}
