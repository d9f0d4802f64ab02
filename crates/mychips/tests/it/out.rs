//! `--out`: the files appear together, and nothing of anybody else's is touched.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::run::{CIRCLE, Room, Run};

const FILES: [&str; 6] =
    ["circles.csv", "positions.csv", "refused.csv", "report.html", "residual.csv", "setoff.csv"];

#[test]
fn the_files_of_a_small_table() {
    let room = Room::with(CIRCLE);
    let run = room.run(&["clear", "table.csv", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("Written to out\n"), "{}", run.out);
    assert_eq!(room.names("out"), FILES);
    assert_eq!(room.names("."), ["out", "table.csv"]);
    let read = |name: &str| fs::read_to_string(room.path().join("out").join(name)).unwrap();
    let tables = FILES.iter().filter(|name| name.ends_with(".csv"));
    let text: String = tables.map(|name| format!("{name}\n{}\n", read(name))).collect();
    insta::assert_snapshot!("files", text);
    assert!(read("report.html").contains("9.000 of debt gone"));
}

#[test]
fn what_is_left_is_a_table_again() {
    let room = Room::with(CIRCLE);
    room.run(&["clear", "table.csv", "--out", "out"]);
    let again = room.run(&["clear", "out/residual.csv", "--json"]).json();
    assert_eq!((&again["total"], &again["cleared"]), (&3_000.into(), &0.into()));
}

#[test]
fn a_folder_in_use_needs_force_which_spares_the_rest() {
    let room = Room::with(CIRCLE);
    room.run(&["clear", "table.csv", "--out", "out"]);
    room.put("out/theirs.txt", "mine");
    let refused = room.run(&["clear", "table.csv", "--out", "out"]);
    insta::assert_snapshot!("out_in_use", refused.seen());
    let json = room.run(&["clear", "table.csv", "--out", "out", "--json"]);
    assert_eq!((json.code, &json.json_error()["error"]), (3, &"out_in_use".into()));

    room.put("table.csv", "A,B,1\nB,A,1\n");
    let forced = room.run(&["clear", "table.csv", "--out", "out", "--force", "--json"]);
    assert_eq!(forced.json()["out"], "out");
    let setoff = fs::read_to_string(room.path().join("out/setoff.csv")).unwrap();
    assert!(setoff.contains("A,B,1.000,1.000,0.000,1"), "{setoff}");
    assert_eq!(fs::read_to_string(room.path().join("out/theirs.txt")).unwrap(), "mine");
    assert_eq!(room.names("out").len(), FILES.len() + 1);
    assert_eq!(room.names("."), ["out", "table.csv"]);
}

#[test]
fn a_file_in_the_way_is_never_replaced() {
    let room = Room::with(CIRCLE);
    room.put("out", "mine");
    let run = room.run(&["clear", "table.csv", "--out", "out", "--force"]);
    assert_eq!(run.code, 3);
    assert_eq!(fs::read_to_string(room.path().join("out")).unwrap(), "mine");
}

/// Ended while it reads, and ended while it writes: at no moment is there a half-written folder.
#[test]
fn a_run_that_is_ended_leaves_nothing() {
    let room = Room::new();
    for signal in ["-INT", "-TERM", "-KILL"] {
        let mut command = room.command(&["clear", "-", "--out", "out"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The run waits for more rows: it cannot be past reading.
        let mut rows = child.stdin.take().unwrap();
        rows.write_all(b"A,B,1\n").unwrap();
        // Where whoever runs the tests ignores INT, it is heard once the program listens for it.
        while child.try_wait().unwrap().is_none() {
            end(signal, child.id());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_ne!(child.wait().unwrap().code(), Some(0));
        assert!(room.names(".").is_empty(), "{signal}: {:?}", room.names("."));
    }
    // The rows end just as it is told to end: it may be done, but not half.
    for _ in 0..20 {
        let mut command = room.command(&["clear", "-", "--out", "out"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(b"A,B,1\n").unwrap();
        end("-INT", child.id());
        child.wait().unwrap();
        if room.names(".").contains(&"out".to_owned()) {
            assert_eq!(room.names("out"), FILES);
            fs::remove_dir_all(room.path().join("out")).unwrap();
        }
        assert!(room.names(".").is_empty(), "{:?}", room.names("."));
    }
    // A table large enough to be writing for a while; the signal comes at the first file's sight.
    let rows = (0..60_000).map(|i| format!("f{i},f{},1.5\nf{0},f{i},1.5\n", (i + 1) % 60_000));
    room.put("table.csv", rows.collect::<String>());
    for signal in ["-INT", "-TERM"] {
        let mut command = room.command(&["clear", "table.csv", "--out", "out"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while room.names(".").len() == 1 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        end(signal, child.id());
        let finished = child.wait().unwrap().success();
        let names = room.names(".");
        if names.contains(&"out".to_owned()) {
            // It was quicker than the signal: then all of it is there.
            assert_eq!(room.names("out"), FILES);
            fs::remove_dir_all(room.path().join("out")).unwrap();
        } else {
            assert!(!finished);
        }
        assert_eq!(room.names("."), ["table.csv"], "{signal}");
    }
}

fn end(signal: &str, process: u32) {
    let status = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(status.unwrap().success());
}

#[test]
fn the_title_of_the_report_is_the_files_name() {
    let room = Room::with(CIRCLE);
    let run: Run = room.feed(&["clear", "-", "--out", "out"], CIRCLE.as_bytes());
    assert_eq!(run.code, 0);
    let page = fs::read_to_string(room.path().join("out/report.html")).unwrap();
    assert!(page.contains("<title>Set-off: standard input</title>"));
}
