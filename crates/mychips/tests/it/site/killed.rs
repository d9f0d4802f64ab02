//! Killed at any moment, a program loses nothing that it told and keeps nothing by halves.

use std::process::Stdio;

use super::town::Town;

/// How many payments are cut short, at moments spread over the time that one takes.
const KILLED: u32 = 24;

/// Starts a payment and kills it after looking so many times whether it has ended; says after how
/// many looks it ended by itself, if it did.
fn pay(town: &Town, looks: u32) -> Option<u32> {
    let mut command = town.command(&["pay", "ann", "0.001", "--as", "bob", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    for look in 0..looks {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return Some(look);
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let told = child.wait_with_output().unwrap().stdout;
    // Whole words on standard output are a promise, killed or not.
    told.ends_with(b"}\n").then_some(looks)
}

#[test]
fn a_killed_payment_is_kept_whole_or_not_at_all() {
    let town = Town::with_tally();
    let whole = pay(&town, u32::MAX).unwrap();
    let mut told = 1;
    for moment in 0..KILLED {
        told += i64::from(pay(&town, whole / KILLED * moment).is_some());
    }
    town.does("pay ann 0.001 --as bob");
    told += 1;
    let sheets = ["statement bob --as ann", "statement ann --as bob"].map(|s| town.json(s));
    let [ann, bob] = sheets.map(|sheet| sheet["entries"].as_array().unwrap().clone());
    let kept = i64::try_from(bob.len()).unwrap();
    println!("{told} told, {kept} kept, of {} payments", KILLED + 2);
    assert!((told..=i64::from(KILLED) + 2).contains(&kept), "{told} told, {kept} kept");
    let names = |half: &[serde_json::Value]| -> Vec<String> {
        half.iter().map(|entry| entry["chit"].to_string()).collect()
    };
    assert_eq!(names(&ann), names(&bob));
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (kept, -kept));
    town.is_well();
}

#[test]
fn an_init_cut_short_goes_on() {
    let town = Town::bare();
    // As it is after the key is written, before the database is.
    town.does("init");
    for name in town.room.names("site") {
        if name.starts_with("mychips.db") {
            std::fs::remove_file(town.site().join(name)).unwrap();
        }
    }
    town.does("init");
    assert_eq!(town.run("init").code, 1);
    town.is_well();
}
