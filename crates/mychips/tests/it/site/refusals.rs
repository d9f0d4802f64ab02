//! What is refused, in which words, and with which exit code.

use std::fs::{self, File};

use super::town::Town;

#[test]
fn every_refusal_says_what_to_do() {
    let mut town = Town::bare();
    town.asks("status");
    town.does("init");
    town.asks("init");
    town.asks("user list");
    town.asks("user add ann --name Ann");
    town.does("key new ann");
    town.asks("key new ann");
    town.does("user add ann --name Ann");
    town.asks("user add ann --name Ann");
    town.asks("user show carl");
    town.asks("user suspend carl");
    town.asks("tally list --as carl");
    town.asks("tally list --as ann");
    town.asks("tally invite --as ann");
    town.asks("tally invite --as ann --limit -5");
    town.asks("tally invite --as carl --limit 5");
    town.asks("tally invite --as ann --limit 5 --contract nowhere");
    town.asks("tally invite --as ann --limit 5 --expires soon");
    town.does("tally invite --as ann --limit 5 --out i.json");
    town.asks("tally invite --as ann --limit 5 --out i.json");
    town.asks("tally answer i.json --as ann");
    town.asks("tally answer nowhere.json --as ann");
    town.room.put("broken.json", "{\"tally\":");
    town.asks("tally answer broken.json --as ann");
    town.asks("tally show bob --as ann");
    town.does("key new bob");
    town.does("user add bob --name Bob");
    town.does("tally answer i.json --as bob");
    town.asks("tally accept ann --as bob");
    town.asks("tally counter ann --as bob");
    town.asks("tally withdraw ann --as bob");
    town.asks("pay ann 1 --as bob");
    town.asks("tally set ann --as bob --target 1");
    town.does("tally offer ann --as bob");
    town.asks("tally accept ann --as bob");
    town.asks("tally offer bob --as ann");
    town.does("tally accept bob --as ann");
    town.asks("tally refuse bob --as ann");
    town.asks("pay ann 5.001 --as bob");
    town.asks("pay ann 0 --as bob");
    town.asks("pay ann 0.0001 --as bob");
    town.asks("pay ann much --as bob");
    town.asks("pay ann 1");
    town.asks("pay carl 1 --as bob");
    town.asks("tally set ann --as bob");
    town.asks("tally set ann --as bob --reward -2%");
    town.asks("tally close ann --as bob --undo");
    town.does("pay ann 1 --as bob");
    town.does("tally close ann --as bob");
    town.asks("tally close ann --as bob");
    town.asks("pay ann 1 --as bob");
    town.asks("key new bob --keys site/keys");
    insta::assert_snapshot!("site_refusals", town.told);
    town.is_well();
}

#[test]
fn a_used_invitation_is_answered_by_nobody_else() {
    let town = Town::with_tally();
    town.does("key new carl");
    town.does("user add carl --name Carl");
    let again = town.run("tally answer for-bob.json --as bob --json").json_error();
    assert_eq!(again["error"], "tally_exists");
    // Carl is told so at once: the token counted once.
    let late = town.run("tally answer for-bob.json --as carl --json");
    assert_eq!((late.code, &late.json_error()["error"]), (1, &"invitation".into()));
    assert_eq!(town.json("tally list --as ann")["tallies"].as_array().unwrap().len(), 1);
    assert_eq!(town.run("tally offer ann --as carl").code, 1);
    assert_eq!(town.json("tally show bob --as ann")["partner"]["user"], "bob");
    town.is_well();
}

#[test]
fn a_wrong_key_signs_nothing() {
    let town = Town::with_tally();
    fs::copy(town.keys().join("ann.jwk"), town.keys().join("bob.jwk")).unwrap();
    let error = town.run("pay ann 1 --as bob --json").json_error();
    assert_eq!(error["error"], "other_key");
    assert_eq!(town.balance("ann", "bob"), 0);
    fs::write(town.keys().join("bob.jwk"), "{}").unwrap();
    assert_eq!(town.run("pay ann 1 --as bob --json").json_error()["error"], "key");
    fs::remove_file(town.keys().join("bob.jwk")).unwrap();
    assert_eq!(town.run("pay ann 1 --as bob --json").json_error()["error"], "no_key");
}

