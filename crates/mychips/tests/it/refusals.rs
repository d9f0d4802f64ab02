//! Every way in which `mychips clear` ends early: exit code, words, and JSON.

use crate::run::{CIRCLE, Room};

#[test]
fn bad_rows_are_named_and_nothing_is_written() {
    let room = Room::with("A,B,1\nB,A,-2\nB,A,1e3\nC,C,1\nA,B\nA,B,\"1,5\"\nA,B,0\n,B,1\n");
    let run = room.run(&["clear", "table.csv", "--out", "out"]);
    insta::assert_snapshot!("bad_rows", run.seen());
    let some = room.run(&["clear", "table.csv", "--out", "out", "--max-bad", "6"]);
    insta::assert_snapshot!("bad_rows_some_allowed", some.seen());
    let json = room.run(&["clear", "table.csv", "--out", "out", "--json"]);
    insta::assert_snapshot!("bad_rows_json", json.seen());
    assert_eq!(json.json_error()["line"], 2);
    assert_eq!(room.names("."), ["table.csv"]);
    let enough = room.run(&["clear", "table.csv", "--out", "out", "--max-bad", "7", "--json"]);
    assert_eq!(enough.json()["refused"], 7);
}

#[test]
fn whole_tables_are_refused_with_a_reason() {
    let cases: [(&str, &[u8], serde_json::Value); 6] = [
        ("empty", b"", serde_json::Value::Null),
        ("unclosed_quote", b"A,B,1\nB,A,2,\"x\n", 2.into()),
        ("not_text", b"PK\x03\x04zip", serde_json::Value::Null),
        ("not_text", b"\xff\xfeA\0", serde_json::Value::Null),
        ("damaged", b"\x1f\x8bnot gzip at all", serde_json::Value::Null),
        ("bad_row", b"\x7fELF\0\0\0\n\xff", 1.into()),
    ];
    for (code, bytes, line) in cases {
        let room = Room::with(bytes);
        let run = room.run(&["clear", "table.csv", "--json"]);
        let error = run.json_error();
        assert_eq!(
            (run.code, &error["error"], &error["line"]),
            (1, &code.into(), &line),
            "{error}"
        );
        let told = room.run(&["clear", "table.csv"]);
        assert_eq!(told.code, 1);
        assert!(told.err.starts_with("mychips: table.csv: "), "{}", told.err);
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let room = Room::with(CIRCLE);
    let cases: [&[&str]; 7] = [
        &["clear"],
        &["clear", "table.csv", "--max-bad", "-1"],
        &["clear", "table.csv", "--max-bad", "many"],
        &["clear", "table.csv", "--separator", "xy"],
        &["clear", "table.csv", "--force"],
        &["clear", "table.csv", "--what"],
        &["unclear"],
    ];
    for arguments in cases {
        let run = room.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains("error: "), "{}", run.err);
        let json = room.run(&[arguments, &["--json"]].concat());
        assert_eq!((json.code, &json.json_error()["error"]), (2, &"usage".into()), "{arguments:?}");
    }
    insta::assert_snapshot!("usage", room.run(&["clear", "table.csv", "--separator", "xy"]).seen());
    let json = room.run(&["clear", "table.csv", "--separator", "xy", "--json"]);
    insta::assert_snapshot!("usage_json", json.seen());
}

#[test]
fn what_cannot_be_read_is_exit_code_3() {
    let room = Room::with(CIRCLE);
    for file in ["missing.csv", "."] {
        let run = room.run(&["clear", file, "--json"]);
        assert_eq!((run.code, &run.json_error()["error"]), (3, &"io".into()));
        let told = room.run(&["clear", file]);
        assert_eq!(told.code, 3);
        assert!(told.err.starts_with(&format!("mychips: cannot read {file}: ")), "{}", told.err);
    }
}

#[test]
fn a_full_device_is_exit_code_3_and_a_closed_pipe_is_none() {
    let room = Room::with(CIRCLE);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = room.command(&["clear", "table.csv"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write the result"));
    for arguments in [&["clear", "table.csv"][..], &["clear", "table.csv", "--json"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = room.command(arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty());
    }
}
