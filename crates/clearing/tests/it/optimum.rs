//! Never less than can be cleared, never more than is owed.

use clearing::{best_circulation, verify};

use crate::instances::{Instance, large, small};
use crate::oracle::most_by_cancelling;

fn cleared_and_proved(Instance { participants, debts }: &Instance, what: &str) -> i128 {
    let found = best_circulation(*participants, debts, &mut |_| {})
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let proof = verify(*participants, debts, &found)
        .unwrap_or_else(|fault| panic!("{what}: {fault}\n{debts:?}"));
    proof.cleared
}

#[test]
fn ten_thousand_small_instances_agree_with_a_slow_oracle() {
    let mut cleared_something = 0;
    for seed in 0..10_000 {
        let instance = small(seed);
        let cleared = cleared_and_proved(&instance, &format!("seed {seed}"));
        let most = most_by_cancelling(instance.participants, &instance.debts);
        assert_eq!(cleared, most, "seed {seed}: {:?}", instance.debts);
        cleared_something += u32::from(cleared > 0);
    }
    assert!(cleared_something > 5_000, "instances that clear: {cleared_something}");
}

#[test]
fn larger_instances_carry_their_proof() {
    for (seed, participants, rows) in [(1, 300, 900), (2, 3_000, 12_000), (3, 20_000, 60_000)] {
        let what = format!("{participants} participants");
        let cleared = cleared_and_proved(&large(seed, participants, rows), &what);
        assert!(cleared > 0, "{what}: something clears");
    }
}

#[test]
fn a_middling_instance_agrees_with_the_slow_oracle_too() {
    for seed in 0..20 {
        let instance = large(seed, 40, 160);
        let cleared = cleared_and_proved(&instance, &format!("seed {seed}"));
        assert_eq!(cleared, most_by_cancelling(instance.participants, &instance.debts));
    }
}

#[test]
fn instances_beyond_64_bits_agree_with_the_slow_oracle() {
    let mut beyond_64_bits = 0;
    for seed in 0..100 {
        let mut instance = small(seed);
        instance.debts = instance.debts.repeat(400);
        let all: i128 = instance.debts.iter().map(|d| i128::from(d.units.milli())).sum();
        if all > i128::from(i64::MAX) {
            let cleared = cleared_and_proved(&instance, &format!("seed {seed}"));
            assert_eq!(cleared, most_by_cancelling(instance.participants, &instance.debts));
            beyond_64_bits += 1;
        }
    }
    assert!(beyond_64_bits > 20, "instances with huge sums: {beyond_64_bits}");
}
