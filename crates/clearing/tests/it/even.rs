//! Relief spread evenly: as much as before, as even as can be, whatever the order of the debts.

use std::collections::BTreeMap;

use clearing::{CertificateFault, Circulation, Debt, best_circulation, spread_evenly, verify};

use crate::instances::{Chance, Instance, debt, large, small};

fn spread(Instance { participants, debts }: &Instance, what: &str) -> Circulation {
    let best = best_circulation(*participants, debts, &mut |_| {}).expect("a graph");
    let before = verify(*participants, debts, &best).expect("proved");
    let even = spread_evenly(*participants, debts, &best).expect("proved");
    assert_eq!(verify(*participants, debts, &even), Ok(before), "{what}: as much as before");
    assert_eq!(even.potentials, best.potentials, "{what}: by the same proof");
    even
}

fn milli(circulation: &Circulation) -> Vec<i64> {
    circulation.cleared.iter().map(|units| units.milli()).collect()
}

/// What each pair owes, and what is cleared of it.
fn pairs(debts: &[Debt], cleared: &[i64]) -> BTreeMap<(u32, u32), (i128, i128)> {
    let mut pairs = BTreeMap::new();
    for (d, part) in debts.iter().zip(cleared) {
        let (whole, sum) = pairs.entry((d.debtor, d.creditor)).or_insert((0, 0));
        *whole += i128::from(d.units.milli());
        *sum += i128::from(*part);
    }
    pairs
}

/// The number of parts of a share: the power of two above the largest debt, within bounds.
fn parts(largest: i128) -> i128 {
    (20..40).map(|bits| 1_i128 << bits).find(|parts| *parts > largest).unwrap_or(1 << 40)
}

/// All that is cleared, and the sum of what each unit costs.
fn worth(debts: &[Debt], cleared: &[i64], parts: i128) -> (i128, i128) {
    let cost = |(whole, part): &(i128, i128)| (1..=*part).map(|j| parts * j / whole).sum::<i128>();
    let pairs = pairs(debts, cleared);
    let total = pairs.values().map(|(_, part)| part).sum();
    (total, pairs.values().map(cost).sum())
}

#[test]
fn tiny_instances_are_as_even_as_by_trying_everything() {
    fn all(debts: &[Debt], net: &mut [i64], so_far: &mut Vec<i64>, visit: &mut dyn FnMut(&[i64])) {
        let Some((debt, rest)) = debts.split_first() else {
            if net.iter().all(|x| *x == 0) {
                visit(so_far);
            }
            return;
        };
        for part in 0..=debt.units.milli() {
            net[debt.debtor as usize] += part;
            net[debt.creditor as usize] -= part;
            so_far.push(part);
            all(rest, net, so_far, visit);
            so_far.pop();
            net[debt.debtor as usize] -= part;
            net[debt.creditor as usize] += part;
        }
    }
    let mut changed = 0;
    for seed in 0..1_000 {
        let mut chance = Chance(seed);
        // Two ways from 0 to 3 and one back, and something else.
        let participants = 4 + chance.below(2);
        let mut debts: Vec<Debt> = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 0)]
            .map(|(debtor, creditor)| debt(debtor, creditor, i64::from(1 + chance.below(4))))
            .to_vec();
        for _ in 0..chance.below(4) {
            let debtor = chance.below(participants);
            let creditor = (debtor + 1 + chance.below(participants - 1)) % participants;
            debts.push(debt(debtor, creditor, i64::from(chance.below(4))));
        }
        let instance = Instance { participants, debts };
        let even = milli(&spread(&instance, &format!("seed {seed}")));
        let debts = &instance.debts;
        let mut best = (0, 0);
        let mut net = vec![0; participants as usize];
        all(debts, &mut net, &mut Vec::new(), &mut |cleared| {
            let (total, cost) = worth(debts, cleared, 1 << 20);
            best = best.max((total, -cost));
        });
        let (total, cost) = worth(debts, &even, 1 << 20);
        assert_eq!((total, -cost), best, "seed {seed}: {debts:?}");
        let first = best_circulation(participants, debts, &mut |_| {}).expect("a graph");
        changed += u32::from(worth(debts, &milli(&first), 1 << 20).1 > cost);
    }
    assert!(changed > 30, "instances made more even: {changed}");
}

