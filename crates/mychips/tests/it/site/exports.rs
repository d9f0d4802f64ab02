//! What is taken along from a site: a table of debts, a tally, a user; checked anywhere, brought back.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::backup::lose;
use super::town::Town;

fn json(town: &Town, name: &str) -> Value {
    serde_json::from_slice(&fs::read(town.room.path().join(name)).unwrap()).unwrap()
}

/// The file with one member changed, under another name.
fn changed(town: &Town, name: &str, pointer: &str, to: Value) -> String {
    let mut value = json(town, name);
    *value.pointer_mut(pointer).unwrap() = to;
    town.room.put("changed.json", serde_json::to_vec(&value).unwrap());
    "changed.json".to_owned()
}

fn is_refused(town: &Town, words: &str, code: i32, error: &str, says: &str) {
    let run = town.run(&format!("{words} --json"));
    assert_eq!(
        (run.code, &run.json_error()["error"]),
        (code, &error.into()),
        "{words}: {}",
        run.err
    );
    assert!(run.err.contains(says), "{says}: {}", run.err);
}

/// Three users who owe in a circle, cleared in part by a lift.
fn circle() -> Town {
    let town = Town::bare();
    town.does("init");
    for user in ["ann", "bob", "eve"] {
        town.does(&format!("key new {user}"));
        town.room_run(&["user", "add", user, "--name", user]);
    }
    for (creditor, debtor, chips) in [("ann", "bob", 5), ("bob", "eve", 6), ("eve", "ann", 7)] {
        town.does(&format!("tally invite --as {creditor} --limit 9 --out i-{creditor}.json"));
        town.does(&format!("tally answer i-{creditor}.json --as {debtor}"));
        town.does(&format!("tally offer {creditor} --as {debtor}"));
        town.does(&format!("tally accept {debtor} --as {creditor}"));
        town.does(&format!("pay {creditor} {chips} --as {debtor}"));
    }
    assert_eq!(town.json("lift clear")["cleared"], 15_000);
    town
}

#[test]
fn a_table_of_debts_comes_back_as_it_went() {
    let town = circle();
    let told = town.json("export csv debts.csv");
    assert_eq!((&told["rows"], &told["total"]), (&2.into(), &"3000".into()));
    let csv = fs::read_to_string(town.room.path().join("debts.csv")).unwrap();
    let mut rows: Vec<&str> = csv.lines().collect();
    rows[1..].sort_unstable();
    assert_eq!(rows, ["debtor,creditor,amount", "ann,eve,2.000", "eve,bob,1.000"]);
    assert_eq!(town.does("export csv").out, csv);
    is_refused(&town, "export csv debts.csv", 1, "exists", "name a new file");
    let cleared = town.json("clear debts.csv");
    assert_eq!((&cleared["total"], &cleared["cleared"]), (&3_000.into(), &0.into()));
    let other = Town::bare();
    other.room.put("debts.csv", &csv);
    other.does("init");
    other.does("import csv debts.csv");
    let mut again: Vec<String> = other.does("export csv").out.lines().map(str::to_owned).collect();
    again[1..].sort_unstable();
    assert_eq!(again, rows);
    other.is_well();
}

#[test]
fn a_tally_proves_itself_without_a_site() {
    let mut town = circle();
    town.asks("export tally ann --as bob with-ann.json");
    let mode = fs::metadata(town.room.path().join("with-ann.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    town.asks("export user --as bob bob.json");
    let printed = town.does("export tally ann --as bob").out;
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let file = json(&town, "with-ann.json");
    assert_eq!(printed["links"], file["links"]);
    lose(&town);
    fs::remove_dir_all(town.keys()).unwrap();
    town.asks("verify with-ann.json");
    town.asks("verify bob.json --json");
    insta::assert_snapshot!("site_exports", town.told);
    let members: Vec<_> = file.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "agent", "balance", "contract", "date", "head", "kind", "lifts", "links", "side", "tally",
        "v", "word",
    ];
    assert_eq!(members, expected, "the book lists them");
    assert_eq!((file["lifts"].as_array().unwrap().len(), file["balance"].as_i64()), (1, Some(0)));
    for (pointer, to) in [
        ("/balance", 5_000.into()),
        ("/v", 2.into()),
        ("/links/0/chit/units", 4_000.into()),
        ("/links/0/head/index", 2.into()),
        ("/lifts/0/leg/units", 4_000.into()),
        ("/lifts", Value::Array(Vec::new())),
        ("/tally/stock/terms/limit", 10_000.into()),
        ("/contract/title", "Another".into()),
        ("/word/head/index", 1.into()),
    ] {
        let name = changed(&town, "with-ann.json", pointer, to);
        is_refused(&town, &format!("verify {name}"), 1, "not_proved", "changed.json");
    }
    town.room.put("letter.json", "{\"kind\": \"letter\"}");
    is_refused(&town, "verify letter.json", 1, "no_export", "is not what mychips export writes");
    is_refused(&town, "verify nowhere.json", 3, "io", "nowhere.json");
}

#[test]
fn an_exported_tally_brings_back_what_the_site_lost() {
    let mut town = Town::with_tally();
    town.does("pay ann 12 --as bob --memo before");
    town.does("backup monday");
    town.does("pay ann 5 --as bob --memo after");
    town.does("export tally bob --as ann with-bob.json");
    town.does("export user --as bob bob.json");
    lose(&town);
    town.does("restore monday");
    // All devices are lost too: nothing but the file is left.
    fs::remove_dir_all(town.keys().join("kept")).unwrap();
    let name = changed(&town, "with-bob.json", "/links/1/chit/units", 6_000.into());
    is_refused(&town, &format!("import tally {name} --as ann"), 1, "not_proved", "link 2");
    is_refused(&town, "import tally with-bob.json --as carl", 1, "no_user", "carl");
    assert_eq!(town.balance("ann", "bob"), 12_000);
    town.asks("import tally with-bob.json --as ann");
    town.asks("import tally with-bob.json --as ann");
    town.asks("import tally bob.json --as bob");
    insta::assert_snapshot!("site_import_tally", town.told);
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (17_000, -17_000));
    town.is_well();
}

#[test]
fn a_tally_is_brought_to_a_site_that_never_had_it_only_by_who_signed_it() {
    let town = Town::new();
    town.does("key new eve");
    town.room_run(&["user", "add", "eve", "--name", "Eve"]);
    town.does("backup monday");
    let town = town.with_open_tally();
    town.does("pay ann 5 --as bob");
    town.does("export tally bob --as ann with-bob.json");
    lose(&town);
    town.does("restore monday");
    fs::remove_dir_all(town.keys().join("kept")).unwrap();
    is_refused(&town, "import tally with-bob.json --as eve", 1, "not_allowed", "who signed");
    let back = town.json("import tally with-bob.json --as ann");
    assert_eq!(
        (&back["tallies"][0]["reopened"], &back["tallies"][0]["balance"]),
        (&true.into(), &5_000.into())
    );
    assert_eq!(town.balance("bob", "ann"), -5_000);
    town.is_well();
}
