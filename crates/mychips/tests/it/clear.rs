//! `mychips clear`: pages and JSON as they are seen.

use crate::run::{CIRCLE, Room};

/// The sample town, as a stranger's clone has it.
fn town() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/quernby/debts.csv");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn help_is_a_manual() {
    let room = Room::new();
    insta::assert_snapshot!("help", room.run(&["--help"]).seen());
    insta::assert_snapshot!("help_clear", room.run(&["clear", "--help"]).seen());
    let short = room.run(&["clear", "-h"]);
    assert!(short.out.lines().count() < 30, "{}", short.out);
    assert!(room.run(&["--version"]).out.starts_with("mychips "));
}

#[test]
fn the_page_of_the_sample_town() {
    let room = Room::with(town());
    insta::assert_snapshot!("page_town", room.run(&["clear", "table.csv", "--verify"]).seen());
}

#[test]
fn the_page_fits_a_narrow_terminal_and_odd_names() {
    let table = "\u{202e}evil\u{1b}[31m,東京都千代田区丸の内一丁目商店街組合,1234567.891\n\
                 東京都千代田区丸の内一丁目商店街組合,👩‍🌾👩‍🌾👩‍🌾 the farmers of the valley and the hills,1234567.891\n\
                 👩‍🌾👩‍🌾👩‍🌾 the farmers of the valley and the hills,\u{202e}evil\u{1b}[31m,7654321\n";
    let room = Room::with(table);
    let run = crate::run::Run::from(room.command(&["clear", "table.csv"]).env("COLUMNS", "50"));
    insta::assert_snapshot!("page_narrow", run.seen());
    assert!(!run.out.contains('\u{1b}') && !run.out.contains('\u{202e}'));
}

#[test]
fn the_page_says_what_was_left_out_and_rounded() {
    let table = "A,B,1.23456\nB,A,x\nB,B,3\nB,A,0.5\n";
    let run = Room::with(table).run(&["clear", "table.csv", "--max-bad", "2"]);
    insta::assert_snapshot!("page_left_out", run.seen());
}

#[test]
fn the_page_of_a_table_with_nothing_to_clear() {
    insta::assert_snapshot!(
        "page_nothing",
        Room::with("A,B,1\n").run(&["clear", "table.csv"]).seen()
    );
    let empty = Room::with("debtor,creditor,amount\n").run(&["clear", "table.csv"]);
    insta::assert_snapshot!("page_no_debts", empty.seen());
}

#[test]
fn json_is_one_object() {
    let room = Room::with(CIRCLE);
    insta::assert_snapshot!("json", room.run(&["clear", "table.csv", "--json"]).seen());
    let run = room.run(&["clear", "table.csv", "--json", "--verify"]);
    insta::assert_snapshot!("json_verify", run.seen());
}

#[test]
fn json_counts_what_was_left_out_and_rounded() {
    let room = Room::with("A,B,1.2345\nB,A,x\nB,A,0.0001\nB,A,1\n");
    let json = room.run(&["clear", "table.csv", "--json", "--max-bad", "5"]).json();
    assert_eq!(json["participants"], 2);
    assert_eq!(json["obligations"], 3);
    assert_eq!(json["refused"], 1);
    assert_eq!(json["refused_rows"][0]["line"], 2);
    assert_eq!(json["rounded"], 2);
    assert_eq!(json["total"], 2_234);
    assert_eq!(json["cleared"], 2_000);
    assert_eq!(json["lifts"], 1);
    assert!(json["seconds"].as_f64().unwrap() >= json["solve_seconds"].as_f64().unwrap());
}

#[test]
fn relief_can_be_spread_evenly_or_left_to_short_circles() {
    let room = Room::with("A,B,300\nA,C,100\nB,D,300\nC,D,100\nD,A,40\nA,D,4\n");
    let json = |flags: &[&str]| {
        room.run(&[&["clear", "table.csv", "--json", "--verify"], flags].concat()).json()
    };
    let (first, fair, short) = (json(&[]), json(&["--fair"]), json(&["--max-hops", "2"]));
    assert_eq!((&fair["cleared"], &fair["spread"]), (&first["cleared"], &"even".into()));
    assert_eq!((&short["cleared"], &short["max_hops"]), (&8_000.into(), &2.into()));
    assert_eq!((&short["most"], &short["verified"]), (&first["cleared"], &true.into()));
    let page = room.run(&["clear", "table.csv", "--max-hops", "2", "--verify"]).out;
    assert!(page.contains("by circles of at most 2 members: "), "{page}");
    let page = room.run(&["clear", "table.csv", "--fair"]).out;
    assert!(page.contains("relief spread as evenly as the most relief allows"), "{page}");
    for flags in [&["--max-hops", "1"][..], &["--max-hops", "3", "--fair"]] {
        assert_eq!(room.run(&[&["clear", "table.csv"], flags].concat()).code, 2);
    }
}

#[test]
fn standard_input_and_packed_files_give_the_same() {
    let room = Room::with(CIRCLE);
    let expected = 9_000;
    assert_eq!(room.feed(&["clear", "-", "--json"], CIRCLE.as_bytes()).json()["cleared"], expected);
    let packed = [
        ("t.gz", &include_bytes!("packed/circle.csv.gz")[..]),
        ("t.xz", include_bytes!("packed/circle.csv.xz")),
        ("t.zst", include_bytes!("packed/circle.csv.zst")),
    ];
    for (name, bytes) in packed {
        room.put(name, bytes);
        assert_eq!(room.run(&["clear", name, "--json"]).json()["cleared"], expected, "{name}");
        assert_eq!(
            room.feed(&["clear", "-", "--json"], bytes).json()["cleared"],
            expected,
            "{name}"
        );
        room.put(name, &bytes[..bytes.len() - 5]);
        let error = room.run(&["clear", name, "--json"]);
        assert_eq!((error.code, &error.json_error()["error"]), (1, &"damaged".into()), "{name}");
    }
}

#[test]
fn a_separator_can_be_given() {
    let room = Room::with("A;x,B;y,1\nB;y,A;x,2\n");
    assert_eq!(room.run(&["clear", "table.csv"]).code, 1);
    let json = room.run(&["clear", "table.csv", "--json", "--separator", ","]).json();
    assert_eq!(json["cleared"], 2_000);
    room.put("table.csv", "A B 1\nB A 2\n");
    let json = room.run(&["clear", "table.csv", "--json", "--separator", "space"]).json();
    assert_eq!(json["cleared"], 2_000);
}

#[test]
fn nothing_but_the_object_is_printed_and_no_colour_without_a_terminal() {
    let room = Room::with(town());
    let run = room.run(&["clear", "table.csv"]);
    assert!(!run.out.contains('\u{1b}') && run.err.is_empty());
    assert!(run.out.lines().all(|line| line == line.trim_end()));
    let json = room.run(&["clear", "table.csv", "--json"]);
    assert_eq!(json.out.lines().count(), 1);
}
