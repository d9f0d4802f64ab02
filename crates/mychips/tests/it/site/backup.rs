//! A site copied while it works, lost, and brought back from the copy.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use store::testing::{Cluster, run_at, run_in};

use super::town::Town;

pub(super) fn wait<T>(work: impl Future<Output = Result<T, String>>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work).unwrap()
}

fn database() -> String {
    wait(Cluster::shared().unwrap().database())
}

/// Asks for something that must not be done; nothing is there afterwards that was not before.
fn is_refused(town: &Town, words: &str, code: i32, error: &str, says: &str) {
    let before = town.room.names("");
    let run = town.run(&format!("{words} --json"));
    assert_eq!(
        (run.code, &run.json_error()["error"]),
        (code, &error.into()),
        "{words}: {}",
        run.err
    );
    assert!(run.err.contains(says), "{says}: {}", run.err);
    assert_eq!(town.room.names(""), before, "{words}");
}

/// The site is gone, with all that was in its folder.
pub(super) fn lose(town: &Town) {
    fs::remove_dir_all(town.site()).unwrap();
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

#[test]
fn a_lost_site_comes_back_from_its_backup() {
    let mut town = Town::with_tally();
    town.does("pay ann 12 --as bob --memo before");
    town.asks("backup monday");
    let mode = |path: &str| fs::metadata(town.room.path().join(path)).unwrap().permissions().mode();
    assert_eq!(mode("monday") & 0o777, 0o700);
    let names = ["agent.jwk", "backup.json", "mychips.db", "mychips.toml"];
    assert_eq!(town.room.names("monday"), names);
    for name in names {
        assert_eq!(mode(&format!("monday/{name}")) & 0o777, 0o600, "{name}");
    }
    is_refused(&town, "backup monday", 1, "exists", "monday is there already");
    is_refused(&town, "restore monday", 1, "site_exists", "holds a site already");
    town.does("pay ann 5 --as bob --memo lost");
    let before = town.json("status");
    lose(&town);
    town.asks("restore monday");
    town.asks("status");
    town.asks("tally list --as ann");
    town.asks("tally show ann --as bob");
    town.asks("doctor");
    // How large a database is differs from machine to machine.
    let told = town.told.lines().map(|line| match line.split_once("is in monday: ") {
        Some((before, _)) => format!("{before}is in monday: [size]"),
        None => line.to_owned(),
    });
    let told: Vec<String> = told.collect();
    insta::assert_snapshot!("site_backup", told.join("\n"));
    let after = town.json("status");
    assert_eq!((&after["agent"], &after["epoch"]), (&before["agent"], &1.into()));
    // What the backup lacked, Bob's device had.
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (17_000, -17_000));
    // The backup is as it was, and good for another time.
    lose(&town);
    let again = town.json("restore monday");
    assert_eq!((&again["epoch"], &again["halves"]), (&1.into(), &2.into()));
    town.does("backup tuesday");
    lose(&town);
    assert_eq!(town.json("restore tuesday")["epoch"], 2);
    town.is_well();
}

#[test]
fn rows_go_from_a_file_to_a_server_and_back() {
    let town = Town::with_tally();
    town.does("pay ann 12 --as bob");
    town.does("backup monday");
    lose(&town);
    let url = database();
    let restored = town.json(&format!("restore monday --store {url}"));
    assert_eq!(restored["epoch"], 1);
    assert!(!town.room.names("site").iter().any(|name| name.starts_with("mychips.db")));
    assert!(fs::read_to_string(town.site().join("mychips.toml")).unwrap().contains(&url));
    town.is_well();
    town.does("pay ann 1 --as bob");
    // The server's rows, while somebody works there.
    let serving = town.serve();
    let made = town.json("backup tuesday");
    assert_eq!((&made["store"], &made["epoch"]), (&"postgres".into(), &1.into()));
    serving.end();
    lose(&town);
    // The very database that the backup names still holds the site.
    is_refused(&town, "restore tuesday", 1, "site_exists", "holds a site already");
    let other = database();
    town.does(&format!("restore tuesday --store {other}"));
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (13_000, -13_000));
    town.is_well();
    lose(&town);
    town.does("restore tuesday --store sqlite");
    assert_eq!(town.json("status")["epoch"], 2);
    assert_eq!(town.balance("ann", "bob"), 13_000);
    town.is_well();
}

#[test]
fn one_bit_in_any_file_is_found_and_nothing_is_written() {
    let town = Town::with_tally();
    town.does("pay ann 12 --as bob");
    town.does("backup monday");
    lose(&town);
    let monday = town.room.path().join("monday");
    let good = files(&monday);
    for (name, bytes) in &good {
        let path = monday.join(name);
        for place in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << (place % 8);
            fs::write(&path, flipped).unwrap();
            is_refused(&town, "restore monday", 1, "damaged_backup", name);
        }
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        is_refused(&town, "restore monday", 1, "damaged_backup", name);
        fs::remove_file(&path).unwrap();
        let word = if name == "backup.json" { "no_backup" } else { "damaged_backup" };
        is_refused(&town, "restore monday", 1, word, name);
        fs::write(&path, bytes).unwrap();
    }
    assert!(!town.site().exists());
    town.does("restore monday");
    assert_eq!(town.balance("ann", "bob"), 12_000);
}

