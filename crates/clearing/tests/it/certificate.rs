//! The proof is worth something: whatever is wrong with a result, the check says so.

use clearing::{CertificateFault, Circulation, Debt, Proof, best_circulation, verify};
use protocol::Units;

use crate::instances::{debt, small};

fn triangle() -> (Vec<Debt>, Circulation) {
    let debts = vec![debt(0, 1, 5), debt(1, 2, 7), debt(2, 0, 9)];
    let found = best_circulation(3, &debts, &mut |_| {}).expect("a graph");
    (debts, found)
}

fn milli(units: i64) -> Units {
    Units::new(units).expect("in range")
}

#[test]
fn a_circle_of_three_clears_its_smallest_debt() {
    let (debts, found) = triangle();
    assert_eq!(found.cleared, [milli(5); 3]);
    assert_eq!(verify(3, &debts, &found), Ok(Proof { cleared: 15, bound: 15 }));
}

#[test]
fn clearing_less_than_possible_is_found_out() {
    let (debts, mut found) = triangle();
    found.cleared = vec![milli(4); 3];
    let proof = Proof { cleared: 12, bound: 15 };
    assert_eq!(verify(3, &debts, &found), Err(CertificateFault::NotTight(proof)));
}

#[test]
fn a_changed_net_position_is_found_out() {
    let (debts, mut found) = triangle();
    found.cleared[1] = milli(6);
    let fault = CertificateFault::Unbalanced { participant: 1, change: 1 };
    assert_eq!(verify(3, &debts, &found), Err(fault));
}

#[test]
fn clearing_more_than_a_debt_or_less_than_nothing_is_found_out() {
    for wrong in [6, -1] {
        let (debts, mut found) = triangle();
        found.cleared = vec![milli(wrong); 3];
        assert_eq!(verify(3, &debts, &found), Err(CertificateFault::OutsideDebt { debt: 0 }));
    }
}

#[test]
fn a_certificate_for_another_graph_is_found_out() {
    let (mut debts, found) = triangle();
    assert_eq!(verify(2, &debts, &found), Err(CertificateFault::WrongShape));
    debts[2].creditor = 3;
    assert_eq!(verify(3, &debts, &found), Err(CertificateFault::UnknownParticipant { debt: 2 }));
    debts.pop();
    assert_eq!(verify(3, &debts, &found), Err(CertificateFault::WrongShape));
}

#[test]
fn no_other_potentials_prove_more_than_is_true() {
    // Whatever potentials say, the bound never falls below what the optimum clears.
    for seed in 0..500 {
        let instance = small(seed);
        let found =
            best_circulation(instance.participants, &instance.debts, &mut |_| {}).expect("a graph");
        let honest = verify(instance.participants, &instance.debts, &found).expect("proved");
        let mut chance = crate::instances::Chance(!seed);
        let mut forged = found;
        for potential in &mut forged.potentials {
            *potential += i32::try_from(chance.below(5)).expect("small") - 2;
        }
        match verify(instance.participants, &instance.debts, &forged) {
            Ok(proof) => assert_eq!(proof, honest, "seed {seed}"),
            Err(CertificateFault::NotTight(proof)) => {
                assert!(proof.bound > honest.cleared, "seed {seed}");
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
}
