//! The words that name refusals to programs, each with its exit code, as a script meets them; and that
//! no word is left without a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::town::Town;

/// The commands must end with this code, and say this word.
fn say(town: &Town, refused: &[(&str, i32, &str)]) {
    for (words, code, word) in refused {
        let run = town.run(&format!("{words} --json"));
        let error = run.json_error();
        assert_eq!((run.code, error["error"].as_str()), (*code, Some(*word)), "mychips {words}");
        assert!(error["reason"].as_str().unwrap().len() > 10, "mychips {words}: {error}");
        assert_eq!(run.out, "", "mychips {words}");
    }
}

#[test]
fn of_sites_users_and_keys() {
    let town = Town::bare();
    say(&town, &[("status", 1, "no_site")]);
    town.does("init");
    town.does("key new ann");
    town.does("user add ann --name Ann");
    town.room.put("long.txt", "a".repeat(100_000));
    say(
        &town,
        &[
            ("init", 1, "site_exists"),
            ("key new ann", 1, "key_exists"),
            ("key new bob --keys site/keys", 1, "keys_in_data"),
            ("user add bob --name Bob", 1, "no_key"),
            ("user add ann --name Ann", 1, "user_exists"),
            ("user show carl", 1, "no_user"),
            ("tally list --as carl", 1, "no_user"),
            ("contract show nowhere", 1, "no_contract"),
            ("lift show nowhere", 1, "no_lift"),
            ("key export ann --out ann.key --passphrase-file long.txt", 1, "too_large"),
            ("contract hash nowhere.json", 3, "io"),
            ("user add", 2, "usage"),
        ],
    );
    let mut command = town.command(&["status", "--json"]);
    command.env_remove("MYCHIPS_DATA").env_remove("XDG_DATA_HOME").env_remove("HOME");
    let run = crate::run::Run::from(&mut command);
    assert_eq!((run.code, &run.json_error()["error"]), (1, &"no_home".into()));
}

#[test]
fn of_tallies() {
    let town = Town::new();
    let invite = "tally invite --as ann --limit 5 --their-limit 5";
    town.does(&format!("{invite} --out i.json"));
    town.room.put("broken.json", "{\"tally\":");
    town.room.put("deep.json", "[".repeat(100_000));
    say(
        &town,
        &[
            ("tally invite --as ann --limit 5 --contract nowhere", 1, "no_contract"),
            ("tally answer nowhere.json --as bob", 3, "io"),
            ("tally answer broken.json --as bob", 1, "invitation"),
            ("tally answer deep.json --as bob", 1, "invitation"),
            ("tally answer i.json --as ann", 1, "same_user"),
            ("tally answer chip://ann --as bob", 1, "invitation"),
            ("tally invite --as ann --limit 5 --uses 1001", 1, "too_many_answers"),
            ("tally invite --as ann --limit 5 --uses 0", 2, "usage"),
            ("tally invite --as ann --limit 5 --disclose fax", 2, "usage"),
            ("tally revoke nowhere --as ann", 1, "no_invitation"),
            ("tally show bob --as ann", 1, "no_tally"),
        ],
    );
    town.does("tally answer i.json --as bob");
    say(
        &town,
        &[
            ("tally answer i.json --as bob", 1, "tally_exists"),
            ("pay ann 1 --as bob", 1, "not_open"),
            ("tally set ann --as bob --target 1", 1, "not_open"),
            ("tally accept ann --as bob", 1, "not_now"),
            ("tally withdraw ann --as bob", 1, "not_now"),
        ],
    );
    town.does("tally offer ann --as bob");
    town.does("tally accept bob --as ann");
    town.does("pay ann 1 --as bob --once monday");
    town.does(&format!("{invite} --out another.json"));
    say(
        &town,
        &[
            ("tally set ann --as bob --reward -2%", 1, "settings"),
            ("pay ann 4.001 --as bob", 1, "over_limit"),
            ("pay ann 0 --as bob", 2, "usage"),
            // The same payment, now allowed to go beyond the limit: not what was said before.
            ("pay ann 1 --as bob --once monday --over-limit", 1, "other_command"),
        ],
    );
    town.does("tally answer another.json --as bob");
    say(&town, &[("pay ann 1 --as bob", 1, "ambiguous")]);
    let list = town.json("tally list --as bob");
    let tallies = list["tallies"].as_array().unwrap();
    let open = tallies.iter().find(|tally| tally["status"] == "open").unwrap();
    let open = open["tally"].as_str().unwrap();
    town.does(&format!("tally close {open} --as bob"));
    say(&town, &[(&format!("pay {open} 1 --as bob"), 1, "closing")]);
    town.does(&format!("pay {open} 1 --as ann"));
    say(
        &town,
        &[
            (&format!("tally offer {open} --as bob"), 1, "closed"),
            (&format!("invoice {open} 1 --as bob"), 1, "closed"),
        ],
    );
    town.is_well();
}

