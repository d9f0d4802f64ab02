//! Small graphs told step by step.

use super::run::{Run, units};

#[test]
fn a_circle_clears_when_it_closes_and_as_much_as_its_smallest_debt() {
    let mut run = Run::empty(3);
    assert_eq!(run.set_and_check(0, 1, 5).gained, 0);
    assert_eq!(run.set_and_check(1, 2, 7).gained, 0);
    let closed = run.set_and_check(2, 0, 9);
    assert_eq!((closed.gained, closed.moved.len(), closed.ways), (15, 3, 1));
    // Growth of the smallest clears more, up to the next; then there is nothing to gain.
    assert_eq!(run.set_and_check(0, 1, 8).gained, 6);
    assert_eq!(run.set_and_check(0, 1, 80).gained, 0);
    assert_eq!(run.set_and_check(2, 0, 90).gained, 0);
    assert_eq!(run.kept.cleared(1, 2), units(7));
    // Whoever pays a debt leaves the others theirs.
    let gone = run.set_and_check(1, 2, 0);
    assert_eq!((gone.gained, gone.moved.len()), (-21, 3));
    assert_eq!(run.kept.total_owed(), 170);
}

#[test]
fn a_longer_way_round_takes_over_where_it_clears_more() {
    let mut run = Run::empty(4);
    for (debtor, creditor) in [(0, 1), (1, 0), (1, 2), (2, 3)] {
        run.set_and_check(debtor, creditor, 5);
    }
    assert_eq!(run.kept.total_cleared(), 10);
    // The circle of four closes: two give up their small one for it.
    let change = run.set_and_check(3, 0, 5);
    assert_eq!((change.gained, run.kept.total_cleared()), (10, 20));
    assert_eq!(run.kept.cleared(1, 0), units(0));
    let told: Vec<_> = change.moved.iter().map(|at| (at.debtor, at.creditor)).collect();
    assert_eq!(told, [(1, 0), (1, 2), (2, 3), (3, 0)]);
    // And back.
    assert_eq!(run.set_and_check(2, 3, 2).gained, -6);
    assert_eq!(run.kept.cleared(1, 0), units(3));
}

#[test]
fn nothing_to_gain_is_seen_without_a_search() {
    let mut run = Run::empty(4);
    for (debtor, creditor) in [(0, 1), (1, 2), (2, 0)] {
        run.set_and_check(debtor, creditor, 5);
    }
    run.set_and_check(0, 1, 100);
    let change = run.set_and_check(0, 1, 200);
    assert_eq!((change.looks, change.moved.len()), (0, 0));
    assert_eq!(run.set_and_check(3, 2, 0).looks, 0);
    assert_eq!(run.kept.iter().count(), 3);
}

#[test]
fn who_joins_takes_part() {
    let mut run = Run::empty(1);
    let (a, b) = (run.kept.join().expect("room"), run.kept.join().expect("room"));
    run.set_and_check(a, b, 4);
    run.set_and_check(b, a, 3);
    assert_eq!(run.kept.total_cleared(), 6);
    assert_eq!(run.kept.circulation().potentials.len(), 3);
}

/// Debts come and go for ever; what is no longer owed takes no room.
#[test]
fn numbers_and_lists_are_used_again() {
    let mut run = Run::empty(50);
    for round in 0..20_000_u32 {
        let (debtor, creditor) = (round % 50, (round * 7 + 1 + round / 50) % 50);
        if debtor == creditor {
            continue;
        }
        let milli = if run.debts.len() >= 60 { 0 } else { i64::from(round % 97) };
        run.set(debtor, creditor, milli);
        if run.debts.len() >= 60 {
            let (u, v) = *run.debts.keys().nth(round as usize % 60).expect("there");
            run.set(u, v, 0);
        }
        if round % 500 == 0 {
            run.check();
        }
    }
}

/// A star whose middle owes and is owed by thousands: lists grow long and shrink.
#[test]
fn one_in_the_middle_of_thousands() {
    let n = 3_000;
    let mut run = Run::empty(n);
    for v in 1..n {
        run.set(v, 0, i64::from(v));
        run.set(0, v, i64::from(n - v));
    }
    run.check();
    let expected: i128 = (1..n).map(|v| 2 * i128::from(v.min(n - v))).sum();
    assert_eq!(run.kept.total_cleared(), expected);
    for v in (1..n).rev() {
        run.set(0, v, 0);
    }
    run.check();
    assert_eq!(run.kept.total_cleared(), 0);
}
