//! Trust lines: any bytes are lines or reasons, and what was read is what was written.

use std::fmt::Write as _;

use proptest::prelude::*;
use protocol::Units;
use setoff::{ReadError, TrustLines, read_trust_lines};

/// What holds for whatever was read.
fn holds(found: &TrustLines) {
    assert!(found.lines.is_sorted_by(|a, b| a.line < b.line));
    assert!(found.bad_lines.len() as u64 <= found.refused);
    for at in &found.lines {
        assert!(at.first != at.second && at.first.max(at.second) < found.names.len());
        assert!(at.second_may_owe.negated() <= at.balance && at.balance <= at.first_may_owe);
    }
}

/// Pieces of lines, so that random texts meet every rule.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ \t\r\n]{1,2}",
        "[ab\u{a0}é]",
        "[-+]?[0-9]{0,3}[.]?[0-9]{0,5}([eE][-+]?[0-9]{0,3})?",
        Just("a b -1 0 1\n".to_owned()),
        Just("\0".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_lines_or_reasons(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        match read_trust_lines(&bytes[..]) {
            Ok(found) => holds(&found),
            Err(ReadError::Refused(_)) => {}
            Err(ReadError::Io(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn any_pieces_of_lines_are_lines_or_reasons(pieces in prop::collection::vec(piece(), 0..60)) {
        if let Ok(found) = read_trust_lines(pieces.concat().as_bytes()) {
            holds(&found);
        }
    }

    #[test]
    fn lines_are_read_as_they_were_written(
        lines in prop::collection::vec((0..5_u8, 1..5_u8, -9_999..9_999_i64, 0..9_999_i64, 0..9_999_i64), 1..20)
    ) {
        let units = |milli| Units::new(milli).unwrap();
        let mut text = String::new();
        for (who, other, balance, below, above) in &lines {
            let (low, high) = (units(balance - below), units(balance + above));
            let other = (who + other) % 5;
            writeln!(text, "n{who}\t n{other}  {low} {} {high}", units(*balance)).unwrap();
        }
        let found = read_trust_lines(text.as_bytes()).unwrap();
        prop_assert_eq!((found.refused, found.capped, found.rounded), (0, 0, 0));
        prop_assert_eq!(found.lines.len(), lines.len());
        for (at, (who, other, balance, below, above)) in found.lines.iter().zip(&lines) {
            let name = |at| found.names.get(at).to_owned();
            prop_assert_eq!(name(at.first), format!("n{who}"));
            prop_assert_eq!(name(at.second), format!("n{}", (who + other) % 5));
            prop_assert_eq!(at.balance, units(*balance));
            prop_assert_eq!(at.first_may_owe, units((balance + above).max(0)));
            prop_assert_eq!(at.second_may_owe, units((below - balance).max(0)));
        }
    }
}
