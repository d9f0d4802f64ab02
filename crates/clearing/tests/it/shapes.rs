//! Particular shapes: order of relief, empty and huge input, long ways round, refusals.

use clearing::{GraphError, MAX_TOLD_MEMBERS, best_circulation, circles, verify};
use protocol::Units;

use crate::instances::debt;

fn cleared(participants: u32, debts: &[clearing::Debt]) -> Vec<i64> {
    let found = best_circulation(participants, debts, &mut |_| {}).expect("a graph");
    verify(participants, debts, &found).expect("proved");
    found.cleared.into_iter().map(Units::milli).collect()
}

#[test]
fn nothing_owed_nothing_cleared() {
    assert!(cleared(0, &[]).is_empty());
    assert!(cleared(5, &[]).is_empty());
    assert_eq!(cleared(2, &[debt(0, 1, 0), debt(1, 0, 0)]), [0, 0]);
    assert_eq!(cleared(3, &[debt(0, 1, 9), debt(1, 2, 9)]), [0, 0]);
}

#[test]
fn debts_of_one_pair_are_relieved_in_the_order_given() {
    let debts = [debt(0, 1, 3), debt(1, 0, 8), debt(0, 1, 4), debt(0, 1, 9)];
    assert_eq!(cleared(2, &debts), [3, 8, 4, 1]);
}

#[test]
fn a_longer_way_round_is_taken_where_it_clears_more() {
    // Greedy short circles take 0 → 1 → 0 and leave the circle of four without its first debt.
    let debts = [debt(0, 1, 5), debt(1, 0, 5), debt(1, 2, 5), debt(2, 3, 5), debt(3, 0, 5)];
    assert_eq!(cleared(4, &debts), [5, 0, 5, 5, 5]);
}

#[test]
fn sums_beyond_64_bits_are_exact() {
    let most = Units::MAX.milli();
    let mut debts = Vec::new();
    for _ in 0..1_500 {
        debts.extend([debt(0, 1, most), debt(1, 2, most), debt(2, 0, most)]);
    }
    debts.push(debt(0, 1, most));
    let found = best_circulation(3, &debts, &mut |_| {}).expect("a graph");
    let proof = verify(3, &debts, &found).expect("proved");
    assert_eq!(proof.cleared, i128::from(most) * 4_500);
    assert_eq!(
        circles(3, &debts, &found.cleared, MAX_TOLD_MEMBERS).unwrap()[0].units,
        i128::from(most) * 1_500
    );
}

#[test]
fn a_circle_of_two_hundred_thousand_is_found_and_explained() {
    let n = 200_000;
    let mut debts: Vec<_> = (0..n).map(|v| debt(v, (v + 1) % n, 1_000 + i64::from(v))).collect();
    debts.push(debt(n / 2, 0, 500));
    let found = best_circulation(n, &debts, &mut |_| {}).expect("a graph");
    verify(n, &debts, &found).expect("proved");
    let explained = circles(n, &debts, &found.cleared, MAX_TOLD_MEMBERS).unwrap();
    let lengths: Vec<_> = explained.iter().map(|circle| circle.members.len()).collect();
    assert_eq!(lengths, [200_000]);
    assert_eq!(explained[0].units, 1_000);
}

#[test]
fn one_participant_whom_everybody_owes_and_who_owes_everybody() {
    let n = 30_000;
    let owed = (1..n).map(|v| debt(v, 0, i64::from(v)));
    let owing = (1..n).map(|v| debt(0, v, i64::from(n - v)));
    let debts: Vec<_> = owed.chain(owing).collect();
    let expected: i64 = (1..n).map(|v| 2 * i64::from(v.min(n - v))).sum();
    assert_eq!(cleared(n, &debts).iter().sum::<i64>(), expected);
}

#[test]
fn what_is_no_graph_of_debts_is_refused_with_its_place() {
    let refused = |debts: &[clearing::Debt]| best_circulation(3, debts, &mut |_| {}).unwrap_err();
    let good = debt(0, 1, 1);
    assert_eq!(
        refused(&[good, debt(0, 3, 1)]),
        GraphError::UnknownParticipant { debt: 1, participant: 3 }
    );
    assert_eq!(refused(&[good, good, debt(2, 2, 1)]), GraphError::SelfDebt { debt: 2 });
    assert_eq!(refused(&[debt(0, 1, -1)]), GraphError::Negative { debt: 0 });
}

#[test]
fn progress_never_goes_back_and_ends_complete() {
    let instance = crate::instances::large(7, 2_000, 8_000);
    let mut told = vec![0];
    best_circulation(instance.participants, &instance.debts, &mut |done| told.push(done))
        .expect("a graph");
    assert!(told.len() > 2 && told.is_sorted() && told.ends_with(&[1000]), "{told:?}");
}