#[test]
fn a_second_program_is_refused_and_told_who_is_first() {
    let town = Town::with_tally();
    let lock = town.site().join("lock");
    fs::write(&lock, "4711\n").unwrap();
    let held = File::open(&lock).unwrap();
    held.lock().unwrap();
    for words in ["status", "init", "pay ann 1 --as bob", "doctor", "contract list"] {
        let run = town.run(words);
        assert_eq!(run.code, 3, "{words}: {}", run.err);
        assert!(run.err.contains("is in use by another mychips, process 4711"), "{}", run.err);
    }
    let error = town.run("status --json");
    assert_eq!((error.code, &error.json_error()["error"]), (3, &"in_use".into()));
    drop(held);
    town.does("status");
    town.is_well();
}

#[test]
fn another_sites_database_is_not_taken_over() {
    let (town, other) = (Town::with_tally(), Town::new());
    fs::copy(other.site().join("agent.jwk"), town.site().join("agent.jwk")).unwrap();
    let error = town.run("status --json");
    assert_eq!((error.code, &error.json_error()["error"]), (1, &"other_site".into()));
}

#[test]
fn a_damaged_database_is_told_by_doctor() {
    let town = Town::with_tally();
    town.does("pay ann 1 --as bob");
    fs::write(town.site().join("mychips.db"), "this is no database, by any reading of it").unwrap();
    let run = town.run("doctor --json");
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert_eq!(run.json_error()["error"], "store");
}

#[test]
fn keys_do_not_get_into_the_data_directory_from_within() {
    let town = Town::new();
    let mut command = town.command(&["key", "new", "carl", "--keys", "keys", "--json"]);
    let run = crate::run::Run::from(command.current_dir(town.site()));
    assert_eq!((run.code, &run.json_error()["error"]), (1, &"keys_in_data".into()));
    assert!(!town.site().join("keys").exists());
}

#[test]
fn a_chit_that_was_tampered_with_is_found_by_doctor() {
    let town = Town::with_tally();
    town.does("pay ann 1 --as bob --memo loaves");
    town.is_well();
    let file = town.site().join("mychips.db");
    let mut bytes = fs::read(&file).unwrap();
    let places: Vec<usize> =
        (0..bytes.len() - 6).filter(|&at| &bytes[at..at + 6] == b"loaves").collect();
    assert!(!places.is_empty(), "the memo is not where it is looked for");
    for at in places {
        bytes[at] = b'w';
    }
    fs::write(&file, bytes).unwrap();
    let run = town.run("doctor --json");
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(found["ok"], false);
    assert!(found["faults"].as_array().unwrap().len() >= 2, "both halves: {found}");
    assert!(run.err.contains("\"error\":\"faults\""), "{}", run.err);
    assert!(town.run("doctor").out.contains("Something is wrong"));
}

#[test]
fn a_file_without_end_is_refused() {
    let town = Town::with_tally();
    for words in [
        "contract add /dev/zero",
        "tally answer /dev/zero --as ann",
        "key import /dev/zero --passphrase-file /dev/null",
    ] {
        let refused = town.run(&format!("{words} --json"));
        assert_eq!(refused.code, 1, "{words}");
        assert!(refused.json_error()["reason"].as_str().unwrap().contains("zero"), "{words}");
    }
    fs::remove_file(town.keys().join("ann.jwk")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", town.keys().join("ann.jwk")).unwrap();
    let refused = town.run("pay bob 1 --as ann --json");
    assert_eq!((refused.code, &refused.json_error()["error"]), (1, &"key".into()));
}
