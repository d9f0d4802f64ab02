//! Potentials stay small, however long changes go on: gaps between them are closed.
//!
//! Of two participants only the sign of what a unit gains, 1 + p(creditor) - p(debtor), says anything.
//! A difference of 2 or more keeps every such sign when it is made another of 2 or more, so that gaps
//! in the sorted potentials may be narrowed to 2.

/// How far from 0 potentials may drift before gaps are closed.
///
/// With P participants, at most 2^26, closing leaves them between 0 and 2 P = 2^27. One change moves
/// them by at most P and their range, which is at most 2^29: all fits 32 bits.
pub(super) const WIDEST: i32 = 1 << 28;

/// Potentials of the same meaning, from 0.
pub(super) fn close_gaps(given: &[i32]) -> Vec<i32> {
    let mut order: Vec<usize> = (0..given.len()).collect();
    order.sort_unstable_by_key(|&v| given[v]);
    let mut closed = vec![0; given.len()];
    let mut last = None;
    for v in order {
        let at = match last {
            None => 0,
            Some((before, at)) => {
                let gap = i64::from(given[v]) - i64::from(before);
                at + i32::try_from(gap.min(2)).unwrap_or(2)
            }
        };
        closed[v] = at;
        last = Some((given[v], at));
    }
    closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_stays() {
        let given = [5, i32::MIN, i32::MAX, 6, 7, 7, 9, 12, -3, 1 << 30];
        let closed = close_gaps(&given);
        for (u, p) in given.iter().enumerate() {
            for (v, q) in given.iter().enumerate() {
                let before = 1 + i64::from(*q) - i64::from(*p);
                let after = 1 + i64::from(closed[v]) - i64::from(closed[u]);
                assert_eq!(before.signum(), after.signum(), "{p} {q}");
            }
        }
        assert!(closed.iter().all(|p| (0..=18).contains(p)), "{closed:?}");
    }
}