#[test]
fn what_is_no_backup_or_no_place_for_one_is_told() {
    let town = Town::bare();
    is_refused(&town, "backup monday", 1, "no_site", "no site in");
    is_refused(&town, "restore nowhere", 1, "no_backup", "is no backup");
    town.room.put("letter", "Dear Ann");
    is_refused(&town, "restore letter", 1, "no_backup", "is no backup");
    town.does("init");
    is_refused(&town, "backup letter", 1, "exists", "name a new folder");
    is_refused(&town, "backup nowhere/monday", 3, "io", "nowhere");
    is_refused(&town, "backup ..", 1, "exists", "name a new folder");
    town.does("backup monday");
    lose(&town);
    fs::create_dir(town.site()).unwrap();
    town.does("restore monday");
    lose(&town);
    fs::create_dir(town.site()).unwrap();
    town.room.put("site/diary", "Monday");
    is_refused(&town, "restore monday", 1, "exists", "is not empty");
    let newer = "INSERT INTO schemas (number) VALUES (4000)";
    wait(run_in(&town.room.path().join("monday/mychips.db"), newer));
    let manifest = fs::read_to_string(town.room.path().join("monday/backup.json")).unwrap();
    let manifest = manifest.replace("\"format\": 1", "\"format\": 2");
    fs::write(town.room.path().join("monday/backup.json"), manifest).unwrap();
    is_refused(&town, "restore monday", 1, "newer_backup", "use the newer program");
}

#[test]
fn a_backup_of_a_newer_schema_is_refused() {
    let town = Town::bare();
    town.does("init");
    let newer = "INSERT INTO schemas (number) VALUES (4000)";
    wait(run_in(&town.site().join("mychips.db"), newer));
    is_refused(&town, "backup monday", 3, "store", "schema 4000");
}

/// A town trades while it is copied, trades on, and loses its site: elsewhere it is again as it was.
#[test]
fn a_town_that_trades_on_after_its_backup_loses_nothing() {
    let users = ["ann", "bob", "carl", "eve"];
    let ties = [("ann", "bob"), ("bob", "carl"), ("carl", "eve"), ("eve", "ann")];
    for url in [None, Some(database())] {
        let town = Town { store: None, ..Town::bare() };
        let store = url.as_deref().unwrap_or("sqlite");
        town.does(&format!("init --store {store}"));
        for user in users {
            town.does(&format!("key new {user}"));
            town.room_run(&["user", "add", user, "--name", user]);
        }
        for (creditor, debtor) in ties {
            let invite = format!("tally invite --as {creditor} --limit 99 --their-limit 99");
            town.does(&format!("{invite} --out i-{creditor}.json"));
            town.does(&format!("tally answer i-{creditor}.json --as {debtor}"));
            town.does(&format!("tally offer {creditor} --as {debtor}"));
            town.does(&format!("tally accept {debtor} --as {creditor}"));
        }
        let serving = town.serve();
        // Everybody pays while the site is copied, each with its own device.
        std::thread::scope(|scope| {
            for (place, (creditor, debtor)) in ties.into_iter().enumerate() {
                let town = &town;
                scope.spawn(move || {
                    for round in 1..=6 {
                        let milli = place * 10 + round;
                        town.does(&format!("pay {creditor} 0.{milli:03} --as {debtor}"));
                        town.does(&format!("pay {debtor} 0.001 --as {creditor}"));
                    }
                });
            }
            town.does("backup monday");
        });
        for (creditor, debtor) in ties {
            town.does(&format!("pay {creditor} 1.5 --as {debtor}"));
            town.does(&format!("tally set {creditor} --as {debtor} --target 2"));
        }
        let balances = |data: &str| {
            let balance = |user: &str, partner: &str| {
                let shown = town.run(&format!("tally show {partner} --as {user} --json{data}"));
                let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
                (shown["balance"].as_i64().unwrap(), shown["chits"].as_u64().unwrap())
            };
            ties.map(|(one, two)| [balance(one, two), balance(two, one)])
        };
        let before = balances("");
        serving.kill();
        lose(&town);
        let other = if url.is_some() { database() } else { "sqlite".to_owned() };
        town.does(&format!("restore monday --data elsewhere --store {other}"));
        // Each user's device brings back what the backup lacked.
        for user in users {
            let run = town.run(&format!("tally list --as {user} --data elsewhere"));
            assert_eq!(run.code, 0, "{}", run.err);
        }
        let after = balances(" --data elsewhere");
        assert_eq!(after, before);
        assert!(after.iter().all(|[one, two]| one.0 == -two.0 && one.1 == two.1));
        let status = town.json("status --data elsewhere");
        assert_eq!((&status["asking"], &status["unheard"]), (&0.into(), &0.into()));
        let doctor = town.json("doctor --data elsewhere");
        assert_eq!((&doctor["ok"], &doctor["zero_sum"]), (&true.into(), &"0".into()));
        // And life goes on.
        town.does("pay ann 1 --as bob --data elsewhere");
    }
}

