//! Reading tables: the rules of the format, faults by line, and no byte that breaks it.

use std::io::{self, Read};

use proptest::prelude::*;
use setoff::{
    MAX_LISTED, MAX_NAME_BYTES, MAX_ROW_BYTES, ReadError, ReadOptions, Refusal, RowFault,
    Separator, Table, read_table,
};

/// Gives out a few bytes at a time, so that every boundary between reads is met.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(self.1).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn read(text: impl AsRef<[u8]>, options: ReadOptions) -> Result<Table, Refusal> {
    let dripped = plain(read_table(Drip(text.as_ref(), 1), &options));
    let whole = plain(read_table(text.as_ref(), &options));
    assert_eq!(dripped.as_ref().map(rows), whole.as_ref().map(rows));
    whole
}

fn plain(result: Result<Table, ReadError>) -> Result<Table, Refusal> {
    result.map_err(|error| match error {
        ReadError::Refused(refusal) => refusal,
        ReadError::Io(error) => panic!("{error}"),
    })
}

/// Line, debtor, creditor, milli-CHIPs of each debt.
fn rows(table: &Table) -> Vec<(u64, String, String, i64)> {
    let name = |number| table.names.get(number).to_owned();
    let numbered = table.lines.iter().zip(&table.debts);
    numbered.map(|(l, d)| (*l, name(d.debtor), name(d.creditor), d.units.milli())).collect()
}

fn good(text: impl AsRef<[u8]>) -> Vec<(u64, String, String, i64)> {
    rows(&read(text, ReadOptions::default()).unwrap())
}

fn row(line: u64, debtor: &str, creditor: &str, milli: i64) -> (u64, String, String, i64) {
    (line, debtor.to_owned(), creditor.to_owned(), milli)
}

