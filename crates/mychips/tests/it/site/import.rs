//! Debts and trust lines brought in: users, tallies, balances; once, whatever is repeated or cut short.

use std::fs;

use serde_json::Value;

use super::town::Town;

/// Ann owes Bob, Bob owes Cid, Cid owes Ann; and Bob owes Ann a little.
const DEBTS: &str = "debtor,creditor,amount\nAnn Baker,bob,120.5\nbob,cid,80\ncid,Ann Baker,99.9999\n\
                     bob,Ann Baker,20\ncid,cid,1\n";

/// Limits both ways, one beyond the largest amount; two lines that cannot be.
const LINES: &str = "7 11 -20 12.5 1E41\n11 42 -7E0 -7 0.0\n7 42 -0.0 0.0 0\n7 7 0 0 0\n\
                     42 43 -1e30 1e29 1e31\n";

fn town(name: &str, text: &str) -> Town {
    let town = Town::bare();
    town.does("init");
    fs::write(town.room.path().join(name), text).unwrap();
    town
}

/// A user's balances, by partner.
fn balances(town: &Town, user: &str) -> Vec<(String, i64)> {
    let list = town.json(&format!("tally list --as {user}"));
    let tallies = list["tallies"].as_array().unwrap().iter();
    let of = |tally: &Value| {
        let partner = tally["partner"]["user"].as_str().unwrap().to_owned();
        (partner, tally["balance"].as_i64().unwrap())
    };
    let mut all: Vec<_> = tallies.map(of).collect();
    all.sort();
    all
}

#[test]
fn a_table_of_debts_becomes_a_town() {
    let town = town("debts.csv", DEBTS);
    let report = town.json("import csv debts.csv");
    let figures = ["users", "tallies", "again", "chits", "owed", "refused", "rounded"];
    let found = figures.map(|figure| report[figure].as_i64().unwrap());
    // What Ann and Bob owe each other is one tally with two chits.
    assert_eq!(found, [3, 3, 0, 4, 100_500 + 80_000 + 99_999, 1, 1], "{report}");
    assert_eq!(report["refused_rows"][0]["line"], 6);
    let users = town.json("user list");
    let ann = users["users"].as_array().unwrap().iter().find(|user| user["name"] == "Ann Baker");
    let ann = ann.unwrap()["user"].as_str().unwrap().to_owned();
    assert!(ann.starts_with("ann-baker."), "{ann}");
    assert_eq!(balances(&town, "bob"), [(ann.clone(), 100_500), ("cid".to_owned(), -80_000)]);
    assert_eq!(balances(&town, &ann), [("bob".to_owned(), -100_500), ("cid".to_owned(), 99_999)]);
    town.is_well();
    // These users are as good as others: their keys are found.
    town.does(&format!("pay {ann} 0.5 --as bob"));
    assert_eq!(town.balance("bob", &ann), 101_000 - 1_000);
    town.is_well();
}

#[test]
fn the_same_file_again_adds_nothing() {
    let town = town("debts.csv", DEBTS);
    town.does("import csv debts.csv");
    let again = town.json("import csv debts.csv");
    assert_eq!((&again["tallies"], &again["again"]), (&3.into(), &3.into()));
    assert_eq!(town.json("doctor")["tallies"], 6);
    // Other debts of the same people are other tallies.
    fs::write(town.room.path().join("more.csv"), "bob,cid,1\n").unwrap();
    town.does("import csv more.csv");
    assert_eq!(town.json("doctor")["tallies"], 8);
    town.is_well();
}

#[test]
fn trust_lines_become_tallies_with_their_limits() {
    let town = town("lines.txt", LINES);
    let report = town.json("import ripple-lines lines.txt");
    let figures = ["users", "tallies", "chits", "owed", "refused", "capped"];
    let found = figures.map(|figure| report[figure].as_i64().unwrap());
    assert_eq!(found, [3, 3, 2, 19_500, 2, 1], "{report}");
    assert_eq!(balances(&town, "11"), [("42".to_owned(), 7_000), ("7".to_owned(), 12_500)]);
    let tally = town.json("tally show 7 --as 11");
    let may_owe = |who: &str| tally[who].as_i64();
    assert_eq!(
        (may_owe("may_be_owed"), may_owe("may_owe")),
        (Some(9_007_199_254_740_991), Some(20_000)),
        "{tally}"
    );
    town.is_well();
    let refused: Vec<_> = report["refused_rows"].as_array().unwrap().iter().collect();
    assert_eq!((&refused[0]["line"], &refused[1]["line"]), (&4.into(), &5.into()));
}

#[test]
fn what_people_see_and_what_is_refused() {
    let mut town = town("lines.txt", LINES);
    town.room_run(&["import", "ripple-lines", "lines.txt"]);
    town.asks("import ripple-lines nobody.txt");
    fs::write(town.room.path().join("bad.txt"), "a b c\n").unwrap();
    town.asks("import ripple-lines bad.txt");
    town.asks("import ripple-lines bad.txt --json");
    fs::write(town.room.path().join("empty.txt"), "").unwrap();
    town.asks("import ripple-lines empty.txt");
    // Other keys: these would be other people of the same names.
    fs::write(town.room.path().join("more.csv"), "7,99,1\n").unwrap();
    town.asks("import csv more.csv --keys other");
    insta::assert_snapshot!("site_import", town.told);
    let page = town.run("import ripple-lines lines.txt").out;
    assert!(page.starts_with("3 users with 3 tallies and 2 chits; 19.500 owed\n"), "{page}");
    assert!(page.contains("line 4: "), "{page}");
    town.is_well();
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let rows: Vec<String> =
        (0..900).map(|row| format!("{},{},1", row % 90, 90 + row / 9)).collect();
    let town = town("debts.csv", &rows.join("\n"));
    let mut child = town
        .command(&["import", "csv", "debts.csv"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Whenever this comes, before, amid or after: all must be well.
    while child.try_wait().unwrap().is_none() {
        if fs::metadata(town.keys().join("imported/users.txt")).is_ok() {
            child.kill().unwrap();
        }
    }
    town.is_well();
    let report = town.json("import csv debts.csv");
    assert_eq!(
        town.json("doctor")["tallies"].as_i64().unwrap(),
        2 * report["tallies"].as_i64().unwrap()
    );
    town.is_well();
}

/// The folder with their keys is the device of imported users: after a restore it is heard for them.
#[test]
fn imported_users_clear_their_debts_after_a_restore() {
    let town = town("debts.csv", DEBTS);
    town.does("import csv debts.csv");
    town.does("backup monday");
    fs::remove_dir_all(town.site()).unwrap();
    town.does("restore monday");
    assert_eq!(town.json("lift clear")["cleared"], 0, "nobody was heard");
    let users = town.json("user list");
    for user in users["users"].as_array().unwrap() {
        town.does(&format!("tally list --as {}", user["user"].as_str().unwrap()));
    }
    assert_eq!(town.json("lift clear")["cleared"], 3 * 80_000);
    town.is_well();
}
