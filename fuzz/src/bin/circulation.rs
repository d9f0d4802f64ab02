//! The graph builder and the search of the largest circulation: any bytes as a list of debts. What is
//! found must be proved by its own potentials, and fall apart into circles.
#![no_main]

use clearing::{Debt, MAX_TOLD_MEMBERS, best_circulation, circles, verify};
use libfuzzer_sys::fuzz_target;
use protocol::Units;

/// More participants would only make the graphs thinner.
const MOST_PARTICIPANTS: u32 = 64;

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let participants = u32::from(first) % MOST_PARTICIPANTS;
    let debts: Vec<Debt> = rest.chunks_exact(4).filter_map(debt).collect();
    match best_circulation(participants, &debts, &mut |done| assert!(done <= 1000)) {
        Ok(best) => {
            let proof = verify(participants, &debts, &best).expect("the largest, and proved");
            let told = circles(participants, &debts, &best.cleared, MAX_TOLD_MEMBERS)
                .expect("small graphs have small explanations");
            let sum = |circle: &clearing::Circle| circle.units * circle.members.len() as i128;
            assert_eq!(told.iter().map(sum).sum::<i128>(), proof.cleared);
        }
        Err(reason) => {
            assert!(is_refused(participants, &debts), "refused without a reason: {reason}")
        }
    }
});

/// A debt from four bytes: its ends, and an amount of any size, also at the end of the range.
fn debt(bytes: &[u8]) -> Option<Debt> {
    let [debtor, creditor, shift, low] = *bytes else { return None };
    let units = match shift {
        0..=52 => i64::from(low) << (shift % 46),
        53..=54 => Units::MAX.milli() - i64::from(low),
        55 => -i64::from(low),
        _ => i64::from(shift) * 256 + i64::from(low),
    };
    // Now and then somebody who does not exist, or who owes itself.
    Some(Debt {
        debtor: u32::from(debtor) % (MOST_PARTICIPANTS + 1),
        creditor: u32::from(creditor) % (MOST_PARTICIPANTS + 1),
        units: Units::new(units).ok()?,
    })
}

fn is_refused(participants: u32, debts: &[Debt]) -> bool {
    debts.iter().any(|debt| {
        debt.debtor.max(debt.creditor) >= participants
            || debt.debtor == debt.creditor
            || debt.units < Units::ZERO
    })
}
