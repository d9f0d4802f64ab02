//! What was carried out comes off the debts: all of it, or a part that is a circulation itself.

use clearing::{Debt, MAX_TOLD_MEMBERS, TakeError, circles};
use protocol::Units;

use super::run::{Run, pair, units};
use crate::instances::{Chance, debt, large};

fn some(seed: u64) -> Run {
    let instance = large(seed, 60, 300);
    Run::of(clearing::DynamicCirculation::new(60, &instance.debts).expect("debts"))
}

#[test]
fn after_all_is_taken_nothing_clears_until_a_debt_changes() {
    for seed in 0..60 {
        let (mut run, mut chance) = (some(seed), Chance(seed));
        let before = run.kept.total_cleared();
        assert!(before > 0);
        let owed = run.kept.total_owed();
        run.take_all();
        assert_eq!(run.kept.total_owed(), owed - before);
        run.check();
        assert!(run.kept.take_all().is_empty());
        for _ in 0..30 {
            let (debtor, creditor) = pair(&mut chance, 60);
            run.set_and_check(debtor, creditor, i64::from(chance.below(100_000)));
        }
        run.take_all();
        run.check();
    }
}

/// Circle by circle, with changes between them, as a site would.
#[test]
fn one_circle_after_another_may_be_taken() {
    for seed in 0..40 {
        let (mut run, mut chance) = (some(seed), Chance(seed));
        for _ in 0..12 {
            let cleared = run.kept.circulation().cleared;
            let told = circles(60, &run.kept.debts(), &cleared, MAX_TOLD_MEMBERS).expect("few");
            let Some(circle) = told.last() else { break };
            let milli = i64::try_from(circle.units).expect("one debt holds it");
            let next = circle.members.iter().cycle().skip(1);
            let ends = circle.members.iter().zip(next);
            let legs: Vec<_> = ends.map(|(&u, &v)| debt(u, v, milli)).collect();
            run.kept.take(&legs).expect("a part of what is cleared");
            legs.iter().for_each(|leg| run.take_off(leg));
            run.check();
            let (debtor, creditor) = pair(&mut chance, 60);
            run.set_and_check(debtor, creditor, i64::from(chance.below(50_000)));
        }
    }
}

#[test]
fn what_is_no_part_of_the_circulation_is_not_taken() {
    let mut run = Run::empty(4);
    for (debtor, creditor) in [(0, 1), (1, 2), (2, 0), (0, 3)] {
        run.set(debtor, creditor, 5);
    }
    let circle = |milli| [debt(0, 1, milli), debt(1, 2, milli), debt(2, 0, milli)];
    let mut refused = |legs: &[Debt]| run.kept.take(legs).unwrap_err();
    assert_eq!(refused(&circle(6)), TakeError::NotCleared { leg: 0 });
    assert_eq!(refused(&circle(-1)), TakeError::NotCleared { leg: 0 });
    assert_eq!(refused(&[debt(0, 3, 1)]), TakeError::NotCleared { leg: 0 });
    assert_eq!(refused(&[debt(1, 0, 1)]), TakeError::NotCleared { leg: 0 });
    assert_eq!(refused(&[debt(9, 7, 1)]), TakeError::NotCleared { leg: 0 });
    let twice = [circle(3), circle(3)].concat();
    assert_eq!(refused(&twice), TakeError::NotCleared { leg: 3 });
    let most = Units::MAX.milli();
    assert_eq!(refused(&[debt(0, 1, most), debt(0, 1, most)]), TakeError::NotCleared { leg: 0 });
    let unbalanced = TakeError::Unbalanced { participant: 0, change: 2 };
    assert_eq!(refused(&circle(2)[..1]), unbalanced);
    run.check();
    assert_eq!(run.kept.total_cleared(), 15);
    run.kept.take(&circle(5)).expect("all of it");
    assert_eq!(run.kept.owed(0, 1), units(0));
    assert_eq!(run.kept.debts(), [debt(0, 3, 5)]);
}
