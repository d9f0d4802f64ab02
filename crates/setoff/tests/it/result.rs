//! What a set-off promises, on random tables.

use proptest::prelude::*;
use setoff::{
    Choice, Outcome, ReadOptions, Table, Timing, clear, clear_as, json, read_table, report,
};

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
    fn whatever_is_chosen_net_positions_stay(table in table(), max_hops in 2u32..6) {
        let largest = cleared(table.clone()).summary.cleared;
        for choice in [Choice::Even, Choice::Short { max_hops }] {
            let outcome = clear_as(table.clone(), choice, &mut |_| {}).unwrap();
            for position in &outcome.summary.positions {
                prop_assert_eq!(position.net_before(), position.net_after());
            }
            prop_assert_eq!(outcome.proof.cleared, outcome.summary.cleared);
            prop_assert_eq!(outcome.proof.bound, largest);
            prop_assert!(choice != Choice::Even || outcome.summary.cleared == largest);
            let circles = outcome.circles.iter().flatten();
            let told: i128 = circles.clone()
                .map(|c| c.units * i128::try_from(c.members.len()).unwrap())
                .sum();
            prop_assert_eq!(told, outcome.summary.cleared);
            let longest = circles.map(|c| c.members.len()).max().unwrap_or(0);
            prop_assert!(choice == Choice::Even || longest <= max_hops as usize);
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

const TWO_WAYS: &str = "Ann,Bob,300\nAnn,Cid,100\nBob,Dan,300\nCid,Dan,100\nDan,Ann,40\n";

fn chosen(text: &str, choice: Choice) -> Outcome {
    let table = read_table(text.as_bytes(), &ReadOptions::default()).unwrap();
    clear_as(table, choice, &mut |_| {}).unwrap()
}

fn told(outcome: &Outcome) -> serde_json::Value {
    let timing = Timing { run: std::time::Duration::ZERO };
    serde_json::from_str(&json(outcome, timing, true, None).unwrap()).unwrap()
}

#[test]
fn relief_spread_evenly_is_as_much_in_equal_shares() {
    let (first, even) = (chosen(TWO_WAYS, Choice::Largest), chosen(TWO_WAYS, Choice::Even));
    assert_eq!(first.proof, even.proof);
    let cleared: Vec<i64> = even.cleared.iter().map(|units| units.milli()).collect();
    assert_eq!(cleared, [30_000, 10_000, 30_000, 10_000, 40_000]);
    let json = told(&even);
    assert_eq!((&json["spread"], &json["verified"]), (&"even".into(), &true.into()));
    assert!(told(&first).get("spread").is_none());
    assert!(report(&even, "t").contains("in shares as equal as that allows"));
}

#[test]
fn short_circles_say_what_share_of_the_most_they_clear() {
    let text = "Ann,Bob,10\nBob,Ann,4\nBob,Cid,6\nCid,Dan,6\nDan,Ann,6\n";
    let two = chosen(text, Choice::Short { max_hops: 2 });
    assert_eq!((two.proof.cleared, two.proof.bound), (8_000, 32_000));
    assert_eq!(two.circles.as_ref().unwrap().len(), 1);
    let json = told(&two);
    assert_eq!(json["max_hops"], 2);
    assert_eq!(json["most"], 32_000);
    assert_eq!(json["share_of_most"], 0.25);
    assert_eq!((&json["verified"], &json["cleared"]), (&true.into(), &8_000.into()));
    assert!(report(&two, "t").contains("circles of at most 2 members can, 25.0 % of what"));
    let four = chosen(text, Choice::Short { max_hops: 4 });
    assert_eq!(four.proof.cleared, 32_000);
    assert_eq!(told(&four)["share_of_most"], 1.0);
}
