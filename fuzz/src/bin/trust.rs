//! Trust lines: good ones keep what they promise, and are read the same from plain decimals.
#![no_main]

use std::fmt::Write as _;

use setoff::{TrustLine, read_trust_lines};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(found) = read_trust_lines(data) else { return };
    assert!(found.lines.is_sorted_by(|a, b| a.line < b.line), "one a line");
    assert!(found.bad_lines.len() as u64 <= found.refused);
    assert!(found.rounded <= found.lines.len() as u64);
    if found.lines.is_empty() {
        return;
    }
    let mut text = String::new();
    for at in &found.lines {
        assert!(at.first != at.second && at.first.max(at.second) < found.names.len());
        let (low, high) = (at.second_may_owe.negated(), at.first_may_owe);
        assert!(low.milli() <= 0 && high.milli() >= 0 && low <= at.balance && at.balance <= high);
        let [first, second] = [at.first, at.second].map(|who| found.names.get(who));
        writeln!(text, "{first} {second} {low} {} {high}", at.balance).expect("memory");
    }
    let again = read_trust_lines(text.as_bytes()).expect("what is written is read");
    assert_eq!((again.refused, again.capped, again.rounded), (0, 0, 0), "{text}");
    let without_place = |at: &TrustLine| TrustLine { line: 0, ..*at };
    let expected: Vec<_> = found.lines.iter().map(without_place).collect();
    assert_eq!(again.lines.iter().map(without_place).collect::<Vec<_>>(), expected);
});
