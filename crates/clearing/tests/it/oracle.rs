//! Slow ways to find what can be cleared, written to be obviously right and to share nothing.

use clearing::Debt;

/// The most that can be cleared, by Klein's method: while the debts allow a change that clears
/// more (a circle of steps along a debt, `+1`, or back, `-1`), make it.
pub(crate) fn most_by_cancelling(participants: u32, debts: &[Debt]) -> i128 {
    most_gained(participants, debts, &vec![1; debts.len()])
}

/// The same where a unit of each debt gains so much.
pub(crate) fn most_gained(participants: u32, debts: &[Debt], gains: &[i64]) -> i128 {
    let mut cleared = vec![0_i128; debts.len()];
    while let Some(circle) = better_circle(participants as usize, debts, gains, &cleared) {
        let room = |&(debt, along): &(usize, bool)| room(debts, &cleared, debt, along);
        let step = circle.iter().map(room).min().expect("a circle has steps");
        for (debt, along) in circle {
            cleared[debt] += if along { step } else { -step };
        }
    }
    cleared.iter().zip(gains).map(|(part, gain)| part * i128::from(*gain)).sum()
}

fn room(debts: &[Debt], cleared: &[i128], debt: usize, along: bool) -> i128 {
    if along { i128::from(debts[debt].units.milli()) - cleared[debt] } else { cleared[debt] }
}

/// A circle of steps with room whose gain is positive, by Bellman and Ford.
fn better_circle(
    n: usize,
    debts: &[Debt],
    gains: &[i64],
    cleared: &[i128],
) -> Option<Vec<(usize, bool)>> {
    let mut steps = Vec::new();
    for (debt, d) in debts.iter().enumerate() {
        let (u, v) = (d.debtor as usize, d.creditor as usize);
        for (along, from, to, gain) in [(true, u, v, gains[debt]), (false, v, u, -gains[debt])] {
            if room(debts, cleared, debt, along) > 0 {
                steps.push((from, to, gain, (debt, along)));
            }
        }
    }
    let mut best = vec![0_i64; n];
    let mut via = vec![None; n];
    let mut last = None;
    for _ in 0..n {
        last = None;
        for &(from, to, gain, step) in &steps {
            if best[from] + gain > best[to] {
                best[to] = best[from] + gain;
                via[to] = Some((from, step));
                last = Some(to);
            }
        }
    }
    let mut at = last?;
    for _ in 0..n {
        at = via[at]?.0;
    }
    let (start, mut circle) = (at, Vec::new());
    loop {
        let (from, step) = via[at]?;
        circle.push(step);
        at = from;
        if at == start {
            return Some(circle);
        }
    }
}

/// The most that can be cleared, by trying everything; for tiny amounts only.
pub(crate) fn most_by_trying(participants: u32, debts: &[Debt]) -> i128 {
    fn try_from(debts: &[Debt], net: &mut Vec<i64>, so_far: i128) -> i128 {
        let Some((debt, rest)) = debts.split_first() else {
            return if net.iter().all(|&x| x == 0) { so_far } else { i128::MIN };
        };
        let (u, v) = (debt.debtor as usize, debt.creditor as usize);
        let mut best = i128::MIN;
        for part in 0..=debt.units.milli() {
            net[u] += part;
            net[v] -= part;
            best = best.max(try_from(rest, net, so_far + i128::from(part)));
            net[u] -= part;
            net[v] += part;
        }
        best
    }
    try_from(debts, &mut vec![0; participants as usize], 0)
}

#[test]
fn the_slow_oracle_agrees_with_trying_everything() {
    let mut cleared_something = 0;
    for seed in 0..2_000 {
        let mut chance = super::instances::Chance(seed);
        let participants = 2 + chance.below(4);
        let rows = 1 + chance.below(7);
        let debts: Vec<Debt> = (0..rows)
            .map(|_| {
                let debtor = chance.below(participants);
                let creditor = (debtor + 1 + chance.below(participants - 1)) % participants;
                super::instances::debt(debtor, creditor, i64::from(chance.below(4)))
            })
            .collect();
        let tried = most_by_trying(participants, &debts);
        assert_eq!(most_by_cancelling(participants, &debts), tried, "seed {seed}: {debts:?}");
        cleared_something += u32::from(tried > 0);
    }
    assert!(cleared_something > 500, "the instances are worth testing: {cleared_something}");
}
