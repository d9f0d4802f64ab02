//! The explanation adds up: circles cancel exactly what the circulation cancels.

use std::collections::{BTreeMap, BTreeSet};

use clearing::{Circle, MAX_TOLD_MEMBERS, best_circulation, circles};
use protocol::Units;

use crate::instances::{Instance, debt, large, small};

type ByPair = BTreeMap<(u32, u32), i128>;

fn by_pair(debts: &[clearing::Debt], cleared: &[Units]) -> ByPair {
    let mut sums = ByPair::new();
    for (d, part) in debts.iter().zip(cleared).filter(|(_, part)| **part > Units::ZERO) {
        *sums.entry((d.debtor, d.creditor)).or_default() += i128::from(part.milli());
    }
    sums
}

fn sum_of(circles: &[Circle]) -> ByPair {
    let mut sums = ByPair::new();
    for circle in circles {
        let next = circle.members.iter().cycle().skip(1);
        for (&debtor, &creditor) in circle.members.iter().zip(next) {
            *sums.entry((debtor, creditor)).or_default() += circle.units;
        }
    }
    sums
}

fn explain(Instance { participants, debts }: &Instance, what: &str) -> Vec<Circle> {
    let found = best_circulation(*participants, debts, &mut |_| {}).expect("a graph");
    let explained = circles(*participants, debts, &found.cleared, MAX_TOLD_MEMBERS).expect("few");
    let cleared = by_pair(debts, &found.cleared);
    assert_eq!(sum_of(&explained), cleared, "{what}");
    assert!(explained.len() <= cleared.len(), "{what}: no more circles than pairs");
    for circle in &explained {
        let members: BTreeSet<_> = circle.members.iter().collect();
        assert_eq!(members.len(), circle.members.len(), "{what}: each member once");
        assert!(members.len() >= 2 && circle.units > 0, "{what}: a real circle");
    }
    let lengths = explained.iter().map(|circle| circle.members.len());
    assert!(lengths.is_sorted(), "{what}: short ones first");
    explained
}

#[test]
fn circles_add_up_on_small_instances() {
    for seed in 0..3_000 {
        explain(&small(seed), &format!("seed {seed}"));
    }
}

#[test]
fn circles_add_up_on_larger_instances() {
    for (seed, participants, rows) in [(1, 300, 900), (2, 3_000, 12_000)] {
        explain(&large(seed, participants, rows), &format!("{participants} participants"));
    }
}

#[test]
fn a_circle_within_a_larger_one_is_told_apart() {
    // 0 and 1 owe each other; 0 → 1 → 2 → 0 as well.
    let debts = vec![debt(0, 1, 10), debt(1, 0, 4), debt(1, 2, 6), debt(2, 0, 6)];
    let explained = explain(&Instance { participants: 3, debts }, "two circles");
    let expected =
        [Circle { members: vec![0, 1], units: 4 }, Circle { members: vec![0, 1, 2], units: 6 }];
    assert_eq!(explained, expected);
}

/// Everybody owes the next a little less and the first one 1: each circle is one shorter than the one
/// before, so n rows are explained by n² / 2 members.
#[test]
fn an_explanation_that_grows_with_the_square_of_the_rows_is_left_out() {
    let people = 300;
    let chain = (1..people).map(|next| debt(next - 1, next, i64::from(people - next)));
    let back = (1..people).map(|last| debt(last, 0, 1));
    let debts: Vec<_> = chain.chain(back).collect();
    let best = best_circulation(people, &debts, &mut |_| {}).expect("a graph");
    let told = |most| circles(people, &debts, &best.cleared, most);
    let members: usize = (2..=300).sum();
    let all = told(members).expect("just enough");
    assert_eq!((all.len(), all.iter().map(|c| c.members.len()).sum()), (299, members));
    assert_eq!(told(members - 1), None);
}

#[test]
#[should_panic(expected = "not a circulation")]
fn what_is_no_circulation_is_a_programmers_error() {
    let cleared = [Units::new(5).expect("in range"), Units::ZERO];
    circles(3, &[debt(0, 1, 5), debt(1, 2, 5)], &cleared, MAX_TOLD_MEMBERS);
}
