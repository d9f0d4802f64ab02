//! `mychips sim net` as a developer meets it: one seed again, several with a file, a fault planted, Ctrl-C.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::Room;

#[test]
fn a_seed_prints_the_same_bytes_again_with_its_trace_or_without() {
    let room = Room::new();
    for more in [&["--trace"][..], &[]] {
        let arguments = [&["sim", "net", "--seed", "7"], more].concat();
        let (one, two) = (room.run(&arguments), room.run(&arguments));
        assert_eq!((one.code, one.err.as_str()), (0, ""), "{}", one.out);
        assert_eq!(one.out, two.out);
        assert!(one.out.contains("seed 7: everything held, in "), "{}", one.out);
        assert_eq!(one.out.contains("faults stop here"), !more.is_empty());
    }
}

#[test]
fn a_file_of_results_is_gone_on_with() {
    let room = Room::new();
    let run = |count: &str| {
        let run = room.run(&["sim", "net", "--count", count, "--out", "seeds.txt"]);
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        let text = fs::read_to_string(room.path().join("seeds.txt")).unwrap();
        (run.out, text.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let (said, lines) = run("2");
    assert_eq!(said, "2 seeds: everything held\n");
    assert!(lines[1].starts_with("1 held "), "{lines:?}");
    let (said, all) = run("3");
    assert_eq!(said, "1 seed: everything held\n", "those of before are not run again");
    assert_eq!((&all[..2], all.len()), (&lines[..], 3));
    // What failed before is.
    fs::write(room.path().join("seeds.txt"), "0 present after step 9: lost\n1 held so\n").unwrap();
    assert_eq!(run("2").0, "1 seed: everything held\n");
}

/// Scripts read the same in JSON: a lift that came to nothing is not told as one that was made.
#[test]
fn what_was_decided_is_told_apart_in_text_in_json_and_in_the_file() {
    let room = Room::new();
    let text = room.run(&["sim", "net", "--lifts", "--seed", "3"]).out;
    let one = room.run(&["sim", "net", "--lifts", "--seed", "3", "--json"]);
    let told: Value = serde_json::from_str(&one.out).unwrap();
    let many = |what: &str| told["lifts"][what].as_u64().unwrap();
    let (valid, void) = (many("valid"), many("void"));
    assert!(valid > 0 && void > 0 && many("decided") == valid + void, "{told}");
    let line = text.lines().find(|line| line.contains(" decided: ")).unwrap();
    assert!(line.contains(&format!("{} decided: {valid} valid, ", valid + void)), "{line}");
    assert!(line.contains(&format!(" and {void} void;")), "{line}");
    let until = ["sim", "net", "--lifts", "--from-seed", "3", "--until-lifts", "1"];
    let said = room.run(&[&until[..], &["--out", "seeds.txt"]].concat()).out;
    let all = say(valid + void);
    assert_eq!(
        said,
        format!("1 seed: everything held; {all} decided so far, {valid} valid and {void} void\n")
    );
    // Nothing is run again: what the file says counts.
    let again = room.run(&[&until[..], &["--out", "seeds.txt", "--json"]].concat()).out;
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!((&again["held"], &again["lifts"]), (&Value::from(0), &told["lifts"]));
}

fn say(lifts: u64) -> String {
    if lifts == 1 { "1 lift".to_owned() } else { format!("{lifts} lifts") }
}

#[test]
fn no_fault_is_planted_unless_it_is_asked_for_and_a_failure_says_its_seed() {
    let room = Room::new();
    let planted = ["sim", "net", "--count", "30", "--plant", "double-apply"];
    let run = room.run(&planted);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains(" failed, ") && run.err.contains(" held"), "{}", run.err);
    let line = run.out.lines().find(|line| line.contains("again: mychips ")).unwrap();
    let words: Vec<&str> = line.split("again: mychips ").nth(1).unwrap().split(' ').collect();
    let again = room.run(&words);
    assert_eq!(again.code, 1, "{}", again.out);
    let seed = words.iter().position(|word| *word == "--seed").map(|at| words[at + 1]).unwrap();
    assert!(again.err.contains(&format!("does not hold in seed {seed}")), "{}", again.err);
    // The same network without the fault.
    let sound = room.run(&["sim", "net", "--seed", seed]);
    assert_eq!((sound.code, sound.err.as_str()), (0, ""), "{}", sound.out);
}

#[test]
fn ctrl_c_ends_after_the_seed_at_hand() {
    let room = Room::new();
    let mut command: Command =
        room.command(&["sim", "net", "--count", "100000", "--out", "seeds.txt"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let file = room.path().join("seeds.txt");
    let begun = std::time::Instant::now();
    while fs::read_to_string(&file).unwrap_or_default().lines().count() < 2 {
        assert!(begun.elapsed().as_secs() < 120, "no seed ended");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let mut text = String::new();
    fs::File::open(&file).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(said, format!("ended before seed {}\n", text.lines().count()));
    assert!(text.ends_with('\n') && text.lines().all(|line| line.contains(" held ")), "{text}");
}

#[test]
fn mistakes_are_told() {
    let room = Room::new();
    let run = room.run(&["sim", "net", "--plant", "gremlins"]);
    assert!(run.code == 2 && run.err.contains("lost-letter"), "{}", run.err);
    assert_eq!(room.run(&["sim", "net", "--trace"]).code, 2);
    let run = room.run(&["sim", "net", "--out", "no/such/folder/seeds.txt"]);
    assert!(run.code == 3 && run.err.contains("cannot write"), "{}", run.err);
}