/// No circle of one unit, on or back along pairs, that clears as much and costs less: by Bellman and
/// Ford over (what is cleared, cost) told as one number.
fn no_circle_gains(Instance { participants, debts }: &Instance, cleared: &[i64], what: &str) {
    let potentials =
        best_circulation(*participants, debts, &mut |_| {}).expect("a graph").potentials;
    let pairs = pairs(debts, cleared);
    let is_free = |u: u32, v: u32| 1 + potentials[v as usize] - potentials[u as usize] == 0;
    let free = pairs.iter().filter(|((u, v), (whole, _))| *whole > 0 && is_free(*u, *v));
    let free: Vec<_> = free.collect();
    let largest = free.iter().map(|(_, (whole, _))| *whole).max().unwrap_or(0);
    let parts = parts(largest);
    let mut steps = Vec::new();
    for ((u, v), (whole, part)) in free {
        if part < whole {
            steps.push((*u, *v, parts * (part + 1) / whole));
        }
        if *part > 0 {
            steps.push((*v, *u, -(parts * part / whole)));
        }
    }
    let mut least = vec![0_i128; *participants as usize];
    for _ in 0..=*participants {
        let mut changed = false;
        for &(u, v, cost) in &steps {
            if least[u as usize] + cost < least[v as usize] {
                least[v as usize] = least[u as usize] + cost;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
    panic!("{what}: a circle of one unit makes it more even");
}

#[test]
fn no_circle_of_one_unit_makes_it_more_even() {
    for seed in 0..3_000 {
        let instance = small(seed);
        let what = format!("seed {seed}");
        no_circle_gains(&instance, &milli(&spread(&instance, &what)), &what);
    }
    for (seed, participants, rows) in [(1, 40, 200), (2, 300, 900), (3, 1_000, 5_000)] {
        let instance = large(seed, participants, rows);
        let what = format!("{participants} participants");
        no_circle_gains(&instance, &milli(&spread(&instance, &what)), &what);
    }
}

#[test]
fn the_order_of_the_debts_decides_over_the_last_unit_only() {
    let mut moved = 0;
    let instances = (0..1_000).map(small).chain([large(1, 300, 1_500), large(2, 100, 700)]);
    for (number, instance) in instances.enumerate() {
        let what = format!("instance {number}");
        let Instance { participants, debts } = &instance;
        let mut order: Vec<usize> = (0..debts.len()).collect();
        let mut chance = Chance(number as u64);
        for last in (1..order.len()).rev() {
            order.swap(last, chance.below(u32::try_from(last + 1).expect("few")) as usize);
        }
        let shuffled = order.iter().map(|&place| debts[place]).collect();
        let shuffled = Instance { participants: *participants, debts: shuffled };
        let (first, second) = (spread(&instance, &what), spread(&shuffled, &what));
        let mut back = vec![0; debts.len()];
        for (&place, part) in order.iter().zip(milli(&second)) {
            back[place] = part;
        }
        let first_by_pair = pairs(debts, &milli(&first));
        for (pair, (whole, part)) in pairs(debts, &back) {
            let other = first_by_pair[&pair].1;
            assert!(whole >= 1 << 40 || (part - other).abs() <= 1, "{what}: {part} and {other}");
            moved += u32::from(part != other);
        }
    }
    assert!(moved > 0, "ties are among the instances");
}

#[test]
fn whoever_stands_alike_is_relieved_alike() {
    // 0 owes each of five, each of them owes 6, and 6 owes 0 less than all of that.
    for back in 1..60 {
        let there = (1..=5).map(|v| debt(0, v, 12));
        let on = (1..=5).map(|v| debt(v, 6, 12));
        let debts = there.chain(on).chain([debt(6, 0, back)]).collect();
        let even = milli(&spread(&Instance { participants: 7, debts }, "alike"));
        let (most, least) = (even[5..10].iter().max(), even[5..10].iter().min());
        assert!(most.unwrap() - least.unwrap() <= 1, "{even:?}");
        assert_eq!(even[..10].iter().sum::<i64>(), 2 * back);
    }
}

#[test]
fn unequal_debts_are_relieved_in_equal_shares() {
    let debts =
        vec![debt(0, 1, 300), debt(0, 2, 100), debt(1, 3, 300), debt(2, 3, 100), debt(3, 0, 40)];
    let even = milli(&spread(&Instance { participants: 4, debts }, "shares"));
    assert_eq!(even, [30, 10, 30, 10, 40]);
}

#[test]
fn debts_of_one_pair_are_relieved_pro_rata() {
    let debts = vec![debt(0, 1, 60), debt(0, 1, 30), debt(0, 1, 10), debt(1, 0, 51)];
    let even = milli(&spread(&Instance { participants: 2, debts }, "one pair"));
    // 30.6, 15.3 and 5.1: the odd one goes to the largest remainder.
    assert_eq!(even, [31, 15, 5, 51]);
}

#[test]
fn sums_beyond_64_bits_are_spread_too() {
    for seed in 0..60 {
        let mut instance = small(seed);
        instance.debts = instance.debts.repeat(400);
        let what = format!("seed {seed}");
        no_circle_gains(&instance, &milli(&spread(&instance, &what)), &what);
    }
}

#[test]
fn what_is_not_the_largest_is_refused() {
    let debts = vec![debt(0, 1, 5), debt(1, 0, 5)];
    let mut best = best_circulation(2, &debts, &mut |_| {}).expect("a graph");
    best.cleared = vec![protocol::Units::ZERO; 2];
    let refused = spread_evenly(2, &debts, &best);
    assert!(matches!(refused, Err(CertificateFault::NotTight(_))), "{refused:?}");
}

#[test]
fn two_long_ways_round_share_what_comes_over_both() {
    // From 0 to the last one over two chains of 3,000 debts each, twice as large on one of them.
    let steps = 3_000;
    let last = 2 * steps - 1;
    let chain = |first: u32, units: i64| {
        let inner = (0..steps - 2).map(move |at| debt(first + at, first + at + 1, units));
        [debt(0, first, units), debt(first + steps - 2, last, units)].into_iter().chain(inner)
    };
    let debts: Vec<_> = chain(1, 2_000_000)
        .chain(chain(steps, 1_000_000))
        .chain([debt(last, 0, 900_000)])
        .collect();
    let even = milli(&spread(&Instance { participants: 2 * steps, debts }, "long"));
    let middle = steps as usize;
    assert!(even[..middle].iter().all(|part| *part == 600_000), "{:?}", &even[..3]);
    assert!(even[middle..2 * middle].iter().all(|part| *part == 300_000));
}
