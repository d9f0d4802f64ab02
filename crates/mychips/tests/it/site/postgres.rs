//! A site whose rows are in PostgreSQL: the same commands, and what only a server can do.

use std::fs;
use std::process::Stdio;

use store::testing::{Cluster, run_at};

use super::town::Town;

fn wait<T>(work: impl Future<Output = Result<T, String>>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work).unwrap()
}

fn database() -> String {
    wait(Cluster::shared().unwrap().database())
}

/// A site in a database where Ann and Bob have an open tally.
fn town(url: &str) -> Town {
    let town = Town::bare();
    town.does(&format!("init --store {url}"));
    town.with_ann_and_bob().with_open_tally()
}

#[test]
fn every_command_works_at_a_server() {
    let url = database();
    let town = town(&url);
    assert!(!town.room.names("site").iter().any(|name| name.starts_with("mychips.db")));
    town.does("pay ann 12.5 --as bob --memo loaves --once monday");
    town.does("pay ann 12.5 --as bob --memo loaves --once monday");
    town.does("tally set ann --as bob --target 3");
    town.does("tally offer bob --as ann --limit 500");
    town.does("tally accept ann --as bob");
    town.does("user suspend bob");
    town.does("user resume bob");
    for words in [
        "user list",
        "user show ann",
        "tally list --as ann",
        "tally show ann --as bob",
        "statement bob --as ann",
        "contract list",
        "status",
        "config show",
    ] {
        town.json(words);
    }
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (12_500, -12_500));
    town.is_well();
    let again = town.run("init --json");
    assert_eq!((again.code, &again.json_error()["error"]), (1, &"site_exists".into()));
    // Another site, with a key of its own, gets nothing of it.
    let other = Town::bare();
    let taken = other.run(&format!("init --json --store {url}"));
    assert_eq!((taken.code, &taken.json_error()["error"]), (1, &"site_exists".into()));
    other.does("init --store sqlite");
    let mut status = other.command(&["status", "--json"]);
    let taken = crate::run::Run::from(status.env("MYCHIPS_STORE", &url));
    assert_eq!((taken.code, &taken.json_error()["error"]), (1, &"other_site".into()));
    town.is_well();
}

/// The lock guards a directory, not a server: the same site may be entered from two directories at
/// once, as with a copy on another machine. The database keeps them from each other's halves.
#[test]
fn two_directories_of_one_site_lose_nothing() {
    let one = town(&database());
    let two = Town::bare();
    fs::create_dir(two.site()).unwrap();
    for name in ["agent.jwk", "mychips.toml"] {
        fs::copy(one.site().join(name), two.site().join(name)).unwrap();
    }
    let pay = |town: &Town, words: &[&str]| {
        let mut command = town.command(words);
        command.env("MYCHIPS_KEYS", one.keys());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for _ in 0..5 {
        let both = [
            pay(&one, &["pay", "ann", "1", "--as", "bob"]),
            pay(&two, &["pay", "bob", "0.5", "--as", "ann"]),
        ];
        for child in both {
            let done = child.wait_with_output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }
    // Post that one left claimed, as it was stopped, the other delivers later: here nothing is left.
    one.does("tally set ann --as bob --target 1");
    assert_eq!((one.balance("ann", "bob"), one.balance("bob", "ann")), (2_500, -2_500));
    two.is_well();
}

#[test]
fn a_server_that_may_forget_or_is_gone_is_told() {
    let cluster = Cluster::start().unwrap();
    let town = town(&wait(cluster.database()));
    cluster.down().unwrap();
    let gone = town.run("status --json");
    assert_eq!((gone.code, &gone.json_error()["error"]), (3, &"store".into()));
    assert!(gone.err.contains("no connection to the database"), "{}", gone.err);
    cluster.up("-c synchronous_commit=off").unwrap();
    for words in ["pay ann 1 --as bob --json", "doctor --json"] {
        let weak = town.run(words);
        assert_eq!((weak.code, &weak.json_error()["error"]), (3, &"store".into()));
        let expected = "synchronous_commit is off, and must be on";
        assert!(weak.err.contains(expected) && weak.err.contains("change that"), "{}", weak.err);
    }
    cluster.down().unwrap();
    cluster.up("").unwrap();
    town.does("pay ann 1 --as bob");
    town.is_well();
}

#[test]
fn databases_that_are_others_newer_or_lost_are_told() {
    let url = database();
    wait(run_at(&url, "CREATE TABLE recipes (name text)"));
    let town = Town::bare();
    let others = town.run(&format!("init --json --store {url}"));
    assert_eq!((others.code, &others.json_error()["error"]), (3, &"store".into()));
    assert!(others.err.contains("is not a MyCHIPs store"), "{}", others.err);
    // The right one is still free to be chosen.
    let url = database();
    town.does(&format!("init --store {url}"));
    wait(run_at(&url, "INSERT INTO schemas (number) VALUES (4000)"));
    let newer = town.run("status --json");
    assert_eq!((newer.code, &newer.json_error()["error"]), (3, &"store".into()));
    assert!(newer.err.contains("schema 4000"), "{}", newer.err);
    wait(run_at(&url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
    let lost = town.run("status --json");
    assert_eq!((lost.code, &lost.json_error()["error"]), (1, &"no_site".into()));
}
