//! Tables of debts: what is accepted can be written out and is read the same; small ones clear.
#![no_main]

use std::fmt::Write as _;

use setoff::{Choice, ReadOptions, Table, clear_as, read_table};

/// As many debts as are cleared in the blink of an eye.
const FEW: usize = 64;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let max_bad = data.first().map_or(0, |byte| u64::from(byte % 8));
    let Ok(table) = read_table(data, &ReadOptions { separator: None, max_bad }) else { return };
    assert!(table.refused <= max_bad);
    assert_eq!(table.debts.len(), table.lines.len());
    assert!(table.lines.is_sorted_by(|a, b| a < b), "one row begins on a line");
    let people = table.participants();
    for debt in &table.debts {
        assert!(debt.debtor < people && debt.creditor < people && debt.debtor != debt.creditor);
        assert!(debt.units.milli() >= 0);
    }
    read_again(&table);
    if table.debts.len() <= FEW {
        let max_hops = u32::from(data.len() % 2 == 0) + 2;
        let [largest, even, short] = [Choice::Largest, Choice::Even, Choice::Short { max_hops }]
            .map(|choice| {
                let outcome = clear_as(table.clone(), choice, &mut |_| {})
                    .expect("a table that was accepted can be cleared");
                let summary = outcome.summary;
                assert!(summary.positions.iter().all(|at| at.net_before() == at.net_after()));
                assert!(summary.cleared <= summary.total);
                summary.cleared
            });
        assert!(even == largest && short <= largest);
    }
});

/// Writes the accepted rows with every field quoted. An amount rounded to 0 is written finer.
fn read_again(table: &Table) {
    if table.debts.is_empty() {
        return;
    }
    let mut text = String::new();
    let quoted = |participant| table.names.get(participant).replace('"', "\"\"");
    for debt in &table.debts {
        let amount = match debt.units.milli() {
            0 => "0.0001".to_owned(),
            _ => debt.units.to_string(),
        };
        let (debtor, creditor) = (quoted(debt.debtor), quoted(debt.creditor));
        writeln!(text, "\"{debtor}\",\"{creditor}\",{amount}").expect("memory");
    }
    let separator = Some(setoff::Separator::COMMA);
    let again = read_table(text.as_bytes(), &ReadOptions { separator, max_bad: 0 })
        .expect("what is written is read");
    assert_eq!(again.debts, table.debts);
}
