//! What is no change of debts is refused with its reason, and changes nothing.

use clearing::{ChangeError, DynamicCirculation, GraphError, ResumeError};
use protocol::Units;

use super::run::{Run, units};
use crate::instances::debt;

#[test]
fn what_is_no_debt_is_refused() {
    let mut run = Run::empty(3);
    for (debtor, creditor) in [(0, 1), (1, 2), (2, 0)] {
        run.set(debtor, creditor, 5);
    }
    let mut refused = |debtor, creditor, milli| {
        run.kept.set(debtor, creditor, units(milli)).expect_err("no debt")
    };
    assert_eq!(refused(0, 3, 1), ChangeError::UnknownParticipant { participant: 3 });
    assert_eq!(refused(u32::MAX, 0, 1), ChangeError::UnknownParticipant { participant: u32::MAX });
    assert_eq!(refused(1, 1, 1), ChangeError::SelfDebt { participant: 1 });
    assert_eq!(refused(0, 1, -1), ChangeError::Negative { units: units(-1) });
    run.check();
    assert_eq!(run.kept.total_cleared(), 15);
}

#[test]
fn what_is_no_graph_is_refused_with_its_place() {
    let refused = |debts: &[clearing::Debt]| DynamicCirculation::new(3, debts).err();
    let good = debt(0, 1, 1);
    let unknown = GraphError::UnknownParticipant { debt: 1, participant: 3 };
    assert_eq!(refused(&[good, debt(0, 3, 1)]), Some(unknown));
    assert_eq!(refused(&[debt(2, 2, 1)]), Some(GraphError::SelfDebt { debt: 0 }));
    let negative = DynamicCirculation::resume(
        3,
        &[good, debt(0, 1, -1)],
        &clearing::Circulation { cleared: vec![Units::ZERO; 2], potentials: vec![0; 3] },
    );
    assert_eq!(negative.err(), Some(ResumeError::Graph(GraphError::Negative { debt: 1 })));
}

/// A pair holds one amount of the range of records; its debts may not add up to more.
#[test]
fn a_pair_beyond_the_range_of_records_is_refused() {
    let most = Units::MAX.milli();
    let circle = [debt(0, 1, most), debt(1, 2, most), debt(2, 0, most)];
    let full = DynamicCirculation::new(3, &circle).expect("each within the range");
    assert_eq!(full.total_cleared(), 3 * i128::from(most));
    let more = [circle.as_slice(), &[debt(1, 2, 1)]].concat();
    let beyond = GraphError::PairBeyond { debt: 3 };
    assert_eq!(DynamicCirculation::new(3, &more).err(), Some(beyond));
    let apart = [debt(0, 1, most - 3), debt(0, 1, 1), debt(0, 1, 2)];
    let kept = DynamicCirculation::new(2, &apart).expect("together just within the range");
    assert_eq!(kept.owed(0, 1), Units::MAX);
}

/// Sums of many such pairs leave 64 bits behind and stay exact.
#[test]
fn sums_beyond_64_bits_are_exact() {
    let n = 3_000;
    let mut run = Run::empty(n);
    for v in 0..n {
        run.set(v, (v + 1) % n, Units::MAX.milli());
    }
    assert_eq!(run.kept.total_cleared(), i128::from(n) * i128::from(Units::MAX.milli()));
    run.check();
    let change = run.set_and_check(5, 6, 1);
    assert_eq!(change.gained, -i128::from(n) * i128::from(Units::MAX.milli() - 1));
}
