//! What a set-off promises, on random tables.

use proptest::prelude::*;
use setoff::{Outcome, ReadOptions, Table, Timing, clear, json, read_table};

/// A table as text: few names, so that circles are there; some rows repeat a pair.
pub(crate) fn table() -> impl Strategy<Value = Table> {
    let row = (0u8..9, 1u8..9, prop_oneof![0u64..30, 0u64..9_000_000_000_000_000]);
    prop::collection::vec(row, 0..60).prop_map(|rows| {
        let mut text = String::from("debtor,creditor,amount\n");
        for (debtor, step, milli) in rows {
            let creditor = (debtor + step) % 9;
            let (whole, part) = (milli / 1000, milli % 1000);
            // The last place makes every amount positive; below a milli-CHIP it rounds away.
            text.push_str(&format!("firm {debtor},firm {creditor},{whole}.{part:03}1\n"));
        }
        read_table(text.as_bytes(), &ReadOptions::default()).unwrap()
    })
}

pub(crate) fn cleared(table: Table) -> Outcome {
    clear(table, &mut |_| {}).unwrap()
}

fn milli(units: protocol::Units) -> i128 {
    i128::from(units.milli())
}

proptest! {
    #[test]
    fn net_positions_stay_and_sums_agree(table in table()) {
        let outcome = cleared(table);
        let summary = &outcome.summary;
        let rows: i128 = outcome.cleared.iter().map(|&units| milli(units)).sum();
        prop_assert_eq!(rows, summary.cleared);
        prop_assert_eq!(rows, outcome.proof.bound);
        for position in &summary.positions {
            prop_assert_eq!(position.net_before(), position.net_after());
            prop_assert!(position.owes_after >= 0 && position.owed_after >= 0);
        }
        let owed: i128 = summary.positions.iter().map(|p| p.owes_after).sum();
        prop_assert_eq!(owed, summary.left());
        prop_assert!(summary.left() >= summary.net);
        let circles: i128 =
            outcome.circles.iter().flatten().map(|c| c.units * i128::try_from(c.members.len()).unwrap()).sum();
        prop_assert_eq!(circles, summary.cleared);
    }

    #[test]
    fn rows_of_one_pair_are_relieved_in_file_order(table in table()) {
        let outcome = cleared(table);
        let debts = &outcome.table.debts;
        for (i, first) in debts.iter().enumerate() {
            for (j, second) in debts.iter().enumerate().skip(i + 1) {
                let pair = |d: &clearing::Debt| (d.debtor, d.creditor);
                if pair(first) == pair(second) && outcome.cleared[j].milli() > 0 {
                    prop_assert_eq!(outcome.cleared[i], first.units, "row {} before {}", i, j);
                }
            }
        }
    }

    #[test]
    fn people_are_counted_once(table in table()) {
        let outcome = cleared(table);
        let summary = &outcome.summary;
        prop_assert!(summary.freed_of_all + summary.freed_of_part <= summary.debtors);
        let all = summary.largest_beneficiaries(usize::MAX);
        prop_assert_eq!(all.len() as u64, summary.freed_of_all + summary.freed_of_part);
        let relief = |number: &u32| summary.position(*number).relief();
        prop_assert!(all.windows(2).all(|w| relief(&w[0]) >= relief(&w[1])));
        prop_assert_eq!(&all[..all.len().min(3)], summary.largest_beneficiaries(3));
    }
}

#[test]
fn sums_beyond_a_double_are_exact_in_json() {
    let row = "A,B,9007199254740.991\nB,A,9007199254740.990\n";
    let text = row.repeat(3000);
    let table = read_table(text.as_bytes(), &ReadOptions::default()).unwrap();
    let timing = Timing { run: std::time::Duration::from_millis(1500) };
    let text = json(&cleared(table), timing, true, None).unwrap();
    let (max, less) = ((1i128 << 53) - 1, (1i128 << 53) - 2);
    assert!(text.contains(&format!("\"total\":{}", 3000 * (max + less))), "{text}");
    assert!(text.contains(&format!("\"cleared\":{}", 6000 * less)), "{text}");
    assert!(text.contains("\"verified\":true"));
    assert!(text.contains("\"seconds\":1.5"));
}
