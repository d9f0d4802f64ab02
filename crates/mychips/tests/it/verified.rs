//! `mychips verify` without a file, as a developer meets it: scenarios in a table, as JSON, with their traces; what
//! was not exhausted; Ctrl-C. What it does with files is in `site/exports.rs`.

use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::run::Room;

#[test]
fn planted_faults_are_found_and_told_in_a_table() {
    let room = Room::new();
    let run = room.run(&["verify", "negotiation-forgetful", "negotiation-silent"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", run.out);
    assert!(lines[0].starts_with("scenario ") && lines[0].ends_with(" expected"), "{}", run.out);
    for line in &lines[1..] {
        assert!(line.contains("broken: ") && line.ends_with("yes"), "{}", run.out);
    }
}

#[test]
fn a_trace_tells_the_way_there() {
    let room = Room::new();
    let run = room.run(&["verify", "negotiation-forgetful", "--trace"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("  -> suzie accepts\n"), "{}", run.out);
    assert!(run.out.contains("  -> suzie's site crashes\n"), "{}", run.out);
    let json = room.run(&["verify", "negotiation-forgetful", "--trace", "--json"]).json();
    let way = json["scenarios"][0]["trace"]["way"].as_array().unwrap();
    assert_eq!(way.last().unwrap()[0], "suzie's site crashes");
}

#[test]
fn a_livelock_is_told_with_what_goes_on_for_ever() {
    let room = Room::new();
    let run = room.run(&["verify", "rooms-at-once", "--trace"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let (_, cycle) = run.out.split_once("  and then for ever:\n").unwrap();
    assert!(cycle.contains("  -> lifts 11 are begun anew\n"), "{}", run.out);
    let json = room.run(&["verify", "rooms-at-once", "--json"]).json();
    let told = &json["scenarios"][0];
    assert_eq!((&told["planted"], &told["as_expected"]), (&true.into(), &true.into()));
    assert_eq!(told["invariant"], "livelock");
}

#[test]
fn json_has_what_scripts_read_and_does_not_depend_on_threads() {
    let room = Room::new();
    let read = |threads: &str| {
        let run = ["verify", "negotiation-crash", "negotiation-unchecked", "--json", "--threads"];
        room.run(&[&run[..], &[threads]].concat()).json()
    };
    let (one, two) = (read("1"), read("2"));
    assert_eq!(
        one.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["scenarios", "seconds", "states"]
    );
    let all = one["scenarios"].as_array().unwrap();
    let told = |at: usize, member: &str| all[at][member].clone();
    assert_eq!(
        (told(0, "name"), told(1, "name")),
        ("negotiation-crash".into(), "negotiation-unchecked".into())
    );
    assert_eq!((told(0, "planted"), told(1, "planted")), (false.into(), true.into()));
    assert_eq!((told(0, "as_expected"), told(1, "as_expected")), (true.into(), true.into()));
    assert_eq!((told(0, "verdict"), told(1, "verdict")), ("holds".into(), "broken".into()));
    assert_eq!(told(1, "invariant"), "nothing holds that was not signed");
    let states = |at: usize| told(at, "states").as_u64().unwrap();
    assert_eq!(one["states"].as_u64().unwrap(), states(0) + states(1));
    assert!(states(0) > 10_000, "too few to mean anything");
    for at in 0..2 {
        for member in ["states", "edges", "fair_edges", "depth", "verdict", "why"] {
            assert_eq!(one["scenarios"][at][member], two["scenarios"][at][member], "{member}");
        }
    }
}

#[test]
fn what_is_not_exhausted_is_a_failure() {
    let room = Room::new();
    let run = room.run(&["verify", "negotiation-crossing", "--memory-mb", "10", "--json"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains(r#""not_as_expected""#), "{}", run.err);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let scenario = &json["scenarios"][0];
    assert_eq!(
        (&scenario["verdict"], &scenario["as_expected"]),
        (&"not_exhausted".into(), &false.into())
    );
    let run = room.run(&["verify", "negotiation-crossing", "--memory-mb", "10"]);
    assert!(run.out.contains("not exhausted: its states take more than 10 MB"), "{}", run.out);
}

#[test]
fn ctrl_c_says_what_was_not_exhausted() {
    let room = Room::new();
    let arguments = ["verify", "negotiation-silent", "negotiation-change-lost", "--long"];
    let mut command: Command = room.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id().to_string();
    // A signal before the handler stands would end it at once: the kernel says when it is caught.
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << 1 != 0
    };
    while !caught() {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(out.contains("negotiation-change-lost: not exhausted: it was "), "{out}");
    assert!(err.contains("not as expected"), "{err}");
}

#[test]
fn scenarios_are_listed_and_mistakes_are_told() {
    let room = Room::new();
    let run = room.run(&["verify", "--list"]);
    assert!(run.code == 0 && run.out.contains("negotiation-both-want"), "{}", run.out);
    let listed = room.run(&["verify", "--list", "--json"]).json();
    let listed = listed["scenarios"].as_array().unwrap();
    assert!(
        listed.iter().any(|one| one["planted"] == true)
            && listed.iter().any(|one| one["long"] == true)
    );
    let run = room.run(&["verify", "gremlins", "--long"]);
    assert!(run.code == 2 && run.err.contains("--list"), "{}", run.err);
    // A word alone that names no scenario is a file.
    let run = room.run(&["verify", "gremlins"]);
    assert!(run.code == 3 && run.err.contains("cannot read gremlins"), "{}", run.err);
    assert_eq!(room.run(&["verify", "--threads", "0"]).code, 2);
}
