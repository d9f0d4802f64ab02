//! What the benchmarks read: tables of debts, and amounts of a network of trust lines. `debts.csv` is part of a generated table:
//! two circles, and amounts that come out a milli-CHIP short where they go through floating point.

use clearing::best_circulation;
use protocol::Units;

#[path = "../../examples/ripple/amount.rs"]
mod amount;
#[path = "../../examples/families/mod.rs"]
mod families;

const DEBTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/debts.csv");

#[test]
fn a_table_is_read_to_the_milli_and_clears() {
    let (participants, debts) = families::read(DEBTS).expect("a table");
    let milli: Vec<i64> = debts.iter().map(|debt| debt.units.milli()).collect();
    assert_eq!(milli, [5_517, 8_104, 6_213, 764, 16_283, 1_019, 199_396, 32_257, 2_660]);
    assert_eq!(participants, 11, "as many as are named, whatever their numbers");
    // 509, 910 and 579 in a circle; 207, 910 and 811 in another.
    let best = best_circulation(participants, &debts, &mut |_| {}).expect("a graph");
    let cleared: i64 = best.cleared.iter().map(|units| units.milli()).sum();
    assert_eq!(cleared, 3 * 5_517 + 3 * 764);
}

#[test]
fn amounts_up_to_the_largest_are_exact_and_names_are_any() {
    let text = "debtor, creditor, amount\r\np1,ann,9007199254740.991\r\n\r\nann, p1 ,16550.832\r\n";
    let (participants, debts) = families::table(text).expect("a table");
    let seen: Vec<_> = debts.iter().map(|debt| (debt.debtor, debt.creditor, debt.units)).collect();
    let most = Units::new(16_550_832).expect("an amount");
    assert_eq!(seen, [(0, 1, Units::MAX), (1, 0, most)]);
    assert_eq!(participants, 2);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let rows = |row: &str| format!("debtor,creditor,amount\n1,2,3.500\n{row}\n");
    for (text, told) in [
        ("1,2,3500\n".to_owned(), "line 1: not the heading debtor,creditor,amount"),
        (String::new(), "line 1: not the heading"),
        ("debtor,creditor,amount\n".to_owned(), "no debt follows the heading"),
        (rows("1,2"), "line 3: 2 fields instead of"),
        (rows("1,2,3,4"), "line 3: 4 fields instead of"),
        (rows("1,,3"), "line 3: a participant without a name"),
        (rows("7,7,3"), "line 3: 7 owes 7"),
        (rows("1,2,1.2345"), "line 3: the amount 1.2345: more than three decimal places"),
        (rows("1,2,1e3"), "line 3: the amount 1e3: not a plain decimal number"),
        (rows("1,2,0.000"), "line 3: the amount 0.000 is not above zero"),
        (rows("1,2,-4"), "line 3: the amount -4 is not above zero"),
        (rows("1,2,9007199254740.992"), "line 3: the amount 9007199254740.992: amount is beyond"),
    ] {
        let error = families::table(&text).expect_err(&text).to_string();
        assert!(error.contains(told), "{text:?}: {error}");
    }
    let missing = families::read("no/such.csv.xz").expect_err("no file").to_string();
    assert!(missing.contains("no/such.csv.xz") && missing.contains("xz -dk"), "{missing}");
}

#[test]
fn amounts_of_trust_lines_round_toward_zero_and_no_further() {
    for (text, milli) in [
        ("16550.832", Some(16_550_832)),
        ("515.04", Some(515_040)),
        ("-0.754864825131", Some(-754)),
        ("856.593604768", Some(856_593)),
        ("-1.1E9", Some(-1_100_000_000_000)),
        ("1.5e-2", Some(15)),
        ("0.00099", Some(0)),
        ("-0.0", Some(0)),
        ("9E-12", Some(0)),
        ("0E99", Some(0)),
        ("9007199254740.991", Some(9_007_199_254_740_991)),
        ("9007199254740.992", None),
        ("-1E41", None),
    ] {
        assert_eq!(amount::milli(text).expect(text), milli, "{text}");
    }
    for text in ["", "-", ".", "nan", "1,5", "1e", "1.2.3", "--1"] {
        assert!(amount::milli(text).is_err(), "{text}");
    }
}
