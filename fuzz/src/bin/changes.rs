//! Debts that change, as bytes: after every change the circulation that is kept is proved the largest.
#![no_main]

use clearing::{Debt, DynamicCirculation, MAX_TOLD_MEMBERS, best_circulation, circles, verify};
use protocol::Units;

/// As many participants as are looked through in the blink of an eye.
const FEW: u32 = 12;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first() else { return };
    let mut kept = DynamicCirculation::new(u32::from(*first) % FEW, &[]).expect("no debts");
    while let Some((change, more)) = rest.split_first_chunk() {
        step(&mut kept, *change);
        prove(&kept);
        rest = more;
    }
    let best = best_circulation(kept.participants(), &kept.debts(), &mut |_| {}).expect("debts");
    let cleared: i128 = best.cleared.iter().map(|part| i128::from(part.milli())).sum();
    assert_eq!(cleared, kept.total_cleared());
    let again = DynamicCirculation::resume(kept.participants(), &kept.debts(), &kept.circulation());
    assert_eq!(again.expect("proved").total_cleared(), cleared);
});

fn step(kept: &mut DynamicCirculation, [what, ends, high, low]: [u8; 4]) {
    let before = kept.total_cleared();
    match what {
        0 if kept.participants() < FEW => {
            kept.join().expect("room");
        }
        1 => {
            let taken: i128 = kept.take_all().iter().map(|leg| i128::from(leg.units.milli())).sum();
            assert_eq!((taken, kept.total_cleared()), (before, 0));
        }
        2 => take_a_circle(kept, usize::from(ends)),
        _ => {
            // One beyond the last is named now and then; amounts up to the ends of the range.
            let named = |end: u8| u32::from(end) % (kept.participants() + 1);
            let (debtor, creditor) = (named(ends >> 4), named(ends & 15));
            let milli = (i64::from(high) * 256 + i64::from(low)) << (what % 38);
            let milli = if what > 250 { -milli } else { milli };
            let units = Units::new(milli).unwrap_or(Units::MAX);
            match kept.set(debtor, creditor, units) {
                Ok(change) => {
                    assert_eq!(change.gained, kept.total_cleared() - before);
                    assert_eq!(kept.owed(debtor, creditor), units);
                }
                Err(_) => {
                    let known = debtor.max(creditor) < kept.participants() && debtor != creditor;
                    assert!(!known || milli < 0, "refused without a reason");
                }
            }
        }
    }
}

fn take_a_circle(kept: &mut DynamicCirculation, place: usize) {
    let cleared = kept.circulation().cleared;
    let told = circles(kept.participants(), &kept.debts(), &cleared, MAX_TOLD_MEMBERS);
    let told = told.expect("few");
    let Some(circle) = told.get(place % told.len().max(1)) else { return };
    let units = Units::new(i64::try_from(circle.units).expect("in one debt")).expect("as before");
    let next = circle.members.iter().cycle().skip(1);
    let ends = circle.members.iter().zip(next);
    let legs: Vec<_> = ends.map(|(&debtor, &creditor)| Debt { debtor, creditor, units }).collect();
    kept.take(&legs).expect("a part of what is cleared");
}

fn prove(kept: &DynamicCirculation) {
    let proof = verify(kept.participants(), &kept.debts(), &kept.circulation()).expect("proved");
    assert_eq!(proof.cleared, kept.total_cleared());
}