/// Killed at any moment, there is a whole backup or none, and the next run is not in its own way.
#[test]
fn a_killed_backup_is_never_taken_for_one() {
    let town = Town::with_tally();
    let whole = run_for(&town, &["backup", "whole"], u32::MAX).unwrap();
    let (mut killed, mut left) = (0, 0);
    for moment in 0..16 {
        if run_for(&town, &["backup", "monday"], whole / 16 * moment).is_none() {
            killed += 1;
        }
        let names = town.room.names("");
        left += u32::from(names.iter().any(|name| name == "monday.part"));
        if names.iter().any(|name| name == "monday") {
            let manifest = town.room.path().join("monday/backup.json");
            assert!(manifest.exists(), "there, so it is whole");
            fs::remove_dir_all(town.room.path().join("monday")).unwrap();
        }
    }
    println!("{killed} killed, {left} left something");
    town.does("backup monday");
    assert!(!town.room.names("").contains(&"monday.part".to_owned()));
    lose(&town);
    town.does("restore monday");
    town.is_well();
}

/// Killed between its last two steps, a backup is whole and not in its place: the next run makes it anew.
#[test]
fn a_backup_that_was_not_put_in_its_place_is_in_nobodys_way() {
    let town = Town::with_tally();
    town.does("backup monday");
    let (whole, part) = (town.room.path().join("monday"), town.room.path().join("monday.part"));
    fs::rename(&whole, &part).unwrap();
    town.does("backup monday");
    assert!(whole.join("backup.json").exists() && !part.exists());
}

#[test]
fn a_killed_restore_leaves_no_site_and_is_given_again() {
    for url in [None, Some(database())] {
        let town = Town::with_tally();
        town.does("pay ann 12 --as bob");
        town.does("backup monday");
        lose(&town);
        let store = url.clone().unwrap_or_else(|| "sqlite".to_owned());
        let whole = {
            let store = if url.is_some() { database() } else { "sqlite".to_owned() };
            let looks = run_for(&town, &["restore", "monday", "--store", &store], u32::MAX);
            lose(&town);
            looks.unwrap()
        };
        let mut there = 0;
        for moment in 0..16 {
            run_for(&town, &["restore", "monday", "--store", &store], whole / 16 * moment);
            if town.site().exists() {
                there += 1;
                town.is_well();
                if url.is_some() {
                    break;
                }
                lose(&town);
            }
        }
        println!("restored before it was killed: {there}");
        if !town.site().exists() {
            town.does(&format!("restore monday --store {store}"));
        }
        assert_eq!(
            (town.balance("ann", "bob"), town.json("status")["epoch"].as_i64()),
            (12_000, Some(1))
        );
        town.is_well();
    }
}

/// Runs, and kills it after looking so many times whether it has ended; after how many looks it ended
/// by itself, if it did.
fn run_for(town: &Town, words: &[&str], looks: u32) -> Option<u32> {
    let mut command = town.command(words);
    let null = std::process::Stdio::null;
    let mut child = command.stdout(null()).stderr(null()).spawn().unwrap();
    for look in 0..looks {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return Some(look);
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Killed after the database was filled, before the data directory was there: the same words go on,
/// and nobody else's do.
#[test]
fn a_restore_that_was_stopped_between_database_and_directory_goes_on() {
    let town = Town::with_tally();
    town.does("pay ann 12 --as bob");
    town.does("backup monday");
    town.does("pay ann 1 --as bob");
    town.does("backup tuesday");
    let url = database();
    lose(&town);
    town.does(&format!("restore monday --store {url}"));
    // As it is just before the directory appears.
    lose(&town);
    let manifest = fs::read_to_string(town.room.path().join("monday/backup.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let seal = manifest["seal"].as_str().unwrap();
    let mark = format!("INSERT INTO settings (name, value) VALUES ('being_restored', '{seal}')");
    wait(run_at(&url, &mark));
    is_refused(&town, &format!("restore tuesday --store {url}"), 1, "site_exists", "holds a site");
    town.does(&format!("restore monday --store {url}"));
    assert_eq!(town.balance("ann", "bob"), 12_000);
    town.is_well();
    lose(&town);
    is_refused(&town, &format!("restore monday --store {url}"), 1, "site_exists", "holds a site");
}