#[test]
fn of_invoices() {
    let town = Town::with_tally();
    let ask = |amount: &str| {
        let asked = town.json(&format!("invoice bob {amount} --as ann"));
        asked["invoice"].as_str().unwrap().to_owned()
    };
    let [paid, refused, gone, large] = ["1", "2", "3", "200"].map(ask);
    town.does(&format!("pay --invoice {paid} --as bob"));
    town.does(&format!("refuse {refused} --as bob"));
    town.does(&format!("invoice withdraw {gone} --as ann"));
    for (words, word) in [
        ("pay --invoice nowhere --as bob".to_owned(), "no_invoice"),
        (format!("pay --invoice {large} --as bob"), "over_limit"),
        (format!("pay --invoice {large} --as ann"), "invoice"),
        (format!("pay --invoice {refused} --as bob"), "refused"),
        (format!("pay --invoice {gone} --as bob"), "withdrawn"),
        (format!("invoice withdraw {gone} --as ann"), "withdrawn"),
        (format!("invoice amend {paid} --as ann --amount 2"), "paid"),
        (format!("refuse {paid} --as bob"), "paid"),
        (format!("invoice amend {large} --as ann --expires 1d"), "invoice"),
    ] {
        say(&town, &[(&words, 1, word)]);
    }
    assert_eq!(town.balance("ann", "bob"), 1_000);
    town.is_well();
}

#[test]
fn of_payments_over_others() {
    let town = Town::with_tally();
    for user in ["cleo", "dan"] {
        town.does(&format!("key new {user}"));
        town.does(&format!("user add {user} --name {user}"));
    }
    let elsewhere = "dan:12D3KooWSrKnMZUcSxK8G7wmBbXdU8nFEfWGhLu6H8xjn8LmCSJb";
    say(
        &town,
        &[
            ("pay ann 5 --as bob --most 4", 1, "too_dear"),
            ("pay cleo 1 --as bob", 1, "not_connected"),
            ("pay bob 1 --as bob", 1, "to_oneself"),
            ("pay nobody 1 --as bob", 1, "no_tally"),
            (&format!("pay {elsewhere} 1 --as bob"), 1, "not_served"),
            ("pay cleo 1 --as bob --over-limit", 2, "usage"),
            ("pay cleo 1 --as bob --quote --most 2", 2, "usage"),
            ("pay cleo 1 --as nobody", 1, "no_user"),
        ],
    );
    town.does("tally invite --as ann --limit 5 --out for-cleo.json");
    town.does("tally answer for-cleo.json --as cleo");
    say(&town, &[("pay cleo 1 --as ann", 1, "not_open")]);
    town.does("tally offer ann --as cleo");
    town.does("tally accept cleo --as ann");
    say(&town, &[("pay cleo 1 --as bob", 1, "not_connected")]);
    town.does("pay ann 5 --as cleo");
    say(
        &town,
        &[
            ("pay cleo 5.001 --as bob", 1, "too_little"),
            ("pay cleo 5 --as bob --most 4.999", 1, "too_dear"),
        ],
    );
    town.does("user suspend cleo");
    say(&town, &[("pay cleo 5 --as bob", 1, "payee_suspended")]);
    town.does("user resume cleo");
    town.json("pay cleo 5 --as bob");
    assert_eq!(town.balance("ann", "bob"), 5_000);
    assert_eq!(town.balance("ann", "cleo"), 0);
    town.is_well();
}

/// What no command brings about: faults of the system or of this program, and settings that were
/// signed four thousand million times.
const FAULTS: [&str; 12] = [
    "system",
    "signature",
    "csv",
    "command",
    "other_answer",
    "stale_settings",
    // What a device keeps of one tally is bounded: 150,000 chits.
    "kept_full",
    // Asked for only at a terminal, which the tests have not.
    "no_passphrase",
    // A remark, which has no word: `devices.rs` reads its sentence.
    "other_chain",
    // The longest link fits into a picture.
    "too_long",
    // The sample world is part of the program.
    "town",
    // Something does not hold in a simulated network: a fault of this program.
    "not_held",
];

fn texts(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, into);
        } else if let Ok(text) = fs::read_to_string(&path) {
            into.push(text);
        }
    }
}

#[test]
fn every_word_is_in_a_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut sources, mut tests) = (Vec::new(), Vec::new());
    texts(&here.join("src"), &mut sources);
    texts(&here.join("tests/it"), &mut tests);
    let after = |source: &str| -> Vec<String> {
        let parts = source.split("refused(").skip(1).map(str::trim_start);
        let words = parts.filter_map(|part| part.strip_prefix('"')?.split_once('"'));
        words.map(|(word, _)| word.to_owned()).collect()
    };
    let words: BTreeSet<String> = sources.iter().flat_map(|source| after(source)).collect();
    assert!(words.len() > 15, "{words:?}");
    let named = |word: &&String| {
        FAULTS.contains(&word.as_str())
            || tests.iter().any(|test| test.contains(&format!("\"{word}\"")))
    };
    let missing: Vec<_> = words.iter().filter(|word| !named(word)).collect();
    assert!(missing.is_empty(), "no test names these refusals: {missing:?}");
}