/// The faults of all bad rows, with their lines.
fn faults(text: impl AsRef<[u8]>) -> Vec<(u64, RowFault)> {
    match read(text, ReadOptions::default()) {
        Err(Refusal::BadRows { rows, .. }) => rows.into_iter().map(|r| (r.line, r.fault)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_separator_is_found_in_the_order_tab_semicolon_comma_space() {
    let expected = [row(1, "A, b", "C", 1_500)];
    assert_eq!(good("A, b\tC\t1.5\n"), expected);
    assert_eq!(good("A, b;C;1.5\n"), expected);
    assert_eq!(good("\"A, b\",C,1.5\n"), expected);
    assert_eq!(good("\"A, b\"   C 1.5  \n"), expected);
    assert_eq!(good("\"A; b\",C,1\n"), [row(1, "A; b", "C", 1_000)], "quotes hide separators");
    assert_eq!(
        good("  A  C  1 \nB A 2 a remark"),
        [row(1, "A", "C", 1_000), row(2, "B", "A", 2_000)]
    );
}

#[test]
fn the_separator_is_sought_in_the_whole_first_row_and_only_outside_quotes() {
    let header = read("\"from;\nwho\",\"to\n\nwhom\",amount\nA,B,1\n", ReadOptions::default());
    let table = header.unwrap();
    assert_eq!((table.header, rows(&table)), (true, vec![row(5, "A", "B", 1_000)]));
    let inch = "A 5\" pipe;B;1\nC;6\" D;2\n";
    assert_eq!(good(inch), [row(1, "A 5\" pipe", "B", 1_000), row(2, "C", "6\" D", 2_000)]);
    assert_eq!(good("\"A\"\"\n\";\"B,b\";1\n"), [row(1, "A\"", "B,b", 1_000)]);
    let open = read("\"A\nB,C,1\n", ReadOptions::default()).unwrap_err();
    assert_eq!(open, Refusal::UnclosedQuote { line: 1 });
    let long = read(format!("\"{}", "A\n".repeat(MAX_ROW_BYTES)), ReadOptions::default());
    assert_eq!(long.unwrap_err(), Refusal::LongQuote { line: 1 });
}

#[test]
fn an_amount_that_its_own_comma_cuts_in_two_is_no_debt() {
    let thousands = "from,to,amount\nA,B,2.5\nBob,Ann,1,234.50\nC,\"D\",1,234.50\n";
    let fault = |found, first| RowFault::CutAmount { found, first };
    assert_eq!(faults(thousands), [(3, fault(4, 3)), (4, fault(4, 3))]);
    let noted = "from,to,amount,for,paid\nA,B,1\nA,B,1,eggs\nA,B,1,eggs,no\nA,B,1,eggs, 7,no\n\
                 A,B,1,\"eggs\",\"7\",no\nA,B,1,12 eggs,no\nA,B,1,234,eggs,no\nA,B,1, 234,\"eggs\",no\n";
    assert_eq!(faults(noted), [(8, fault(6, 5)), (9, fault(6, 5))], "further columns are ignored");
    assert_eq!(good("from,to,amount\nA,B,1,for eggs\nA,B,2,\"for 7 eggs\"\n").len(), 2);
    assert!(fault(4, 3).to_string().contains("wrong columns"));
    let empty = "A,B,1\nB,C,2,\nC,D,3, ,\t,\nD,\"E\",4,\"\",\" \"\r\n";
    assert_eq!(good(empty).len(), 4, "separators and blanks are no columns");
    assert_eq!(good("A B 1\nB A 2 for eggs\nB \"C\" 2 for eggs\n").len(), 3, "spaces part words");
    let short = "A,B\nA,B,1\nA,B,1,5\n";
    assert_eq!(faults(short), [(1, RowFault::Columns { found: 2 }), (3, fault(4, 3))]);
}

#[test]
fn a_character_that_nobody_sees_makes_no_other_participant() {
    for (c, code) in [
        ('\u{ad}', "U+00AD"),
        ('\u{200b}', "U+200B"),
        ('\u{2060}', "U+2060"),
        ('\u{feff}', "U+FEFF"),
    ] {
        let joined = format!("A,B,1\n{c}A,B,2\nA,B{c}b,2\n");
        let fault = |column| RowFault::Invisible { column, code };
        assert_eq!(faults(joined), [(2, fault("debtor")), (3, fault("creditor"))]);
    }
    assert_eq!(good("👩\u{200d}🌾,B,1\n").len(), 1, "what joins an emoji is part of it");
}

#[test]
fn a_given_separator_overrides() {
    let options = |text: &str| ReadOptions { separator: Some(text.parse().unwrap()), max_bad: 0 };
    assert_eq!(rows(&read("A,b|C|1\n", options("|")).unwrap()), [row(1, "A,b", "C", 1_000)]);
    assert_eq!(rows(&read("A;x,C,1\n", options("comma")).unwrap()), [row(1, "A;x", "C", 1_000)]);
    assert_eq!(options("tab").separator, Some(Separator::TAB));
    assert_eq!(options("\\t").separator, Some(Separator::TAB));
    assert_eq!(options(" ").separator, Some(Separator::SPACE));
    for bad in ["", "ab", "x", "7", "\"", ".", "-", "é", "\n"] {
        assert!(bad.parse::<Separator>().is_err(), "{bad:?}");
    }
}

#[test]
fn line_one_is_a_header_only_without_a_digit_in_its_third_field() {
    for text in ["from,to,amount\nA,B,1\n", "\u{feff}from,to,amount\nA,B,1\n", " x,y,\nA,B,1"] {
        let table = read(text, ReadOptions::default()).unwrap();
        assert!(table.header, "{text:?}");
        assert_eq!(table.debts.len(), 1);
    }
    assert_eq!(good("A,B,1\nC,D,2").len(), 2);
    for amount in ["x1", "\u{663}", "\u{ff11}", "\u{967}\u{968}", "\u{bd}"] {
        assert_eq!(faults(format!("A,B,{amount}\nC,D,2"))[0].0, 1, "{amount} is no word");
    }
    assert_eq!(faults("A,B\nC,D,2"), [(1, RowFault::Columns { found: 2 })]);
    assert_eq!(faults("A,B,amount\nC,D,amount")[0].0, 2, "only line 1");
    assert_eq!(faults("\n\nA,B,oops\nA,B,1")[0].0, 3, "no debt vanishes after blank lines");
    let table = read("from,to,amount\n", ReadOptions::default()).unwrap();
    assert_eq!((table.participants(), table.header), (0, true), "no debts is a table too");
}

#[test]
fn quotes_and_line_ends_keep_the_line_numbers_right() {
    let text = "a,b,c,d\r\n\"An\"\"n\",\"B\r\no\",1\r\n\r\nB,C,2,\"note\nof\n\nmany\"\rC,D,3\n\n\nD \"d\" D,E,4";
    assert_eq!(
        good(text),
        [
            row(2, "An\"n", "B\r\no", 1_000),
            row(5, "B", "C", 2_000),
            row(9, "C", "D", 3_000),
            row(12, "D \"d\" D", "E", 4_000),
        ]
    );
    assert_eq!(good("\u{feff}\"A\",\"B\",\"1\""), [row(1, "A", "B", 1_000)]);
    assert_eq!(good(" \"A\" , \"B\" ,\"1\" "), [row(1, "A", "B", 1_000)]);
}

#[test]
fn names_are_the_same_only_as_written_but_for_white_space_around() {
    let table =
        read("Ann,Bob,1\n Ann ,bob,1\n\"Ann \",B\u{f3}b,1\n", ReadOptions::default()).unwrap();
    assert_eq!(table.participants(), 4);
    assert_eq!(table.names.get(0), "Ann");
    assert_eq!(table.names.get(99), "");
}

#[test]
fn bad_rows_are_named_by_line_and_reason() {
    let long = "n".repeat(MAX_NAME_BYTES + 1);
    let text = format!(
        "A,B,1\nA,A,1\n,B,1\nA, ,1\nA,B\nA,B,-1\nA,B,0\nA,B,abc\nA,B,\"12,50\"\n{long},B,1\n\
         A\0,B,1\n\"A\"x,B,1\n\"A\" \"x\",B,1\n"
    );
    let faults = faults(text);
    assert_eq!(faults.iter().map(|f| f.0).collect::<Vec<_>>(), (2..=13).collect::<Vec<_>>());
    assert_eq!(faults[0].1, RowFault::SelfDebt);
    assert_eq!(faults[1].1, RowFault::EmptyName { column: "debtor" });
    assert_eq!(faults[2].1, RowFault::EmptyName { column: "creditor" });
    assert_eq!(faults[3].1, RowFault::Columns { found: 2 });
    assert!(faults[4].1.to_string().contains("negative"));
    assert!(faults[5].1.to_string().contains("zero"));
    assert!(faults[6].1.to_string().contains("'abc'"));
    assert!(faults[7].1.to_string().contains("comma"));
    assert_eq!(faults[8].1, RowFault::LongName { column: "debtor" });
    assert_eq!(faults[9].1, RowFault::Nul);
    assert_eq!(faults[10].1, RowFault::AfterQuote);
    assert_eq!(faults[11].1, RowFault::AfterQuote);
    assert_eq!(self::faults(b"A,B,1\nA,B,2,\xff\n"), [(2, RowFault::NotUtf8)]);
    assert_eq!(self::faults(b"A,B,1\n\"A\",B,2,\xff\n"), [(2, RowFault::NotUtf8)]);
}

#[test]
fn so_many_bad_rows_may_be_left_out_and_no_more() {
    let text = "A,B,1\nA,B,x\nC,C,1\nB,A,2\n";
    let with = |max_bad| read(text, ReadOptions { separator: None, max_bad });
    let table = with(2).unwrap();
    assert_eq!((table.refused, table.debts.len(), table.participants()), (2, 2, 2));
    assert_eq!(table.bad_rows.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
    let Err(refusal @ Refusal::BadRows { .. }) = with(1) else { panic!("too many bad rows") };
    assert_eq!((refusal.line(), refusal.code()), (Some(2), "bad_row"));
    assert!(refusal.reason().contains("2 bad rows"));
    assert!(refusal.to_string().contains("line 3: debtor and creditor are the same"));
}

#[test]
fn many_bad_rows_are_counted_and_few_shown() {
    let Err(Refusal::BadRows { rows, count, .. }) =
        read("x,x,1\n".repeat(1000), ReadOptions::default())
    else {
        panic!("bad rows")
    };
    assert_eq!((rows.len(), count), (20, 1000));
    let some = ReadOptions { separator: None, max_bad: u64::MAX };
    assert_eq!(read("x,x,1\n".repeat(1000), some).unwrap().bad_rows.len(), 1000);
    let many = plain(read_table("x,x,1\n".repeat(MAX_LISTED + 1).as_bytes(), &some)).unwrap();
    assert_eq!((many.bad_rows.len(), many.refused), (MAX_LISTED, MAX_LISTED as u64 + 1));
}

#[test]
fn finer_amounts_are_counted_and_tiny_ones_kept() {
    let table = read("A,B,0.0004\nB,C,1.2345\nC,A,1.5\n", ReadOptions::default()).unwrap();
    assert_eq!(table.rounded, 2);
    assert_eq!(rows(&table).iter().map(|r| r.3).collect::<Vec<_>>(), [0, 1_234, 1_500]);
}

#[test]
fn a_quote_left_open_refuses_the_table_even_in_an_ignored_column() {
    let options = ReadOptions { separator: None, max_bad: 100 };
    let refusal = read("A,B,1\nB,C,2,\"note\nC,D,3\n", options).unwrap_err();
    assert_eq!(refusal, Refusal::UnclosedQuote { line: 2 });
}

#[test]
fn an_endless_line_is_a_bad_row_not_a_full_memory() {
    let text = format!("A,B,1\nA,B,1{}\nB,C,2\n", " x".repeat(MAX_ROW_BYTES));
    let options = ReadOptions { separator: None, max_bad: 1 };
    let table = plain(read_table(text.as_bytes(), &options)).unwrap();
    assert_eq!((table.bad_rows[0].line, &table.bad_rows[0].fault), (2, &RowFault::TooLong));
    assert_eq!(rows(&table)[1], row(3, "B", "C", 2_000));
    let quoted = format!("A,B,1\nA,B,1,\"{}\n", "x\n".repeat(MAX_ROW_BYTES));
    let refusal = plain(read_table(quoted.as_bytes(), &options)).unwrap_err();
    assert_eq!(refusal, Refusal::LongQuote { line: 2 });
}

#[test]
fn what_is_no_text_is_named() {
    let refused = |bytes: &[u8]| read(bytes, ReadOptions::default()).unwrap_err();
    assert_eq!(refused(b""), Refusal::Empty);
    assert_eq!(refused(b"\xef\xbb\xbf\n \r\n"), Refusal::Empty);
    for bytes in [&b"\xff\xfea\0,\0"[..], b"PK\x03\x04....", b"%PDF-1.7"] {
        assert_eq!(refused(bytes).code(), "not_text");
    }
}

/// Any name that may stand in a table.
fn name() -> &'static str {
    "[^\0\u{ad}\u{200b}\u{2060}\u{feff}]{1,12}"
}

/// Small pieces that tables are made of, so that random texts meet every rule.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            ",",
            ";",
            "\t",
            " ",
            "\"",
            "\"\"",
            "\n",
            "\r\n",
            "\r",
            "A",
            "Bob",
            "é",
            "1",
            "0.5",
            "-",
            "12,5",
            "1e9",
            "\0",
            "\u{feff}",
            "9007199254740.992",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_a_table_or_a_refusal(bytes in prop::collection::vec(any::<u8>(), 0..300), max_bad in 0u64..4) {
        let _ = read(bytes, ReadOptions { separator: None, max_bad });
    }

    #[test]
    fn any_text_is_a_table_or_a_refusal(pieces in prop::collection::vec(piece(), 0..60), max_bad in 0u64..4) {
        if let Ok(table) = read(pieces.concat(), ReadOptions { separator: None, max_bad }) {
            prop_assert!(table.refused <= max_bad);
            prop_assert_eq!(table.lines.len(), table.debts.len());
            prop_assert!(table.lines.is_sorted());
            for debt in &table.debts {
                prop_assert!(debt.debtor != debt.creditor);
                prop_assert!(debt.debtor.max(debt.creditor) < table.participants());
                prop_assert!(debt.units.milli() >= 0);
            }
        }
    }

    /// Whatever a well-known writer of CSV makes of the names comes back as it was.
    #[test]
    fn names_survive_quoting(
        names in prop::collection::vec((name(), name()), 1..20),
        separator in prop::sample::select(b"\t;,|".to_vec()),
        quote_all: bool,
    ) {
        let style = if quote_all { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer =
            csv::WriterBuilder::new().delimiter(separator).quote_style(style).from_writer(Vec::new());
        writer.write_record(["debtor", "creditor", "amount"]).unwrap();
        let mut expected = Vec::new();
        for (debtor, creditor) in &names {
            let (debtor, creditor) = (debtor.trim(), creditor.trim());
            if debtor != creditor && !debtor.is_empty() && !creditor.is_empty() {
                writer.write_record([debtor, creditor, "2.5"]).unwrap();
                expected.push((debtor.to_owned(), creditor.to_owned()));
            }
        }
        let text = writer.into_inner().unwrap();
        let separator = char::from(separator).to_string().parse().ok();
        let table = read(text, ReadOptions { separator, max_bad: 0 }).unwrap();
        let found: Vec<_> = rows(&table).into_iter().map(|r| (r.1, r.2)).collect();
        prop_assert_eq!(found, expected);
    }
}
